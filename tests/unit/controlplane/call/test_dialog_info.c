// SPDX-License-Identifier: BSD-3-Clause
#include <criterion/criterion.h>

#include "controlplane/call/dialog_info.h"

static char memory[2048];
static struct strbuf b;
static bool whole;

static bool find(void *arg, struct dialog_info_names *names)
{
	if (str_equal(names->call_id, STR("<\"&'&lt;>"))) {
		*names = (struct dialog_info_names){STR("a\"/><b>'&"), STR_NONE, STR_NONE};
		return true;
	}
	if (!str_equal(names->call_id, STR("far@10.0.0.5"))
		|| !str_equal(names->local_tag, STR("e"))
		|| !str_equal(names->remote_tag, STR("r")))
		return false;
	(void)arg;
	*names = (struct dialog_info_names){STR("near"), STR("ours"), STR("phone's")};
	return true;
}

static const char *mapped(const char *body)
{
	struct dialog_info_map map = {.find = find};

	tg_addr_parse(&map.host, "203.0.113.1:5060");
	b = strbuf_on(memory, sizeof(memory) - 1);
	whole = dialog_info_write(&b, str_from(body), &map);
	cr_assert_not(b.failed);
	memory[b.len] = '\0';
	return memory;
}

Test(dialog_info, C31_names_and_uris_are_mapped_the_rest_stays)
{
	cr_expect_str_eq(mapped("<?xml version=\"1.0\"?>\r\n<!-- <dialog call-id=\"x\"> -->\r\n"
				"<dialog-info xmlns='urn:x' version=\"0\" state=\"full\" "
				"entity=\"sip:20@10.0.0.5:5062;transport=tcp\">\r\n"
				"  <dialog id=\"1\" call-id=\"far@10.0.0.5\"\n\tlocal-tag = 'e' "
				"remote-tag=\"r\" direction=\"recipient\" >\r\n"
				"    <state code=\"180\">early</state>\n"
				"    <local><identity display=\"D > k\">sip:20@10.0.0.5</identity>"
				"<target uri=\"sip:20@10.0.0.5:5062\"/></local>\n"
				"    <remote><identity>tel:+4930</identity></remote>\n"
				"  </dialog>\n</dialog-info>\n"),
		"<?xml version=\"1.0\"?>\r\n<!-- <dialog call-id=\"x\"> -->\r\n"
		"<dialog-info xmlns='urn:x' version=\"0\" state=\"full\" "
		"entity=\"sip:20@203.0.113.1\">\r\n"
		"  <dialog id=\"1\" call-id=\"near\"\n\tlocal-tag = 'ours' "
		"remote-tag=\"phone&apos;s\" direction=\"recipient\" >\r\n"
		"    <state code=\"180\">early</state>\n"
		"    <local><identity display=\"D > k\">sip:20@203.0.113.1</identity>"
		"<target uri=\"sip:20@203.0.113.1\"/></local>\n"
		"    <remote><identity>tel:+4930</identity></remote>\n"
		"  </dialog>\n</dialog-info>\n");
	cr_expect(whole);
}

Test(dialog_info, C2_C31_what_is_none_of_ours_tells_no_host)
{
	const char *text = mapped("<d:dialog id=\"1\" call-id=\"z@10.0.0.5\" local-tag=\"1\"/>"
				  "<d:identity>sip:a b@10.0.0.5</d:identity>"
				  "<hop> http://10.0.0.5 </hop>");

	cr_expect_null(strstr(text, "10.0.0.5"), "%s", text);
	cr_expect_not_null(strstr(text, "<d:identity></d:identity><hop></hop>"), "%s", text);
	cr_expect(str_ends(strbuf_str(&b), STR("</hop>")));
	cr_expect_eq(strncmp(text, "<d:dialog id=\"1\" call-id=\"", 26), 0);
	cr_expect_not_null(strstr(text, "\"/><d:identity>"), "%s", text);
}

Test(dialog_info, C31_what_makes_no_sense_ends_the_text)
{
	static const char *const bodies[] = {"<a>x</a><!DOCTYPE b>10.0.0.5",
		"<a>x</a><!-- 10.0.0.5", "<a>x</a><b c=\"10.0.0.5>", "<a>x</a><",
		"<a>x</a><![CDATA[10.0.0.5]]>"};

	for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
		cr_expect_str_eq(mapped(bodies[i]), "<a>x</a>", "%s", bodies[i]);
		cr_expect_not(whole);
	}
	cr_expect_str_eq(mapped(""), "");
	cr_expect(whole);
	cr_expect_str_eq(mapped("<a 10.0.0.5>x"), "<a>x", "what is no attribute does not cross");
}

Test(dialog_info, C31_A24_a_call_id_may_hold_what_xml_means_otherwise)
{
	cr_expect_str_eq(mapped("<dialog call-id='&lt;&quot;&amp;&apos;&amp;lt;&gt;'/>"),
		"<dialog call-id='a&quot;/&gt;&lt;b&gt;&apos;&amp;'/>");
	cr_expect(whole);
}

Test(dialog_info, C2_C31_sdp_is_left_out)
{
	cr_expect_str_eq(mapped("<x:session-description type=\"application/sdp\">c=IN IP4 10.0.0.5"
				"<!-- 10.0.0.5 --><b>10.0.0.5</b>10.0.0.5"
				"</x:session-description>t<session-description/>t"),
		"<x:session-description type=\"application/sdp\">"
		"</x:session-description>t<session-description/>t");
	cr_expect(whole);
	cr_expect_str_eq(mapped("<session-description>10.0.0.5"), "<session-description>");
}

Test(dialog_info, I9_a_long_name_is_none_of_ours)
{
	char text[1024], *at = text;

	at += sprintf(at, "<dialog call-id=\"");
	memset(at, '<' + 1, 600);
	strcpy(at + 600, "@10.0.0.5\" local-tag=\"1\"/>");
	cr_expect_null(strstr(mapped(text), "10.0.0.5"));
	cr_expect(whole);
}
