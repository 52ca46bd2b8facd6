// SPDX-License-Identifier: BSD-3-Clause
#include "tests/unit/controlplane/obs/obs_stage.h"

#include "tests/unit/controlplane/obs/fake_guard.h"

#include <criterion/criterion.h>

#include <stdio.h>
#include <unistd.h>

struct obs *obs_stage;
struct conns *obs_stage_conns;
char obs_stage_conf_path[96];

static const char base[] = "dataplane:\n"
			   "  ports: [{interface: lo}]\n"
			   "realms:\n"
			   "  - name: access\n"
			   "    sip: [{address: '203.0.113.1:5060'}]\n"
			   "    media: [{address: 203.0.113.1, ports: 20000-20199}]\n"
			   "  - name: core\n"
			   "    sip: [{address: '198.51.100.1:5060'}]\n"
			   "    media: [{address: 198.51.100.1, ports: 30000-30199}]\n"
			   "peers:\n"
			   "  - {name: carrier, realm: core, address: '198.51.100.10:5060'}\n"
			   "routes:\n"
			   "  - {from_realm: access, to: carrier}\n";

void obs_stage_write_conf(const char *text)
{
	FILE *file = fopen(obs_stage_conf_path, "w");

	cr_assert_not_null(file);
	fprintf(file, "%s%s", base, text);
	fclose(file);
}

static void show_dataplane(void *, struct obs_dataplane *out)
{
	out->attached = true;
	out->boot_id = 0x1234abcd;
	out->epoch = 3;
	out->worker_count = 2;
	out->worker[0].counter[TG_COUNT_RX_PACKETS] = 1000;
	out->worker[1].drop[TG_DROP_MEDIA_SOURCE] = 17;
	out->worker[0].delay[2] = 90;
	out->worker[0].delay[5] = 10;
	out->worker[0].delay_sum_ns = 500000;
	out->worker[1].delay[TG_DELAY_BUCKETS - 1] = 1;
}

static void ignore(void *, const struct net_flow *, struct str)
{
}

static void on_end(void *, const struct net_flow *)
{
}

static enum tg_trust_level trust(void *, const struct net_flow *)
{
	return TG_TRUST_STRANGER;
}

static unsigned int no_limit(void *, const struct net_flow *, struct str)
{
	return CONN_PASSES;
}

static size_t nothing(void *, void *)
{
	return 0;
}

static void shut(void *, void *, bool)
{
}

static struct timer_wheel *wheel;

static struct conns *make_conns(void)
{
	static const struct conns_user user = {
		.receive = ignore, .ended = on_end, .trust = trust, .judge = no_limit};
	static const struct conn_carrier carrier = {.queued = nothing, .close = shut};

	// of its own, for it outlives the loops
	wheel = timer_wheel_new(tg_mono_now());
	obs_stage_conns = conns_new(&(struct conns_params){.wheel = wheel,
		.user = &user,
		.limits = {.max = 16, .per_source = 16, .unfinished_ms = 30000}});
	conns_set_carrier(obs_stage_conns, TRANSPORT_TCP, &carrier);
	return obs_stage_conns;
}

static void configure(void *)
{
	engine_configure(fake_engine_get());
}

void obs_stage_open(unsigned int count)
{
	struct conf_error err;
	struct conf *conf;

	stage_open();
	snprintf(obs_stage_conf_path, sizeof(obs_stage_conf_path), "%s/tidegate.yaml", stage.dir);
	obs_stage_write_conf("");
	cr_assert_eq(conf_load(&conf, obs_stage_conf_path, &err), 0, "%s", err.text);
	fake_engine_fill(count);
	obs_stage = obs_new(&(struct obs_params){.management = stage.management,
		.signalling = stage.signalling,
		.engine = fake_engine_get(),
		.conns = make_conns(),
		.dataplane = show_dataplane,
		.sources = fake_guard_sources,
		.configure = configure,
		.conf = conf});
	conf_publish(conf);
	fake_guard_open();
}

void obs_stage_close(void)
{
	unlink(obs_stage_conf_path);
	stage_close();
	obs_free(obs_stage);
	conns_free(obs_stage_conns);
	timer_wheel_free(wheel);
	fake_engine_clear();
	fake_guard_close();
}
