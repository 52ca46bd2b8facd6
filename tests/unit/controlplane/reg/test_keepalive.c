// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/reg/keepalive.h"

#include "controlplane/base/log.h"
#include "tests/unit/controlplane/reg/fake_location.h"

#include <criterion/criterion.h>

#include <stdio.h>

#define MAX 1000
#define EVERY_MS 25000
#define SENT_BYTES 1024

static const struct keepalive_rule options = {KEEPALIVE_OPTIONS, false, 3, EVERY_MS};

static struct timer_wheel *wheel;
static struct keepalive *keepalive;
static struct {
	unsigned int count;
	char text[SENT_BYTES];
	struct net_flow flow;
	uint64_t extra_us; // above the wheel's time
	uint64_t at_ms[64];
} sent;

static int take(void *, const struct net_flow *flow, struct str bytes)
{
	cr_assert_lt(bytes.len, sizeof(sent.text));
	memcpy(sent.text, bytes.at, bytes.len);
	sent.text[bytes.len] = 0;
	sent.flow = *flow;
	sent.at_ms[sent.count % 64] = tg_mono_ms(timer_wheel_now(wheel));
	sent.count++;
	return 0;
}

static void advertised(void *, const struct net_flow *, struct tg_addr *out)
{
	cr_assert_eq(tg_addr_parse(out, "198.51.100.1:5060"), 0);
}

static struct tg_mono now(void *)
{
	return (struct tg_mono){timer_wheel_now(wheel).ns + sent.extra_us * TG_NS_PER_US};
}

static void on_removed(const struct binding *binding)
{
	keepalive_on_change(keepalive, binding, LOCATION_FLOW_LOST, &options);
}

static void init(void)
{
	rcu_register_thread();
	log_set_level(LOG_ERROR);
	memset(&sent, 0, sizeof(sent));
	fake_location = (struct fake_location){.on_removed = on_removed};
	wheel = timer_wheel_new((struct tg_mono){1000 * TG_NS_PER_S});
	keepalive = keepalive_new(&(struct keepalive_params){
		.wheel = wheel, .max = MAX, .send = take, .advertised = advertised, .now = now});
}

static void fini(void)
{
	keepalive_free(keepalive);
	cr_assert_eq(timer_wheel_count(wheel), 0);
	timer_wheel_free(wheel);
	rcu_unregister_thread();
}

TestSuite(keepalive, .init = init, .fini = fini);

static void pass(uint64_t ms)
{
	timer_wheel_advance(wheel, tg_mono_add_ms(timer_wheel_now(wheel), ms));
}

static struct binding *phone(unsigned int n, uint8_t nat)
{
	struct binding *binding = &fake_location.binding[n];

	*binding = (struct binding){.id = n + 1,
		.aor = STR("100@example.com"),
		.contact = STR("sip:100@192.168.1.10"),
		.nat = nat,
		.expires_s = 120};
	cr_assert_eq(tg_addr_parse(&binding->flow.remote, "192.0.2.1:40000"), 0);
	return binding;
}

static void change(const struct binding *binding, enum location_change what)
{
	keepalive_on_change(keepalive, binding, what, &options);
}

static bool answer(void)
{
	char text[SENT_BYTES + 64];
	const char *via = strstr(sent.text, "Via: ");

	snprintf(text, sizeof(text), "SIP/2.0 200 OK\r\n%.*s\r\nContent-Length: 0\r\n\r\n",
		(int)strcspn(via, "\r"), via);
	return keepalive_on_message(keepalive, str_from(text));
}

// Until count more were sent; at most ms.
static void await(unsigned int count, uint64_t ms)
{
	unsigned int want = sent.count + count;

	while (sent.count < want && ms-- > 0)
		pass(1);
	cr_assert_eq(sent.count, want);
}

Test(keepalive, E13_a_phone_behind_a_nat_is_pinged_over_its_flow)
{
	const struct keepalive_counters *c = keepalive_counters(keepalive);

	change(phone(0, BINDING_PRIVATE), LOCATION_ADDED);
	cr_assert_eq(c->bindings, 1);
	cr_assert_eq(sent.count, 0);
	await(1, EVERY_MS);
	cr_assert_eq(strncmp(sent.text, "OPTIONS sip:100@192.168.1.10 SIP/2.0\r\n", 38), 0);
	cr_assert_eq(sent.flow.remote.port, 40000);
	for (unsigned int i = 0; i < 20; i++) {
		uint64_t before = sent.at_ms[(sent.count - 1) % 64], after;

		cr_assert(answer());
		await(1, EVERY_MS);
		after = sent.at_ms[(sent.count - 1) % 64];
		cr_assert_geq(after - before, EVERY_MS * 3 / 4);
		cr_assert_leq(after - before, EVERY_MS, "a pinhole may last 30 s");
	}
	cr_assert_eq(c->sent, 21);
	cr_assert_eq(c->answered, 20);
	cr_assert_eq(c->repeated, 0);
	change(phone(0, BINDING_PRIVATE), LOCATION_EXPIRED);
	cr_assert_eq(c->bindings, 0);
	pass(10 * EVERY_MS);
	cr_assert_eq(c->sent, 21);
}

