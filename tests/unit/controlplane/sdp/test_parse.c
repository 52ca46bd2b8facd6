// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/sdp/sdp_int.h"

#include <criterion/criterion.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

static struct sdp sdp;

static int parse(const char *text)
{
	return sdp_parse(&sdp, str_from(text));
}

static const char *ip_of(const struct tg_ip *ip)
{
	static char text[TG_IP_TEXT_BYTES];

	return tg_ip_write(ip, text);
}

#define HEAD "v=0\r\no=alice 5 7 IN IP4 10.0.0.5\r\ns=-\r\nt=0 0\r\n"
#define CONN "c=IN IP4 192.0.2.1\r\n"

Test(sdp_parse, reads_what_an_offer_says)
{
	cr_assert_eq(parse(HEAD CONN "m=audio 4000 RTP/AVP 0 8 101\r\na=ptime:20\r\na=rtcp-mux\r\n"
				     "m=video 0 RTP/AVP 34\r\n"),
		0);
	cr_assert_eq(sdp.media_count, 2);
	cr_assert(str_equal(sdp.media[0].kind, STR("audio")));
	cr_assert(str_equal(sdp.media[0].formats, STR("0 8 101")));
	cr_assert(sdp.media[0].is_rtp);
	cr_assert_eq(sdp.media[0].payload_types[0], 1ull << 0 | 1ull << 8);
	cr_assert_eq(sdp.media[0].payload_types[1], 1ull << (101 - 64));
	cr_assert_eq(sdp.media[0].ptime_ms, 20);
	cr_assert(sdp.media[0].rtcp_mux);
	cr_assert_eq(sdp.media[1].port, 0);
	cr_assert_eq(sdp.media[1].rtcp_port, 0);
}

Test(sdp_parse, reads_what_tells_of_the_load)
{
	static const struct {
		const char *lines;
		uint64_t bandwidth;
		uint32_t max_ptime, ssrc;
	} cases[] = {
		{"", 0, 0, 0},
		{"b=AS:80\r\na=maxptime:40\r\na=ssrc:5 cname:x\r\n", 80000, 40, 5},
		{"b=AS:80\r\nb=TIAS:64001\r\n", 64001, 0, 0},
		{"b=AS:x\r\na=maxptime:y\r\na=ssrc:z\r\n", 0, 0, 0},
		{"a=ssrc:5 cname:x\r\na=ssrc:5 msid:y\r\n", 0, 0, 5},
		{"a=ssrc:5 cname:x\r\na=ssrc:6 cname:x\r\na=ssrc:5 msid:y\r\n", 0, 0, 0},
		{"a=ssrc:5 cname:x\r\na=ssrc:6 cname:x\r\na=ssrc:6 msid:y\r\n", 0, 0, 0},
	};
	char text[512];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		snprintf(text, sizeof(text), HEAD CONN "b=AS:1\r\nm=audio 4 RTP/AVP 0\r\n%s",
			cases[i].lines);
		cr_assert_eq(parse(text), 0);
		cr_assert_eq(sdp.media[0].bandwidth_bps, cases[i].bandwidth, "case %zu", i);
		cr_assert_eq(sdp.media[0].max_ptime_ms, cases[i].max_ptime, "case %zu", i);
		cr_assert_eq(sdp.media[0].ssrc, cases[i].ssrc, "case %zu", i);
	}
}

Test(sdp_parse, D2_each_stream_has_an_address)
{
	static const struct {
		const char *text;
		int status;
		const char *address[2];
	} cases[] = {
		{HEAD CONN "m=audio 4 RTP/AVP 0\r\nm=video 6 RTP/AVP 34\r\n", 0,
			{"192.0.2.1", "192.0.2.1"}},
		{HEAD "m=audio 4 RTP/AVP 0\r\nc=IN IP4 192.0.2.2\r\nm=video 6 RTP/AVP 34\r\n"
		      "c=IN IP6 2001:db8::1\r\n",
			0, {"192.0.2.2", "2001:db8::1"}},
		{HEAD CONN "m=audio 4 RTP/AVP 0\r\nc=IN IP4 192.0.2.2\r\nm=video 6 RTP/AVP 34\r\n",
			0, {"192.0.2.2", "192.0.2.1"}},
		{HEAD "m=audio 4 RTP/AVP 0\r\nc=IN IP4 192.0.2.2\r\nm=video 6 RTP/AVP 34\r\n",
			-ENODATA, {NULL}},
		{HEAD "m=audio 4 RTP/AVP 0\r\nc=IN IP4 192.0.2.2\r\nm=video 0 RTP/AVP 34\r\n", 0,
			{"192.0.2.2", NULL}},
		{HEAD "m=audio 4 RTP/AVP 0\r\n", -ENODATA, {NULL}},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		cr_assert_eq(parse(cases[i].text), cases[i].status, "case %zu", i);
		for (unsigned int m = 0; m < 2; m++) {
			if (cases[i].address[m] != NULL)
				cr_assert_str_eq(ip_of(&sdp.media[m].address), cases[i].address[m],
					"case %zu media %u", i, m);
		}
	}
}

