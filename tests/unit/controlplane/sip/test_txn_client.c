// SPDX-License-Identifier: BSD-3-Clause
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>

#include "tests/unit/controlplane/sip/world.h"

static struct world w;

static void make(void)
{
	world_init(&w, 100);
}

static void unmake(void)
{
	world_fini(&w);
}

TestSuite(txn_client, .init = make, .fini = unmake);

// Takes all that is sent within ms and compares the times.
static void sent_at(uint64_t ms, const uint64_t *want_ms, size_t count)
{
	world_pass_ms(&w, ms);
	for (size_t i = 0; i < count; i++) {
		cr_assert(world_take(&w) != NULL, "only %zu sent", i);
		cr_assert_eq(w.when_ms, want_ms[i], "%zu at %lu", i, (unsigned long)w.when_ms);
	}
	cr_assert(world_take(&w) == NULL, "one more at %lu", (unsigned long)w.when_ms);
}

#define SENT_AT(ms, ...)                             \
	sent_at(ms, (const uint64_t[]){__VA_ARGS__}, \
		sizeof((const uint64_t[]){__VA_ARGS__}) / sizeof(uint64_t))

static void nothing_sent(uint64_t ms)
{
	world_pass_ms(&w, ms);
	cr_assert(world_take(&w) == NULL, "%s", w.text);
}

Test(txn_client, B1_B3_invite_repeats_seven_times_and_times_out)
{
	uint64_t txn = world_send(&w, SIP_INVITE);

	SENT_AT(31999, 0, 500, 1500, 3500, 7500, 15500, 31500);
	cr_assert_eq(w.told.ends, 0);
	world_pass_ms(&w, 1);
	cr_assert_eq(w.told.ends, 1);
	cr_assert_eq(w.told.why, SIP_TXN_TIMEOUT);
	cr_assert_eq(w.told.txn, txn);
	cr_assert_eq(w.told.owner.id, 77);
	nothing_sent(60000);
	cr_assert_eq(sip_stack_counters(w.stack)->timeouts, 1);
	cr_assert_eq(sip_stack_counters(w.stack)->retransmissions_out, 6);
	cr_assert_eq(sip_stack_counters(w.stack)->transactions, 0);
}

Test(txn_client, B11_timers_scale_with_t1)
{
	w.timers = (struct sip_timers){100, 800, 1000};
	world_send(&w, SIP_INVITE);
	SENT_AT(6400, 0, 100, 300, 700, 1500, 3100, 6300);
	cr_assert_eq(w.told.why, SIP_TXN_TIMEOUT);
	cr_assert_eq(w.told.ends, 1);
}

Test(txn_client, B12_reliable_transports_do_not_repeat)
{
	w.flow.protocol = TRANSPORT_TCP;
	world_send(&w, SIP_INVITE);
	world_send(&w, SIP_OPTIONS);
	SENT_AT(31999, 0, 0);
	cr_assert_eq(w.told.ends, 0);
	world_pass_ms(&w, 1);
	cr_assert_eq(w.told.ends, 2);
}

Test(txn_client, B2_a_provisional_stops_repeating)
{
	world_send(&w, SIP_INVITE);
	SENT_AT(700, 0, 500);
	world_answer(&w, "100 Trying", "");
	cr_assert_eq(w.told.status, 100);
	cr_assert_eq(w.told.owner.id, 77);
	nothing_sent(170000);
	cr_assert_eq(w.told.ends, 0, "Timer B must not end what rings");
	world_answer(&w, "180 Ringing", "t1");
	cr_assert_eq(w.told.status, 180);
	cr_assert_eq(w.told.responses, 2);
}

Test(txn_client, B24_non_2xx_is_acked)
{
	char via[256];

	world_send(&w, SIP_INVITE);
	world_take(&w);
	snprintf(via, sizeof(via), "%s", world_header(&w, "Via"));
	world_answer(&w, "180 Ringing", "theirs");
	world_answer(&w, "486 Busy Here", "theirs");
	cr_assert_eq(w.told.status, 486);
	cr_assert(world_take(&w) != NULL);
	cr_assert_eq(strncmp(w.text, "ACK sip:carol@192.0.2.10:5062;line=12071 SIP/2.0\r\n", 50), 0,
		"%s", w.text);
	cr_assert_str_eq(world_header(&w, "Via"), via);
	cr_assert_str_eq(world_header(&w, "Route"), "<sip:proxy.example;lr>");
	cr_assert_str_eq(world_header(&w, "From"), "<sip:us@198.51.100.1>;tag=u1");
	cr_assert_str_eq(world_header(&w, "To"), "<sip:carol@192.0.2.10>;tag=theirs");
	cr_assert_str_eq(world_header(&w, "Call-ID"), "two");
	cr_assert_str_eq(world_header(&w, "CSeq"), "41 ACK");
	cr_assert_str_eq(world_header(&w, "Max-Forwards"), "70");
	cr_assert_str_eq(world_header(&w, "Content-Length"), "0");
	cr_assert(tg_addr_equal(&w.to.remote, &w.flow.remote));
}

