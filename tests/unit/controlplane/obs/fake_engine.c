// SPDX-License-Identifier: BSD-3-Clause
#include "tests/unit/controlplane/obs/fake_engine.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "controlplane/auth/users_table.h"

struct fake_engine fake_engine;

static struct history history;

static struct media_session session = {
	.count = 1,
	.stream[0] = {.ref = {7, 1}, .kind = "audio", .protocol = "RTP/AVP", .is_audio = true},
};

struct engine *fake_engine_get(void)
{
	return (struct engine *)(void *)&fake_engine;
}

static struct tg_addr address(const char *text)
{
	struct tg_addr addr = {0};

	(void)tg_addr_parse(&addr, text);
	return addr;
}

static void fill_call(struct call_view *call, unsigned int i)
{
	char text[64];

	snprintf(text, sizeof(text), "phone-%u@203.0.113.2", i);
	*call = (struct call_view){
		.id = ((uint64_t)1 << 32) + i,
		.state = i % 2 == 0 ? "confirmed" : "early",
		.from = STR("sip:alice@atlanta.example.com"),
		.to = STR("sip:+442079460123@203.0.113.1"),
		.leg[0] = {.call_id = str_from(strdup(text)),
			.local_tag = STR("lt"),
			.remote_tag = STR("rt"),
			.local = address("203.0.113.1:5060"),
			.remote = address("203.0.113.2:40211"),
			.realm = "access",
			.peer = ""},
		.leg[1] = {.call_id = STR("hidden-b-leg"),
			.local_tag = STR("bt"),
			.remote_tag = STR_NONE,
			.local = address("198.51.100.1:5060"),
			.remote = address("198.51.100.10:5060"),
			.realm = "core",
			.peer = "carrier"},
		.began = {1785585600123456},
		.age_ms = 95000 + i,
		.answered_ms = i % 2 == 0 ? 3200 : 0,
		.media = i % 2 == 0 ? &session : NULL,
	};
}

static void on_change(
	void *, const struct binding *, enum location_change change, const struct net_flow *)
{
	fake_engine.changed[change]++;
}

void fake_engine_fill(unsigned int count)
{
	struct tg_stream_spec *spec = &session.stream[0].spec;

	fake_engine.call = calloc(count, sizeof(*fake_engine.call));
	fake_engine.call_count = count;
	fake_engine.counters.calls = count;
	fake_engine.media.streams = (count + 1) / 2;
	for (unsigned int i = 0; i < count; i++)
		fill_call(&fake_engine.call[i], i);
	spec->side[0].local = address("203.0.113.1:20000");
	spec->side[0].remote[TG_RTP] = address("192.168.1.20:4000");
	spec->side[0].latch = TG_LATCH_SIGNALLING;
	spec->side[0].flags = TG_SIDE_RECEIVE | TG_SIDE_SEND;
	spec->side[1].local = address("198.51.100.1:20002");
	spec->side[1].remote[TG_RTP] = address("198.51.100.10:6000");
	fake_engine.stats.side[0].packets = 100;
	fake_engine.stats.side[0].seq_first_ext = 1000;
	fake_engine.stats.side[0].seq_max_ext = 1104;
	fake_engine.stats.side[0].duplicates = 1;
	fake_engine.stats.side[0].learned[TG_RTP] = address("203.0.113.2:62000");
	fake_engine.stats.side[0].drop[TG_SIDE_DROP_SOURCE] = 3;
	fake_engine.trace = trace_new(1 << 20);
	fake_engine.wheel = timer_wheel_new(tg_mono_now());
	fake_engine.location = location_new(
		fake_engine.wheel, 200000, &(struct location_user){.on_change = on_change});
	fake_engine.attempts = attempts_new();
}

void fake_engine_harm(void)
{
	struct media_stream_view *view = &session.stream[0];
	struct tg_event_source event = {.ssrc = 0xfeed,
		.addr = address("203.0.113.2:62000"),
		.side = 0,
		.reason = TG_LATCHED_FIRST};
	struct tg_mono now = tg_mono_now();

	history = (struct history){0};
	history_add_latch(&history, (struct tg_mono){now.ns - 90 * TG_NS_PER_S}, &event);
	event.previous = event.addr;
	event.addr.port = 62002;
	event.reason = TG_LATCHED_CONTINUED;
	history_add_latch(&history, (struct tg_mono){now.ns - 30 * TG_NS_PER_S}, &event);
	event.addr = address("192.0.2.66:40000");
	event.side = 1;
	event.count = 250;
	history_add_source(&history, (struct tg_mono){now.ns - 4 * TG_NS_PER_S}, &event);
	view->history = &history;
	view->silence = (struct media_silence){.now = true,
		.side = 1,
		.reason = ONE_WAY_PRIVATE_ADDRESS,
		.since = {now.ns - 12 * TG_NS_PER_S},
		.times = 1};
	view->spec.side[0].payload_types[0] = 1 << 8;
	view->spec.side[0].payload_types[1] = 1ull << (101 - 64);
	view->spec.side[0].packets.per_s = 210;
	view->spec.side[0].bytes.per_s = 26800;
	view->spec.side[0].packet_bytes_max = 520;
	view->spec.side[0].dscp = 46;
	(void)tg_ip_parse(&view->spec.side[0].signalling, "203.0.113.2");
	fake_engine.stats.side[0].payload_type = 8;
	fake_engine.stats.side[0].ssrc = 0xfeed;
	fake_engine.stats.side[0].jitter_q4 = 20 * 16;
	fake_engine.stats.side[0].loss_runs = 3;
	fake_engine.stats.side[0].loss_run_max = 4;
	fake_engine.stats.side[0].gap_max_us = 100250;
	fake_engine.stats.side[0].rtt_count = 2;
	fake_engine.stats.side[0].rtt_sum_us = 81000;
	fake_engine.stats.side[0].rtt_max_us = 50000;
}

