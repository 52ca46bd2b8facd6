// SPDX-License-Identifier: BSD-3-Clause
#include "tests/bench/streams.h"

#include <string.h>

#include "include/tidegate/wire.h"

#define SLEEP_MS 10

static struct tg_addr addr_of(const struct streams *s, const struct tg_ip *first, uint32_t n)
{
	bool churning = n >= s->count;
	uint32_t nth = churning ? n - s->count : n % STREAMS_PER_ADDRESS;
	struct tg_addr addr = {.ip = *first,
		.port = (uint16_t)(nth
			+ (churning ? STREAMS_CHURN_PORT_FIRST : STREAMS_PORT_FIRST))};

	if (!churning)
		tg_store_be32(&addr.ip.byte[12],
			tg_load_be32(&addr.ip.byte[12]) + n / STREAMS_PER_ADDRESS);
	return addr;
}

struct tg_stream_spec streams_spec(const struct streams *s, uint32_t n)
{
	struct tg_stream_spec spec = {.cookie = n + 1};

	for (unsigned int i = 0; i < 2; i++) {
		struct tg_side_spec *side = &spec.side[i];

		side->local = addr_of(s, &s->local[i], n);
		side->remote[TG_RTP] = addr_of(s, &s->remote[i], n);
		side->remote[TG_RTCP] = side->remote[TG_RTP];
		side->latch = TG_LATCH_OFF;
		side->flags = TG_SIDE_RECEIVE | TG_SIDE_SEND;
	}
	return spec;
}

static void must(struct dp *dp, const struct tg_cmd *cmd)
{
	struct tg_event event = dp_call(dp, cmd);

	if (event.completion.status != 0)
		dp_die("command %u: %s", cmd->type, strerror(-event.completion.status));
}

void streams_put_pools(const struct streams *s, struct dp *dp)
{
	uint32_t addresses = (s->count + STREAMS_PER_ADDRESS - 1) / STREAMS_PER_ADDRESS;

	must(dp, &(struct tg_cmd){.type = TG_CMD_CONFIG_BEGIN});
	for (uint32_t a = 0; a < (addresses > 0 ? addresses : 1); a++) {
		for (uint32_t side = 0; side < 2; side++) {
			struct tg_cmd cmd = {.type = TG_CMD_POOL_PUT,
				.pool = {.local = s->local[side],
					.id = (uint16_t)(a * 2 + side),
					.port_first = STREAMS_PORT_FIRST,
					.port_last = UINT16_MAX}};

			tg_store_be32(&cmd.pool.local.byte[12],
				tg_load_be32(&cmd.pool.local.byte[12]) + a);
			must(dp, &cmd);
		}
	}
	must(dp, &(struct tg_cmd){.type = TG_CMD_CONFIG_END});
}

void streams_add(const struct streams *s, struct dp *dp, struct tg_stream_ref *ref)
{
	struct tg_event event;
	uint32_t pushed = 0;
	uint32_t done = 0;

	while (done < s->count) {
		struct tg_cmd cmd = {.type = TG_CMD_STREAM_ADD};
		bool moved = false;

		while (pushed < s->count) {
			cmd.stream = streams_spec(s, pushed);
			if (dp_push(dp, &cmd) == 0)
				break;
			pushed++;
		}
		dp_publish(dp);
		while (dp_completion(&event, dp)) {
			if (event.completion.status != 0)
				dp_die("stream %u: %s", (unsigned int)event.cookie - 1,
					strerror(-event.completion.status));
			if (ref != NULL)
				ref[event.cookie - 1] = event.ref;
			done++;
			moved = true;
		}
		if (!moved)
			dp_sleep(dp, -1, SLEEP_MS);
	}
}

static void write_flow(FILE *out, const struct tg_stream_spec *spec, unsigned int side)
{
	const struct tg_side_spec *in = &spec->side[side];
	const struct tg_side_spec *there = &spec->side[!side];
	char text[4][TG_ADDR_TEXT_BYTES];

	fprintf(out, "%s %s %s %s", tg_addr_write(&in->remote[TG_RTP], text[0]),
		tg_addr_write(&in->local, text[1]), tg_addr_write(&there->local, text[2]),
		tg_addr_write(&there->remote[TG_RTP], text[3]));
}

void streams_write_flows(const struct streams *s, FILE *out, bool both, unsigned int ports)
{
	for (uint32_t n = 0; n < s->count; n++) {
		struct tg_stream_spec spec = streams_spec(s, n);

		for (unsigned int side = 0; side < 2; side++) {
			if (!both && side != n % 2)
				continue;
			write_flow(out, &spec, side);
			if (ports == 2)
				fprintf(out, " %u %u", side, !side);
			fputc('\n', out);
		}
	}
}
