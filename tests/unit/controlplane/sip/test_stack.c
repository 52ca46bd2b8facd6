// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/sip/stack.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "include/tidegate/cmd.h"
#include "tests/unit/controlplane/sip/world.h"

#define VIA "Via: SIP/2.0/UDP 192.0.2.10:5062;branch=z9hG4bKf;rport\n"
#define FROM "From: <sip:a@x>;tag=1\n"
#define TO "To: <sip:b@x>\n"
#define CALL_ID "Call-ID: c\n"

static struct world w;

static void make(void)
{
	world_init(&w, 4);
}

static void unmake(void)
{
	world_fini(&w);
}

TestSuite(stack, .init = make, .fini = unmake);

static void sent(const char *start)
{
	cr_assert(world_take(&w) != NULL, "nothing sent, not %s", start);
	cr_assert_eq(strncmp(w.text, start, strlen(start)), 0, "%s", w.text);
}

static void nothing_sent(void)
{
	cr_assert(world_take(&w) == NULL, "%s", w.text);
}

Test(stack, A12_A16_A17_A21_faulty_requests_get_one_answer_and_no_state)
{
	static const struct {
		const char *request, *start;
	} cases[] = {
		{"INVITE sip:b@x SIP/2.0\n" VIA TO CALL_ID "CSeq: 1 INVITE\n",
			"SIP/2.0 400 Missing From\r\n"},
		{"INVITE sip:b@x SIP/2.0\n" VIA FROM CALL_ID "CSeq: 1 INVITE\n",
			"SIP/2.0 400 Missing To\r\n"},
		{"INVITE sip:b@x SIP/2.0\n" VIA FROM TO "CSeq: 1 INVITE\n",
			"SIP/2.0 400 Missing Call-ID\r\n"},
		{"INVITE sip:b@x SIP/2.0\n" VIA FROM TO CALL_ID, "SIP/2.0 400 Missing CSeq\r\n"},
		{"INVITE sip:b@x SIP/2.0\n" VIA FROM TO CALL_ID "CSeq: 1 BYE\n",
			"SIP/2.0 400 Bad CSeq\r\n"},
		{"INVITE sip:b@x SIP/7.0\n" VIA FROM TO CALL_ID "CSeq: 1 INVITE\n",
			"SIP/2.0 505 Version Not Supported\r\n"},
		{"INVITE http://b SIP/2.0\n" VIA FROM TO CALL_ID "CSeq: 1 INVITE\n",
			"SIP/2.0 416 Unsupported URI Scheme\r\n"},
		{"INVITE sip:b@x SIP/2.0\n" VIA FROM FROM TO CALL_ID "CSeq: 1 INVITE\n",
			"SIP/2.0 400 Duplicate Header\r\n"},
		{"INVITE  sip:b@x SIP/2.0\n" VIA FROM TO CALL_ID "CSeq: 1 INVITE\n",
			"SIP/2.0 400 Bad Request Line\r\n"},
		{"INVITE sip:b@x SIP/2.0\n" VIA FROM TO CALL_ID "CSeq: 1 INVITE\nl: 99\n\nshort",
			"SIP/2.0 400 Bad Content-Length\r\n"},
		{"INVITE sip:b@x SIP/2.0\n" VIA FROM TO CALL_ID "CSeq: 1 INVITE\nMax-Forwards: x\n",
			"SIP/2.0 400 Bad Max-Forwards\r\n"},
		{"INVITE sip:b@x SIP/2.0\n" VIA FROM TO CALL_ID "CSeq: 1 INVITE\nno colon\n",
			"SIP/2.0 400 Malformed Header\r\n"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		world_receive(&w, "%s", cases[i].request);
		sent(cases[i].start);
		cr_assert_str_eq(world_header(&w, "Via"),
			"SIP/2.0/UDP "
			"192.0.2.10:5062;branch=z9hG4bKf;received=192.0.2.10;rport=5062");
		cr_assert_str_eq(world_header(&w, "Content-Length"), "0");
		nothing_sent();
	}
	cr_assert_eq(sip_stack_counters(w.stack)->transactions, 0);
	cr_assert_eq(w.told.requests, 0);
	cr_assert_eq(sip_stack_counters(w.stack)->faults[SIP_FAULT_NO_FROM], 1);
	cr_assert_eq(sip_stack_counters(w.stack)->faults[SIP_FAULT_CSEQ], 1);
}

Test(stack, A12_the_answer_repeats_what_there_was)
{
	world_receive(&w, "INVITE sip:b@x SIP/2.0\n" VIA FROM TO "Call-ID: keep\nCSeq: 0007 BYE\n");
	sent("SIP/2.0 400 ");
	cr_assert_str_eq(world_header(&w, "From"), "<sip:a@x>;tag=1");
	cr_assert_eq(strncmp(world_header(&w, "To"), "<sip:b@x>;tag=", 14), 0, "%s",
		world_header(&w, "To"));
	cr_assert_str_eq(world_header(&w, "Call-ID"), "keep");
	cr_assert_str_eq(world_header(&w, "CSeq"), "0007 BYE");
}

Test(stack, A12_A18_A39_A40_what_is_never_answered)
{
	static const struct {
		const char *text;
		enum sip_fault fault;
	} cases[] = {
		{"INVITE sip:b@x SIP/2.0\n" FROM TO CALL_ID "CSeq: 1 INVITE\n", SIP_FAULT_NO_VIA},
		{"INVITE sip:b@x SIP/2.0\nVia: x\n" FROM TO CALL_ID "CSeq: 1 INVITE\n",
			SIP_FAULT_VIA},
		{"ACK sip:b@x SIP/2.0\n" VIA TO CALL_ID "CSeq: 1 ACK\n", SIP_FAULT_NO_FROM},
		{"ACK sip:b@x SIP/7.0\n" VIA FROM TO CALL_ID "CSeq: 1 ACK\n", SIP_FAULT_VERSION},
		{"ACK  sip:b@x SIP/2.0\n" VIA FROM TO CALL_ID "CSeq: 1 ACK\n",
			SIP_FAULT_START_LINE},
		{"ACK sip:b@x SIP/2.0\n" VIA FROM TO CALL_ID "CSeq: 1 BYE\n", SIP_FAULT_CSEQ},
		{"SIP/2.0 99 x\n" VIA FROM TO CALL_ID "CSeq: 1 INVITE\n", SIP_FAULT_STATUS},
		{"SIP/2.0 200 OK\n" VIA FROM TO CALL_ID "CSeq: x INVITE\n", SIP_FAULT_CSEQ},
		{"SIP/2.0 200 OK\n" VIA FROM TO CALL_ID "CSeq: 1 INVITE\nl: 9\n\nx",
			SIP_FAULT_CONTENT_LENGTH},
		{"SIP/7.0 200 OK\n" VIA FROM TO CALL_ID "CSeq: 1 INVITE\n", SIP_FAULT_VERSION},
		{"GET / HTTP/1.1\nHost: x\n", SIP_FAULT_NOT_SIP},
		{"\n\n", SIP_FAULT_NOT_SIP},
		{"noise", SIP_FAULT_NOT_SIP},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint64_t before = sip_stack_counters(w.stack)->faults[cases[i].fault];

		world_receive(&w, "%s", cases[i].text);
		nothing_sent();
		cr_assert_eq(sip_stack_counters(w.stack)->faults[cases[i].fault], before + 1,
			"case %zu", i);
	}
	cr_assert_eq(w.told.acks, 0);
}

static void ask_often(uint8_t trusted, const char *method, unsigned int times)
{
	char branch[32];

	w.flow.trusted = trusted;
	for (unsigned int i = 0; i < times; i++) {
		snprintf(branch, sizeof(branch), "z9hG4bK%u", i);
		world_request(&w, method, branch);
	}
}

Test(stack, I2_strangers_leave_a_quarter_of_the_table_to_others)
{
	ask_often(TG_TRUST_STRANGER, "INVITE", 5);
	cr_assert_eq(w.told.requests, 3);
	sent("SIP/2.0 503 Service Unavailable\r\n");
	sent("SIP/2.0 503 Service Unavailable\r\n");
	w.flow.trusted = TG_TRUST_REGISTERED;
	world_request(&w, "BYE", "z9hG4bKbye");
	cr_assert_eq(w.told.requests, 4, "who is known still gets in");
	nothing_sent();
}

Test(stack, F31_registers_leave_a_quarter_of_the_table_to_calls)
{
	ask_often(TG_TRUST_REGISTERED, "REGISTER", 4);
	cr_assert_eq(w.told.requests, 3);
	sent("SIP/2.0 503 Service Unavailable\r\n");
	cr_assert_str_neq(world_header(&w, "Retry-After"), "");
	world_request(&w, "INVITE", "z9hG4bKcall");
	cr_assert_eq(w.told.requests, 4);
	nothing_sent();
}

Test(stack, F31_refused_registers_come_again_at_different_times)
{
	bool seen[5 + 32 + 1] = {false};
	unsigned int times = 0;

	ask_often(TG_TRUST_REGISTERED, "REGISTER", 3 + 100);
	for (unsigned int i = 0; i < 100; i++) {
		unsigned long after_s;

		sent("SIP/2.0 503 Service Unavailable\r\n");
		after_s = strtoul(world_header(&w, "Retry-After"), NULL, 10);
		cr_assert(after_s >= 5 && after_s < sizeof(seen), "%lu", after_s);
		times += !seen[after_s];
		seen[after_s] = true;
	}
	cr_assert_geq(times, 10);
}

Test(stack, B34_a_full_table_answers_503_without_state)
{
	char branch[32];

	w.flow.trusted = TG_TRUST_TRUNK;
	for (unsigned int i = 0; i < 6; i++) {
		snprintf(branch, sizeof(branch), "z9hG4bK%u", i);
		world_request(&w, "INVITE", branch);
	}
	cr_assert_eq(w.told.requests, 4);
	cr_assert_eq(sip_stack_counters(w.stack)->table_full, 2);
	cr_assert_eq(sip_stack_counters(w.stack)->transactions, 4);
	for (unsigned int i = 0; i < 2; i++) {
		sent("SIP/2.0 503 Service Unavailable\r\n");
		cr_assert_str_neq(world_header(&w, "Retry-After"), "");
	}
	nothing_sent();
	cr_assert_eq(world_send(&w, SIP_INVITE), 0);
	world_request(&w, "CANCEL", "z9hG4bK1");
	sent("SIP/2.0 200 ");
	cr_assert_eq(w.told.cancels, 1, "what lives goes on");
	world_request(&w, "ACK", "z9hG4bKnew");
	cr_assert_eq(w.told.acks, 1);
}

Test(stack, B25_B27_ack_for_a_2xx)
{
	struct sip_client client = {.flow = w.flow, .timers = w.timers};
	struct sip_request_out out = {.method = SIP_ACK,
		.uri = STR("sip:c@x"),
		.from = STR("<sip:a>;tag=1"),
		.to = STR("<sip:b>;tag=2"),
		.call_id = STR("k"),
		.cseq = 3,
		.max_forwards = 70};
	char first[2048], kept_text[2048];
	struct sip_kept kept = {.bytes = strbuf_on(kept_text, sizeof(kept_text))};

	cr_assert_eq(sip_send_ack(w.stack, &client, &out, &kept), 0);
	sent("ACK sip:c@x SIP/2.0\r\n");
	cr_assert_str_eq(world_header(&w, "CSeq"), "3 ACK");
	cr_assert_eq(sip_stack_counters(w.stack)->transactions, 0);
	snprintf(first, sizeof(first), "%.2000s", w.text);
	cr_assert_eq(
		sip_send_again(w.stack, &w.flow, (struct sip_label){0}, strbuf_str(&kept.bytes), 0),
		0);
	sent("ACK ");
	cr_assert_str_eq(w.text, first);
	cr_assert_eq(sip_send_ack(w.stack, &client, &out, NULL), 0);
	sent("ACK ");
	cr_assert_str_neq(w.text, first, "a branch of its own");
}

static void own(struct world *world, uint64_t txn)
{
	world_respond(world, txn, 100);
	sip_txn_own(world->stack, txn, (struct sip_owner){1, 0},
		(struct sip_label){.call = 42, .leg = 1});
}

static void entry(uint64_t *cursor, const char *start, bool incoming, bool retransmission)
{
	struct trace_entry e;

	cr_assert(trace_next(w.trace, 42, cursor, &e), "no entry for %s", start);
	cr_assert(str_starts_nocase(e.message, str_from(start)), "%.*s", STR_FMT(e.message));
	cr_assert_eq(e.incoming, incoming, "%s", start);
	cr_assert_eq(e.retransmission, retransmission, "%s", start);
	cr_assert_eq(e.leg, 1);
	cr_assert(tg_addr_equal(&e.remote, &w.flow.remote));
}

Test(stack, K7_the_trace_knows_call_and_retransmission)
{
	struct trace_entry e;
	uint64_t cursor = 0;

	w.on_request = own;
	world_request(&w, "INVITE", "z9hG4bK1");
	world_request(&w, "INVITE", "z9hG4bK1");
	world_respond(&w, w.told.txn, 486);
	world_pass_ms(&w, 500);
	world_request(&w, "ACK", "z9hG4bK1");
	entry(&cursor, "INVITE", true, false);
	entry(&cursor, "INVITE", true, true);
	entry(&cursor, "SIP/2.0 100", false, true);
	entry(&cursor, "SIP/2.0 486", false, false);
	entry(&cursor, "SIP/2.0 486", false, true);
	entry(&cursor, "ACK", true, false);
	cr_assert_not(trace_next(w.trace, 42, &cursor, &e));
}

Test(stack, K7_what_has_no_call_is_traced_once)
{
	struct trace_entry e;
	uint64_t cursor = 0;
	unsigned int n = 0;

	world_request(&w, "OPTIONS", "z9hG4bK1");
	world_receive(&w, "noise SIP/2.0\n");
	while (trace_next(w.trace, 0, &cursor, &e)) {
		cr_assert_eq(e.call, 0);
		cr_assert_neq(e.when.us, 0);
		n++;
	}
	cr_assert_eq(n, 2);
}

Test(stack, one_message_one_count)
{
	const struct sip_stack_counters *c = sip_stack_counters(w.stack);

	world_request(&w, "INVITE", "z9hG4bK1");
	world_request(&w, "FROB", "z9hG4bK2");
	world_respond(&w, w.told.txn, 501);
	cr_assert_str_eq(w.told.method, "FROB");
	cr_assert_eq(c->requests_in[SIP_INVITE], 1);
	cr_assert_eq(c->requests_in[SIP_UNKNOWN], 1);
	cr_assert_eq(c->responses_out[5], 1);
	sent("SIP/2.0 501 ");
	cr_assert_str_eq(world_header(&w, "CSeq"), "7 FROB");
}

Test(stack, send_failures_are_counted)
{
	world_request(&w, "OPTIONS", "z9hG4bK1");
	w.net.fail = -EAGAIN;
	cr_assert_eq(world_respond(&w, w.told.txn, 200), 0);
	w.net.fail = 0;
	cr_assert_eq(sip_stack_counters(w.stack)->send_failures, 1);
	world_request(&w, "OPTIONS", "z9hG4bK1");
	sent("SIP/2.0 200 ");
}

Test(stack, free_with_live_transactions)
{
	world_request(&w, "INVITE", "z9hG4bK1");
	world_send(&w, SIP_INVITE);
	world_send(&w, SIP_OPTIONS);
	cr_assert_eq(sip_stack_counters(w.stack)->transactions, 3);
}
