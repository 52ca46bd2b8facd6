// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/reg/registrar.h"

#include "tests/unit/controlplane/reg/rig.h"
#include "tests/unit/controlplane/sip/parsed.h"

#include <criterion/criterion.h>

#include "controlplane/base/metrics.h"

static struct parsed p;
static struct registrar_rules rules;
static struct registrar_answer answer;
static struct net_flow flow;
static struct token_keys *keys;
static struct registrar_parts *parts;
static const char *call_id;
static unsigned int cseq;

static void init(void)
{
	const uint8_t secret[TOKEN_SECRET_BYTES] = {7};

	rig_init();
	parts = NULL;
	keys = token_keys_new(secret);
	flow = rig_flow("203.0.113.5:5060");
	call_id = "a";
	cseq = 0;
	rules = (struct registrar_rules){
		.default_s = 3600,
		.min_s = 60,
		.max_s = 7200,
		.flow_timer_s = 120,
		.retry_after_s = 30,
		.contacts_max = 4,
		.has_path = true,
		.has_outbound = true,
		.has_gruu = true,
	};
}

static void fini(void)
{
	token_keys_free(keys);
	rig_fini();
}

TestSuite(registrar, .init = init, .fini = fini);

// A REGISTER with these lines, judged. Returns its status.
static unsigned int say(const char *lines)
{
	static char text[16384], written[REGISTRAR_TEXT_BYTES];
	struct strbuf b = strbuf_on(written, sizeof(written));
	const struct registrar_request request = {&p.msg, &flow, STR(RIG_AOR), &rules, keys, parts};

	snprintf(text, sizeof(text),
		"REGISTER sip:example.com SIP/2.0\n"
		"Via: SIP/2.0/UDP 203.0.113.5;branch=z9hG4bK1\n"
		"Max-Forwards: 70\nFrom: <sip:100@example.com>;tag=1\n"
		"To: <sip:100@example.com>\nCall-ID: %s\nCSeq: %u REGISTER\n%s\n",
		call_id, ++cseq, lines);
	cr_assert_eq(parsed_from(&p, text), SIP_FAULT_NONE, "%s", text);
	registrar_judge(&answer, &b, rig.location, &request);
	return answer.status;
}

static const char *contact(void)
{
	return text_of(answer.contact);
}

static const char *extra(enum sip_hdr_id id)
{
	for (unsigned int i = 0; i < answer.extra_count; i++) {
		if (answer.extra[i].id == id)
			return text_of(answer.extra[i].value);
	}
	return "";
}

Test(registrar, F1_lists_all_bindings_with_what_is_left)
{
	cr_assert_eq(say("Contact: <sip:100@203.0.113.5>;expires=100;x=\"y\""), 200);
	cr_assert_str_eq(contact(), "<sip:100@203.0.113.5>;expires=100;x=\"y\"");
	rig_pass(30);
	call_id = "b";
	cr_assert_eq(say("Contact: <sip:b@203.0.113.6>;expires=200;q=0.25"), 200);
	cr_assert_str_eq(contact(),
		"<sip:100@203.0.113.5>;expires=70;x=\"y\", <sip:b@203.0.113.6>;expires=200;q=0.25");
	cr_assert_str_eq(extra(SIP_HDR_SUPPORTED), "path, outbound, gruu");
	cr_assert(answer.puts == 1 && answer.removals == 0);
	cr_assert_str_eq(text_of(answer.reason), "OK");
}

Test(registrar, F2_contact_then_header_then_default)
{
	cr_assert_eq(say("Contact: <sip:a@203.0.113.5>;expires=100, <sip:b@203.0.113.5>;q=0.5\n"
			 "Expires: 200"),
		200);
	cr_assert_str_eq(contact(),
		"<sip:a@203.0.113.5>;expires=100, <sip:b@203.0.113.5>;expires=200;q=0.5");
	cr_assert_eq(say("Contact: <sip:a@203.0.113.5>, <sip:b@203.0.113.5>;expires=0"), 200);
	cr_assert_str_eq(contact(), "<sip:a@203.0.113.5>;expires=3600");
}