Test(txn_client, B6_repeated_final)
{
	static char ack[sizeof(w.text)];

	world_send(&w, SIP_INVITE);
	world_take(&w);
	world_answer(&w, "486 Busy Here", "theirs");
	cr_assert(world_take(&w) != NULL);
	memcpy(ack, w.text, sizeof(ack));
	for (unsigned int i = 0; i < 3; i++) {
		world_pass_ms(&w, 4000);
		world_receive(&w,
			"SIP/2.0 486 Busy Here\nVia: %s\nFrom: %s\nTo: "
			"<sip:carol@192.0.2.10>;tag=theirs\n"
			"Call-ID: two\nCSeq: 41 INVITE\n",
			world_header(&w, "Via"), world_header(&w, "From"));
		cr_assert(world_take(&w) != NULL, "repeat %u", i);
		cr_assert_str_eq(w.text, ack);
	}
	cr_assert_eq(w.told.responses, 1, "the user hears it once");
	cr_assert_eq(sip_stack_counters(w.stack)->retransmissions_in, 3);
	nothing_sent(32000 - 12000 - 1);
	cr_assert_eq(sip_stack_counters(w.stack)->transactions, 1);
	world_pass_ms(&w, 1);
	cr_assert_eq(sip_stack_counters(w.stack)->transactions, 0, "Timer D");
	cr_assert_eq(w.told.ends, 0);
}

Test(txn_client, B7_other_requests_repeat_up_to_t2)
{
	world_send(&w, SIP_OPTIONS);
	SENT_AT(32000, 0, 500, 1500, 3500, 7500, 11500, 15500, 19500, 23500, 27500, 31500);
	cr_assert_eq(w.told.ends, 1);
	cr_assert_eq(w.told.why, SIP_TXN_TIMEOUT);
}

Test(txn_client, B7_in_proceeding_each_t2)
{
	world_send(&w, SIP_OPTIONS);
	SENT_AT(600, 0, 500);
	world_answer(&w, "100 Trying", "");
	cr_assert_eq(w.told.status, 100);
	SENT_AT(32000 - 600, 1500, 5500, 9500, 13500, 17500, 21500, 25500, 29500);
	cr_assert_eq(w.told.why, SIP_TXN_TIMEOUT, "Timer F");
}

Test(txn_client, B7_repeats_of_the_final_are_absorbed_for_t4)
{
	world_send(&w, SIP_OPTIONS);
	world_take(&w);
	world_answer(&w, "200 OK", "t");
	world_answer(&w, "200 OK", "t");
	cr_assert_eq(w.told.responses, 1);
	nothing_sent(4999);
	world_answer(&w, "200 OK", "t");
	cr_assert_eq(w.told.responses, 1);
	cr_assert_eq(sip_stack_counters(w.stack)->stray_responses, 0);
	world_pass_ms(&w, 1);
	cr_assert_eq(sip_stack_counters(w.stack)->transactions, 0, "Timer K");
	world_answer(&w, "200 OK", "t");
	cr_assert_eq(sip_stack_counters(w.stack)->stray_responses, 1);
	cr_assert_eq(w.told.ends, 0);
}

Test(txn_client, B10_further_2xx_reach_the_user)
{
	world_send(&w, SIP_INVITE);
	world_take(&w);
	world_answer(&w, "200 OK", "first");
	nothing_sent(10000);
	world_answer(&w, "200 OK", "first");
	world_answer(&w, "200 OK", "second");
	cr_assert_eq(w.told.responses, 3);
	cr_assert_str_eq(w.told.to_tag, "second");
	world_answer(&w, "486 Busy Here", "third");
	world_answer(&w, "180 Ringing", "first");
	cr_assert_eq(w.told.responses, 3, "nothing else does");
	nothing_sent(21999);
	cr_assert_eq(sip_stack_counters(w.stack)->transactions, 1);
	world_pass_ms(&w, 1);
	cr_assert_eq(sip_stack_counters(w.stack)->transactions, 0, "Timer M");
	cr_assert_eq(w.told.ends, 0);
}

