// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/sdp/sdp.h"

#include <criterion/criterion.h>

static struct sdp sdp;
static char written[SDP_BYTES_MAX + 1];

static struct sdp_edit edit_with(const struct sdp_stream_edit *stream)
{
	struct sdp_edit edit = {.session_id = 42, .version = 1, .stream = stream};

	cr_assert_eq(tg_ip_parse(&edit.address, "198.51.100.9"), 0);
	return edit;
}

static const char *write_edited(const char *body, const struct sdp_edit *edit)
{
	struct strbuf b = strbuf_on(written, sizeof(written) - 1);

	cr_assert_eq(sdp_parse(&sdp, str_from(body)), 0);
	sdp_write(&b, &sdp, edit);
	cr_assert_not(b.failed);
	written[b.len] = '\0';
	return written;
}

static const char *rewrite(const char *body, const struct sdp_stream_edit *stream)
{
	struct sdp_edit edit = edit_with(stream);

	return write_edited(body, &edit);
}

#define OURS                                                                      \
	"v=0\r\no=- 42 1 IN IP4 198.51.100.9\r\ns=-\r\nc=IN IP4 198.51.100.9\r\n" \
	"t=0 0\r\n"
#define THEIRS "v=0\r\no=a 5 7 IN IP4 10.0.0.5\r\ns=-\r\nc=IN IP4 10.0.0.5\r\nt=0 0\r\n"

Test(sdp_write, D1_every_address_and_port_is_ours)
{
	static const struct sdp_stream_edit stream[] = {
		{.rtp_port = 30000, .rtcp_port = 30001}, {.rtp_port = 30002, .rtcp_port = 30003}};

	cr_assert_str_eq(
		rewrite("v=0\r\no=alice 5 7 IN IP4 10.0.0.5\r\ns=Phone 1.2\r\nc=IN IP4 10.0.0.5\r\n"
			"t=0 0\r\na=ice-lite\r\na=tool:phone 1.2\r\na=group:BUNDLE 0 1\r\n"
			"a=group:LS 0 1\r\n"
			"m=audio 4000 RTP/AVP 0\r\nc=IN IP4 10.0.0.6\r\n"
			"a=candidate:1 1 UDP 2130706431 10.0.0.6 4000 typ host\r\n"
			"a=remote-candidates:1 10.0.0.7 4001\r\na=end-of-candidates\r\n"
			"a=ice-ufrag:abcd\r\na=ice-pwd:0123456789012345678901\r\n"
			"a=rtcp:4009 IN IP4 10.0.0.6\r\na=rtcp-mux\r\n"
			"a=source-filter: incl IN IP4 * 10.0.0.6\r\na=x-nat:10.0.0.6\r\n"
			"a=mid:0\r\n"
			"m=video 4002 RTP/AVP 34\r\na=mid:1\r\n",
			stream),
		OURS "a=group:LS 0 1\r\n"
		     "m=audio 30000 RTP/AVP 0\r\na=rtcp:30001\r\na=mid:0\r\n"
		     "m=video 30002 RTP/AVP 34\r\na=mid:1\r\n");
}

Test(sdp_write, D17_family_follows_the_leg)
{
	static const struct sdp_stream_edit stream[] = {{.rtp_port = 30000, .rtcp_port = 30001}};
	struct sdp_edit edit = edit_with(stream);

	cr_assert_eq(tg_ip_parse(&edit.address, "2001:db8::9"), 0);
	cr_assert_str_eq(write_edited(THEIRS "m=audio 4000 RTP/AVP 0\r\n", &edit),
		"v=0\r\no=- 42 1 IN IP6 2001:db8::9\r\ns=-\r\nc=IN IP6 2001:db8::9\r\nt=0 0\r\n"
		"m=audio 30000 RTP/AVP 0\r\n");
}

