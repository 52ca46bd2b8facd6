// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/call/conns_user.h"

#include <criterion/criterion.h>

#include "tests/unit/controlplane/call/rig.h"

static struct rig rig;

static void init(void)
{
	rig_init(&rig);
}

static void fini(void)
{
	rig_fini(&rig);
}

TestSuite(conns_user, .init = init, .fini = fini);

Test(conns_user, who_sends_is_a_peer_banned_or_a_stranger)
{
	struct conns_user user = engine_conns_user(&rig.engine);
	struct net_flow phone = rig.flow[RIG_PHONE], carrier = rig.flow[RIG_CARRIER];
	const char *spared = "";

	cr_assert_eq(user.trust(user.arg, &carrier), TG_TRUST_TRUNK);
	cr_assert_eq(user.trust(user.arg, &phone), TG_TRUST_STRANGER);
	cr_assert_eq(
		guard_ban(engine_guard(rig.engine), &phone.remote.ip, 1000, STR("x"), &spared), 0);
	cr_assert_eq(user.trust(user.arg, &phone), TG_TRUST_BANNED);
	phone.realm = UINT8_MAX;
	cr_assert_eq(user.trust(user.arg, &phone), TG_TRUST_BANNED);
}

Test(conns_user, what_strangers_send_wrongly_is_held_against_them)
{
	struct conns_user user = engine_conns_user(&rig.engine);
	const struct guard_counters *c = guard_counters(engine_guard(rig.engine));

	user.blame(user.arg, &rig.flow[RIG_PHONE], CONN_END_RATE);
	cr_assert_eq(c->events[GUARD_RATE], 1);
	user.blame(user.arg, &rig.flow[RIG_PHONE], CONN_END_GARBAGE);
	cr_assert_eq(c->events[GUARD_MALFORMED], 1);
}

Test(conns_user, listeners_and_limits_are_those_of_the_configuration)
{
	struct conns_listener listener[TG_LISTENERS_MAX];
	struct conf *conf = conf_current();
	struct conns_limits limits = engine_conns_limits(conf);

	cr_assert_eq(engine_conns_listeners(listener, conf), conf->realm_count);
	cr_assert(tg_addr_equal(&listener[1].local, &conf->realms[1].sip[0].address));
	cr_assert_eq(listener[1].realm, 1);
	cr_assert_eq(listener[1].protocol, TRANSPORT_TCP);
	conf->realms[0].sip[0].tcp = false;
	cr_assert_eq(engine_conns_listeners(listener, conf), conf->realm_count - 1);
	cr_assert_eq(limits.per_source, 100);
	cr_assert_eq(limits.queue_bytes, 256 * 1024);
	conf_put(conf);
}

Test(conns_user, I5_who_registered_outlives_a_ban_of_its_address)
{
	struct conns_user user = engine_conns_user(&rig.engine);
	struct guard *guard = engine_guard(rig.engine);
	struct net_flow phone = rig.flow[RIG_PHONE], other = phone;
	struct known_source source = {phone.remote, phone.realm, false};
	const char *spared = "";

	other.remote.port++;
	cr_assert_eq(guard_know(guard, &source, 60000, (struct tg_rate){20, 40}), 0);
	cr_assert_eq(guard_ban(guard, &phone.remote.ip, 1000, STR("x"), &spared), 0);
	cr_assert_eq(user.trust(user.arg, &phone), TG_TRUST_REGISTERED);
	cr_assert_eq(user.trust(user.arg, &other), TG_TRUST_BANNED);
	phone.protocol = TRANSPORT_TCP;
	cr_assert_eq(user.trust(user.arg, &phone), TG_TRUST_BANNED, "a datagram registered");
	source.is_stream = true;
	guard_know(guard, &source, 60000, (struct tg_rate){20, 40});
	cr_assert_eq(user.trust(user.arg, &phone), TG_TRUST_REGISTERED);
	guard_unknow(guard, &source);
	cr_assert_eq(user.trust(user.arg, &phone), TG_TRUST_BANNED);
}
