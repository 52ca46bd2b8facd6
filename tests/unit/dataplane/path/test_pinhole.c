// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/path/rtp.h"
#include "tests/unit/dataplane/rig.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#define NAT "203.0.113.5:61000" // where the phone's RTP comes from
#define CARRIER_SSRC 77

static struct rig *rig;
static struct tg_stream_ref ref;

static void init(void)
{
	rig = rig_new(4, 1);
}

static void fini(void)
{
	rig_free(rig);
}

TestSuite(pinhole, .init = init, .fini = fini);

static void add(struct tg_stream_spec spec)
{
	ref = rig_add(rig, &spec);
}

static void phone_speaks(void)
{
	struct rig_rtp rtp = {.pt = 8, .seq = 1, .ssrc = 11};

	cr_assert(eq(int, rig_receive(rig, 0, rig_rtp(rig, NAT, RIG_ACCESS, rtp)).port, 1));
}

// Asks for a keepalive of a side. Returns how many packets left.
static uint32_t keep(struct rig_out *out, uint32_t side)
{
	uint32_t count;

	path_keep_pinhole(&rig->path, ref.index | side, rig_raw(rig, "", 0));
	count = rig_sent(out, 1, rig);
	cr_assert(eq(u32, rig->path.freed.count, count == 0), "the mbuf is somebody's");
	rig->path.freed.count = 0;
	return count;
}

static uint64_t sent(void)
{
	return rig->stats.counter[TG_COUNT_MEDIA_KEEPALIVES];
}

Test(pinhole, E26_a_header_alone_goes_where_the_phone_was_heard)
{
	struct tg_stream_spec spec = rig_spec(TG_LATCH_SIGNALLING);
	struct tg_addr from = rig_addr(RIG_ACCESS), to = rig_addr(NAT);
	struct rig_out out;
	struct rtp rtp, next;

	spec.side[0].flags = spec.side[1].flags = 0;
	spec.side[0].dscp = 46;
	add(rig_spec(TG_LATCH_SIGNALLING));
	phone_speaks();
	cr_assert(eq(int, flow_table_update(rig->tables->flows, ref, &spec, 1), 0));
	rig->stream_stats[ref.index].side[1].ssrc = CARRIER_SSRC;
	cr_assert(eq(u32, keep(&out, 0), 1));
	cr_assert(eq(int, out.port, 0));
	cr_assert(tg_addr_equal(&out.src, &from));
	cr_assert(tg_addr_equal(&out.dst, &to));
	cr_assert(eq(u8, out.dscp, 46));
	cr_assert(eq(u16, out.payload_bytes, RTP_BYTES));
	cr_assert(rtp_read(&rtp, out.payload, out.payload_bytes));
	cr_assert(eq(u8, rtp.pt, 20), "nobody has it");
	cr_assert(ne(u32, rtp.ssrc, CARRIER_SSRC));
	cr_assert(eq(u64, sent(), 1));
	cr_assert(eq(u64, rig->stats.counter[TG_COUNT_MEDIA_RELAYED], 1), "it is no media");
	rig_wait_ms(rig, 15000);
	cr_assert(eq(u32, keep(&out, 0), 1));
	cr_assert(rtp_read(&next, out.payload, out.payload_bytes));
	cr_assert(eq(u32, next.ssrc, rtp.ssrc), "the same source");
	cr_assert(eq(u16, (uint16_t)(next.seq - rtp.seq), 15), "that goes on");
	cr_assert(eq(u32, next.timestamp - rtp.timestamp, 15000 * 8));
}

Test(pinhole, E26_its_source_is_not_the_medias)
{
	struct rig_out out;
	struct rtp rtp, other;

	add(rig_spec(TG_LATCH_SIGNALLING));
	phone_speaks();
	cr_assert(eq(u32, keep(&out, 0), 1));
	cr_assert(rtp_read(&rtp, out.payload, out.payload_bytes));
	rig->stream_stats[ref.index].side[1].ssrc = rtp.ssrc;
	cr_assert(eq(u32, keep(&out, 0), 1));
	cr_assert(rtp_read(&other, out.payload, out.payload_bytes));
	cr_assert(ne(u32, other.ssrc, rtp.ssrc));
}

Test(pinhole, E26_its_type_is_one_that_nobody_negotiated)
{
	static const struct {
		uint64_t a, b;
		int type; // -1: none is sent
	} cases[] = {
		{1u << 20, 0, 21},
		{0, 1u << 20 | 1u << 21, 22},
		{1u << 20 | 1u << 22, 1u << 21 | 1u << 23, 24},
		{31u << 20, 0, -1},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct tg_stream_spec spec = rig_spec(TG_LATCH_SIGNALLING);
		struct rig_out out;

		spec.side[0].payload_types[0] |= cases[i].a;
		spec.side[1].payload_types[0] |= cases[i].b;
		fini();
		init();
		add(spec);
		phone_speaks();
		cr_expect(eq(u32, keep(&out, 0), cases[i].type >= 0), "case %zu", i);
		if (cases[i].type >= 0)
			cr_expect(eq(int, out.payload[1], cases[i].type), "case %zu", i);
	}
}

Test(pinhole, E26_who_is_not_there_or_not_behind_a_nat_gets_none)
{
	struct tg_stream_spec spec = rig_spec(TG_LATCH_SIGNALLING);
	struct rig_out out;

	add(spec);
	cr_assert(eq(u32, keep(&out, 0), 0), "nothing was learned");
	phone_speaks();
	cr_assert(eq(u32, keep(&out, FLOW_PORT_SIDE), 0), "the carrier's latch is off");
	spec.side[0].flags |= TG_SIDE_OPAQUE;
	spec.side[1].flags |= TG_SIDE_OPAQUE;
	cr_assert(eq(int, flow_table_update(rig->tables->flows, ref, &spec, 1), 0));
	cr_assert(eq(u32, keep(&out, 0), 0), "T.38");
	cr_assert(eq(int, flow_table_remove(rig->tables->flows, ref), 0));
	cr_assert(eq(u32, keep(&out, 0), 0), "it is gone");
	cr_assert(eq(u64, sent(), 0));
	cr_assert(eq(u64, rig_drops(rig), 0));
}

Test(pinhole, what_cannot_be_sent_is_counted)
{
	struct rig_out out;

	add(rig_spec(TG_LATCH_ANY));
	phone_speaks();
	tg_addr_parse(&rig->stream_stats[ref.index].side[0].learned[TG_RTP], "192.0.2.200:4000");
	cr_assert(eq(u32, keep(&out, 0), 0));
	cr_assert(eq(u64, rig->stats.drop[TG_DROP_NO_NEIGHBOUR], 1));
	cr_assert_not(neigh_wanted_is_empty(&rig->wanted), "main is asked");
	tg_addr_parse(&rig->stream_stats[ref.index].side[0].learned[TG_RTP], "[2001:db8::9]:4000");
	cr_assert(eq(u32, keep(&out, 0), 0), "the segment may say anything");
	cr_assert(eq(u64, sent(), 0));
}
