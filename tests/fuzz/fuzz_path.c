// SPDX-License-Identifier: BSD-3-Clause
// Bursts and commands, one after the other as the input says, through the whole path on real tables:
// each packet has one end and one count, what is sent is whole, and nothing is read beyond a frame,
// for each lies in memory of just its size.
//
//	input: operations; one byte says which, then what it takes; missing bytes are zero
#include "tests/unit/dataplane/rig.h"

#include <stdlib.h>

#include "dataplane/ctl/cmd.h"
#include "dataplane/log.h"
#include "include/tidegate/wire.h"

#define STREAMS 64
#define ADDS_MAX 4 // of one input: a slot rests for a grace period
#define OPERATIONS_MAX 256
#define HEADROOM 128
#define THREADS 2

static struct {
	struct rig *rig;
	struct claims claims;
	struct port port;
	struct commands cmds;
	struct tg_stream_spec spec; // of the last stream added
	struct tg_stream_ref ref;
	unsigned int adds;
	struct rte_mbuf *given[BURST_PACKETS_MAX]; // to the path, of the operation under way
	uint32_t given_count;
} fuzz;

// The timers, the kernel's maps and netlink, in the place of the real ones.
void idle_start(struct idle * /*idle*/, struct tg_stream_ref /*ref*/, uint64_t /*now_ms*/)
{
}

void idle_stop(struct idle * /*idle*/, struct tg_stream_ref /*ref*/)
{
}

int steer_listener_set(struct steer * /*st*/, const struct tg_addr * /*local*/, bool /*ours*/)
{
	return 0;
}

int steer_pool_set(struct steer * /*st*/, const struct tg_ip * /*local*/,
	const struct steer_range * /*range*/, unsigned int /*count*/)
{
	return 0;
}

void netlink_prepare(struct netlink * /*nl*/, const struct tg_ip * /*dst*/, uint64_t /*now_ms*/)
{
}

static void want(bool ok)
{
	if (!ok)
		abort();
}

static void take_bytes(void *out, size_t bytes, struct tg_wire *in)
{
	size_t there = bytes < in->left_bytes ? bytes : in->left_bytes;

	memset(out, 0, bytes);
	if (there != 0)
		memcpy(out, tg_wire_take(in, there), there);
}

static uint8_t take_u8(struct tg_wire *in)
{
	uint8_t byte;

	take_bytes(&byte, 1, in);
	return byte;
}

static uint16_t take_u16(struct tg_wire *in)
{
	uint8_t bytes[2];

	take_bytes(bytes, 2, in);
	return tg_load_be16(bytes);
}

static struct rte_mbuf *mbuf_new(const void *frame, uint16_t bytes, uint16_t room)
{
	struct rte_mbuf *m = aligned_alloc(TG_CACHE_LINE, sizeof(*m));
	uint8_t *buf = malloc(HEADROOM + (size_t)room);

	want(m != NULL && buf != NULL);
	memset(m, 0, sizeof(*m));
	m->buf_addr = buf;
	m->buf_len = (uint16_t)(HEADROOM + room);
	m->data_off = HEADROOM;
	m->nb_segs = 1;
	m->data_len = bytes;
	m->pkt_len = bytes;
	if (bytes != 0)
		memcpy(buf + HEADROOM, frame, bytes);
	return m;
}

static void give(struct rte_mbuf *m)
{
	fuzz.given[fuzz.given_count++] = m;
}

// Each mbuf on a list was given and is there once: it is taken from those given, and freed.
static void take_back(struct rte_mbuf *m)
{
	uint32_t i = 0;

	while (i < fuzz.given_count && fuzz.given[i] != m)
		i++;
	want(i < fuzz.given_count);
	fuzz.given[i] = fuzz.given[--fuzz.given_count];
	free(m->buf_addr);
	free(m);
}

static void take_back_list(struct path_list *list)
{
	for (uint32_t i = 0; i < list->count; i++)
		take_back(list->m[i]);
	list->count = 0;
}

static void check_sent(const struct rte_mbuf *m, uint32_t port)
{
	const uint8_t *data = (const uint8_t *)m->buf_addr + m->data_off;

	want(m->data_off + m->data_len <= m->buf_len && m->pkt_len == m->data_len);
	want(m->data_len <= 14 + fuzz.rig->tables->ports.port[port].mtu);
	if (tg_load_be16(data + 12) == 0x0800)
		want(m->data_len == 14 + tg_load_be16(data + 16));
	else
		want(m->data_len == 54 + tg_load_be16(data + 18));
}

