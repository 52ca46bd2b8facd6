// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/media/police.h"

#include <criterion/criterion.h>

#include <stdio.h>

static struct police_load load_of(const char *lines)
{
	static struct sdp sdp;
	struct sdp_codec codec[SDP_PAYLOAD_TYPES];
	struct police_load load;
	char body[512];

	snprintf(body, sizeof(body), "v=0\r\nc=IN IP4 192.0.2.5\r\n%s", lines);
	cr_assert_eq(sdp_parse(&sdp, str_from(body)), 0, "%s", lines);
	sdp_codecs_read(codec, &sdp, &sdp.media[0]);
	police_read(&load, &sdp.media[0], codec);
	return load;
}

#define HEADER 40
#define RTCP(n, least) ((n) + (n) / 20 + (least))
#define LOAD(codec_bytes, packets) RTCP((codec_bytes) + (packets)*HEADER, 400)
#define AUDIO "m=audio 4000 RTP/AVP "

Test(police, J18_each_codec_has_its_rate)
{
	static const struct {
		const char *lines;
		uint32_t bytes, packets; // of the codec, without headers and RTCP
	} cases[] = {
		{AUDIO "0\r\n", 8000, 100}, {AUDIO "8\r\na=ptime:20\r\n", 8000, 50},
		{AUDIO "8\r\na=ptime:60\r\n", 8000, 50}, {AUDIO "8\r\na=ptime:5\r\n", 8000, 200},
		{AUDIO "8\r\na=maxptime:5\r\n", 8000, 200}, {AUDIO "9\r\na=ptime:20\r\n", 8000, 50},
		{AUDIO "18\r\n", 1000, 100}, {AUDIO "4\r\n", 800, 34}, {AUDIO "3\r\n", 1650, 50},
		{AUDIO "13\r\n", 500, 50}, {AUDIO "11\r\na=ptime:20\r\n", 88200, 50},
		{AUDIO "10\r\na=ptime:20\r\n", 176400, 50}, {AUDIO "5\r\na=ptime:20\r\n", 4000, 50},
		{AUDIO "97\r\na=rtpmap:97 iLBC/8000\r\n", 1900, 50},
		{AUDIO "97\r\na=rtpmap:97 AMR/8000\r\n", 1650, 50},
		{AUDIO "97\r\na=rtpmap:97 amr-wb/16000/1\r\n", 3050, 50},
		{AUDIO "97\r\na=rtpmap:97 G726-16/8000\r\n", 2000, 100},
		{AUDIO "97\r\na=rtpmap:97 G726-24/8000\r\n", 3000, 100},
		{AUDIO "97\r\na=rtpmap:97 G726-32/8000\r\n", 4000, 100},
		{AUDIO "97\r\na=rtpmap:97 G726-40/8000\r\n", 5000, 100},
		{AUDIO "97\r\na=rtpmap:97 opus/48000/2\r\n", 63750, 100},
		{AUDIO "97\r\na=rtpmap:97 opus/48000/2\r\n"
		       "a=fmtp:97 useinbandfec=1; maxaveragebitrate=24000\r\n",
			3000, 100},
		{AUDIO "97\r\na=rtpmap:97 opus/48000/2\r\na=fmtp:97 maxaveragebitrate=9000000\r\n",
			63750, 100},
		{AUDIO "97\r\na=rtpmap:97 L16/16000/2\r\na=ptime:10\r\n", 64000, 100},
		{AUDIO "18 0 8\r\na=ptime:20\r\n", 8000, 50},	    // the largest
		{AUDIO "0\r\nb=AS:10\r\na=ptime:20\r\n", 8000, 50}, // b= is of the unknown
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct police_load load = load_of(cases[i].lines);

		cr_assert_eq(load.bytes_per_s, LOAD(cases[i].bytes, cases[i].packets),
			"case %zu: %u bytes", i, load.bytes_per_s);
		cr_assert_eq(load.packets_per_s, RTCP(cases[i].packets, 2), "case %zu: %u packets",
			i, load.packets_per_s);
		cr_assert_not(load.unknown, "case %zu", i);
	}
}

Test(police, J5_J18_events_have_room_beside_speech)
{
	struct police_load load = load_of(
		AUDIO "8 101\r\na=rtpmap:101 telephone-event/8000\r\na=ptime:20\r\n");

	cr_assert_eq(load.packets_per_s, RTCP(100, 2));
	cr_assert_eq(load.bytes_per_s, LOAD(8000, 100));
}

Test(police, J18_J20_redundancy_repeats_the_largest)
{
	struct police_load load = load_of(AUDIO "97 8\r\na=rtpmap:97 red/8000\r\n"
						"a=fmtp:97 8/8/8\r\na=ptime:20\r\n");

	cr_assert_eq(load.bytes_per_s, RTCP(3 * (8000 + 50 * HEADER), 400));
	cr_assert_eq(load.packet_bytes, 3 * (480 + HEADER));
}