Test(txn_client, B30_stray_2xx)
{
	world_send(&w, SIP_INVITE);
	world_take(&w);
	world_answer(&w, "200 OK", "first");
	world_pass_ms(&w, 32000);
	world_answer(&w, "200 OK", "late");
	cr_assert_eq(w.told.strays, 1);
	cr_assert_str_eq(w.told.to_tag, "late");
	world_answer(&w, "486 Busy Here", "late");
	cr_assert_eq(w.told.strays, 1);
	cr_assert_eq(sip_stack_counters(w.stack)->stray_responses, 2);
	nothing_sent(0);
}

Test(txn_client, B30_responses_of_others_are_dropped)
{
	static const char *const vias[] = {"SIP/2.0/UDP 203.0.113.9:5060;branch=%s",
		"SIP/2.0/UDP 198.51.100.1:5099;branch=%s",
		"SIP/2.0/UDP 198.51.100.1;branch=z9hG4bKother",
		"SIP/2.0/UDP 198.51.100.1;branch=%s, SIP/2.0/UDP 192.0.2.10;branch=z9hG4bKx"};
	char branch[128], via[512];

	world_send(&w, SIP_INVITE);
	world_take(&w);
	sscanf(strstr(w.text, "branch="), "branch=%127[^;\r]", branch);
	for (size_t i = 0; i < sizeof(vias) / sizeof(vias[0]); i++) {
		struct strbuf b = strbuf_on(via, sizeof(via) - 1);
		const char *at = strstr(vias[i], "%s");

		strbuf_put(
			&b, str_of(vias[i], at != NULL ? (size_t)(at - vias[i]) : strlen(vias[i])));
		strbuf_put(&b, at != NULL ? str_from(branch) : STR(""));
		strbuf_put(&b, at != NULL ? str_from(at + 2) : STR(""));
		via[b.len] = '\0';
		world_receive(&w,
			"SIP/2.0 180 Ringing\nVia: %s\nFrom: %s\nTo: <sip:c@x>;tag=1\nCall-ID: "
			"two\n"
			"CSeq: 41 INVITE\n",
			via, world_header(&w, "From"));
		cr_assert_eq(w.told.responses, 0, "%s", via);
		cr_assert_eq(sip_stack_counters(w.stack)->stray_responses, i + 1);
	}
	world_receive(&w,
		"SIP/2.0 180 Ringing\nVia: SIP/2.0/UDP 198.51.100.1;branch=%s\nFrom: %s\n"
		"To: <sip:c@x>;tag=1\nCall-ID: two\nCSeq: 41 INVITE\n",
		branch, world_header(&w, "From"));
	cr_assert_eq(w.told.responses, 1, "the one that is ours is heard");
}

Test(txn_client, B17_cancel_repeats_its_invite_s_route)
{
	char via[256];
	uint64_t txn = world_send(&w, SIP_INVITE);

	world_take(&w);
	snprintf(via, sizeof(via), "%s", world_header(&w, "Via"));
	world_answer(&w, "180 Ringing", "t1");
	cr_assert_eq(sip_cancel(w.stack, txn, STR("SIP;cause=200"), NULL), 0);
	cr_assert(world_take(&w) != NULL);
	cr_assert(
		strncmp(w.text, "CANCEL sip:carol@192.0.2.10:5062;line=12071 SIP/2.0\r\n", 53) == 0,
		"%s", w.text);
	cr_assert_str_eq(world_header(&w, "Via"), via);
	cr_assert_str_eq(world_header(&w, "Route"), "<sip:proxy.example;lr>");
	cr_assert_str_eq(world_header(&w, "From"), "<sip:us@198.51.100.1>;tag=u1");
	cr_assert_str_eq(world_header(&w, "To"), "<sip:carol@192.0.2.10>");
	cr_assert_str_eq(world_header(&w, "Call-ID"), "two");
	cr_assert_str_eq(world_header(&w, "CSeq"), "41 CANCEL");
	cr_assert_str_eq(world_header(&w, "Max-Forwards"), "70");
	cr_assert_str_eq(world_header(&w, "Reason"), "SIP;cause=200");
	cr_assert_str_eq(world_header(&w, "Contact"), "");
	cr_assert_eq(sip_cancel(w.stack, txn, STR_NONE, NULL), -EALREADY);
	world_answer(&w, "200 OK", "t1");
	cr_assert_eq(w.told.responses, 1, "the CANCEL's answer is not the user's");
	nothing_sent(1000);
}