Test(registrar, F2_bounds_are_echoed)
{
	cr_assert_eq(say("Contact: <sip:a@203.0.113.5>;expires=4294967296"), 200);
	cr_assert_str_eq(contact(), "<sip:a@203.0.113.5>;expires=7200");
	rules.min_s = 5000;
	rules.default_s = 1;
	cr_assert_eq(say("Contact: <sip:a@203.0.113.5>;expires=3600"), 200,
		"an hour is never too brief (RFC 3261 §10.3(7))");
	cr_assert_str_eq(contact(), "<sip:a@203.0.113.5>;expires=5000");
	cr_assert_eq(say("Contact: <sip:a@203.0.113.5>;expires=soon"), 200);
	cr_assert_str_eq(contact(), "<sip:a@203.0.113.5>;expires=5000");
}

Test(registrar, F3_too_brief)
{
	cr_assert_eq(say("Contact: <sip:a@203.0.113.5>;expires=600, <sip:b@h>;expires=59"), 423);
	cr_assert_str_eq(extra(SIP_HDR_MIN_EXPIRES), "60");
	cr_assert_str_eq(text_of(answer.reason), "Interval Too Brief");
	cr_assert_str_eq(rig_contacts(RIG_AOR), "", "all or none");
	cr_assert_eq(say("Contact: <sip:a@203.0.113.5>;expires=60"), 200);
}

Test(registrar, F4_all_go)
{
	cr_assert_eq(say("Contact: <sip:a@203.0.113.5>, <sip:b@203.0.113.5>"), 200);
	cr_assert_eq(say("Contact: *\nExpires: 0"), 200);
	cr_assert(str_is_none(answer.contact));
	cr_assert_eq(answer.removals, 2);
	cr_assert_str_eq(rig_told(), "added added removed removed");
}

Test(registrar, F4_all_of_an_earlier_cseq_stay)
{
	cr_assert_eq(say("Contact: <sip:a@203.0.113.5>"), 200);
	cseq = 0;
	cr_assert_eq(say("Contact: *\nExpires: 0"), 500);
	cr_assert_str_eq(rig_contacts(RIG_AOR), "sip:a@203.0.113.5");
	call_id = "b";
	cr_assert_eq(say("Contact: *\nExpires: 0"), 200);
	cr_assert_str_eq(rig_contacts(RIG_AOR), "");
}

Test(registrar, F4_all_with_another_expiry_is_wrong)
{
	cr_assert_eq(say("Contact: <sip:a@203.0.113.5>"), 200);
	cr_assert_eq(say("Contact: *\nExpires: 60"), 400);
	cr_assert_eq(say("Contact: *"), 400);
	cr_assert_eq(say("Contact: *, <sip:a@203.0.113.5>\nExpires: 0"), 400);
	cr_assert_eq(say("Contact: <sip:a@203.0.113.5>, *\nExpires: 0"), 400);
	cr_assert_str_eq(rig_contacts(RIG_AOR), "sip:a@203.0.113.5");
}

Test(registrar, F5_only_that_binding_goes)
{
	cr_assert_eq(say("Contact: <sip:a@203.0.113.5>, <sip:b@203.0.113.5>"), 200);
	cr_assert_eq(say("Contact: <sip:b@203.0.113.5>;expires=0"), 200);
	cr_assert_str_eq(contact(), "<sip:a@203.0.113.5>;expires=3600");
	cr_assert_eq(say("Contact: <sip:c@203.0.113.5>;expires=0"), 200, "one that never was");
	cr_assert_eq(answer.removals, 0);
	cr_assert_eq(say("Contact: <sip:a@203.0.113.5>\nExpires: 0"), 200);
	cr_assert(str_is_none(answer.contact));
}

Test(registrar, F6_a_query_changes_nothing)
{
	cr_assert_eq(say(""), 200);
	cr_assert(str_is_none(answer.contact));
	cr_assert_eq(say("Contact: <sip:a@203.0.113.5>"), 200);
	rig_told();
	cr_assert_eq(say("Expires: 0"), 200);
	cr_assert_str_eq(contact(), "<sip:a@203.0.113.5>;expires=3600");
	cr_assert_str_eq(rig_told(), "");
}

