// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/sip/dialog.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>

#include "controlplane/base/rcu.h"
#include "controlplane/sip/topology.h"
#include "tests/unit/controlplane/sip/parsed.h"

#define ADVERTISED "198.51.100.1:5060"

static struct dialog_table table;
static struct parsed p;
static struct dialog d;
static struct net_flow flow;
static struct tg_addr advertised;

static void make(void)
{
	rcu_register_thread();
	cr_assert_eq(dialog_table_init(&table, 8), 0);
	tg_addr_parse(&advertised, ADVERTISED);
}

static void unmake(void)
{
	dialog_fini(&d, &table);
	dialog_table_fini(&table);
	parsed_fini(&p);
	rcu_unregister_thread();
}

TestSuite(dialog, .init = make, .fini = unmake);

static void receive_invite(const char *extra)
{
	char text[4096];

	snprintf(text, sizeof(text),
		"INVITE sip:bob@198.51.100.1 SIP/2.0\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\n"
		"From: \"A\" <sip:alice@x;tag=no>;x=1;tag=a1;y=2\nTo: "
		"sip:bob@198.51.100.1\nCall-ID: cid\n"
		"CSeq: 30 INVITE\n%s",
		extra);
	cr_assert_eq(parsed_from(&p, text), SIP_FAULT_NONE, "%s", sip_fault_label(p.fault));
}

static void make_uas(void)
{
	receive_invite("Contact: \"x\" <sip:151@10.135.0.12;line=12071?Route=%3Csip:evil%3E>;q=1\n"
		       "Record-Route: <sip:r1;lr>, <sip:r2;lr>\nRecord-Route: <sip:r3;lr>\n");
	cr_assert_eq(dialog_init_uas(&d, &table, &p.msg, &flow, &advertised), 0);
}

static void make_uac(void)
{
	struct dialog_uac params = {
		.from_display_uri = STR("<sip:us@198.51.100.1>"),
		.to_display_uri = STR("\"B\" <sip:bob@y>"),
		.target = STR("sip:bob@192.0.2.9"),
		.flow = flow,
		.advertised = advertised,
		.first_cseq = 100,
	};

	cr_assert_eq(dialog_init_uac(&d, &table, &params), 0);
}

// A request of the peer inside d.
static const struct sip_msg *request(const char *method, unsigned int cseq, const char *extra)
{
	char text[4096];

	snprintf(text, sizeof(text),
		"%s sip:x@198.51.100.1 SIP/2.0\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\n"
		"From: <sip:p@x>%s%s\nTo: <sip:q@y>;tag=%s\nCall-ID: %s\nCSeq: %u %s\n%s",
		method, str_is_none(d.remote_tag) ? "" : ";tag=", text_of(d.remote_tag),
		text_of(d.local_tag), text_of(d.call_id), cseq, method, extra);
	cr_assert_eq(parsed_from(&p, text), SIP_FAULT_NONE, "%s", text);
	return &p.msg;
}

// A response of the peer to a request of d.
static const struct sip_msg *response(
	unsigned int status, const char *method, const char *tag, const char *extra)
{
	char text[4096];

	snprintf(text, sizeof(text),
		"SIP/2.0 %u x\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\nFrom: <sip:p@x>;tag=%s\n"
		"To: <sip:q@y>%s%s\nCall-ID: %s\nCSeq: 100 %s\n%s",
		status, text_of(d.local_tag), tag[0] != '\0' ? ";tag=" : "", tag,
		text_of(d.call_id), method, extra);
	cr_assert_eq(parsed_from(&p, text), SIP_FAULT_NONE, "%s", text);
	return &p.msg;
}

static struct sip_request_out ask(enum sip_method method)
{
	static char memory[1024];
	struct strbuf scratch = strbuf_on(memory, sizeof(memory));
	struct sip_request_out out = {0};

	dialog_request(&d, method, &out, &scratch);
	cr_assert_not(scratch.failed);
	return out;
}

