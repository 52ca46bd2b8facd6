// SPDX-License-Identifier: BSD-3-Clause
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>

#include "include/tidegate/cmd.h"
#include "tests/unit/controlplane/sip/world.h"

#define BRANCH "z9hG4bKpeer"

static struct world w;

static void make(void)
{
	world_init(&w, 100);
}

static void unmake(void)
{
	world_fini(&w);
}

TestSuite(txn_server, .init = make, .fini = unmake);

static void sent_at(uint64_t ms, const char *start, const uint64_t *want_ms, size_t count)
{
	world_pass_ms(&w, ms);
	for (size_t i = 0; i < count; i++) {
		cr_assert(world_take(&w) != NULL, "only %zu sent", i);
		cr_assert_eq(strncmp(w.text, start, strlen(start)), 0, "%s", w.text);
		cr_assert_eq(w.when_ms, want_ms[i], "%zu at %lu", i, (unsigned long)w.when_ms);
	}
	cr_assert(world_take(&w) == NULL, "one more at %lu", (unsigned long)w.when_ms);
}

#define SENT_AT(ms, start, ...)                             \
	sent_at(ms, start, (const uint64_t[]){__VA_ARGS__}, \
		sizeof((const uint64_t[]){__VA_ARGS__}) / sizeof(uint64_t))

static void sent(const char *start)
{
	cr_assert(world_take(&w) != NULL, "nothing sent, not %s", start);
	cr_assert_eq(strncmp(w.text, start, strlen(start)), 0, "%s", w.text);
}

static void nothing_sent(uint64_t ms)
{
	world_pass_ms(&w, ms);
	cr_assert(world_take(&w) == NULL, "%s", w.text);
}

Test(txn_server, B13_a_100_has_no_tag)
{
	world_request(&w, "INVITE", BRANCH);
	cr_assert_eq(w.told.requests, 1);
	nothing_sent(0);
	cr_assert_eq(world_respond(&w, w.told.txn, 100), 0);
	sent("SIP/2.0 100 Trying\r\n");
	cr_assert_str_eq(world_header(&w, "To"), "<sip:bob@198.51.100.1>");
	cr_assert_str_eq(world_header(&w, "From"), "<sip:alice@192.0.2.10>;tag=a1");
	cr_assert_str_eq(world_header(&w, "CSeq"), "7 INVITE");
	cr_assert_str_eq(world_header(&w, "Call-ID"), "one@192.0.2.10");
}

Test(txn_server, E2_the_answer_goes_where_the_request_came_from)
{
	world_receive(&w,
		"OPTIONS sip:b@198.51.100.1 SIP/2.0\n"
		"Via: SIP/2.0/UDP "
		"10.9.9.9:7000;rport=53;received=6.6.6.6;maddr=6.6.6.6;branch=z9hG4bKq\n"
		"From: <sip:a@x>;tag=1\nTo: <sip:b@x>\nCall-ID: c\nCSeq: 1 OPTIONS\n");
	world_respond(&w, w.told.txn, 200);
	sent("SIP/2.0 200 OK\r\n");
	cr_assert(tg_addr_equal(&w.to.remote, &w.flow.remote));
	cr_assert(tg_addr_equal(&w.to.local, &w.flow.local));
	cr_assert_str_eq(world_header(&w, "Via"),
		"SIP/2.0/UDP 10.9.9.9:7000;branch=z9hG4bKq;received=192.0.2.10;rport=5062");
}

Test(txn_server, E3_forced_rport)
{
	w.force_rport = true;
	world_receive(&w,
		"OPTIONS sip:b@198.51.100.1 SIP/2.0\nVia: SIP/2.0/UDP 10.9.9.9;branch=z9hG4bKq\n"
		"From: <sip:a@x>;tag=1\nTo: <sip:b@x>\nCall-ID: c\nCSeq: 1 OPTIONS\n");
	world_respond(&w, w.told.txn, 200);
	sent("SIP/2.0 200 OK\r\n");
	cr_assert_str_eq(world_header(&w, "Via"),
		"SIP/2.0/UDP 10.9.9.9;branch=z9hG4bKq;received=192.0.2.10;rport=5062");
}