Test(registrar, F7_a_cseq_that_does_not_grow)
{
	cseq = 7;
	cr_assert_eq(say("Contact: <sip:a@203.0.113.5>;expires=100"), 200);
	rig_told();
	cseq = 7;
	cr_assert_eq(say("Contact: <sip:a@203.0.113.5>;expires=999"), 500, "equal");
	cseq = 3;
	cr_assert_eq(say("Contact: <sip:a@203.0.113.5>;expires=0"), 500, "lower");
	cseq = 3;
	cr_assert_eq(say("Contact: <sip:new@203.0.113.5>, <sip:a@203.0.113.5>"), 500);
	cr_assert_str_eq(rig_told(), "", "all or none");
	cr_assert_str_eq(rig_contacts(RIG_AOR), "sip:a@203.0.113.5");
	cr_assert_eq(say(""), 200, "a query has nothing to order");
	cr_assert_str_eq(contact(), "<sip:a@203.0.113.5>;expires=100");
	call_id = "b";
	cseq = 0;
	cr_assert_eq(say("Contact: <sip:a@203.0.113.5>;expires=200"), 200, "of another Call-ID");
	cr_assert_str_eq(contact(), "<sip:a@203.0.113.5>;expires=200");
}

Test(registrar, F8_by_falling_q)
{
	cr_assert_eq(say("Contact: <sip:a@203.0.113.5>;q=0.1, <sip:b@203.0.113.5>;q=0.009,"
			 "<sip:c@203.0.113.5>;q=0, <sip:d@203.0.113.5>"),
		200);
	cr_assert_str_eq(contact(),
		"<sip:d@203.0.113.5>;expires=3600, <sip:a@203.0.113.5>;expires=3600;q=0.1, "
		"<sip:b@203.0.113.5>;expires=3600;q=0.009, <sip:c@203.0.113.5>;expires=3600;q=0");
}

Test(registrar, F9_too_many_are_refused)
{
	rules.contacts_max = 2;
	cr_assert_eq(say("Contact: <sip:a@203.0.113.5>, <sip:b@203.0.113.5>"), 200);
	cr_assert_eq(say("Contact: <sip:c@203.0.113.5>"), 403);
	cr_assert_eq(say("Contact: <sip:b@203.0.113.5>;expires=700"), 200, "one of them");
	cr_assert_eq(say("Contact: <sip:c@203.0.113.5>, <sip:a@203.0.113.5>;expires=0"), 200,
		"in the place of another");
	cr_assert_eq(say("Contact: <sip:c@203.0.113.5;x=1>, <sip:c@203.0.113.5>"), 200);
	rules.contacts_max = 1;
	cr_assert_eq(say("Contact: <sip:c@203.0.113.5>"), 200, "what is there may stay");
	cr_assert_eq(say("Contact: <sip:d@203.0.113.5>, <sip:c@203.0.113.5>;expires=0"), 403);
}

Test(registrar, F9_one_contact_twice_counts_once)
{
	rules.contacts_max = 1;
	cr_assert_eq(say("Contact: <sip:a@203.0.113.5>, <sip:a@203.0.113.5>"), 200);
	cr_assert_str_eq(contact(), "<sip:a@203.0.113.5>;expires=3600");
	cr_assert_eq(say("Contact: <sip:b@203.0.113.5>, <sip:a@203.0.113.5>;expires=0,"
			 "<sip:c@203.0.113.5>, <sip:a@203.0.113.5>;expires=0"),
		403, "nor does its removal");
}

// RFC 3261 §19.1.4: equality of URIs is not transitive
Test(registrar, F9_two_that_are_equal_to_a_third)
{
	rules.contacts_max = 1;
	cr_assert_eq(say("Contact: <sip:a@203.0.113.5>, <sip:a@203.0.113.5;x=1>,"
			 "<sip:a@203.0.113.5;x=2>"),
		200);
	cr_assert_eq(say("Contact: <sip:a@203.0.113.5;x=1>, <sip:a@203.0.113.5;x=2>"), 200);
	cr_assert_str_eq(contact(), "<sip:a@203.0.113.5;x=1>;expires=3600");
	cr_assert_eq(say("Contact: <sip:a@203.0.113.5;x=1>;expires=0, <sip:b@203.0.113.5>,"
			 "<sip:a@203.0.113.5;x=1>"),
		200);
	cr_assert_str_eq(contact(), "<sip:b@203.0.113.5>;expires=3600");
}