Test(sdp_parse, D13_rtcp_port_is_said_or_one_above)
{
	cr_assert_eq(parse(HEAD CONN "m=audio 50024 RTP/AVP 0\r\na=rtcp:50125\r\n"
				     "m=audio 50026 RTP/AVP 0\r\n"
				     "m=audio 50028 RTP/AVP 0\r\na=rtcp:9 IN IP4 192.0.2.9\r\n"
				     "m=audio 65535 RTP/AVP 0\r\n"),
		0);
	cr_assert_eq(sdp.media[0].rtcp_port, 50125);
	cr_assert(tg_ip_is_unset(&sdp.media[0].rtcp_address));
	cr_assert_eq(sdp.media[1].rtcp_port, 50027);
	cr_assert_eq(sdp.media[2].rtcp_port, 9);
	cr_assert_str_eq(ip_of(&sdp.media[2].rtcp_address), "192.0.2.9");
	cr_assert_eq(sdp.media[3].rtcp_port, 0, "no port above the last one");
}

Test(sdp_parse, D15_direction_of_the_media_wins_over_the_session)
{
	cr_assert_eq(parse(HEAD CONN "a=recvonly\r\n"
				     "m=audio 4 RTP/AVP 0\r\na=sendonly\r\n"
				     "m=audio 6 RTP/AVP 0\r\n"),
		0);
	cr_assert_eq(sdp.direction, SDP_RECVONLY);
	cr_assert_eq(sdp.media[0].direction, SDP_SENDONLY);
	cr_assert_eq(sdp.media[1].direction, SDP_RECVONLY);
	cr_assert_eq(parse(HEAD CONN "m=audio 4 RTP/AVP 0\r\n"), 0);
	cr_assert_eq(sdp.media[0].direction, SDP_SENDRECV);
}