Test(txn_server, C5_record_route_goes_back)
{
	static const struct {
		uint16_t status;
		const char *want;
	} cases[] = {{100, ""}, {180, "<sip:r1;lr>, <sip:r2;lr>"}, {486, ""}};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char start[32];

		world_receive(&w,
			"INVITE sip:b@x SIP/2.0\nVia: SIP/2.0/UDP h;branch=z9hG4bK%zu\n"
			"Record-Route: <sip:r1;lr>, <sip:r2;lr>\nFrom: <sip:a@x>;tag=1\nTo: "
			"<sip:b@x>\n"
			"Call-ID: c\nCSeq: 1 INVITE\n",
			i);
		world_respond(&w, w.told.txn, cases[i].status);
		snprintf(start, sizeof(start), "SIP/2.0 %u ", cases[i].status);
		sent(start);
		cr_assert_str_eq(world_header(&w, "Record-Route"), cases[i].want);
	}
}

Test(txn_server, B14_a_repeated_invite_replays_the_provisional)
{
	world_request(&w, "INVITE", BRANCH);
	world_request(&w, "INVITE", BRANCH);
	nothing_sent(0);
	world_respond(&w, w.told.txn, 100);
	sent("SIP/2.0 100 ");
	world_request(&w, "INVITE", BRANCH);
	sent("SIP/2.0 100 ");
	world_respond(&w, w.told.txn, 180);
	sent("SIP/2.0 180 ");
	world_request(&w, "INVITE", BRANCH);
	sent("SIP/2.0 180 ");
	cr_assert_eq(w.told.requests, 1);
	cr_assert_eq(sip_stack_counters(w.stack)->retransmissions_in, 3);
	nothing_sent(200000);
	cr_assert_eq(w.told.ends, 0);
}

Test(txn_server, B8_a_refusal_repeats_until_the_ack)
{
	world_request(&w, "INVITE", BRANCH);
	world_respond(&w, w.told.txn, 486);
	cr_assert_eq(world_respond(&w, w.told.txn, 487), -EALREADY);
	cr_assert_not(sip_txn_is_pending(w.stack, w.told.txn));
	SENT_AT(4000, "SIP/2.0 486 ", 0, 500, 1500, 3500);
	world_request(&w, "ACK", BRANCH);
	nothing_sent(4999);
	world_request(&w, "ACK", BRANCH);
	cr_assert_eq(w.told.acks, 0, "absorbed for Timer I");
	cr_assert_eq(sip_stack_counters(w.stack)->transactions, 1);
	world_pass_ms(&w, 1);
	cr_assert_eq(sip_stack_counters(w.stack)->transactions, 0);
	cr_assert_eq(w.told.ends, 0);
}

Test(txn_server, B8_no_ack_ever)
{
	world_request(&w, "INVITE", BRANCH);
	sip_txn_own(w.stack, w.told.txn, (struct sip_owner){5, 0}, (struct sip_label){0});
	world_respond(&w, w.told.txn, 486);
	SENT_AT(32000, "SIP/2.0 486 ", 0, 500, 1500, 3500, 7500, 11500, 15500, 19500, 23500, 27500,
		31500);
	cr_assert_eq(w.told.ends, 1);
	cr_assert_eq(w.told.why, SIP_TXN_TIMEOUT);
	cr_assert_eq(w.told.owner.id, 5);
}

Test(txn_server, B8_a_repeated_invite_replays_the_refusal)
{
	world_request(&w, "INVITE", BRANCH);
	world_respond(&w, w.told.txn, 486);
	sent("SIP/2.0 486 ");
	world_request(&w, "INVITE", BRANCH);
	sent("SIP/2.0 486 ");
	world_request(&w, "ACK", BRANCH);
	world_request(&w, "INVITE", BRANCH);
	nothing_sent(0);
	cr_assert_eq(w.told.requests, 1);
}