Test(registrar, F9_the_oldest_makes_room)
{
	rules.contacts_max = 2;
	rules.replaces_oldest = true;
	cr_assert_eq(say("Contact: <sip:a@203.0.113.5>"), 200);
	rig_pass(1);
	cr_assert_eq(say("Contact: <sip:b@203.0.113.5>"), 200);
	rig_pass(1);
	cr_assert_eq(say("Contact: <sip:a@203.0.113.5>"), 200);
	rig_pass(1);
	rig_told();
	cr_assert_eq(say("Contact: <sip:c@203.0.113.5>"), 200);
	cr_assert_str_eq(rig_told(), "replaced added");
	cr_assert_str_eq(rig_contacts(RIG_AOR), "sip:c@203.0.113.5 sip:a@203.0.113.5");
	rig_pass(1);
	cr_assert_eq(say("Contact: <sip:d@203.0.113.5>, <sip:a@203.0.113.5>"), 200,
		"but not one that is refreshed by the way");
	cr_assert_eq(location_find(rig.location, STR(RIG_AOR), NULL, 0), 2);
	cr_assert_not(strstr(rig_contacts(RIG_AOR), "sip:c@") != NULL);
	cr_assert_eq(
		say("Contact: <sip:1@h>, <sip:2@h>, <sip:3@h>"), 403, "more than there may be");
}

Test(registrar, F9_the_same_instance_always_replaces)
{
	rules.contacts_max = 1;
	cr_assert_eq(say("Contact: <sip:a@203.0.113.5>;+sip.instance=\"<urn:uuid:1>\""), 200);
	call_id = "b";
	cr_assert_eq(say("Contact: <sip:b@203.0.113.5>;+sip.instance=\"<urn:uuid:1>\""), 200);
	cr_assert_str_eq(
		contact(), "<sip:b@203.0.113.5>;expires=3600;+sip.instance=\"<urn:uuid:1>\"");
}

Test(registrar, F31_expiries_are_spread)
{
	uint32_t least = UINT32_MAX, most = 0;
	struct binding found;

	rules.jitter_percent = 10;
	for (unsigned int i = 0; i < 500; i++) {
		cr_assert_eq(say("Contact: <sip:a@203.0.113.5>;expires=1000"), 200);
		rig.changes = 0;
		location_find(rig.location, STR(RIG_AOR), &found, 1);
		least = found.expires_s < least ? found.expires_s : least;
		most = found.expires_s > most ? found.expires_s : most;
	}
	cr_assert(least >= 900 && least < 915 && most <= 1000 && most > 985, "%u %u", least, most);
	rules.jitter_percent = 100;
	for (unsigned int i = 0; i < 50; i++) {
		cr_assert_eq(say("Contact: <sip:a@203.0.113.5>;expires=61"), 200);
		rig.changes = 0;
		location_find(rig.location, STR(RIG_AOR), &found, 1);
		cr_assert_geq(found.expires_s, 60, "never below the least");
	}
}

static void fill(void)
{
	struct binding said = rig_binding("sip:x@h");
	char aor[32];

	for (unsigned int i = 0; i < 16; i++) {
		snprintf(aor, sizeof(aor), "other%u@h", i);
		said.aor = str_from(aor);
		rig_put(&said);
	}
}

Test(registrar, F31_full)
{
	cr_assert_eq(say("Contact: <sip:a@203.0.113.5>"), 200);
	location_remove(rig.location, rig.change[0].id, LOCATION_KICKED);
	fill();
	cr_assert_eq(say("Contact: <sip:a@203.0.113.5>"), 503);
	cr_assert_str_eq(extra(SIP_HDR_RETRY_AFTER), "30");
	cr_assert_eq(say(""), 200);
	rig_pass(60);
	cr_assert_eq(say("Contact: <sip:a@203.0.113.5>"), 200);
}

Test(registrar, E5_E24_what_stands_between)
{
	struct binding found;

	cr_assert_eq(say("Contact: <sip:a@192.168.1.10>\nUser-Agent: Phone/1"), 200);
	cr_assert_eq(location_find(rig.location, STR(RIG_AOR), &found, 1), 1);
	cr_assert_eq(found.nat, BINDING_PRIVATE);
	cr_assert(found.is_alg, "the Via is public");
	cr_assert(net_flow_equal(&found.flow, &flow));
	cr_assert_str_eq(text_of(found.contact), "sip:a@192.168.1.10");
	cr_assert_str_eq(text_of(found.user_agent), "Phone/1");
}