Test(sdp_write, a_line_may_have_an_address_of_its_own)
{
	struct sdp_stream_edit stream[] = {
		{.rtp_port = 30000, .rtcp_port = 30001}, {.rtp_port = 40000, .rtcp_port = 40001}};

	cr_assert_eq(tg_ip_parse(&stream[0].address, "198.51.100.9"), 0);
	cr_assert_eq(tg_ip_parse(&stream[1].address, "198.51.100.10"), 0);
	cr_assert_str_eq(
		rewrite(THEIRS "m=audio 4000 RTP/AVP 0\r\nm=video 4002 RTP/AVP 34\r\n", stream),
		OURS "m=audio 30000 RTP/AVP 0\r\nm=video 40000 RTP/AVP 34\r\n"
		     "c=IN IP4 198.51.100.10\r\n");
}

Test(sdp_write, D4_refused_lines_stay_in_place)
{
	static const struct sdp_stream_edit stream[] = {
		{0}, {.rtp_port = 30002, .rtcp_port = 30003}, {0}};

	cr_assert_str_eq(rewrite(THEIRS "m=message 4000 TCP/MSRP *\r\n"
					"a=path:msrp://10.0.0.5:4000/x;tcp\r\na=setup:active\r\n"
					"m=audio 4002 RTP/AVP 0\r\n"
					"m=video 0 RTP/AVP 34\r\na=rtcp:5\r\n",
				 stream),
		OURS "m=message 0 TCP/MSRP *\r\na=setup:active\r\n"
		     "m=audio 30002 RTP/AVP 0\r\nm=video 0 RTP/AVP 34\r\n");
	cr_assert_str_eq(rewrite(THEIRS "m=video 0 RTP/AVP \r\n", stream),
		OURS "m=video 0 RTP/AVP 0\r\n", "never without a format");
}

