// SPDX-License-Identifier: BSD-3-Clause
#include "tests/unit/controlplane/media/media_world.h"

#include <criterion/criterion.h>

#include <stdio.h>
#include <stdlib.h>

struct media_world world;
int world_conf_references;

static struct conf_sip_listener listeners[1];
static struct conf_media_pool pools_of_realm[2][2];
static struct conf_network sources[1];
static struct conf_realm realms[] = {
	{.name = "access",
		.sip = listeners,
		.sip_count = 1,
		.media = pools_of_realm[0],
		.media_count = 1},
	{.name = "core", .media = pools_of_realm[1], .media_count = 2},
};
static struct conf_peer peers[] = {
	{.name = "carrier", .realm = 1, .sources = sources, .source_count = 1},
};

struct conf world_conf = {
	.realms = realms,
	.realm_count = 2,
	.peers = peers,
	.peer_count = 1,
	.port_quarantine_ms = 1000,
};

// In the place of controlplane/conf: a configuration by hand is not a snapshot.
struct conf *conf_get(struct conf *conf)
{
	world_conf_references++;
	return conf;
}

void conf_put(struct conf *)
{
	world_conf_references--;
}

static struct conf_media_pool pool(const char *ip, uint16_t first, uint16_t last)
{
	struct conf_media_pool p = {.port_first = first, .port_last = last};

	cr_assert_eq(tg_ip_parse(&p.address, ip), 0);
	p.advertised = p.address;
	return p;
}

static void fill_conf(void)
{
	cr_assert_eq(tg_addr_parse(&listeners[0].address, "192.0.2.1:5060"), 0);
	cr_assert_eq(tg_ip_parse(&sources[0].net, "198.51.100.77"), 0);
	sources[0].bits = 128;
	pools_of_realm[0][0] = pool("192.0.2.1", 10000, 10019);
	pools_of_realm[1][0] = pool("198.51.100.1", 20000, 20019);
	pools_of_realm[1][1] = pool("2001:db8::1", 20000, 20019);
}

static void maybe_free(void)
{
	if (!world.free_when_told)
		return;
	media_session_free(world.session);
	world.session = NULL;
}

static void on_ready(
	void *, uint64_t call, uint32_t tag, enum media_failure failure, struct str sdp)
{
	cr_assert_geq(call, WORLD_CALL);
	world.ready++;
	world.failure = failure;
	world.tag = tag;
	snprintf(world.sdp, sizeof(world.sdp), "%.*s", STR_FMT(sdp));
	maybe_free();
}

static void on_idle(void *, uint64_t)
{
	world.idle++;
	maybe_free();
}

static void on_lost(void *, uint64_t)
{
	world.lost++;
	maybe_free();
}

static void on_attach(void *, bool attached)
{
	world.attached = attached;
}

static void on_source(void *, const struct tg_event *event)
{
	world.source = *event;
}

static const struct media_user user = {.on_ready = on_ready,
	.on_attach = on_attach,
	.on_source = on_source,
	.on_idle = on_idle,
	.on_lost = on_lost};

struct media_session_params world_session_params(uint64_t call)
{
	struct media_session_params params = {
		.call = call,
		.leg = {{.realm = 0,
				.realm_name = "access",
				.latch = TG_LATCH_SIGNALLING,
				.dscp = 46},
			{.realm = 1,
				.realm_name = "core",
				.peer_name = "carrier",
				.latch = TG_LATCH_OFF,
				.dscp = 26}},
		.idle_ms = 60000,
		.one_way_ms = 5000,
		.conf = &world_conf,
	};

	cr_assert_eq(tg_ip_parse(&params.leg[0].signalling, "203.0.113.5"), 0);
	cr_assert_eq(tg_ip_parse(&params.leg[1].signalling, "198.51.100.77"), 0);
	return params;
}

struct media_session *world_session(uint64_t call)
{
	struct media_session_params params = world_session_params(call);
	struct media_session *session;

	cr_assert_eq(media_session_new(&session, world.media, &params), 0);
	return session;
}

void world_init(void)
{
	struct media_params params = {.user = &user, .sessions_max = 100};

	fill_conf();
	world.wheel = timer_wheel_new((struct tg_mono){TG_NS_PER_S});
	fake_dp_init(&world.dp);
	params.wheel = world.wheel;
	params.dp = &world.dp.dp;
	world.media = media_new(&params);
	cr_assert_eq(media_configure(world.media, &world_conf), 0);
	fake_dp_run(&world.dp);
	world.session = world_session(WORLD_CALL);
}

void world_fini(void)
{
	media_session_free(world.session);
	media_free(world.media);
	cr_assert_eq(timer_wheel_count(world.wheel), 0);
	cr_assert_eq(world_conf_references, 0);
	timer_wheel_free(world.wheel);
}

void world_run(uint64_t ms)
{
	fake_dp_run(&world.dp);
	for (; ms > 0; ms--) {
		timer_wheel_advance(world.wheel, tg_mono_add_ms(timer_wheel_now(world.wheel), 1));
		fake_dp_run(&world.dp);
	}
}

static enum media_failure result_after(unsigned int ready)
{
	cr_assert_eq(world.ready, ready, "never from inside");
	world_run(2);
	cr_assert_eq(world.ready, ready + 1);
	cr_assert_eq(world.tag, ready);
	return world.failure;
}

enum media_failure world_offer(enum media_side from, const char *sdp)
{
	unsigned int ready = world.ready;

	media_offer(world.session, from, str_from(sdp), ready);
	return result_after(ready);
}

enum media_failure world_answer(enum media_side from, const char *sdp, bool final)
{
	unsigned int ready = world.ready;

	media_answer(world.session, from, str_from(sdp), final, ready);
	return result_after(ready);
}

const struct tg_stream_spec *world_spec(unsigned int n)
{
	struct fake_dp_stream *s = fake_dp_stream(&world.dp, n);

	cr_assert_not_null(s);
	return &s->spec;
}

void world_answered_call(void)
{
	cr_assert_eq(world_offer(MEDIA_A, SDP_A), MEDIA_OK);
	cr_assert_eq(world_answer(MEDIA_B, SDP_B, true), MEDIA_OK);
}

unsigned int world_port(unsigned int n)
{
	const char *at = world.sdp;
	unsigned int port = 0;

	for (unsigned int i = 0; i <= n; i++) {
		at = strstr(at, "\nm=");
		cr_assert_not_null(at);
		at += 3;
	}
	cr_assert_eq(sscanf(at, "%*s %u", &port), 1);
	return port;
}

struct media_pool_view world_pool(uint8_t realm)
{
	struct media_pool_view view = {.realm = UINT8_MAX};
	unsigned int cursor = 0;

	while (view.realm != realm && media_pool_next(world.media, &cursor, &view))
		;
	cr_assert_eq(view.realm, realm);
	return view;
}