Test(txn_server, B9_other_requests_replay_their_final_for_32_s)
{
	world_request(&w, "OPTIONS", BRANCH);
	world_request(&w, "OPTIONS", BRANCH);
	nothing_sent(0);
	world_respond(&w, w.told.txn, 200);
	sent("SIP/2.0 200 ");
	nothing_sent(31999);
	world_request(&w, "OPTIONS", BRANCH);
	sent("SIP/2.0 200 ");
	cr_assert_eq(w.told.requests, 1);
	world_pass_ms(&w, 1);
	cr_assert_eq(sip_stack_counters(w.stack)->transactions, 0, "Timer J");
	world_request(&w, "OPTIONS", BRANCH);
	cr_assert_eq(w.told.requests, 2, "now it is new");
	cr_assert_eq(w.told.ends, 0);
}

Test(txn_server, B28_a_request_nobody_answers_is_forgotten)
{
	world_request(&w, "OPTIONS", BRANCH);
	SENT_AT(31999, "SIP/2.0 100 ", 3500);
	cr_assert_eq(w.told.ends, 0);
	nothing_sent(1);
	cr_assert_eq(w.told.ends, 1);
	cr_assert_eq(w.told.why, SIP_TXN_TIMEOUT);
	cr_assert_eq(world_respond(&w, w.told.txn, 200), -ESTALE);
}

Test(txn_server, B26_a_2xx_repeats_until_it_is_acked)
{
	world_request(&w, "INVITE", BRANCH);
	world_respond(&w, w.told.txn, 200);
	SENT_AT(4000, "SIP/2.0 200 ", 0, 500, 1500, 3500);
	cr_assert_eq(sip_acked(w.stack, w.told.txn), 0);
	nothing_sent(28000);
	cr_assert_eq(w.told.ends, 0);
	cr_assert_eq(sip_stack_counters(w.stack)->transactions, 0, "Timer L");
	cr_assert_eq(sip_acked(w.stack, w.told.txn), -ESTALE);
}

Test(txn_server, B26_a_2xx_nobody_acks)
{
	world_request(&w, "INVITE", BRANCH);
	sip_txn_own(w.stack, w.told.txn, (struct sip_owner){9, 3}, (struct sip_label){0});
	world_respond(&w, w.told.txn, 200);
	SENT_AT(32000, "SIP/2.0 200 ", 0, 500, 1500, 3500, 7500, 11500, 15500, 19500, 23500, 27500,
		31500);
	cr_assert_eq(w.told.ends, 1);
	cr_assert_eq(w.told.why, SIP_TXN_NO_ACK);
	cr_assert_eq(w.told.owner.id, 9);
	cr_assert_eq(w.told.owner.kind, 3);
	cr_assert_eq(sip_stack_counters(w.stack)->no_acks, 1);
}

Test(txn_server, B12_B26_over_tcp_a_2xx_repeats_and_a_refusal_does_not)
{
	w.flow.protocol = TRANSPORT_TCP;
	world_request(&w, "INVITE", BRANCH);
	world_respond(&w, w.told.txn, 200);
	SENT_AT(1500, "SIP/2.0 200 ", 0, 500, 1500);
	sip_acked(w.stack, w.told.txn);
	world_request(&w, "INVITE", BRANCH "2");
	world_respond(&w, w.told.txn, 486);
	sent("SIP/2.0 486 ");
	nothing_sent(10000);
	world_request(&w, "ACK", BRANCH "2");
	world_pass_ms(&w, 1);
	cr_assert_eq(sip_stack_counters(w.stack)->transactions, 1, "Timer I is zero");
}

Test(txn_server, B10_a_repeated_invite_replays_the_2xx)
{
	world_request(&w, "INVITE", BRANCH);
	world_respond(&w, w.told.txn, 200);
	sent("SIP/2.0 200 ");
	sip_acked(w.stack, w.told.txn);
	world_request(&w, "INVITE", BRANCH);
	sent("SIP/2.0 200 ");
	world_pass_ms(&w, 31000);
	world_request(&w, "INVITE", BRANCH);
	sent("SIP/2.0 200 ");
	cr_assert_eq(w.told.requests, 1);
}

Test(txn_server, B27_the_ack_of_a_2xx_is_the_user_s)
{
	world_request(&w, "INVITE", BRANCH);
	world_respond(&w, w.told.txn, 200);
	world_drop(&w);
	world_request(&w, "ACK", "z9hG4bKanother");
	cr_assert_eq(w.told.acks, 1);
	world_request(&w, "ACK", BRANCH);
	cr_assert_eq(w.told.acks, 2, "also with the branch of the INVITE");
	nothing_sent(0);
}