Test(dialog, C1_C9_uas)
{
	struct sip_request_out out;

	make_uas();
	cr_assert_not(d.is_uac);
	cr_assert_str_eq(text_of(d.call_id), "cid");
	cr_assert_str_eq(text_of(d.remote_tag), "a1");
	cr_assert_str_eq(text_of(d.remote), "\"A\" <sip:alice@x;tag=no>;x=1;y=2");
	cr_assert_str_eq(text_of(d.local), "sip:bob@198.51.100.1");
	cr_assert_eq(d.local_tag.len, SIP_TOKEN_BYTES - 1);
	cr_assert_eq(strncmp(text_of(d.contact), "<sip:", 5), 0);
	cr_assert(str_ends(d.contact, STR("@" ADVERTISED ">")));
	out = ask(SIP_BYE);
	cr_assert_str_eq(text_of(out.uri), "sip:151@10.135.0.12;line=12071", "A23: no headers");
	cr_assert_str_eq(text_of(out.to), "\"A\" <sip:alice@x;tag=no>;x=1;y=2;tag=a1");
	cr_assert_eq(strncmp(text_of(out.from), "sip:bob@198.51.100.1;tag=", 25), 0);
	cr_assert_eq(out.cseq, 1);
	cr_assert_eq(out.max_forwards, 70);
}

Test(dialog, C5_uas_route_set_in_order)
{
	struct sip_request_out out;

	make_uas();
	out = ask(SIP_BYE);
	cr_assert_eq(out.route_count, 3);
	cr_assert_str_eq(text_of(out.routes[0]), "<sip:r1;lr>");
	cr_assert_str_eq(text_of(out.routes[1]), "<sip:r2;lr>");
	cr_assert_str_eq(text_of(out.routes[2]), "<sip:r3;lr>");
}

Test(dialog, C5_uac_route_set_reversed)
{
	struct sip_request_out out;

	make_uac();
	cr_assert_eq(dialog_on_response(&d,
			     response(200, "INVITE", "t1",
				     "Contact: <sip:bob@10.0.0.9:5070;x=y>\n"
				     "Record-Route: <sip:r1;lr>, <sip:r2;lr>\n"
				     "Record-Route: <sip:r3;lr>\n")),
		0);
	for (unsigned int i = 0; i < 2; i++) {
		out = ask(i == 0 ? SIP_ACK : SIP_BYE);
		cr_assert_eq(out.route_count, 3);
		cr_assert_str_eq(text_of(out.routes[0]), "<sip:r3;lr>");
		cr_assert_str_eq(text_of(out.routes[2]), "<sip:r1;lr>");
		cr_assert_str_eq(text_of(out.uri), "sip:bob@10.0.0.9:5070;x=y", "C9");
		cr_assert_str_eq(text_of(out.to), "\"B\" <sip:bob@y>;tag=t1");
	}
}

Test(dialog, C1_uac_has_names_of_its_own)
{
	struct sip_request_out out;

	make_uac();
	out = ask(SIP_INVITE);
	cr_assert_eq(d.state, DIALOG_NONE);
	cr_assert_eq(out.cseq, 100);
	cr_assert_eq(out.route_count, 0);
	cr_assert_str_eq(text_of(out.uri), "sip:bob@192.0.2.9");
	cr_assert_str_eq(text_of(out.to), "\"B\" <sip:bob@y>");
	cr_assert(str_index(out.call_id, '@') == out.call_id.len, "no host in the Call-ID");
	cr_assert_eq(ask(SIP_ACK).cseq, 100);
	cr_assert_eq(ask(SIP_BYE).cseq, 101);
	cr_assert_eq(ask(SIP_INVITE).cseq, 102);
	cr_assert_eq(ask(SIP_UPDATE).cseq, 103);
	cr_assert_eq(ask(SIP_ACK).cseq, 102, "the INVITE's");
}