Test(keepalive, E13_who_needs_no_ping_gets_none)
{
	struct binding *tcp = phone(1, BINDING_MOVED);

	change(phone(0, BINDING_DIRECT), LOCATION_ADDED);
	tcp->flow.protocol = TRANSPORT_TCP;
	change(tcp, LOCATION_ADDED);
	keepalive_on_change(keepalive, phone(2, BINDING_PRIVATE), LOCATION_ADDED,
		&(struct keepalive_rule){.kind = KEEPALIVE_OFF, .every_ms = EVERY_MS});
	cr_assert_eq(keepalive_counters(keepalive)->bindings, 0);
	pass(10 * EVERY_MS);
	cr_assert_eq(sent.count, 0);
	keepalive_on_change(keepalive, tcp, LOCATION_REFRESHED,
		&(struct keepalive_rule){KEEPALIVE_OPTIONS, true, 0, EVERY_MS});
	await(1, EVERY_MS);
	cr_assert_not_null(strstr(sent.text, "Via: SIP/2.0/TCP "));
	change(tcp, LOCATION_REFRESHED);
	cr_assert_eq(keepalive_counters(keepalive)->bindings, 0, "the rule is another one");
}

Test(keepalive, E13_by_crlf_nothing_is_awaited)
{
	static const struct keepalive_rule crlf = {KEEPALIVE_CRLF, false, 3, EVERY_MS};

	keepalive_on_change(keepalive, phone(0, BINDING_MOVED), LOCATION_ADDED, &crlf);
	await(1, EVERY_MS);
	cr_assert_str_eq(sent.text, "\r\n\r\n");
	await(9, 9 * EVERY_MS);
	cr_assert_eq(keepalive_counters(keepalive)->repeated, 0);
	cr_assert_eq(keepalive_counters(keepalive)->unanswered, 0);
	cr_assert_eq(fake_location.removals, 0);
}

Test(keepalive, E13_the_time_of_an_answer_is_kept_but_not_of_a_repeated_ping)
{
	struct binding *binding = phone(0, BINDING_PRIVATE);

	change(binding, LOCATION_ADDED);
	await(1, EVERY_MS);
	sent.extra_us = 12345;
	cr_assert(answer());
	cr_assert_eq(binding->rtt_us, 12345);
	await(1, EVERY_MS);
	await(1, 2000);
	sent.extra_us = 99999;
	cr_assert(answer());
	cr_assert_eq(binding->rtt_us, 12345);
	cr_assert_eq(keepalive_counters(keepalive)->repeated, 1);
	await(1, EVERY_MS);
	cr_assert(answer());
	cr_assert_eq(binding->rtt_us, 1, "as fast as can be is not unknown");
}

Test(keepalive, a_lost_ping_is_repeated_before_it_counts)
{
	const struct keepalive_counters *c = keepalive_counters(keepalive);
	char first[SENT_BYTES];
	uint64_t at_ms;

	change(phone(0, BINDING_PRIVATE), LOCATION_ADDED);
	await(1, EVERY_MS);
	snprintf(first, sizeof(first), "%s", sent.text);
	at_ms = sent.at_ms[0];
	await(1, 2000);
	cr_assert_eq(sent.at_ms[1] - at_ms, 2000);
	await(1, 4000);
	cr_assert_eq(sent.at_ms[2] - at_ms, 6000);
	cr_assert_str_eq(sent.text, first, "the same transaction");
	cr_assert_eq(c->unanswered, 0);
	await(1, EVERY_MS);
	cr_assert_str_neq(sent.text, first);
	cr_assert_eq(c->unanswered, 1);
	cr_assert_eq(c->repeated, 2);
}

static void miss(unsigned int pings)
{
	while (pings-- > 0)
		await(3, 2 * EVERY_MS);
}

Test(keepalive, E13_who_answered_once_and_then_no_more_is_lost_by_the_rule)
{
	change(phone(0, BINDING_PRIVATE), LOCATION_ADDED);
	await(1, EVERY_MS);
	answer();
	miss(2);
	await(1, EVERY_MS);
	answer();
	miss(3);
	cr_assert_eq(fake_location.removals, 0, "three in a row, and the third is still awaited");
	pass(EVERY_MS);
	cr_assert_eq(fake_location.removals, 1);
	cr_assert_eq(fake_location.removed, 1);
	cr_assert_eq(fake_location.why, LOCATION_FLOW_LOST);
	cr_assert_eq(keepalive_counters(keepalive)->lost, 1);
	cr_assert_eq(keepalive_counters(keepalive)->bindings, 0);
}