Test(registrar, E14_short_for_phones_behind_a_nat_by_udp)
{
	rules.nat_max_s = 90;
	rules.min_s = 120;
	cr_assert_eq(say("Contact: <sip:a@192.168.1.10>;expires=3600"), 200);
	cr_assert_str_eq(contact(), "<sip:a@192.168.1.10>;expires=90");
	cr_assert_eq(say("Contact: <sip:a@192.168.1.10>;expires=89"), 423);
	cr_assert_str_eq(extra(SIP_HDR_MIN_EXPIRES), "90");
	flow.protocol = TRANSPORT_TCP;
	cr_assert_eq(say("Contact: <sip:a@192.168.1.10>;expires=3600"), 200);
	cr_assert_str_eq(contact(), "<sip:a@192.168.1.10>;expires=3600");
	flow.protocol = TRANSPORT_UDP;
	cr_assert_eq(say("Contact: <sip:a@203.0.113.5>;expires=3600"), 200);
	cr_assert(strstr(contact(), "<sip:a@203.0.113.5>;expires=3600") != NULL);
}

#define OUTBOUND(reg_id) \
	"Contact: <sip:a@203.0.113.5;ob>;reg-id=" reg_id ";+sip.instance=\"<urn:uuid:1>\""

Test(registrar, E15_outbound)
{
	struct binding found;

	cr_assert_eq(say(OUTBOUND("1") "\nSupported: path, outbound"), 200);
	cr_assert_str_eq(contact(),
		"<sip:a@203.0.113.5;ob>;expires=3600;+sip.instance=\"<urn:uuid:1>\";reg-id=1");
	cr_assert_str_eq(extra(SIP_HDR_REQUIRE), "outbound");
	cr_assert_str_eq(extra(SIP_HDR_FLOW_TIMER), "120");
	cr_assert_eq(say(OUTBOUND("2") "\nSupported: outbound"), 200);
	flow = rig_flow("203.0.113.5:61000");
	call_id = "b";
	cr_assert_eq(say(OUTBOUND("1") "\nSupported: outbound"), 200);
	cr_assert_str_eq(rig_told(), "added added moved");
	cr_assert_eq(location_find(rig.location, STR(RIG_AOR), &found, 1), 2);
	cr_assert(found.is_outbound && found.reg_id == 1);
}

Test(registrar, E15_without_the_option_a_reg_id_is_nothing)
{
	struct binding found;

	cr_assert_eq(say(OUTBOUND("1")), 200);
	cr_assert_str_eq(extra(SIP_HDR_REQUIRE), "");
	cr_assert_str_eq(extra(SIP_HDR_FLOW_TIMER), "");
	rules.has_outbound = false;
	cr_assert_eq(say(OUTBOUND("2") "\nSupported: outbound"), 200);
	cr_assert_str_eq(extra(SIP_HDR_REQUIRE), "");
	cr_assert_str_eq(extra(SIP_HDR_SUPPORTED), "path, gruu");
	cr_assert_eq(location_find(rig.location, STR(RIG_AOR), &found, 1), 1);
	cr_assert(!found.is_outbound && found.reg_id == 0);
}

Test(registrar, E15_one_flow_a_register)
{
	cr_assert_eq(say("Supported: outbound\n" OUTBOUND(
			     "1") "\n"
				  "Contact: <sip:b@h>;reg-id=2;+sip.instance=\"<urn:uuid:2>\""),
		400);
	cr_assert_eq(say("Supported: outbound\n" OUTBOUND(
			     "1") "\n"
				  "Contact: "
				  "<sip:b@h>;reg-id=2;+sip.instance=\"<urn:uuid:2>\";expires=0"),
		200);
}

Test(registrar, E19_first_hop_lacks_outbound)
{
	static const char proxied[] = "Via: SIP/2.0/UDP 10.0.0.9;branch=z9hG4bK2\n";
	char lines[1024];

	snprintf(lines, sizeof(lines), "%s%s\nSupported: outbound", proxied, OUTBOUND("1"));
	cr_assert_eq(say(lines), 439);
	cr_assert_str_eq(text_of(answer.reason), "First Hop Lacks Outbound Support");
	snprintf(lines, sizeof(lines),
		"%s%s\nSupported: outbound, path\nPath: <sip:p2;lr;ob>, <sip:p1;lr>", proxied,
		OUTBOUND("1"));
	cr_assert_eq(say(lines), 439, "the first hop is the last of them");
	snprintf(lines, sizeof(lines),
		"%s%s\nSupported: outbound, path\nPath: <sip:p2;lr>\nPath: <sip:p1;lr;ob>", proxied,
		OUTBOUND("1"));
	cr_assert_eq(say(lines), 200);
	cr_assert_str_eq(extra(SIP_HDR_PATH), "<sip:p2;lr>, <sip:p1;lr;ob>");
	snprintf(lines, sizeof(lines), "%sContact: <sip:b@h>\nSupported: outbound", proxied);
	cr_assert_eq(say(lines), 200, "no flow is wanted");
}