Test(dialog, C3_found_by_call_id_and_both_tags)
{
	char tag[SIP_TOKEN_BYTES];

	make_uas();
	memcpy(tag, d.local_tag.at, d.local_tag.len);
	tag[d.local_tag.len] = '\0';
	cr_assert_eq(dialog_find(&table, request("BYE", 31, "")), &d);
	d.remote_tag = STR("other");
	request("BYE", 31, "");
	d.remote_tag = STR("a1");
	cr_assert_null(dialog_find(&table, &p.msg), "From-tag");
	p.msg.from_tag = STR("a1");
	cr_assert_eq(dialog_find(&table, &p.msg), &d);
	p.msg.to_tag = STR("guess");
	cr_assert_null(dialog_find(&table, &p.msg), "To-tag");
	p.msg.to_tag = STR_NONE;
	cr_assert_null(dialog_find(&table, &p.msg), "no To-tag");
	p.msg.to_tag = str_from(tag);
	p.msg.call_id = STR("cid2");
	cr_assert_null(dialog_find(&table, &p.msg), "Call-ID");
	p.msg.call_id = STR("cid");
	cr_assert_eq(dialog_find(&table, &p.msg), &d);
	dialog_fini(&d, &table);
	cr_assert_null(dialog_find(&table, &p.msg));
}

Test(dialog, C4_cseq)
{
	static const struct {
		const char *method;
		unsigned int cseq;
		int want;
	} cases[] = {
		{"BYE", 29, -EBADMSG},
		{"ACK", 29, 0},
		{"INFO", 30, 0},
		{"INFO", 31, 0},
		{"INFO", 500, 0},
		{"INFO", 499, -EBADMSG},
		{"CANCEL", 30, 0},
		{"BYE", 501, 0},
	};

	make_uas();
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		cr_assert_eq(dialog_on_request(&d, request(cases[i].method, cases[i].cseq, "")),
			cases[i].want, "%s %u", cases[i].method, cases[i].cseq);
	cr_assert_eq(d.remote_cseq, 501);
}

Test(dialog, C7_a_refresh_moves_the_target_only)
{
	make_uas();
	cr_assert_eq(dialog_on_request(&d,
			     request("INVITE", 31,
				     "Contact: <sip:151@10.0.0.77>\nRecord-Route: <sip:z;lr>\n")),
		0);
	cr_assert_str_eq(text_of(ask(SIP_BYE).uri), "sip:151@10.0.0.77");
	cr_assert_eq(ask(SIP_BYE).route_count, 3);
	cr_assert_str_eq(text_of(ask(SIP_BYE).routes[0]), "<sip:r1;lr>");
	dialog_on_request(&d, request("INFO", 32, "Contact: <sip:not@10.0.0.78>\n"));
	cr_assert_str_eq(text_of(ask(SIP_BYE).uri), "sip:151@10.0.0.77");
}

Test(dialog, C7_answers_to_our_refresh)
{
	make_uas();
	cr_assert_eq(dialog_on_response(&d,
			     response(200, "INVITE", "a1",
				     "Contact: <sip:new@h>\nRecord-Route: <sip:z;lr>\n")),
		0);
	cr_assert_str_eq(text_of(ask(SIP_BYE).uri), "sip:new@h");
	cr_assert_eq(ask(SIP_BYE).route_count, 3);
	cr_assert_eq(dialog_on_response(&d, response(200, "INVITE", "z", "Contact: <sip:no@h>\n")),
		-ESRCH);
	cr_assert_str_eq(text_of(ask(SIP_BYE).uri), "sip:new@h");
}

Test(dialog, C48_untagged_provisionals_form_nothing)
{
	make_uac();
	cr_assert_eq(
		dialog_on_response(&d, response(183, "INVITE", "", "Contact: <sip:bob@h1>\n")), 0);
	cr_assert_eq(d.state, DIALOG_NONE);
	cr_assert(str_is_none(d.remote_tag));
	cr_assert_eq(dialog_on_response(&d, response(100, "INVITE", "t0", "")), 0);
	cr_assert_eq(d.state, DIALOG_NONE);
	cr_assert_eq(
		dialog_on_response(&d, response(200, "INVITE", "t1", "Contact: <sip:bob@h2>\n")),
		0);
	cr_assert_eq(d.state, DIALOG_CONFIRMED);
	cr_assert_str_eq(text_of(d.remote_tag), "t1");
	cr_assert_str_eq(text_of(d.remote_target), "sip:bob@h2");
}