Test(txn_client, B18_cancel_waits_for_the_first_provisional)
{
	uint64_t txn = world_send(&w, SIP_INVITE);

	world_take(&w);
	cr_assert_eq(sip_cancel(w.stack, txn, STR_NONE, NULL), 0);
	nothing_sent(499);
	world_pass_ms(&w, 1);
	cr_assert(world_take(&w) != NULL);
	cr_assert(strncmp(w.text, "INVITE ", 7) == 0, "the INVITE goes on repeating");
	world_answer(&w, "100 Trying", "");
	cr_assert(world_take(&w) != NULL);
	cr_assert(strncmp(w.text, "CANCEL ", 7) == 0, "%s", w.text);
	cr_assert_str_eq(world_header(&w, "CSeq"), "41 CANCEL");
}

Test(txn_client, B18_a_final_first_makes_no_cancel)
{
	uint64_t txn = world_send(&w, SIP_INVITE);

	world_take(&w);
	sip_cancel(w.stack, txn, STR_NONE, NULL);
	world_answer(&w, "200 OK", "t");
	cr_assert_eq(w.told.status, 200);
	nothing_sent(40000);
	cr_assert_eq(sip_cancel(w.stack, txn, STR_NONE, NULL), -ESTALE);
}

Test(txn_client, B17_a_cancelled_invite_that_never_ends_times_out)
{
	uint64_t txn = world_send(&w, SIP_INVITE);

	world_take(&w);
	world_answer(&w, "180 Ringing", "t1");
	world_pass_ms(&w, 100000);
	sip_cancel(w.stack, txn, STR_NONE, NULL);
	world_pass_ms(&w, 10000);
	world_receive(&w,
		"SIP/2.0 183 x\nVia: %s\nFrom: <sip:a@x>\nTo: <sip:c@x>;tag=t1\nCall-ID: two\n"
		"CSeq: 41 INVITE\n",
		world_header(&w, "Via"));
	cr_assert_eq(w.told.status, 183);
	world_pass_ms(&w, 21999);
	cr_assert_eq(w.told.ends, 0);
	world_pass_ms(&w, 1);
	cr_assert_eq(w.told.ends, 1);
	cr_assert_eq(w.told.txn, txn);
	cr_assert_eq(w.told.why, SIP_TXN_TIMEOUT);
	world_drop(&w);
}

Test(txn_client, B31_unreachable_is_told_at_once)
{
	static const struct {
		int rc;
		bool starts;
	} cases[] = {{-EHOSTUNREACH, false}, {-EMSGSIZE, false}, {-EAGAIN, true}};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		w.net.fail = cases[i].rc;
		cr_assert_eq(world_send(&w, SIP_INVITE) != 0, cases[i].starts, "case %zu", i);
	}
	cr_assert_eq(sip_stack_counters(w.stack)->transactions, 1);
	w.net.fail = -EHOSTUNREACH;
	world_pass_ms(&w, 500);
	cr_assert_eq(w.told.ends, 1);
	cr_assert_eq(w.told.why, SIP_TXN_UNREACHABLE);
	w.net.fail = 0;
}

static void answer_back(struct world *world, uint64_t txn)
{
	if (world->told.status == 180)
		cr_assert_eq(sip_cancel(world->stack, txn, STR_NONE, NULL), 0);
	world_send(world, SIP_OPTIONS);
}

Test(txn_client, the_user_may_send_from_a_callback)
{
	w.on_response = answer_back;
	world_send(&w, SIP_INVITE);
	world_take(&w);
	world_answer(&w, "180 Ringing", "t1");
	cr_assert(strncmp(world_take(&w), "CANCEL ", 7) == 0);
	cr_assert(strncmp(world_take(&w), "OPTIONS ", 8) == 0);
	cr_assert_eq(sip_stack_counters(w.stack)->transactions, 3);
}

Test(txn_client, counts)
{
	const struct sip_stack_counters *c = sip_stack_counters(w.stack);

	world_send(&w, SIP_INVITE);
	world_take(&w);
	world_answer(&w, "180 Ringing", "t1");
	world_answer(&w, "486 Busy Here", "t1");
	cr_assert_eq(c->requests_out[SIP_INVITE], 1);
	cr_assert_eq(c->requests_out[SIP_ACK], 1);
	cr_assert_eq(c->responses_in[1], 1);
	cr_assert_eq(c->responses_in[4], 1);
}