static void take_back_all(void)
{
	struct path *path = &fuzz.rig->path;

	for (uint32_t port = 0; port < TG_PORTS_MAX; port++) {
		for (uint32_t i = 0; i < path->tx[port].count; i++)
			check_sent(path->tx[port].m[i], port);
		take_back_list(&path->tx[port]);
	}
	take_back_list(&path->freed);
	take_back_list(&path->kernel);
	want(fuzz.given_count == 0);
}

static void check_streams(void)
{
	for (uint32_t i = 0; i < STREAMS; i++) {
		const struct flow *flow = flow_table_at(fuzz.rig->tables->flows, i);

		for (int s = 0; flow->spec != NULL && s < 2; s++) {
			const struct tg_side_stats *side = &fuzz.rig->stream_stats[i].side[s];

			want(side->relayed_packets <= side->packets);
			want(side->relayed_bytes <= side->bytes);
			want(side->rtcp_relayed_packets <= side->rtcp_packets);
			want(side->rtt_last_us <= side->rtt_max_us);
			want(side->generation == flow->generation && (side->latch_seq & 1) == 0);
		}
	}
}

static void receive(uint16_t port)
{
	struct rig *rig = fuzz.rig;
	uint64_t ends = rig_ends(rig);
	uint64_t received = rig->stats.counter[TG_COUNT_RX_PACKETS];
	struct rte_mbuf *burst[BURST_PACKETS_MAX];
	uint16_t n = (uint16_t)fuzz.given_count;

	memcpy(burst, fuzz.given, sizeof(burst));
	path_receive(&rig->path, port, burst, n);
	want(rig->stats.counter[TG_COUNT_RX_PACKETS] - received == n);
	want(rig_ends(rig) - ends == n);
	take_back_all();
	check_streams();
}

static void give_frame(const uint8_t *frame, uint32_t bytes)
{
	give(mbuf_new(frame, (uint16_t)bytes, (uint16_t)bytes));
}

static struct rte_mbuf *template(struct tg_wire *in)
{
	static const char *const ends[][2] = {{RIG_PHONE, RIG_ACCESS}, {RIG_CARRIER, RIG_CORE},
		{"203.0.113.5:4001", "192.0.2.1:10001"},
		{"198.51.100.7:30001", "198.51.100.1:12001"},
		{"[2001:db8:a::5]:4000", "[2001:db8:a::1]:10000"}, {"203.0.113.66:999", RIG_ACCESS},
		{RIG_PHONE, RIG_SIP}, {"[2001:db8:a::5]:5060", "[2001:db8:a::1]:5060"}};
	static const char sip[] = "INVITE sip:a@b SIP/2.0\r\nCall-ID: 1\r\nUser-Agent: x\r\n\r\n";
	uint8_t kind = take_u8(in);
	const char *const *end = ends[kind % 8];
	struct rig_rtp rtp = {.pt = take_u8(in) & 0x7f, .seq = take_u16(in), .ssrc = kind >> 7};
	uint8_t sr[52] = {0x81, 200, 0, 12, [32] = 3};

	rtp.timestamp = rtp.seq * 160u;
	switch (kind >> 3 & 7) {
	case 0:
	case 1:
	case 2:
		return rig_rtp(fuzz.rig, end[0], end[1], rtp);
	case 3:
		sr[11] = (uint8_t)rtp.seq;
		sr[45] = (uint8_t)(rtp.seq >> 8);
		return rig_udp(fuzz.rig, end[0], end[1], sr, sizeof(sr));
	case 4:
		return rig_rtcp(fuzz.rig, end[0], end[1], rtp.ssrc);
	case 5:
		return rig_udp(fuzz.rig, end[0], end[1], "\r\n\r\n", 2 + rtp.pt % 3);
	default:
		return rig_udp(fuzz.rig, end[0], end[1], sip, sizeof(sip) - 1);
	}
}

