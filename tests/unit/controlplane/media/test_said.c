// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/media/media_int.h"

#include <criterion/criterion.h>

static struct said read_line(const char *lines)
{
	static struct sdp sdp;
	struct said said;
	char body[512];

	snprintf(body, sizeof(body), "v=0\r\nc=IN IP4 192.0.2.5\r\n%s", lines);
	cr_assert_eq(sdp_parse(&sdp, str_from(body)), 0);
	said_read(&said, &sdp, &sdp.media[0]);
	return said;
}

Test(said, J20_what_needs_no_handshake_is_wanted)
{
	static const struct {
		const char *line;
		bool wanted, opaque;
	} cases[] = {
		{"m=audio 4000 RTP/AVP 0\r\n", true, false},
		{"m=video 4000 RTP/AVPF 96\r\n", true, false},
		{"m=audio 4000 RTP/SAVP 0\r\n", true, false},
		{"m=audio 0 RTP/AVP 0\r\n", false, false},
		{"m=audio 4000 UDP/TLS/RTP/SAVPF 0\r\n", false, false},
		{"m=image 4000 udptl t38\r\n", true, true},
		{"m=image 4000 UDPTL t38\r\n", true, true},
		{"m=image 0 udptl t38\r\n", false, true},
		{"m=application 4000 UDP/BFCP *\r\n", true, true},
		{"m=application 4000 udp wb\r\n", true, true},
		{"m=image 4000 TCP t38\r\n", false, false},
		{"m=image 4000 UDP/TLS/UDPTL t38\r\n", false, false},
		{"m=message 4000 TCP/MSRP *\r\n", false, false},
		{"m=application 4000 UDP/DTLS/SCTP webrtc-datachannel\r\n", false, false},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct said said = read_line(cases[i].line);

		cr_assert_eq(said.wanted, cases[i].wanted, "case %zu", i);
		cr_assert_eq(said.opaque, cases[i].opaque, "case %zu", i);
		cr_assert(!said.opaque || tg_ip_is_unset(&said.remote[TG_RTCP].ip));
	}
}

Test(said, J13_clocks_are_those_of_rtpmap)
{
	struct said said = read_line("m=audio 4000 RTP/AVP 0 96 101 127\r\n"
				     "a=rtpmap:96 opus/48000/2\r\n"
				     "a=rtpmap:101 telephone-event/16000\r\n"
				     "a=rtpmap:126 G7221/32000\r\n");

	cr_assert_eq(said.clock[0], TG_CLOCK_48000);
	cr_assert_eq(said.clock[5], TG_CLOCK_16000);
	cr_assert_eq(said.clock[30], TG_CLOCK_8000, "not among the formats");
	cr_assert_eq(said.clock[31], TG_CLOCK_8000, "without a map");
}

Test(said, D13_rtcp_goes_where_it_was_said)
{
	struct said said = read_line("m=audio 4000 RTP/AVP 0\r\na=rtcp:4009 IN IP4 192.0.2.6\r\n");
	char text[TG_ADDR_TEXT_BYTES];

	cr_assert_str_eq(tg_addr_write(&said.remote[TG_RTP], text), "192.0.2.5:4000");
	cr_assert_str_eq(tg_addr_write(&said.remote[TG_RTCP], text), "192.0.2.6:4009");
	said = read_line("m=audio 4000 RTP/AVP 0\r\n");
	cr_assert_str_eq(tg_addr_write(&said.remote[TG_RTCP], text), "192.0.2.5:4001");
	said = read_line("m=audio 65535 RTP/AVP 0\r\n");
	cr_assert(tg_ip_is_unset(&said.remote[TG_RTCP].ip));
}

Test(said, D15_D16_open_where_one_sends_and_the_other_receives)
{
	static const char *const names[] = {"sendrecv", "sendonly", "recvonly", "inactive"};
	static const bool open[4][4] = {
		// to:  sendrecv sendonly recvonly inactive
		{true, false, true, false},   // from sendrecv
		{true, false, true, false},   // from sendonly
		{false, false, false, false}, // from recvonly
		{false, false, false, false}, // from inactive
	};
	static const struct said unknown;

	for (unsigned int f = 0; f < 4; f++) {
		char line[64];
		struct said from, to;

		snprintf(line, sizeof(line), "m=audio 4 RTP/AVP 0\r\na=%s\r\n", names[f]);
		from = read_line(line);
		cr_assert_eq(said_open(&from, &unknown), f <= 1);
		cr_assert_eq(said_open(&unknown, &from), f == 0 || f == 2);
		for (unsigned int t = 0; t < 4; t++) {
			snprintf(line, sizeof(line), "m=audio 4 RTP/AVP 0\r\na=%s\r\n", names[t]);
			to = read_line(line);
			cr_assert_eq(
				said_open(&from, &to), open[f][t], "%s to %s", names[f], names[t]);
			to.held = true;
			cr_assert_not(said_open(&from, &to));
		}
	}
}