Test(txn_server, B8_an_ack_before_the_final_is_dropped)
{
	world_request(&w, "INVITE", BRANCH);
	world_request(&w, "ACK", BRANCH);
	cr_assert_eq(w.told.acks, 0);
	cr_assert_eq(sip_stack_counters(w.stack)->stray_acks, 1);
	cr_assert(sip_txn_is_pending(w.stack, w.told.txn));
}

Test(txn_server, B15_another_host_with_the_same_branch_is_another_transaction)
{
	struct net_flow other = w.flow;

	world_request(&w, "INVITE", BRANCH);
	tg_addr_parse(&other.remote, "203.0.113.66:5062");
	world_receive_on(&w, &other,
		"INVITE sip:bob@198.51.100.1 SIP/2.0\n"
		"Via: SIP/2.0/UDP 192.0.2.10:5062;branch=" BRANCH ";rport\n"
		"From: <sip:alice@192.0.2.10>;tag=a1\nTo: <sip:bob@198.51.100.1>\n"
		"Call-ID: one@192.0.2.10\nCSeq: 7 INVITE\n");
	cr_assert_eq(w.told.requests, 2);
}

Test(txn_server, B16_without_a_cookie)
{
	for (unsigned int i = 0; i < 3; i++) {
		world_request(&w, "INVITE", "1");
		cr_assert_eq(w.told.requests, 1);
	}
	world_respond(&w, w.told.txn, 486);
	sent("SIP/2.0 486 ");
	world_request(&w, "ACK", "1");
	nothing_sent(4000);
	cr_assert_eq(w.told.acks, 0);
	world_request(&w, "INVITE", "z9hG4bK");
	cr_assert_eq(w.told.requests, 2);
}

Test(txn_server, B17_cancel)
{
	uint64_t invite;

	world_request(&w, "INVITE", BRANCH);
	invite = w.told.txn;
	world_respond(&w, invite, 180);
	world_drop(&w);
	world_request(&w, "CANCEL", BRANCH);
	sent("SIP/2.0 200 ");
	cr_assert_str_eq(world_header(&w, "CSeq"), "7 CANCEL");
	cr_assert_str_eq(world_header(&w, "To"), "<sip:bob@198.51.100.1>;tag=ours");
	cr_assert_eq(w.told.cancels, 1);
	cr_assert_eq(w.told.txn, invite);
	cr_assert_eq(world_respond(&w, invite, 487), 0);
	sent("SIP/2.0 487 Request Terminated\r\n");
	cr_assert_str_eq(world_header(&w, "CSeq"), "7 INVITE");
	cr_assert_str_eq(world_header(&w, "To"), "<sip:bob@198.51.100.1>;tag=ours");
	world_request(&w, "CANCEL", BRANCH);
	sent("SIP/2.0 200 ");
	cr_assert_eq(w.told.cancels, 1, "a repeated CANCEL is absorbed");
	cr_assert_eq(w.told.requests, 1);
}

Test(txn_server, B17_the_user_is_told_of_a_cancel_once)
{
	world_request(&w, "INVITE", BRANCH);
	world_request(&w, "CANCEL", BRANCH);
	world_pass_ms(&w, 33000);
	world_request(&w, "CANCEL", BRANCH);
	cr_assert_eq(w.told.cancels, 1, "the user was told already");
	world_drop(&w);
}

Test(txn_server, B19_cancel_after_the_final_has_no_effect)
{
	static const uint16_t finals[] = {200, 486};

	for (size_t i = 0; i < sizeof(finals) / sizeof(finals[0]); i++) {
		char branch[32];

		snprintf(branch, sizeof(branch), BRANCH "%zu", i);
		world_request(&w, "INVITE", branch);
		world_respond(&w, w.told.txn, finals[i]);
		world_drop(&w);
		world_request(&w, "CANCEL", branch);
		sent("SIP/2.0 200 ");
		cr_assert_str_eq(world_header(&w, "CSeq"), "7 CANCEL");
		cr_assert_eq(w.told.cancels, 0);
	}
}