// A sound packet with some bytes changed, and cut or not.
static void op_packets(struct tg_wire *in)
{
	uint8_t head = take_u8(in);

	for (uint32_t n = 0; n <= (head >> 1 & 15u); n++) {
		struct rte_mbuf *m = template(in);
		uint8_t *data = (uint8_t *)m->buf_addr + m->data_off;
		uint8_t changes = take_u8(in);

		for (uint32_t i = 0; i < (changes & 7u); i++) {
			uint8_t at = take_u8(in);

			data[at % m->data_len] = take_u8(in);
		}
		give_frame(data, changes < 0xf0 ? m->data_len : take_u8(in) % (m->data_len + 1u));
	}
	receive(head & 1);
}

static void op_frame(struct tg_wire *in)
{
	uint8_t frame[2048];
	uint16_t bytes = take_u16(in) % 1600;

	take_bytes(frame, bytes, in);
	give_frame(frame, bytes);
	receive(bytes & 1);
}

static int execute(const struct tg_cmd *cmd, struct tg_event *completion)
{
	int status = cmd_execute(&fuzz.cmds, completion, cmd, fuzz.rig->path.now_ms);

	want(status <= 0 && status > -4096);
	log_set_level(LOG_ERROR);
	return status;
}

static void op_command(struct tg_wire *in)
{
	struct tg_event completion = {0};
	struct tg_cmd cmd;

	take_bytes(&cmd, sizeof(cmd), in);
	if (cmd.type == TG_CMD_STREAM_ADD && ++fuzz.adds > ADDS_MAX)
		return;
	execute(&cmd, &completion);
}

static void alter(struct tg_stream_spec *spec, struct tg_wire *in)
{
	struct tg_side_spec *side = &spec->side[take_u8(in) & 1];
	uint8_t what = take_u8(in);

	side->latch = what & 3;
	side->flags = what >> 2 & 15;
	spec->sig_thread = what >> 1 & 1;
	side->local_rtcp_port = (uint16_t)((what & 0x40) != 0 ? 0 : side->local.port + 1);
	side->packet_bytes_max = (what & 0x80) != 0 ? 180 : 0;
	side->ssrc = take_u8(in) & 1;
	side->packets.per_s = side->packets.burst = take_u8(in);
	side->bytes.per_s = side->bytes.burst = take_u8(in) * 100u;
	take_bytes(side->clock, 2, in);
}

static void op_stream(struct tg_wire *in)
{
	uint8_t what = take_u8(in);
	struct tg_cmd cmd = {.type = TG_CMD_STREAM_REMOVE, .ref = fuzz.ref};
	struct tg_event completion = {0};

	if (what % 4 == 3) {
		execute(&cmd, &completion);
		return;
	}
	cmd.type = what % 4 == 0 ? TG_CMD_STREAM_ADD : TG_CMD_STREAM_UPDATE;
	if (cmd.type == TG_CMD_STREAM_ADD) {
		if (++fuzz.adds > ADDS_MAX)
			return;
		fuzz.spec = rig_spec(TG_LATCH_SIGNALLING);
		if ((what & 8) != 0)
			fuzz.spec.side[0].local = rig_addr("[2001:db8:a::1]:10000");
		if ((what & 8) != 0)
			fuzz.spec.side[0].remote[TG_RTP] = rig_addr("[2001:db8:a::5]:4000");
	}
	if ((what & 4) != 0)
		alter(&fuzz.spec, in);
	cmd.stream = fuzz.spec;
	if (execute(&cmd, &completion) == 0)
		fuzz.ref = completion.ref;
}

static void op_wait(struct tg_wire *in)
{
	rig_wait_ms(fuzz.rig, take_u16(in));
}

static void op_drain(struct tg_wire *in)
{
	uint8_t events = take_u8(in);
	struct tg_event event;

	for (uint32_t thread = 0; thread < THREADS; thread++) {
		for (uint8_t n = events; n > 0 && rig_event(&event, fuzz.rig, thread); n--)
			want(event.type != TG_EVENT_COMPLETION && event.type <= TG_EVENT_SCANNER);
		while (rig_punted(fuzz.rig, thread, TG_PUNT_TRUSTED) != NULL)
			;
		while (rig_punted(fuzz.rig, thread, TG_PUNT_STRANGER) != NULL)
			;
	}
}

static void op_world(struct tg_wire *in)
{
	struct tables *tables = fuzz.rig->tables;
	uint8_t what = take_u8(in);
	struct tg_ip carrier = rig_ip("198.51.100.7");
	const uint8_t mac[6] = {2, 0, 0, 0, 1, what};

	tables->ports.port[what & 1].kernel_by_tap = (what & 2) != 0;
	tables->ports.port[1].present = (what & 12) != 12;
	tables->ports.port[1].mtu = (what & 16) != 0 ? 150 : 1500;
	fuzz.rig->path.attached = (what & 96) != 96;
	if ((what & 128) != 0)
		neigh_table_remove(tables->neighs, &carrier, 1);
	else
		neigh_table_put(tables->neighs, &carrier, 1, mac);
	tables_touch(tables);
}