Test(keepalive, E13_who_never_answers_or_may_not_be_lost_stays)
{
	static const struct keepalive_rule patient = {KEEPALIVE_OPTIONS, false, 0, EVERY_MS};

	change(phone(0, BINDING_PRIVATE), LOCATION_ADDED);
	pass(100 * EVERY_MS);
	cr_assert_eq(fake_location.removals, 0, "some phones answer no OPTIONS");
	change(phone(0, BINDING_PRIVATE), LOCATION_REMOVED);
	keepalive_on_change(keepalive, phone(1, BINDING_PRIVATE), LOCATION_ADDED, &patient);
	await(1, EVERY_MS);
	answer();
	pass(400 * EVERY_MS);
	cr_assert_eq(fake_location.removals, 0);
	cr_assert_gt(keepalive_counters(keepalive)->unanswered, 300);
}

Test(keepalive, a_register_is_as_good_as_a_ping_and_shows_that_it_lives)
{
	struct binding *binding = phone(0, BINDING_PRIVATE);

	change(binding, LOCATION_ADDED);
	await(1, EVERY_MS);
	answer();
	for (unsigned int i = 0; i < 10; i++) {
		change(binding, LOCATION_REFRESHED);
		pass(EVERY_MS / 2);
	}
	cr_assert_eq(sent.count, 1);
	miss(2);
	change(binding, LOCATION_REFRESHED);
	miss(2);
	change(binding, LOCATION_REFRESHED);
	pass(2 * EVERY_MS);
	cr_assert_eq(fake_location.removals, 0);
}

Test(keepalive, a_register_has_no_ping_sent_a_fourth_time)
{
	struct binding *binding = phone(0, BINDING_PRIVATE);
	char before[SENT_BYTES];

	change(binding, LOCATION_ADDED);
	await(1, EVERY_MS);
	await(2, 6000);
	snprintf(before, sizeof(before), "%s", sent.text);
	pass(5000);
	change(binding, LOCATION_REFRESHED);
	await(1, EVERY_MS);
	cr_assert_str_neq(sent.text, before, "the next one");
	cr_assert_eq(keepalive_counters(keepalive)->repeated, 2);
}

Test(keepalive, E22_pings_follow_a_binding_that_moved)
{
	struct binding *binding = phone(0, BINDING_PRIVATE);

	change(binding, LOCATION_ADDED);
	await(1, EVERY_MS);
	binding->flow.remote.port = 41000;
	change(binding, LOCATION_MOVED);
	cr_assert(answer(), "of the ping to where it was");
	cr_assert_eq(keepalive_counters(keepalive)->strays, 1);
	await(1, EVERY_MS);
	cr_assert_eq(sent.flow.remote.port, 41000);
	cr_assert(answer());
	cr_assert_eq(keepalive_counters(keepalive)->answered, 1);
}

Test(keepalive, what_is_no_answer_of_a_present_ping_changes_nothing)
{
	const struct keepalive_counters *c = keepalive_counters(keepalive);

	change(phone(0, BINDING_PRIVATE), LOCATION_ADDED);
	await(1, EVERY_MS);
	cr_assert_not(keepalive_on_message(keepalive, STR("SIP/2.0 200 OK\r\nVia: x\r\n\r\n")));
	cr_assert(keepalive_on_message(keepalive,
		STR("SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP h;branch=z9hG4bKping"
		    "00000000000000010123456789abcdef\r\n\r\n")));
	cr_assert_eq(c->strays, 1);
	cr_assert_eq(c->answered, 0);
	cr_assert(answer());
	cr_assert(answer());
	cr_assert_eq(c->answered, 1);
	cr_assert_eq(c->strays, 2, "the second answer");
	change(phone(0, BINDING_PRIVATE), LOCATION_EXPIRED);
	cr_assert(answer());
	cr_assert_eq(c->strays, 3);
}

Test(keepalive, E13_pings_of_many_that_came_together_are_spread)
{
	unsigned int before, most = 0;

	for (unsigned int i = 0; i < MAX; i++)
		change(phone(i, BINDING_PRIVATE), LOCATION_ADDED);
	change(phone(MAX, BINDING_PRIVATE), LOCATION_ADDED);
	cr_assert_eq(keepalive_counters(keepalive)->bindings, MAX);
	cr_assert_eq(keepalive_counters(keepalive)->full, 1);
	for (unsigned int second = 0; second < EVERY_MS / 1000; second++) {
		before = sent.count;
		for (unsigned int ms = 0; ms < 1000; ms++) {
			unsigned int now = sent.count;

			pass(1);
			if (sent.count == now + 1)
				answer();
		}
		most = sent.count - before > most ? sent.count - before : most;
	}
	cr_assert_geq(sent.count, MAX);
	cr_assert_lt(most, 3 * MAX / (EVERY_MS / 1000), "%u in a second", most);
}