Test(txn_server, B20_cancel_of_nothing)
{
	world_request(&w, "CANCEL", BRANCH);
	sent("SIP/2.0 481 ");
	world_request(&w, "OPTIONS", BRANCH);
	world_request(&w, "CANCEL", BRANCH);
	sent("SIP/2.0 481 ");
	cr_assert_eq(w.told.cancels, 0);
}

Test(txn_server, B21_only_its_source_cancels)
{
	struct net_flow other = w.flow;

	world_request(&w, "INVITE", BRANCH);
	tg_addr_parse(&other.remote, "203.0.113.66:5062");
	world_receive_on(&w, &other,
		"CANCEL sip:bob@198.51.100.1 SIP/2.0\n"
		"Via: SIP/2.0/UDP 192.0.2.10:5062;branch=" BRANCH ";rport\n"
		"From: <sip:alice@192.0.2.10>;tag=a1\nTo: <sip:bob@198.51.100.1>\n"
		"Call-ID: one@192.0.2.10\nCSeq: 7 CANCEL\n");
	sent("SIP/2.0 481 ");
	cr_assert_eq(w.told.cancels, 0);
	cr_assert(sip_txn_is_pending(w.stack, w.told.txn));
}

static int respond_with(uint16_t status, const char *header, const char *body)
{
	struct sip_extra extra = {SIP_HDR_WARNING, str_from(header)};
	struct sip_response_out out = {.status = status,
		.content_type = STR("text/plain"),
		.body = str_from(body),
		.extra = &extra,
		.extra_count = 1};

	return sip_respond(w.stack, w.told.txn, STR("t"), &out);
}

// What a datagram cannot bear, and what nobody's buffer can.
Test(txn_server, A34_a_final_too_large_leaves_without_its_load)
{
	static const struct {
		size_t bytes;
		uint16_t status;
		int rc;
		const char *sent, *warning;
		bool in_header;
	} cases[] = {
		{16000, 486, 0, "SIP/2.0 486 Busy Here\r\n", "small", false},
		{69000, 486, 0, "SIP/2.0 486 Busy Here\r\n", "small", false},
		{16000, 486, 0, "SIP/2.0 486 Busy Here\r\n", "", true},
		{16000, 200, -EMSGSIZE, "SIP/2.0 500 Server Internal Error\r\n", "", false},
		{69000, 200, -EMSGSIZE, "SIP/2.0 500 Server Internal Error\r\n", "", false},
	};
	static char load[70000];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char branch[32];

		memset(load, 'x', cases[i].bytes);
		load[cases[i].bytes] = '\0';
		snprintf(branch, sizeof(branch), BRANCH "%zu", i);
		world_request(&w, "INVITE", branch);
		cr_assert_eq(respond_with(183, "small", load), -EMSGSIZE);
		nothing_sent(0);
		cr_assert_eq(respond_with(cases[i].status, cases[i].in_header ? load : "small",
				     cases[i].in_header ? "" : load),
			cases[i].rc);
		sent(cases[i].sent);
		cr_assert_str_eq(world_header(&w, "Warning"), cases[i].warning);
		cr_assert_str_eq(world_header(&w, "Content-Length"), "0");
		cr_assert_eq(respond_with(500, "small", ""), -EALREADY);
		world_pass_ms(&w, 40000);
		world_drop(&w);
	}
	cr_assert_eq(sip_stack_counters(w.stack)->transactions, 0);
}

Test(txn_server, ids_of_the_dead_find_nothing)
{
	struct sip_response_out out = {.status = 200};

	cr_assert_eq(sip_respond(w.stack, 12345, STR("x"), &out), -ESTALE);
	cr_assert_eq(sip_acked(w.stack, 12345), -ESTALE);
	cr_assert_eq(sip_txn_own(w.stack, 12345, (struct sip_owner){1, 0}, (struct sip_label){0}),
		-ESTALE);
	cr_assert_eq(sip_cancel(w.stack, 12345, STR_NONE, NULL), -ESTALE);
	cr_assert_not(sip_txn_is_pending(w.stack, 12345));
}

// ---- to strangers (I16)

static int respond_once(uint16_t status, const struct sip_extra *extra, unsigned int count)
{
	struct sip_response_out out = {.status = status, .extra = extra, .extra_count = count};

	return sip_respond_once(w.stack, w.told.txn, STR_NONE, &out);
}