Test(sdp_write, D15_a_direction_may_be_narrowed)
{
	static const struct {
		bool held, no_send, no_receive;
		const char *says, *want;
	} cases[] = {
		{false, false, false, "a=sendrecv\r\n", "a=sendrecv\r\n"},
		{false, true, false, "", "a=recvonly\r\n"},
		{false, true, false, "a=sendrecv\r\n", "a=recvonly\r\n"},
		{false, true, false, "a=sendonly\r\n", "a=inactive\r\n"},
		{false, true, false, "a=recvonly\r\n", "a=recvonly\r\n"},
		{false, false, true, "", "a=sendonly\r\n"},
		{false, false, true, "a=recvonly\r\n", "a=inactive\r\n"},
		{false, true, true, "a=sendrecv\r\n", "a=inactive\r\n"},
		{true, true, false, "", "a=inactive\r\n"},
		{true, false, true, "", "a=sendonly\r\n"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct sdp_stream_edit stream[] = {{.rtp_port = 30000,
			.rtcp_port = 30001,
			.no_send = cases[i].no_send,
			.no_receive = cases[i].no_receive}};
		char body[256], want[256];

		snprintf(body, sizeof(body), "v=0\r\nc=IN IP4 %s\r\nm=audio 4 RTP/AVP 0\r\n%s",
			cases[i].held ? "0.0.0.0" : "10.0.0.5", cases[i].says);
		snprintf(want, sizeof(want), OURS "m=audio 30000 RTP/AVP 0\r\n%s", cases[i].want);
		cr_assert_str_eq(rewrite(body, stream), want);
	}
}

Test(sdp_write, D13_rtcp_is_said_where_it_is_not_one_above)
{
	static const struct sdp_stream_edit stream[] = {{.rtp_port = 30000, .rtcp_port = 30007}};
	static const struct sdp_stream_edit muxed[] = {{.rtp_port = 30000, .rtcp_mux = true}};

	cr_assert_str_eq(rewrite(THEIRS "m=audio 4000 RTP/AVP 0\r\n", stream),
		OURS "m=audio 30000 RTP/AVP 0\r\na=rtcp:30007\r\n");
	cr_assert_str_eq(rewrite(THEIRS "m=audio 4000 RTP/AVP 0\r\na=rtcp-mux\r\n", muxed),
		OURS "m=audio 30000 RTP/AVP 0\r\na=rtcp-mux\r\n");
}

Test(sdp_write, D16_an_unset_address_becomes_a_direction)
{
	static const struct sdp_stream_edit stream[] = {{.rtp_port = 30000, .rtcp_port = 30001}};
	static const struct {
		const char *says;
		const char *want;
	} cases[] = {
		{"", "a=sendonly\r\n"},
		{"a=sendrecv\r\n", "a=sendonly\r\n"},
		{"a=sendonly\r\n", "a=sendonly\r\n"},
		{"a=recvonly\r\n", "a=inactive\r\n"},
		{"a=inactive\r\n", "a=inactive\r\n"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char body[256], want[256];

		snprintf(body, sizeof(body), "v=0\r\nc=IN IP4 0.0.0.0\r\nm=audio 4 RTP/AVP 0\r\n%s",
			cases[i].says);
		snprintf(want, sizeof(want), OURS "m=audio 30000 RTP/AVP 0\r\n%s", cases[i].want);
		cr_assert_str_eq(rewrite(body, stream), want);
	}
}

Test(sdp_write, D19_what_leaves_is_strict)
{
	static const struct sdp_stream_edit stream[] = {{.rtp_port = 30000, .rtcp_port = 30001}};

	cr_assert_str_eq(
		rewrite("a=x\nb=AS:64\nt=1 2\nr=7d 1h\nz=0 1\nk=prompt\nc=IN IP4 10.0.0.5\np=+1\n\n"
			"e=x@example.com\ni=about\ni=again\nk=again\nv=0\nm=audio 4 RTP/AVP "
			"0\na=sendrecv\nb=AS:32\n"
			"i=line\nc=IN IP4 10.0.0.5",
			stream),
		"v=0\r\no=- 42 1 IN IP4 198.51.100.9\r\ns=-\r\ni=about\r\ne=x@example.com\r\n"
		"p=+1\r\nc=IN IP4 198.51.100.9\r\nb=AS:64\r\nt=0 0\r\nk=prompt\r\na=x\r\n"
		"m=audio 30000 RTP/AVP 0\r\ni=line\r\nb=AS:32\r\na=sendrecv\r\n");
}

Test(sdp_write, D15_D20_the_rest_stays_in_place)
{
	static const struct sdp_stream_edit stream[] = {{.rtp_port = 30000, .rtcp_port = 30001}};

	cr_assert_str_eq(
		rewrite(THEIRS
			"a=sendonly\r\na=charset:iso8895-1\r\n"
			"m=audio 4 RTP/AVP 0 8 101\r\n"
			"a=rtpmap:2 G726-32/8000/1a=rtpmap:18 G729/8000\r\na=ptime:20\r\n"
			"q=unknown line\r\na=maxptime:40\r\na=unknown:x y z\r\na=inactive\r\n"
			"a=fmtp:101 0-16\r\n",
			stream),
		OURS "a=sendonly\r\na=charset:iso8895-1\r\nm=audio 30000 RTP/AVP 0 8 101\r\n"
		     "a=rtpmap:2 G726-32/8000/1a=rtpmap:18 G729/8000\r\na=ptime:20\r\n"
		     "q=unknown line\r\na=maxptime:40\r\na=unknown:x y z\r\na=inactive\r\n"
		     "a=fmtp:101 0-16\r\n");
}

Test(sdp_write, D18_a_name_becomes_our_address)
{
	static const struct sdp_stream_edit stream[] = {{.rtp_port = 30000, .rtcp_port = 30001}};

	cr_assert_str_eq(rewrite("v=0\r\no=- 1 1 IN IP4 pc33.atlanta.com\r\n"
				 "c=IN IP4 pc33.atlanta.com\r\nm=audio 4 RTP/AVP 0\r\n",
				 stream),
		OURS "m=audio 30000 RTP/AVP 0\r\n");
}

Test(sdp_write, a_body_without_media_passes)
{
	cr_assert_str_eq(rewrite(THEIRS "a=x\r\n", NULL), OURS "a=x\r\n");
}

Test(sdp_write, running_out_of_room_is_said)
{
	static const struct sdp_stream_edit stream[] = {{.rtp_port = 30000, .rtcp_port = 30001}};
	struct sdp_edit edit = edit_with(stream);

	size_t whole = strlen(write_edited(THEIRS "m=audio 4 RTP/AVP 0\r\n", &edit));

	for (size_t room = 0; room < whole; room++) {
		struct strbuf b = strbuf_on(written, room);

		sdp_write(&b, &sdp, &edit);
		cr_assert(b.failed, "room for %zu of %zu bytes", room, whole);
	}
}

Test(sdp_write, D3_fingerprint_leaves_out_the_version)
{
	static const struct sdp_stream_edit stream[] = {{.rtp_port = 30000, .rtcp_port = 30001}};
	struct sdp_edit edit = edit_with(stream);
	static const char body[] = THEIRS "m=audio 4 RTP/AVP 0\r\n";
	uint64_t first = sdp_fingerprint(str_from(write_edited(body, &edit)));

	edit.version = 123456789;
	cr_assert_eq(sdp_fingerprint(str_from(write_edited(body, &edit))), first);
	edit.session_id = 43;
	cr_assert_neq(sdp_fingerprint(str_from(write_edited(body, &edit))), first);
	edit.session_id = 42;
	cr_assert_neq(sdp_fingerprint(str_from(
			      write_edited(THEIRS "m=audio 4 RTP/AVP 0\r\na=sendonly\r\n", &edit))),
		first);
	cr_assert_neq(sdp_fingerprint(STR("no origin")), sdp_fingerprint(STR("")));
}

Test(sdp_write, D7_the_lines_of_a_codec_that_is_gone_are_gone)
{
	struct sdp_types types = {.count = 2, .order = {8, 96}};
	struct sdp_stream_edit stream[] = {
		{.rtp_port = 30000, .rtcp_port = 30001, .types = &types}};

	for (unsigned int pt = 0; pt < SDP_PAYLOAD_TYPES; pt++)
		types.to[pt] = (uint8_t)pt;
	types.to[96] = 101;
	cr_assert_str_eq(rewrite(THEIRS "m=audio 4000 RTP/AVP 18 96 8\r\na=rtpmap:18 G729/8000\r\n"
					"a=fmtp:18 annexb=no\r\na=rtpmap:8 PCMA/8000\r\n"
					"a=rtpmap:96 telephone-event/8000\r\na=fmtp:96 0-15\r\n"
					"a=ptime:20\r\n",
				 stream),
		OURS "m=audio 30000 RTP/AVP 8 101\r\na=rtpmap:8 PCMA/8000\r\n"
		     "a=rtpmap:101 telephone-event/8000\r\na=fmtp:101 0-15\r\na=ptime:20\r\n");
}

Test(sdp_write, D12_ptime_is_kept_or_replaced)
{
	static const struct sdp_stream_edit kept[] = {{.rtp_port = 30000, .rtcp_port = 30001}};
	static const struct sdp_stream_edit other[] = {
		{.rtp_port = 30000, .rtcp_port = 30001, .ptime_ms = 40}};
	const char *body = THEIRS "m=audio 4000 RTP/AVP 0\r\na=ptime:20\r\na=maxptime:60\r\n";

	cr_assert_str_eq(rewrite(body, kept),
		OURS "m=audio 30000 RTP/AVP 0\r\na=ptime:20\r\na=maxptime:60\r\n");
	cr_assert_str_eq(rewrite(body, other),
		OURS "m=audio 30000 RTP/AVP 0\r\na=ptime:40\r\na=maxptime:60\r\n");
	cr_assert_str_eq(rewrite(THEIRS "m=audio 4000 RTP/AVP 0\r\n", other),
		OURS "m=audio 30000 RTP/AVP 0\r\na=ptime:40\r\n");
}

Test(sdp_write, D6_a_line_that_passes_is_as_it_was)
{
	static const struct sdp_stream_edit stream[] = {
		{.rtp_port = 30000, .rtcp_port = 30001}, {.pass = true}};

	cr_assert_str_eq(rewrite(THEIRS "m=audio 4000 RTP/AVP 0\r\n"
					"m=message 2855 TCP/MSRP *\r\na=setup:active\r\n"
					"a=path:msrp://10.0.0.5:2855/9di4ea;tcp\r\n",
				 stream),
		OURS "m=audio 30000 RTP/AVP 0\r\n"
		     "m=message 2855 TCP/MSRP *\r\nc=IN IP4 10.0.0.5\r\na=setup:active\r\n"
		     "a=path:msrp://10.0.0.5:2855/9di4ea;tcp\r\n");
}