Test(sdp_parse, D16_D18_an_unset_address_is_hold_and_a_name_is_a_name)
{
	static const struct {
		const char *host;
		bool held;
		const char *name;
	} cases[] = {
		{"IN IP4 0.0.0.0", true, NULL},
		{"IN IP6 ::", true, NULL},
		{"IN IP4 pc33.atlanta.com", false, "pc33.atlanta.com"},
		{"IN IP4 224.2.1.1/127", false, "224.2.1.1"},
		{"IN IP4 255.255.255.255", false, "255.255.255.255"},
		{"IN IP6 ff02::1", false, "ff02::1"},
		{"in ip4  host-name-longer-than-any-address-can-be-in-text.example.com", false,
			"host-name-longer-than-any-address-can-be-in-text.example.com"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char text[256];

		snprintf(text, sizeof(text), HEAD "c=%s\r\nm=audio 4 RTP/AVP 0\r\n", cases[i].host);
		cr_assert_eq(parse(text), 0, "case %zu", i);
		cr_assert(tg_ip_is_unset(&sdp.media[0].address), "case %zu", i);
		cr_assert_eq(sdp.media[0].held, cases[i].held, "case %zu", i);
		cr_assert(str_equal(sdp.media[0].address_name, str_from(cases[i].name)), "case %zu",
			i);
	}
}

Test(sdp_parse, D19_sloppy_bodies_are_read)
{
	static const char *const cases[] = {
		"v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\nc=IN IP4 192.0.2.1\r\nm=audio 4000 RTP/AVP "
		"0\r\n",
		"v=0\no=- 1 1 IN IP4 192.0.2.1\ns=x\nc=IN IP4 192.0.2.1\nt=0 0\nm=audio 4000 "
		"RTP/AVP 0\n",
		"v=0\ro=- 1 1 IN IP4 192.0.2.1\rc=IN IP4 192.0.2.1\rm=audio 4000 RTP/AVP 0",
		"v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\nc=IN IP4 192.0.2.1\r\nm=audio 4000 RTP/AVP 0",
		"v=0\r\n\r\no=- 1 1 IN IP4 192.0.2.1\r\nc=IN IP4 192.0.2.1\r\n\r\nm=audio 4000 "
		"RTP/AVP 0\r\n\r\n",
		"c=IN IP4 192.0.2.1\r\nt=0 0\r\na=x\r\ns=-\r\nv=0\r\no=- 1 1 IN IP4 "
		"192.0.2.1\r\nm=audio 4000 RTP/AVP 0\r\n",
		"v=0\r\nc=IN IP4 192.0.2.1\r\nnonsense\r\nm=audio 4000 RTP/AVP 0\r\n",
		"v=0\r\nc=IN IP4 192.0.2.1\r\nm=audio  4000  RTP/AVP  0 \r\n",
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		cr_assert_eq(parse(cases[i]), 0, "case %zu", i);
		cr_assert_eq(sdp.media_count, 1, "case %zu", i);
		cr_assert_eq(sdp.media[0].port, 4000, "case %zu", i);
		cr_assert_str_eq(ip_of(&sdp.media[0].address), "192.0.2.1", "case %zu", i);
		cr_assert(str_equal(sdp.media[0].formats, STR("0")), "case %zu", i);
	}
}

Test(sdp_parse, D30_bad_bodies_are_refused)
{
	static const struct {
		const char *text;
		int status;
	} cases[] = {
		{"", -EINVAL},
		{"hello", -EINVAL},
		{"o=- 1 1 IN IP4 192.0.2.1\r\nc=IN IP4 192.0.2.1\r\nm=audio 4 RTP/AVP 0\r\n",
			-EINVAL},
		{HEAD CONN "m=audio 65536 RTP/AVP 0\r\n", -EINVAL},
		{HEAD CONN "m=audio -4 RTP/AVP 0\r\n", -EINVAL},
		{HEAD CONN "m=audio 99999999999999999999 RTP/AVP 0\r\n", -EINVAL},
		{HEAD CONN "m=audio 4\r\n", -EINVAL},
		{HEAD CONN "m=audio 4 RTP/AVP\r\n", -EINVAL},
		{HEAD CONN "m=audio 0 RTP/AVP\r\n", 0},
		{HEAD CONN "m=\r\n", -EINVAL},
		{HEAD CONN "m=audio 4 RTP/AVP 0\r\na=rtcp:65536\r\n", -EINVAL},
		{HEAD CONN "m=audio 4 RTP/AVP 0\r\na=rtcp:-1\r\n", -EINVAL},
		{HEAD CONN "m=audio 4 RTP/AVP 0\r\na=ptime:-20\r\n", -EINVAL},
		{HEAD "c=IN IP4\r\nm=audio 4 RTP/AVP 0\r\n", -EINVAL},
		{HEAD "c=ATM X 1\r\nm=audio 4 RTP/AVP 0\r\n", -EINVAL},
		{"v=0\r\no=- -1 1 IN IP4 192.0.2.1\r\n", -EINVAL},
		{"v=0\r\no=- 1 -1 IN IP4 192.0.2.1\r\n", -EINVAL},
		{"v=0\r\no=- 1 999999999999999999999999 IN IP4 192.0.2.1\r\n", 0},
		{HEAD CONN, 0},
		{HEAD CONN "m=audio 4/2 RTP/AVP 0\r\n", 0},
		{HEAD CONN "m=audio 4 RTP/AVP 0 128 4000000000 x\r\n", 0},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		cr_assert_eq(parse(cases[i].text), cases[i].status, "case %zu", i);
	cr_assert_eq(sdp_parse(&sdp, STR("v=0\r\no=- 1 1 IN IP4 \0\r\n")), -EINVAL, "a NUL");
	cr_assert_eq(sdp_parse(&sdp, STR_NONE), -EINVAL);
}

// A head, and then a line again and again.
static struct str repeated(const char *line, unsigned int n)
{
	size_t head = sizeof(HEAD CONN) - 1, len = strlen(line);
	char *text = malloc(head + n * len);

	memcpy(text, HEAD CONN, head);
	for (unsigned int i = 0; i < n; i++)
		memcpy(text + head + i * len, line, len);
	return str_of(text, head + n * len);
}

Test(sdp_parse, A34_D30_bounds_hold)
{
	static const struct {
		const char *line;
		unsigned int n;
		int status;
	} cases[] = {
		{"m=audio 4 RTP/AVP 0\r\n", SDP_MEDIA_MAX, 0},
		{"m=audio 4 RTP/AVP 0\r\n", SDP_MEDIA_MAX + 1, -E2BIG},
		{"a=x\r\n", SDP_LINES_MAX - 5, 0},
		{"a=x\r\n", SDP_LINES_MAX - 4, -E2BIG},
		{"a=an attribute that takes room\r\n", 400, -E2BIG},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct str text = repeated(cases[i].line, cases[i].n);

		cr_assert_eq(sdp_parse(&sdp, text), cases[i].status, "case %zu", i);
		free((void *)(uintptr_t)text.at);
	}
}