// A request of the stranger with so many octets in a header that nobody copies.
static void ask(const char *method, unsigned int padding)
{
	world_receive(&w,
		"%s sip:bob@198.51.100.1 SIP/2.0\nVia: SIP/2.0/UDP 192.0.2.10:5062;branch=" BRANCH
		"\nFrom: <sip:alice@192.0.2.10>;tag=a1\nTo: <sip:bob@198.51.100.1>\nCall-ID: c\n"
		"CSeq: 7 %s\nX: %0*d\n",
		method, method, (int)padding, 0);
}

Test(txn_server, I16_a_stranger_is_answered_once_without_state)
{
	char tag[64];

	w.flow.trusted = TG_TRUST_STRANGER;
	for (unsigned int i = 1; i <= 3; i++) {
		ask("INVITE", 100);
		cr_assert_eq(w.told.requests, i, "each time it is a new one");
		cr_assert_eq(respond_once(404, NULL, 0), 0);
		SENT_AT(0, "SIP/2.0 404 Not Found\r\n", 0);
		if (i == 1)
			snprintf(tag, sizeof(tag), "%s", world_header(&w, "To"));
		cr_assert_str_eq(world_header(&w, "To"), tag, "RFC 3261 §8.2.7");
		cr_assert_eq(sip_stack_counters(w.stack)->transactions, 0);
		cr_assert_eq(respond_once(404, NULL, 0), -ESTALE);
	}
	nothing_sent(40000);
	cr_assert_eq(w.told.ends, 0);
}

Test(txn_server, I16_an_answer_is_shortened_then_stripped_then_kept_back)
{
	static const struct {
		unsigned int padding;
		const char *has, *lacks;
	} cases[] = {
		{200, "\r\nAllow: ", "\r\nv: "},
		{44, "\r\nAllow: ", "\r\nFrom: "},
		{2, "\r\nl: 0\r\n", "Allow"},
	};
	static const struct sip_extra allow = {SIP_HDR_ALLOW, {"INVITE, ACK, BYE, OPTIONS", 25}};

	w.flow.trusted = TG_TRUST_STRANGER;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		ask("OPTIONS", cases[i].padding);
		cr_assert_eq(respond_once(200, &allow, 1), 0);
		cr_assert(world_take(&w) != NULL, "case %zu", i);
		cr_assert(strstr(w.text, cases[i].has) != NULL, "case %zu: %s", i, w.text);
		cr_assert(strstr(w.text, cases[i].lacks) == NULL, "case %zu: %s", i, w.text);
	}
	cr_assert_eq(sip_stack_counters(w.stack)->larger, 0);
	ask("OPTIONS", 2);
	cr_assert_eq(respond_once(405, &allow, 1), 0);
	nothing_sent(0);
	cr_assert_eq(sip_stack_counters(w.stack)->larger, 1, "a 405 means nothing without Allow");
	cr_assert_eq(sip_stack_counters(w.stack)->responses_out[4], 0);
	cr_assert_eq(sip_stack_counters(w.stack)->transactions, 0);
}

Test(txn_server, I16_a_silent_realm_says_nothing_to_strangers)
{
	w.is_silent = true;
	w.flow.trusted = TG_TRUST_STRANGER;
	ask("INVITE", 200);
	cr_assert_eq(respond_once(404, NULL, 0), 0);
	world_request(&w, "CANCEL", "z9hG4bKnothing");
	world_receive(&w, "OPTIONS sip:b SIP/2.0\nVia: SIP/2.0/UDP h;branch=z9hG4bKx\n");
	nothing_sent(40000);
	cr_assert_eq(sip_stack_counters(w.stack)->silenced, 3);
	w.flow.trusted = TG_TRUST_REGISTERED;
	world_request(&w, "CANCEL", "z9hG4bKnothing");
	sent("SIP/2.0 481 ");
}

Test(txn_server, I16_a_final_is_repeated_so_often_and_no_more)
{
	world_request(&w, "INVITE", BRANCH);
	sip_repeat_at_most(w.stack, w.told.txn, 2);
	cr_assert_eq(world_respond(&w, w.told.txn, 488), 0);
	SENT_AT(40000, "SIP/2.0 488 ", 0, 500, 1500);
	cr_assert_eq(sip_stack_counters(w.stack)->transactions, 0);
}

