// SPDX-License-Identifier: BSD-3-Clause
// Messages seen in the field, as they were captured: no Max-Forwards, no rport or one with a space, odd
// reason phrases, a 183 without To-tag, white space that ran together. Content-Length is recomputed.
#include <criterion/criterion.h>
#include <stdio.h>

#include "controlplane/sip/body.h"
#include "tests/unit/controlplane/sip/parsed.h"

static const struct {
	const char *head, *body;
} seeds[] = {
	{
		"INVITE sip:+905374705251@93.180.132.170 SIP/2.0\n"
		"Via: SIP/2.0/UDP 185.199.89.19:10499;branch=z9hG4bK-37d2c1\n"
		"From: <sip:908502427127@sip.verimor.com.tr>;tag=4f9a2b\n"
		"To: <sip:+905374705251@93.180.132.170>\n"
		"Call-ID: 1a4c8e07-eaa5-470c-b011-c0924df33967\n"
		"CSeq: 23070 INVITE\n"
		"Contact: <sip:asterisk@185.199.89.19:10499>\n"
		"Max-Forwards: 70\n"
		"Content-Type: application/sdp\n",
		"v=0\n"
		"o=- 1234 1234 IN IP4 185.199.89.19\n"
		"s=-\n"
		"c=IN IP4 185.199.89.19\n"
		"t=0 0\n"
		"m=audio 10042 RTP/AVP 0 8 101\n"
		"a=rtpmap:0 PCMU/8000\n"
		"a=sendrecv\n",
	},
	{
		"INVITE sip:bob@example.com SIP/2.0\n"
		"Via: SIP/2.0/UDP 192.168.1.100:5060;branch=z9hG4bK776\n"
		"From: \"Alice\" <sip:alice@example.com>;tag=1928301774\n"
		"To: <sip:bob@example.com>\n"
		"Call-ID: a84b4c76e66710@192.168.1.100\n"
		"CSeq: 314159 INVITE\n"
		"Contact: <sip:alice@192.168.1.100>\n"
		"Content-Type: application/sdp\n",
		"v=0\n"
		"o=alice 2890844526 2890844526 IN IP4 192.168.1.100\n"
		"c=IN IP4 192.168.1.100\n"
		"m=audio 49170 RTP/AVP 0 8 97\n"
		"a=rtpmap:0 PCMU/8000\n"
		"a=rtpmap:8 PCMA/8000\n"
		"a=rtpmap:97 opus/48000/2\n",
	},
	{"INVITE sip:bob@biloxi.com SIP/2.0\n"
	 "Via: SIP/2.0/UDP pc33.atlanta.com;branch=z9hG4bK776asdhds\n"
	 "Max-Forwards: 70\n"
	 "To: Bob <sip:bob@biloxi.com>\n"
	 "From: Alice <sip:alice@atlanta.com>;tag=1928301774\n"
	 "Call-ID: a84b4c76e66710@pc33.atlanta.com\n"
	 "CSeq: 314159 INVITE\n"
	 "Contact: <sip:alice@pc33.atlanta.com>\n"
	 "Content-Type: application/sdp\n",
		"v=0\n"
		"o=alice 2890844526 2890844526 IN IP4 pc33.atlanta.com\n"
		"s=Session SDP\n"
		"c=IN IP4 pc33.atlanta.com\n"
		"t=0 0\n"
		"m=audio 49172 RTP/AVP 0\n"
		"a=rtpmap:0 PCMU/8000\n"},
	{"INVITE sip:001234567890@10.135.0.1:5060;user=phone SIP/2.0\n"
	 "Via: SIP/2.0/UDP 10.135.0.12:5060;branch=z9hG4bKhye0bem20x.nx8hnt\n"
	 "Max-Forwards: 70\n"
	 "From: \"Calling User\" <sip:151@10.135.0.1:5060>;tag=m3l2hbp\n"
	 "To: <sip:001234567890@10.135.0.1:5060;user=phone>\n"
	 "Call-ID: ud04chatv9q@10.135.0.1\n"
	 "CSeq: 10691 INVITE\n"
	 "Contact: "
	 "<sip:151@10.135.0.12;line=12071>;+sip.instance=\"<urn:uuid:0d9a008d-0355-0024-0004-"
	 "000276f3d664>\"\n"
	 "Allow: INVITE, CANCEL, BYE, ACK, REGISTER, OPTIONS, REFER, SUBSCRIBE, NOTIFY, MESSAGE, "
	 "INFO, PRACK, UPDATE\n"
	 "Content-Disposition: session\n"
	 "Supported: replaces,100rel\n"
	 "User-Agent: Wildix W-AIR 03.55.00.24 9c7514340722 02:76:f3:d6:64\n"
	 "Content-Type: application/sdp\n",
		"v=0\n"
		"o=151 9655 9655 IN IP4 10.135.0.12\n"
		"s=-\n"
		"c=IN IP4 10.135.0.12\n"
		"t=0 0\n"
		"m=audio 50024 RTP/AVP 8 0 2 18\n"
		"a=rtpmap:8 PCMA/8000\n"
		"a=rtpmap:0 PCMU/8000\n"
		"a=rtpmap:2 G726-32/8000/1\n"
		"a=rtpmap:18 G729/8000\n"
		"a=ptime:20\n"
		"a=maxptime:80\n"
		"a=sendrecv\n"
		"a=rtcp:50025\n"},
	{"SIP/2.0 407 Proxy Authentication Required\n"
	 "Via: SIP/2.0/UDP 10.135.0.12:5060;branch=z9hG4bKhye0bem20x.nx8hnt;rport=5060\n"
	 "From: \"Calling User\" <sip:151@10.135.0.1:5060>;tag=m3l2hbp\n"
	 "To: "
	 "<sip:001234567890@10.135.0.1:5060;user=phone>;tag=b27e1a1d33761e85846fc98f5f3a7e58.d5d4\n"
	 "Call-ID: ud04chatv9q@10.135.0.1\n"
	 "CSeq: 10691 INVITE\n"
	 "Proxy-Authenticate: Digest realm=\"10.135.0.1\", "
	 "nonce=\"WWdAiVlnPjECocBoyYtBDshUs+RxMS+3\"\n"
	 "Server: Wildix GW-4.2.5.35963\n",
		""},
	{"ACK sip:001234567890@10.135.0.1:5060;user=phone SIP/2.0\n"
	 "Via: SIP/2.0/UDP 10.135.0.12:5060;branch=z9hG4bKhye0bem20x.nx8hnt\n"
	 "Max-Forwards: 70\n"
	 "From: \"Calling User\" <sip:151@10.135.0.1:5060>;tag=m3l2hbp\n"
	 "To: "
	 "<sip:001234567890@10.135.0.1:5060;user=phone>;tag=b27e1a1d33761e85846fc98f5f3a7e58.d5d4\n"
	 "Call-ID: ud04chatv9q@10.135.0.1\n"
	 "CSeq: 10691 ACK\n"
	 "User-Agent: Wildix W-AIR 03.55.00.24 9c7514340722\n",
		""},
	{"INVITE sip:001234567890@10.135.0.1:5060;user=phone SIP/2.0\n"
	 "Via: SIP/2.0/UDP 10.135.0.12:5060;branch=z9hG4bKw5ij3wn4knq9hn8kkrmoa64.ahrre7d\n"
	 "Max-Forwards: 70\n"
	 "From: \"Calling User\" <sip:151@10.135.0.1:5060>;tag=m3l2hbp\n"
	 "To: <sip:001234567890@10.135.0.1:5060;user=phone>\n"
	 "Call-ID: ud04chatv9q@10.135.0.1\n"
	 "CSeq: 10692 INVITE\n"
	 "Contact: "
	 "<sip:151@10.135.0.12;line=12071>;+sip.instance=\"<urn:uuid:0d9a008d-0355-0024-0004-"
	 "000276f3d664>\"\n"
	 "Allow: INVITE, CANCEL, BYE, ACK, REGISTER, OPTIONS, REFER, SUBSCRIBE, NOTIFY, MESSAGE, "
	 "INFO, PRACK, UPDATE\n"
	 "Content-Disposition: session\n"
	 "Proxy-Authorization: Digest username=\"151\", realm=\"10.135.0.1\", "
	 "nonce=\"WWdAiVlnPjECocBoyYtBDshUs+RxMS+3\", "
	 "uri=\"sip:001234567890@10.135.0.1:5060;user=phone\", "
	 "response=\"b6194033119482068b09dc2688172baf\"\n"
	 "Supported: replaces,100rel\n"
	 "User-Agent: Wildix W-AIR 03.55.00.24 9c7514340722 02:76:f3:d6:64\n"
	 "Content-Type: application/sdp\n",
		"v=0\n"
		"o=151 9655 9655 IN IP4 10.135.0.12\n"
		"s=-\n"
		"c=IN IP4 10.135.0.12\n"
		"t=0 0\n"
		"m=audio 50024 RTP/AVP 8 0 2 18\n"
		"a=rtpmap:8 PCMA/8000\n"
		"a=rtpmap:0 PCMU/8000\n"
		"a=rtpmap:2 G726-32/8000/1a=rtpmap:18 G729/8000\n"
		"a=ptime:20\n"
		"a=maxptime:80\n"
		"a=sendrecv\n"
		"a=rtcp:50025\n"},
	{"SIP/2.0 100 trying -- your call is important to us\n"
	 "Via: SIP/2.0/UDP "
	 "10.135.0.12:5060;branch=z9hG4bKw5ij3wn4knq9hn8kkrmoa64.ahrre7d;rport=5060\n"
	 "From: \"Calling User\" <sip:151@10.135.0.1:5060>;tag=m3l2hbp\n"
	 "To: <sip:001234567890@10.135.0.1:5060;user=phone>\n"
	 "Call-ID: ud04chatv9q@10.135.0.1\n"
	 "CSeq: 10692 INVITE\n"
	 "Server: Wildix GW-4.2.5.35963\n",
		""},
	{"SIP/2.0 100 Ringing\n"
	 "Via: SIP/2.0/UDP "
	 "10.135.0.12:5060;branch=z9hG4bKw5ij3wn4knq9hn8kkrmoa64.ahrre7d;rport=5060\n"
	 "From: \"Calling User\" <sip:151@10.135.0.1:5060>;tag=m3l2hbp\n"
	 "To: <sip:001234567890@10.135.0.1:5060;user=phone>\n"
	 "Call-ID: ud04chatv9q@10.135.0.1\n"
	 "CSeq: 10692 INVITE\n"
	 "Server: Wildix GW-4.2.5.35963\n",
		""},
	{"SIP/2.0 183 Session in Progress\n"
	 "Via: SIP/2.0/UDP 10.135.0.12:5060;branch=z9hG4bKw5ij3wn4knq9hn8kkrmoa64.ahrre7d;rport= "
	 "5060\n"
	 "From: \"Calling User\" <sip:151@10.135.0.1:5060>;tag=m3l2hbp\n"
	 "To: <sip:001234567890@10.135.0.1:5060;user=phone>\n"
	 "Call-ID: ud04chatv9q@10.135.0.1\n"
	 "CSeq: 10692 INVITE\n"
	 "Server: Wildix GW-4.2.5.35963\n"
	 "Content-Type: application/sdp\n",
		"v=0\n"
		"o=root 1673140232 1673140232 IN IP4 10.135.0.1\n"
		"s=Wildix 35935\n"
		"c=IN IP4 10.135.0.1\n"
		"t=0 0\n"
		"m=audio 13504 RTP/AVP 8\n"
		"a=rtpmap:8 PCMA/8000/1\n"
		"a=ptime:20\n"
		"a=sendrecv\n"},
	{"SIP/2.0 200 OK\n"
	 "Via: SIP/2.0/UDP "
	 "10.135.0.12:5060;rport=5060;branch=z9hG4bKw5ij3wn4knq9hn8kkrmoa64.ahrre7d\n"
	 "From: \"Calling User\" <sip:151@10.135.0.1:5060>;tag=m3l2hbp\n"
	 "To: <sip:001234567890@10.135.0.1:5060;user=phone>;tag=as27b249ee\n"
	 "Call-ID: ud04chatv9q@10.135.0.1\n"
	 "CSeq: 10692 INVITE\n"
	 "Server: WildixGW 35935\n"
	 "Allow: INVITE, ACK, CANCEL, OPTIONS, BYE, REFER, SUBSCRIBE, NOTIFY, INFO, PUBLISH\n"
	 "Supported: replaces, timer\n"
	 "Session-Expires: 600;refresher=uas\n"
	 "Contact: <sip:001234567890@10.135.0.1;transport=UDP>\n"
	 "P-Asserted-Identity: \"+331XXXXXXXX\" <sip:+331XXXXXXXX@10.135.0.1>\n"
	 "Content-Type: application/sdp\n",
		"v=0\n"
		"o=root 1673140232 1673140232 IN IP4 10.135.0.1\n"
		"s=Wildix 35935\n"
		"c=IN IP4 10.135.0.1\n"
		"t=0 0\n"
		"m=audio 13504 RTP/AVP 8\n"
		"a=rtpmap:8 PCMA/8000/1\n"
		"a=ptime:20\n"
		"a=sendrecv\n"},
};