void fake_engine_set_local(const struct tg_addr *local)
{
	session.stream[0].spec.side[0].local = *local;
}

void fake_engine_clear(void)
{
	for (unsigned int i = 0; i < fake_engine.call_count; i++)
		free((char *)(uintptr_t)fake_engine.call[i].leg[0].call_id.at);
	free(fake_engine.call);
	trace_free(fake_engine.trace);
	rcu_register_thread();
	location_free(fake_engine.location);
	rcu_unregister_thread();
	attempts_free(fake_engine.attempts);
	timer_wheel_free(fake_engine.wheel);
	fake_engine = (struct fake_engine){0};
}

bool engine_call_next(const struct engine *, uint32_t *cursor, struct call_view *out)
{
	if (++fake_engine.slice > fake_engine.slice_max)
		fake_engine.slice_max = fake_engine.slice;
	if (*cursor >= fake_engine.call_count)
		return false;
	*out = fake_engine.call[(*cursor)++];
	return true;
}

// One, as long as there is a call.
bool engine_subscription_next(
	const struct engine *, uint32_t *cursor, struct subscription_view *out)
{
	if (*cursor > 0 || fake_engine.call_count == 0)
		return false;
	++*cursor;
	*out = (struct subscription_view){
		.id = 4294967303,
		.state = "active",
		.event = "message-summary",
		.from = STR("\"Ann\" <sip:4412@phone.lan>"),
		.to = STR("<sip:905374705251@203.0.113.1>"),
		.leg = {fake_engine.call[0].leg[0], fake_engine.call[0].leg[1]},
		.age_ms = 61000,
		.left_ms = 272000,
		.notified = 3,
	};
	return true;
}

int engine_call_find(const struct engine *, uint64_t id, struct call_view *out)
{
	for (unsigned int i = 0; i < fake_engine.call_count; i++) {
		if (fake_engine.call[i].id == id) {
			*out = fake_engine.call[i];
			return 0;
		}
	}
	return -ENOENT;
}

int engine_call_find_by_call_id(const struct engine *, struct str call_id, struct call_view *out)
{
	for (unsigned int i = 0; i < fake_engine.call_count; i++) {
		if (str_equal(fake_engine.call[i].leg[0].call_id, call_id)) {
			*out = fake_engine.call[i];
			return 0;
		}
	}
	return -ENOENT;
}

int engine_hangup(struct engine *, uint64_t call)
{
	fake_engine.hung_up = call;
	return 0;
}

void engine_configure(struct engine *)
{
	fake_engine.configured++;
}

void engine_set_drain(struct engine *, bool on)
{
	fake_engine.draining = on;
}

bool engine_is_draining(const struct engine *)
{
	return fake_engine.draining;
}

const struct engine_counters *engine_counters(const struct engine *)
{
	return &fake_engine.counters;
}

const struct sip_stack_counters *engine_sip_counters(const struct engine *)
{
	return &fake_engine.sip;
}

struct media *engine_media(const struct engine *)
{
	return NULL;
}

struct trace *engine_trace(const struct engine *)
{
	return fake_engine.trace;
}

static int dp_stats(const struct dp *, struct tg_stream_ref ref, struct tg_stream_stats *out)
{
	*out = fake_engine.stats;
	return ref.index == 7 ? 0 : -ESTALE;
}

static int dp_send(struct dp *, struct tg_cmd *cmd, dp_done_h *, void *, uint64_t)
{
	fake_engine.log_level = cmd->log_level;
	return 0;
}

struct dp *engine_dp(const struct engine *)
{
	static struct dp dp = {.stats = dp_stats, .send = dp_send};

	return &dp;
}

const struct media_counters *media_counters(const struct media *)
{
	return &fake_engine.media;
}

const struct quality_tally *media_tally(const struct media *)
{
	return &fake_engine.tally;
}

bool media_pool_next(struct media *, unsigned int *cursor, struct media_pool_view *out)
{
	if (*cursor >= fake_engine.pool_count)
		return false;
	*out = fake_engine.pool[(*cursor)++];
	return true;
}

unsigned int media_session_stream_count(const struct media_session *s)
{
	return s->count;
}

int media_session_stream(
	const struct media_session *s, unsigned int i, struct media_stream_view *out)
{
	if (i >= s->count)
		return -ENOENT;
	*out = s->stream[i];
	return 0;
}

struct location *engine_location(const struct engine *)
{
	if (++fake_engine.slice > fake_engine.slice_max)
		fake_engine.slice_max = fake_engine.slice;
	return fake_engine.location;
}

const struct attempts *engine_attempts(const struct engine *)
{
	return fake_engine.attempts;
}

const struct store *engine_store(const struct engine *)
{
	return fake_engine.store;
}

const struct auth_counters *engine_auth_counters(const struct engine *)
{
	return &fake_engine.auth;
}

const struct keepalive_counters *engine_keepalive_counters(const struct engine *)
{
	return &fake_engine.keepalive;
}

// Nobody uses the fake's users: what is given comes back.
struct users_table *engine_swap_users(struct engine * /*engine*/, struct users_table *table)
{
	fake_engine.users_swapped++;
	fake_engine.users_count = table != NULL ? users_table_count(table) : 0;
	return table;
}