static void respond_reliably(void)
{
	const struct sip_extra extra[] = {
		{SIP_HDR_REQUIRE, {"100rel", 6}}, {SIP_HDR_RSEQ, {"7", 1}}};
	struct sip_response_out out = {.status = 183, .extra = extra, .extra_count = 2};

	world_request(&w, "INVITE", BRANCH);
	cr_assert_eq(sip_respond_reliably(w.stack, w.told.txn, STR("t"), &out), 0);
}

Test(txn_server, C23_a_reliable_1xx_repeats_doubling_and_ends_without_prack)
{
	respond_reliably();
	SENT_AT(31999, "SIP/2.0 183 ", 0, 500, 1500, 3500, 7500, 15500, 31500);
	cr_assert_eq(w.told.no_pracks, 0);
	nothing_sent(1);
	cr_assert_eq(w.told.no_pracks, 1);
	cr_assert(sip_txn_is_pending(w.stack, w.told.txn));
	cr_assert_eq(world_respond(&w, w.told.txn, 504), 0);
	sent("SIP/2.0 504 ");
}

Test(txn_server, C21_a_prack_stops_the_reliable_1xx)
{
	respond_reliably();
	SENT_AT(600, "SIP/2.0 183 ", 0, 500);
	cr_assert_eq(sip_pracked(w.stack, w.told.txn), 0);
	cr_assert_eq(sip_pracked(w.stack, w.told.txn), -ESTALE);
	nothing_sent(60000);
	cr_assert_eq(w.told.no_pracks, 0);
	cr_assert(sip_txn_is_pending(w.stack, w.told.txn));
}

Test(txn_server, C23_the_final_ends_the_repeats_of_a_1xx)
{
	respond_reliably();
	sent("SIP/2.0 183 ");
	world_respond(&w, w.told.txn, 486);
	sent("SIP/2.0 486 ");
	world_request(&w, "ACK", BRANCH);
	nothing_sent(60000);
	cr_assert_eq(w.told.no_pracks, 0);
}

static void ask_slow(const char *more)
{
	world_receive(&w,
		"MESSAGE sip:bob@198.51.100.1 SIP/2.0\nVia: SIP/2.0/UDP 192.0.2.10:5062;branch=%s\n"
		"From: <sip:alice@192.0.2.10>;tag=a1\nTo: <sip:bob@198.51.100.1>\nCall-ID: slow\n"
		"CSeq: 9 MESSAGE\n%sContent-Length: 0\n",
		BRANCH, more);
}

// RFC 4320 §4.1: no provisional before the client's Timer E has grown to T2
Test(txn_server, B29_A46_a_slow_answer_is_preceded_by_100)
{
	ask_slow("Timestamp: 54.21\n");
	nothing_sent(499);
	ask_slow("");
	nothing_sent(3000);
	SENT_AT(1, "SIP/2.0 100 Trying\r\n", 3500);
	ask_slow("");
	sent("SIP/2.0 100 Trying\r\n");
	cr_assert_str_eq(world_header(&w, "Timestamp"), "54.21 3.500");
	cr_assert_str_eq(world_header(&w, "To"), "<sip:bob@198.51.100.1>");
	nothing_sent(4000);
	cr_assert_eq(world_respond(&w, w.told.txn, 200), 0);
	sent("SIP/2.0 200 OK\r\n");
	cr_assert_str_empty(world_header(&w, "Timestamp"));
	nothing_sent(40000);
	cr_assert_eq(w.told.requests, 1);
	cr_assert_eq(sip_stack_counters(w.stack)->transactions, 0);
}

Test(txn_server, B29_not_when_it_was_answered_in_time)
{
	ask_slow("");
	nothing_sent(3499);
	cr_assert_eq(world_respond(&w, w.told.txn, 486), 0);
	sent("SIP/2.0 486 Busy Here\r\n");
	nothing_sent(40000);
}

Test(txn_server, B29_I16_nor_in_a_silent_realm)
{
	w.is_silent = true;
	w.flow.trusted = TG_TRUST_STRANGER;
	ask_slow("");
	nothing_sent(40000);
}