static struct parsed p;

static enum sip_fault parse(size_t i)
{
	static char body[4096], text[16384];
	struct strbuf b = strbuf_on(body, sizeof(body));

	for (const char *c = seeds[i].body; *c != '\0'; c++) {
		if (*c == '\n')
			strbuf_put_char(&b, '\r');
		strbuf_put_char(&b, *c);
	}
	snprintf(text, sizeof(text), "%sContent-Length: %zu\n\n%s", seeds[i].head, b.len,
		seeds[i].body);
	return parsed_from(&p, text);
}

Test(msg_seeds, A13_A44_every_message_is_accepted)
{
	for (size_t i = 0; i < sizeof(seeds) / sizeof(seeds[0]); i++) {
		enum sip_fault got = parse(i);
		bool has_body = seeds[i].body[0] != '\0';

		cr_assert_eq(got, SIP_FAULT_NONE, "%s: %s", sip_fault_label(got), seeds[i].head);
		cr_assert_eq(sip_body_is_sdp(&p.msg), has_body, "%s", seeds[i].head);
		cr_assert_eq(p.msg.via_count, 1);
	}
	parsed_fini(&p);
}

Test(msg_seeds, A20_A43_responses_of_a_real_call)
{
	static const struct {
		uint16_t status;
		bool has_tag;
	} want[] = {{407, true}, {100, false}, {100, false}, {183, false}, {200, true}};
	size_t n = 0;

	for (size_t i = 0; i < sizeof(seeds) / sizeof(seeds[0]); i++) {
		parse(i);
		if (p.msg.is_request)
			continue;
		cr_assert_lt(n, sizeof(want) / sizeof(want[0]));
		cr_assert_eq(p.msg.status, want[n].status);
		cr_assert_eq(!str_is_none(p.msg.to_tag), want[n].has_tag, "%u", p.msg.status);
		cr_assert(p.msg.via.rport);
		n++;
	}
	cr_assert_eq(n, sizeof(want) / sizeof(want[0]));
	parsed_fini(&p);
}