Test(registrar, F11_path_is_kept_and_told)
{
	struct binding found;

	cr_assert_eq(say("Contact: <sip:a@h>\nPath: <sip:p1;lr>\nSupported: path"), 200);
	cr_assert_str_eq(extra(SIP_HDR_PATH), "<sip:p1;lr>");
	cr_assert_eq(location_find(rig.location, STR(RIG_AOR), &found, 1), 1);
	cr_assert_str_eq(text_of(found.path), "<sip:p1;lr>");
	cr_assert_eq(say("Contact: <sip:a@h>\nPath: %"), 400);
	cr_assert_str_eq(text_of(answer.reason), "Bad Path");
	rules.has_path = false;
	cr_assert_eq(say("Contact: <sip:a@h>\nPath: <sip:anywhere>"), 200);
	cr_assert_str_eq(extra(SIP_HDR_PATH), "", "a phone cannot have us call by way of anywhere");
	cr_assert_str_eq(extra(SIP_HDR_SUPPORTED), "outbound, gruu");
	cr_assert_eq(location_find(rig.location, STR(RIG_AOR), &found, 1), 1);
	cr_assert(str_is_none(found.path));
}

Test(registrar, E22_the_next_register_moves_the_flow)
{
	cr_assert_eq(say("Contact: <sip:a@192.168.1.10>"), 200);
	flow = rig_flow("203.0.113.5:61000");
	cr_assert_eq(say("Contact: <sip:a@192.168.1.10>"), 200);
	cr_assert_eq(rig.change[1].was.remote.port, 5060);
	cr_assert_str_eq(rig_told(), "added moved");
}

Test(registrar, F14_gruus)
{
	const char *temporary;

	cr_assert_eq(say(OUTBOUND("1") "\nSupported: gruu"), 200);
	cr_assert_not_null(strstr(
		contact(), ";pub-gruu=\"sip:100@example.com;gr=urn:uuid:1\";temp-gruu=\"sip:tgt"));
	temporary = strstr(contact(), "sip:tgt");
	cr_assert_eq(say(OUTBOUND("1") "\nSupported: gruu"), 200);
	cr_assert_neq(strncmp(temporary, strstr(contact(), "sip:tgt"), 40), 0);
	cr_assert_eq(say(OUTBOUND("1")), 200);
	cr_assert_null(strstr(contact(), "gruu"), "who did not ask");
	rules.has_gruu = false;
	cr_assert_eq(say(OUTBOUND("1") "\nSupported: gruu"), 200);
	cr_assert_null(strstr(contact(), "gruu"));
}

Test(registrar, A45_what_is_no_contact)
{
	cr_assert_eq(say("Contact: <sip:a@h>, <sip:b@h>;q=7"), 400);
	cr_assert_str_eq(text_of(answer.reason), "Bad Contact");
	cr_assert_str_eq(rig_contacts(RIG_AOR), "");
	cr_assert_eq(say("Contact: <unknown:what>"), 200);
	cr_assert_str_eq(rig_contacts(RIG_AOR), "unknown:what");
}

Test(registrar, A34_too_many_and_too_long)
{
	static char lines[12000];
	struct strbuf b = strbuf_on(lines, sizeof(lines) - 1);

	for (unsigned int i = 0; i < 65; i++)
		strbuf_printf(&b, "Contact: <sip:%u@h>\n", i);
	lines[b.len] = '\0';
	cr_assert_eq(say(lines), 400);
	cr_assert_str_eq(text_of(answer.reason), "Too Many Contacts");
	b = strbuf_on(lines, sizeof(lines) - 1);
	strbuf_printf(&b, "Contact: <sip:a@h>\nSupported: path\n");
	for (unsigned int i = 0; i < 40; i++)
		strbuf_printf(&b, "Path: <sip:p%0100u;lr>\n", i);
	lines[b.len] = '\0';
	cr_assert_eq(say(lines), 400);
	cr_assert_str_eq(text_of(answer.reason), "Contact Too Long");
}