Test(police, J18_packets_are_as_large_as_their_codec_makes_them)
{
	static const struct {
		const char *lines;
		uint32_t bytes;
	} cases[] = {
		{AUDIO "0\r\n", 480 + HEADER},
		{AUDIO "18\r\n", 400}, // room for RTCP
		{AUDIO "0\r\na=ptime:100\r\n", 800 + HEADER},
		{AUDIO "0\r\na=maxptime:120\r\n", 960 + HEADER},
		{AUDIO "97\r\na=rtpmap:97 opus/48000/2\r\n", 3825 + HEADER},
		{AUDIO "0 97\r\na=rtpmap:97 new-codec/8000\r\n", 0},
		{"m=video 4000 RTP/AVP 34\r\n", 0},
		{"m=video 4000 RTP/AVP 34\r\nb=AS:512\r\n", 0},
		{"m=image 4000 udptl t38\r\n", 0},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		cr_assert_eq(load_of(cases[i].lines).packet_bytes, cases[i].bytes, "case %zu", i);
}

Test(police, J18_bandwidth_tells_where_the_codec_does_not)
{
	static const struct {
		const char *lines;
		uint32_t bytes; // 0: unknown
	} cases[] = {
		{"m=video 4000 RTP/AVP 34\r\nb=AS:512\r\n", 64000},
		{"m=video 4000 RTP/AVP 34\r\nb=AS:512\r\nb=TIAS:256000\r\n", 32000},
		{"m=video 4000 RTP/AVP 34\r\nb=TIAS:256000\r\nb=AS:512\r\n", 32000},
		{"m=video 4000 RTP/AVP 34\r\nb=RR:400\r\n", 0},
		{"m=video 4000 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n", 0},
		{"m=application 4000 udp x\r\nb=AS:8\r\n", 1000},
		{"m=application 4000 udp x\r\n", 0},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct police_load load = load_of(cases[i].lines);

		cr_assert_eq(load.unknown, cases[i].bytes == 0, "case %zu", i);
		cr_assert_geq(load.bytes_per_s, cases[i].bytes, "case %zu", i);
		cr_assert_leq(load.bytes_per_s, 400 + cases[i].bytes + cases[i].bytes / 2 + 2500,
			"case %zu: %u", i, load.bytes_per_s);
	}
}

Test(police, J18_a_rule_scales_and_its_burst_is_a_second)
{
	struct police_load load = load_of(AUDIO "8\r\na=ptime:20\r\n");
	struct tg_side_spec side = {.packet_bytes_max = 7, .packets = {1, 1}};

	police_fill(&side, &load, &(struct police_rule){0, 4096});
	cr_assert_eq(side.packets.per_s + side.bytes.per_s + side.packet_bytes_max, 0);
	police_fill(&side, &load, &(struct police_rule){200, 4096});
	cr_assert_eq(side.packets.per_s, 2 * RTCP(50, 2));
	cr_assert_eq(side.packets.burst, 2 * RTCP(50, 2));
	cr_assert_eq(side.bytes.per_s, 2 * LOAD(8000, 50));
	cr_assert_eq(side.bytes.burst, 2 * LOAD(8000, 50));
	cr_assert_eq(side.packet_bytes_max, 480 + HEADER);
	load = load_of("m=video 4000 RTP/AVP 34\r\n");
	police_fill(&side, &load, &(struct police_rule){100, 800});
	cr_assert_geq(side.bytes.per_s, 100000);
	cr_assert_eq(side.packet_bytes_max, 0);
	police_fill(&side, &load, &(struct police_rule){10000, 1000000});
	cr_assert_eq(side.bytes.per_s, UINT32_MAX, "never wraps");
}

Test(police, the_side_that_tells_speaks_for_both)
{
	struct police_load none = {0}, audio = load_of(AUDIO "8\r\n"),
			   video = load_of("m=video 4000 RTP/AVP 34\r\n"), both;

	both = police_join(&none, &audio);
	cr_assert_eq(both.packet_bytes, audio.packet_bytes);
	cr_assert_not(both.unknown);
	both = police_join(&video, &none);
	cr_assert(both.unknown);
	both = police_join(&video, &video);
	cr_assert(both.unknown);
	cr_assert_eq(both.packet_bytes, 0);
	both = police_join(&audio, &video);
	cr_assert_eq(both.packet_bytes, audio.packet_bytes);
	cr_assert_not(both.unknown);
	cr_assert_eq(both.bytes_per_s, audio.bytes_per_s);
	video = load_of("m=video 4000 RTP/AVP 34\r\nb=AS:512\r\n");
	both = police_join(&audio, &video);
	cr_assert_eq(both.packet_bytes, 0, "told, but not of packets");
	cr_assert_eq(both.bytes_per_s, video.bytes_per_s);
}

Test(police, clocks_by_their_rate)
{
	cr_assert_eq(police_clock(8000), TG_CLOCK_8000);
	cr_assert_eq(police_clock(48000), TG_CLOCK_48000);
	cr_assert_eq(police_clock(90000), TG_CLOCK_90000);
	cr_assert_eq(police_clock(0), TG_CLOCK_8000);
	cr_assert_eq(police_clock(12345), TG_CLOCK_8000);
}