static void op_send(struct tg_wire *in)
{
	static _Alignas(8) uint8_t slot[TG_PUNT_SLOT_BYTES];
	struct tg_packet *packet = (struct tg_packet *)slot;
	uint8_t what = take_u8(in);
	uint16_t n;

	if ((what & 1) != 0) {
		take_bytes(packet, sizeof(*packet), in);
	} else {
		*packet = (struct tg_packet){.bytes = take_u16(in) % (TG_PUNT_BYTES_MAX + 2u)};
		packet->local = rig_addr(what & 2 ? RIG_SIP : "[2001:db8:a::1]:5060");
		packet->remote = rig_addr(what & 4 ? RIG_PHONE : "[2001:db8:a::5]:5060");
	}
	n = path_sip_mbufs(packet->bytes);
	want(n <= PATH_SIP_MBUFS_MAX);
	for (uint16_t i = 0; i < n; i++)
		give(mbuf_new(NULL, 0, 2048));
	{
		struct rte_mbuf *mbufs[PATH_SIP_MBUFS_MAX];

		memcpy(mbufs, fuzz.given, n * sizeof(mbufs[0]));
		path_send_sip(&fuzz.rig->path, packet, mbufs, n);
	}
	take_back_all();
}

static void set_up(void)
{
	fuzz.rig = rig_new(STREAMS, THREADS);
	fuzz.port.xdp = true;
	claim_init(&fuzz.claims, &fuzz.port, 1, fuzz.rig->tables->flows);
	fuzz.cmds = (struct commands){.tables = fuzz.rig->tables,
		.claims = &fuzz.claims,
		.sig_threads = THREADS,
		.epoch = 1};
}

static void put(struct tg_cmd cmd)
{
	struct tg_event completion = {0};

	want(execute(&cmd, &completion) == 0);
}

// Every input begins in the same world: the rig's, and one stream.
static void begin(void)
{
	static const char *const pools[] = {
		"192.0.2.1", "198.51.100.1", "2001:db8:a::1", "2001:db8:c::1"};

	for (uint32_t i = 0; i < STREAMS; i++) {
		const struct flow *flow = flow_table_at(fuzz.rig->tables->flows, i);

		if (flow->spec != NULL)
			put((struct tg_cmd){
				.type = TG_CMD_STREAM_REMOVE, .ref = {i, flow->generation}});
	}
	put((struct tg_cmd){.type = TG_CMD_CONFIG_BEGIN});
	for (uint16_t i = 0; i < 4; i++)
		put((struct tg_cmd){.type = TG_CMD_POOL_PUT,
			.pool = {.local = rig_ip(pools[i]),
				.id = i,
				.port_first = 10000,
				.port_last = 20000}});
	put((struct tg_cmd){.type = TG_CMD_LISTENER_PUT,
		.listener = {.local = rig_addr(RIG_SIP), .id = 1, .realm = 3}});
	put((struct tg_cmd){.type = TG_CMD_LISTENER_PUT,
		.listener = {.local = rig_addr("[2001:db8:a::1]:5060"), .id = 2}});
	put((struct tg_cmd){.type = TG_CMD_CONFIG_END});
	fuzz.adds = 0;
	rig_wait_ms(fuzz.rig, 3600000);
	op_world(&(struct tg_wire){0});
	op_drain(&(struct tg_wire){.at = (const uint8_t *)"\xff", .left_bytes = 1});
	op_stream(&(struct tg_wire){0});
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static void (*const operations[])(struct tg_wire *) = {op_packets, op_packets, op_packets,
		op_frame, op_command, op_stream, op_stream, op_wait, op_drain, op_world, op_send};
	struct tg_wire in = tg_wire_from(data, len);

	if (fuzz.rig == NULL)
		set_up();
	begin();
	for (uint32_t i = 0; in.left_bytes != 0 && i < OPERATIONS_MAX; i++)
		operations[take_u8(&in) % (sizeof(operations) / sizeof(operations[0]))](&in);
	return 0;
}