Test(registrar, A34_what_does_not_fit_is_not_told_by_halves)
{
	char written[100];
	struct strbuf b = strbuf_on(written, sizeof(written));
	const struct registrar_request request = {&p.msg, &flow, STR(RIG_AOR), &rules, keys, parts};

	cr_assert_eq(say("Contact: <sip:a@203.0.113.5>, <sip:b@203.0.113.5>;q=0.5,"
			 "<sip:c@203.0.113.5>;q=0.1"),
		200);
	cr_assert_eq(say(""), 200);
	registrar_judge(&answer, &b, rig.location, &request);
	cr_assert_eq(answer.status, 200);
	cr_assert_str_eq(contact(),
		"<sip:a@203.0.113.5>;expires=3600, <sip:b@203.0.113.5>;expires=3600;q=0.5");
}

Test(registrar, F12_a_trial_changes_nothing_and_tells_refreshes)
{
	struct registrar_parts found = {.is_trial = true};
	uint64_t id;

	parts = &found;
	cr_assert_eq(say("Contact: <sip:a@203.0.113.5>, <sip:A@203.0.113.5>;expires=0"), 200);
	cr_assert_eq(rig.changes, 0);
	cr_assert_eq(found.count, 2);
	cr_assert(found.part[0].id != 0 && found.part[0].id != found.part[1].id);
	cr_assert_not(found.part[0].is_refresh || found.part[0].ends);
	cr_assert(found.part[1].ends);
	id = found.part[0].id;
	found.is_trial = false;
	cr_assert_eq(say("Contact: <sip:a@203.0.113.5>"), 200);
	cr_assert_eq(rig.changes, 1);
	cr_assert_eq(rig.change[0].id, id);
	found.is_trial = true;
	say("Contact: <sip:a@203.0.113.5>");
	cr_assert(found.part[0].is_refresh && found.part[0].id == id);
	say("Contact: <sip:a@203.0.113.5>;q=0.5");
	cr_assert_not(found.part[0].is_refresh);
	say("Contact: <sip:a@203.0.113.5>;methods=INVITE");
	cr_assert_not(found.part[0].is_refresh);
	say("Contact: <sip:a@203.0.113.5>;expires=0");
	cr_assert_not(found.part[0].is_refresh);
	cr_assert(found.part[0].id == id && found.part[0].ends);
	flow.remote.port++;
	say("Contact: <sip:a@203.0.113.5>");
	cr_assert_not(found.part[0].is_refresh);
	flow.remote.port--;
	call_id = "another";
	say("Contact: <sip:a@203.0.113.5>");
	cr_assert_not(found.part[0].is_refresh);
	cr_assert_eq(rig.changes, 1);
}

Test(registrar, F11_a_trial_refuses_what_would_be)
{
	struct registrar_parts found = {.is_trial = true};

	parts = &found;
	cr_assert_eq(say("Contact: <sip:a@203.0.113.5>;expires=1"), 423);
	cr_assert_eq(answer.extra_count, 1);
	cr_assert_eq(say("Contact: <sip:1@h>, <sip:2@h>, <sip:3@h>, <sip:4@h>, <sip:5@h>"), 403);
	cr_assert_eq(say("Contact: <sip:1@h>, <sip:2@h>, <sip:3@h>, <sip:4@h>, <sip:5@h>, "
			 "<sip:6@h>, <sip:7@h>, <sip:8@h>, <sip:9@h>"),
		400);
	cr_assert_eq(rig.changes, 0);
}

Test(registrar, K3_verdicts_have_labels)
{
	cr_assert_str_eq(registrar_verdict_label(REGISTRAR_DONE), "ok");
	cr_assert_null(registrar_verdict_label(REGISTRAR_VERDICT_COUNT));
}

Test(registrar, A29_options_of_a_register)
{
	cr_assert(
		registrar_supports(&rules, STR("path")) && registrar_supports(&rules, STR("GRUU")));
	cr_assert(registrar_supports(&rules, STR("outbound")));
	cr_assert_not(registrar_supports(&rules, STR("100rel")));
	rules.has_path = rules.has_outbound = rules.has_gruu = false;
	cr_assert_not(registrar_supports(&rules, STR("path")));
	cr_assert_not(registrar_supports(&rules, STR("outbound")));
	cr_assert_not(registrar_supports(&rules, STR("gruu")));
}