Test(dialog, C40_forks)
{
	make_uac();
	cr_assert_eq(
		dialog_on_response(&d, response(180, "INVITE", "t1", "Contact: <sip:bob@h1>\n")),
		0);
	cr_assert_eq(d.state, DIALOG_EARLY);
	cr_assert_eq(
		dialog_on_response(&d, response(180, "INVITE", "t2", "Contact: <sip:bob@h2>\n")),
		-ESRCH);
	cr_assert_str_eq(text_of(d.remote_target), "sip:bob@h1");
	cr_assert_eq(dialog_on_response(&d, response(200, "UPDATE", "t1", "")), 0);
	cr_assert_eq(d.state, DIALOG_EARLY, "only the INVITE's 2xx confirms");
	cr_assert_eq(
		dialog_on_response(&d, response(200, "INVITE", "t2", "Contact: <sip:bob@h2>\n")), 0,
		"the first 2xx decides");
	cr_assert_str_eq(text_of(d.remote_tag), "t2");
	cr_assert_str_eq(text_of(d.remote_target), "sip:bob@h2");
	cr_assert_eq(
		dialog_on_response(&d, response(200, "INVITE", "t1", "Contact: <sip:bob@h1>\n")),
		-ESRCH);
	cr_assert_str_eq(text_of(d.remote_tag), "t2");
	cr_assert_eq(dialog_find_by_response(&table, &p.msg), &d, "B30: whatever the To-tag");
	p.msg.from_tag = STR("guess");
	cr_assert_null(dialog_find_by_response(&table, &p.msg));
}

Test(dialog, a_2xx_without_contact_keeps_the_target)
{
	make_uac();
	cr_assert_eq(dialog_on_response(&d, response(200, "INVITE", "t1", "")), 0);
	cr_assert_str_eq(text_of(d.remote_target), "sip:bob@192.0.2.9");
}

Test(dialog, C59_a_peer_without_a_tag)
{
	make_uac();
	cr_assert_eq(
		dialog_on_response(&d, response(200, "INVITE", "", "Contact: <sip:bob@h>\n")), 0);
	cr_assert_eq(d.state, DIALOG_CONFIRMED);
	cr_assert_str_eq(text_of(ask(SIP_BYE).to), "\"B\" <sip:bob@y>");
	cr_assert_eq(dialog_find(&table, request("BYE", 1, "")), &d);
	p.msg.from_tag = STR("invented");
	cr_assert_null(dialog_find(&table, &p.msg));
}

Test(dialog, no_usable_contact)
{
	static const char *const extra[] = {"", "Contact: <sip:a@b>\n"};
	static char routes[2048];
	struct strbuf b = strbuf_on(routes, sizeof(routes) - 1);

	receive_invite(extra[0]);
	cr_assert_eq(dialog_init_uas(&d, &table, &p.msg, &flow, &advertised), -EINVAL);
	dialog_fini(&d, &table);
	strbuf_put(&b, str_from(extra[1]));
	for (unsigned int i = 0; i <= DIALOG_ROUTES_MAX; i++)
		strbuf_put(&b, STR("Record-Route: <sip:r;lr>\n"));
	receive_invite(routes);
	cr_assert_eq(dialog_init_uas(&d, &table, &p.msg, &flow, &advertised), -EINVAL);
	dialog_fini(&d, &table);
	cr_assert_eq(table.table.count, 0);
}

Test(dialog, a_full_table)
{
	struct dialog many[9];

	receive_invite("Contact: <sip:a@b>\n");
	for (unsigned int i = 0; i < 8; i++)
		cr_assert_eq(dialog_init_uas(&many[i], &table, &p.msg, &flow, &advertised), 0);
	cr_assert_eq(dialog_init_uas(&many[8], &table, &p.msg, &flow, &advertised), -ENOSPC);
	for (unsigned int i = 0; i < 9; i++)
		dialog_fini(&many[i], &table);
	cr_assert_eq(table.table.count, 0);
}
