// SPDX-License-Identifier: BSD-3-Clause
#include "tests/unit/dataplane/rig.h"

#include "dataplane/path/path_int.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include <malloc.h>

#define TRUNK "198.51.100.7:5060"
#define INVITE "INVITE sip:a@b SIP/2.0\r\nCall-ID: 1\r\n\r\n"
#define SVMAP                                                                            \
	"OPTIONS sip:100@192.0.2.1 SIP/2.0\r\n"                                          \
	"Via: SIP/2.0/UDP 127.0.1.1:5060;branch=z9hG4bK-2512387412;rport\r\n"            \
	"Content-Length: 0\r\n"                                                          \
	"From: \"sipvicious\"<sip:100@1.1.1.1>;tag=63303030303230313133633401333938\r\n" \
	"Accept: application/sdp\r\nUser-Agent: friendly-scanner\r\n"                    \
	"To: \"sipvicious\"<sip:100@1.1.1.1>\r\nContact: sip:100@127.0.1.1:5060\r\n"     \
	"CSeq: 1 OPTIONS\r\nCall-ID: 845752980453913316694142\r\nMax-Forwards: 70\r\n\r\n"
#define SVWAR                                                                              \
	"REGISTER sip:192.0.2.1 SIP/2.0\r\n"                                               \
	"Via: SIP/2.0/UDP 127.0.1.1:5060;branch=z9hG4bK-3434618143;rport\r\n"              \
	"Content-Length: 0\r\nFrom: \"1428302346\"<sip:1428302346@192.0.2.1>;tag=3134\r\n" \
	"Accept: application/sdp\r\nUser-Agent: friendly-scanner\r\n"                      \
	"To: \"1428302346\"<sip:1428302346@192.0.2.1>\r\n"                                 \
	"Contact: sip:1428302346@192.0.2.1\r\nCSeq: 1 REGISTER\r\nCall-ID: 2910481931\r\n" \
	"Max-Forwards: 70\r\n\r\n"
#define SIPCLI                                                                            \
	"INVITE sip:900972595144000@192.0.2.1 SIP/2.0\r\n"                                \
	"Via: SIP/2.0/UDP 203.0.113.5:5071;branch=z9hG4bK-ec3ab9;rport\r\n"               \
	"From: <sip:100@192.0.2.1>;tag=f5a7b0\r\nTo: <sip:900972595144000@192.0.2.1>\r\n" \
	"Call-ID: 4dc5e1d2\r\nCSeq: 1 INVITE\r\nUser-Agent: sipcli/v1.8\r\n"              \
	"Content-Length: 0\r\n\r\n"
#define SAYS_IT_IN_THE_BODY                                                             \
	"INVITE sip:a@b SIP/2.0\r\nCall-ID: 1\r\nContent-Type: application/sdp\r\n\r\n" \
	"v=0\r\no=sipvicious 1 1 IN IP4 203.0.113.5\r\ns=friendly-scanner\r\n"

// Sends one datagram to the listener. Returns its drop, -1: none.
static int send_text(struct rig *rig, const char *src, const char *text)
{
	const char *dst = src[0] == '[' ? "[2001:db8:a::1]:5060" : RIG_SIP;
	struct rte_mbuf *m = rig_udp(rig, src, dst, text, (uint16_t)strlen(text));
	int drop = rig_receive(rig, 0, m).drop;

	while (rig_punted(rig, 0, TG_PUNT_STRANGER) != NULL
		|| rig_punted(rig, 0, TG_PUNT_TRUSTED) != NULL)
		;
	return drop;
}

// How many of n go through.
static uint32_t passed(struct rig *rig, const char *src, const char *text, uint32_t n)
{
	uint32_t count = 0;

	while (n-- > 0)
		count += send_text(rig, src, text) < 0;
	return count;
}

static void put_listener(struct rig *rig, struct tg_listener rates)
{
	rates.local = rig_addr(RIG_SIP);
	rates.id = 1;
	cr_assert(eq(int, listener_table_put(rig->tables->listeners, &rates), 0));
}

static void put_trunk(struct rig *rig, const char *net, uint8_t bits, struct tg_rate rate)
{
	struct tg_trust trust = {
		.net = rig_ip(net), .bits = bits, .level = TG_TRUST_TRUNK, .rate = rate};

	cr_assert(eq(int, trust_table_put(rig->tables->trust, &trust), 0));
}

static void put_peer(struct rig *rig, const char *addr, enum tg_trust_level level, uint32_t ttl_ms)
{
	struct tg_peer peer = {.addr = rig_addr(addr),
		.level = (uint8_t)level,
		.ttl_ms = ttl_ms,
		.rate = level == TG_TRUST_REGISTERED ? (struct tg_rate){100, 30}
						     : (struct tg_rate){0}};

	cr_assert(eq(int, peer_table_put(rig->tables->peers, &peer, 0, rig->path.now_ms), 0));
}

static void put_patterns(struct rig *rig)
{
	static const char *const texts[] = {"friendly-scanner", "sipvicious", "sipcli", "sip-scan"};

	for (uint16_t id = 0; id < sizeof(texts) / sizeof(texts[0]); id++) {
		struct tg_pattern pattern = {.id = id, .bytes = (uint8_t)strlen(texts[id])};

		memcpy(pattern.text, texts[id], pattern.bytes);
		cr_assert(eq(int, pattern_table_put(rig->tables->patterns, &pattern), 0));
	}
}

// The row shown of an address and level, NULL: none.
static const struct tg_source *row_of(
	const struct rig *rig, const char *text, enum tg_trust_level level)
{
	struct tg_addr addr = rig_addr(text);
	struct tg_ip network = tg_ip_network(&addr.ip);

	for (uint32_t row = 0; row < TG_SOURCE_SETS * TG_SOURCE_WAYS; row++)
		if (rig->sources[row].first_ms != 0 && rig->sources[row].level == level
			&& tg_ip_equal(&rig->sources[row].ip, &network))
			return &rig->sources[row];
	return NULL;
}

// The trust and the burst that a source is given.
Test(limit, I2_trust_and_rate_of_a_source)
{
	static const struct {
		const char *src;
		enum tg_trust_level trust;
		uint32_t passed;
	} cases[] = {
		{"203.0.113.5:1", TG_TRUST_STRANGER, 2},
		{"203.0.113.65:1", TG_TRUST_TRUNK, 4},
		{"203.0.113.90:1", TG_TRUST_TRUNK, 1},
		{"198.51.100.7:1", TG_TRUST_TRUNK, 50},
		{"203.0.113.6:4000", TG_TRUST_REGISTERED, 30},
		{"203.0.113.6:4001", TG_TRUST_STRANGER, 2},
		{"203.0.113.7:1", TG_TRUST_BANNED, 0},
		{"203.0.113.8:4000", TG_TRUST_REGISTERED, 30},
		{"203.0.113.8:4001", TG_TRUST_BANNED, 0},
		{"203.0.113.66:9", TG_TRUST_TRUNK, 4},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct rig *rig = rig_new(1, 1);
		struct tg_trust host = {.net = rig_ip("203.0.113.90"),
			.bits = 128,
			.id = 1,
			.level = TG_TRUST_TRUNK,
			.rate = {1, 1}};
		struct tg_trust unlimited = {.net = rig_ip("198.51.100.0"),
			.bits = 120,
			.id = 2,
			.level = TG_TRUST_TRUNK};

		put_trunk(rig, "203.0.113.64", 122, (struct tg_rate){1, 4});
		trust_table_put(rig->tables->trust, &host);
		trust_table_put(rig->tables->trust, &unlimited);
		put_listener(rig, (struct tg_listener){.stranger = {1, 2}});
		put_peer(rig, "203.0.113.6:4000", TG_TRUST_REGISTERED, 0);
		put_peer(rig, "203.0.113.7", TG_TRUST_BANNED, 0);
		put_peer(rig, "203.0.113.8:4000", TG_TRUST_REGISTERED, 0);
		put_peer(rig, "203.0.113.8", TG_TRUST_BANNED, 0);
		put_peer(rig, "203.0.113.66", TG_TRUST_BANNED, 0);
		cr_expect(eq(u32, passed(rig, cases[i].src, "\r\n", 50), cases[i].passed), "%s",
			cases[i].src);
		cr_expect(eq(u8, rig->path.burst.packet[0].trust, cases[i].trust), "%s",
			cases[i].src);
		cr_expect(eq(u64,
				  rig->stats.drop[cases[i].trust == TG_TRUST_BANNED
						  ? TG_DROP_SIP_BANNED
						  : TG_DROP_SIP_RATE],
				  50 - cases[i].passed),
			"%s", cases[i].src);
		rig_free(rig);
	}
}

Test(limit, I4_a_ban_is_silent_holds_a_slash_64_and_ends)
{
	struct rig *rig = rig_new(1, 1);

	put_peer(rig, "203.0.113.5", TG_TRUST_BANNED, 1000);
	put_peer(rig, "2001:db8:a:1::", TG_TRUST_BANNED, 1000);
	cr_assert(eq(int, send_text(rig, RIG_PHONE, INVITE), TG_DROP_SIP_BANNED));
	cr_assert(eq(int, send_text(rig, RIG_PHONE, "\r\n\r\n"), TG_DROP_SIP_BANNED));
	cr_assert(eq(int, send_text(rig, RIG_PHONE, "GET / HTTP/1.1\r\n\r\n"), TG_DROP_SIP_BANNED));
	cr_assert(eq(int, send_text(rig, "[2001:db8:a:1::7]:5060", INVITE), TG_DROP_SIP_BANNED));
	cr_assert(eq(int, send_text(rig, "[2001:db8:a:1:2::7]:9", INVITE), TG_DROP_SIP_BANNED));
	cr_assert(eq(int, send_text(rig, "[2001:db8:a:2::7]:5060", INVITE), -1));
	cr_assert(eq(u64, rig->stats.counter[TG_COUNT_KEEPALIVE_ANSWERED], 0));
	cr_assert(eq(u32, row_of(rig, RIG_PHONE, TG_TRUST_BANNED)->count[TG_SOURCE_BANNED], 3));
	rig_wait_ms(rig, 999);
	cr_assert(eq(int, send_text(rig, RIG_PHONE, INVITE), TG_DROP_SIP_BANNED));
	rig_wait_ms(rig, 1);
	cr_assert(eq(int, send_text(rig, RIG_PHONE, INVITE), -1));
	cr_assert(eq(int, send_text(rig, "[2001:db8:a:1::7]:5060", INVITE), -1));
	rig_free(rig);
}

// The attacker forges the addresses of a trunk and of a registered phone, and their neighbours.
Test(limit, I5_forged_packets_block_neither_trunk_nor_registered)
{
	struct rig *rig = rig_new(1, 1);
	char src[64];

	put_listener(rig,
		(struct tg_listener){.stranger = {5, 10},
			.stranger_method = {{1, 1}, {1, 1}, {1, 1}, {1, 1}},
			.strangers = {10, 10}});
	put_patterns(rig);
	put_trunk(rig, "198.51.100.7", 128, (struct tg_rate){0});
	put_peer(rig, RIG_PHONE, TG_TRUST_REGISTERED, 0);
	put_peer(rig, "[2001:db8:a::5]:5060", TG_TRUST_REGISTERED, 0);
	for (uint32_t i = 0; i < 3000; i++) {
		snprintf(src, sizeof(src), "203.0.113.5:%u", 5000 + i);
		send_text(rig, src, i % 2 == 0 ? SVMAP : INVITE);
		snprintf(src, sizeof(src), "[2001:db8:a::%x]:5060", 0x100 + i);
		send_text(rig, src, INVITE);
		send_text(rig, TRUNK, SVMAP);
	}
	// As the control plane would after so many reports.
	put_peer(rig, "203.0.113.5", TG_TRUST_BANNED, 0);
	put_peer(rig, "2001:db8:a::", TG_TRUST_BANNED, 0);
	put_peer(rig, "198.51.100.7", TG_TRUST_BANNED, 0);
	cr_assert(eq(u32, passed(rig, RIG_PHONE, INVITE, 30), 30));
	cr_assert(eq(u32, passed(rig, "[2001:db8:a::5]:5060", INVITE, 30), 30));
	cr_assert(eq(u32, passed(rig, TRUNK, INVITE, 1000), 1000));
	cr_assert(eq(int, send_text(rig, "203.0.113.5:4999", INVITE), TG_DROP_SIP_BANNED));
	rig_free(rig);
}

Test(limit, I1_each_method_of_a_stranger_has_its_rate)
{
	static const struct {
		const char *text;
		uint32_t passed;
	} cases[] = {
		{"INVITE sip:a@b SIP/2.0\r\n\r\n", 1},
		{"REGISTER sip:b SIP/2.0\r\n\r\n", 2},
		{"OPTIONS sip:b SIP/2.0\r\n\r\n", 3},
		{"SUBSCRIBE sip:b SIP/2.0\r\n\r\n", 4},
		{"BYE sip:a@b SIP/2.0\r\n\r\n", 20},
		{"ACK sip:a@b SIP/2.0\r\n\r\n", 20},
		{"SIP/2.0 200 OK\r\n\r\n", 20},
		{"\r\n\r\n", 20},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct rig *rig = rig_new(1, 1);
		struct tg_event event;
		bool limited = cases[i].passed < 20;

		put_listener(rig,
			(struct tg_listener){.stranger = {20, 20},
				.stranger_method = {{1, 1}, {1, 2}, {1, 3}, {1, 4}}});
		put_peer(rig, "203.0.113.9:1", TG_TRUST_REGISTERED, 0);
		cr_expect(eq(u32, passed(rig, RIG_PHONE, cases[i].text, 20), cases[i].passed), "%s",
			cases[i].text);
		cr_expect(eq(u64, rig->stats.drop[TG_DROP_SIP_METHOD_RATE], 20 - cases[i].passed));
		cr_expect(eq(int, rig_event_of(&event, rig, TG_EVENT_LIMITER_TRIPPED), limited));
		cr_expect(eq(int, send_text(rig, RIG_PHONE, cases[i].text), TG_DROP_SIP_RATE));
		cr_expect(eq(u32,
			row_of(rig, RIG_PHONE, TG_TRUST_STRANGER)->count[TG_SOURCE_METHOD_RATE],
			20 - cases[i].passed));
		cr_expect(eq(u32, passed(rig, "203.0.113.9:1", cases[i].text, 20), 20),
			"registered: %s", cases[i].text);
		rig_free(rig);
	}
}

// Sends one datagram from each of n sources; how many go through.
static uint32_t passed_of_many(struct rig *rig, const char *text, uint32_t n)
{
	uint32_t count = 0;
	char src[32];

	for (uint32_t i = 0; i < n; i++) {
		snprintf(src, sizeof(src), "10.%u.%u.%u:5060", 1 + i / 65536 % 250, i / 256 % 256,
			i % 256);
		count += send_text(rig, src, text) < 0;
	}
	return count;
}

Test(limit, I2_strangers_share_what_is_left_for_them)
{
	static const struct {
		struct tg_rate rate;
		uint32_t workers;
		uint32_t begins;
		uint32_t within;
	} cases[] = {
		{{100, 40}, 1, 20, 20},
		{{100, 40}, 2, 10, 10},
		{{100, 40}, 16, 1, 1},
		{{1, 1}, 16, 1, 1},
		{{0, 0}, 1, 100, 100},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct rig *rig = rig_new(1, 1);

		rig->path.workers = cases[i].workers;
		put_listener(rig, (struct tg_listener){.strangers = cases[i].rate});
		put_trunk(rig, "198.51.100.0", 120, (struct tg_rate){0});
		cr_expect(
			eq(u32, passed_of_many(rig, INVITE, 100), cases[i].begins), "case %zu", i);
		cr_expect(eq(u64, rig->stats.drop[TG_DROP_SIP_STRANGERS], 100 - cases[i].begins));
		cr_expect(eq(u32, passed_of_many(rig, "BYE sip:a@b SIP/2.0\r\n\r\n", 100),
				  cases[i].within),
			"case %zu: a call in progress can end", i);
		cr_expect(eq(u32, passed_of_many(rig, "\r\n\r\n", 100), 100), "case %zu", i);
		cr_expect(eq(u32, passed(rig, TRUNK, INVITE, 100), 100), "case %zu", i);
		rig_wait_ms(rig, 2000);
		cr_expect(
			ge(u32, passed_of_many(rig, INVITE, 100), cases[i].begins), "case %zu", i);
		rig_free(rig);
	}
}

Test(limit, I1_a_flood_of_one_does_not_eat_what_is_everyones)
{
	struct rig *rig = rig_new(1, 1);

	put_listener(rig, (struct tg_listener){.stranger = {1, 10}, .strangers = {100, 60}});
	put_patterns(rig);
	cr_assert(eq(u32, passed(rig, RIG_PHONE, INVITE, 1000), 10));
	cr_assert(eq(u32, passed_of_many(rig, SVMAP, 1000), 0));
	cr_assert(eq(u32, passed_of_many(rig, INVITE, 1000), 20));
	rig_free(rig);
}

Test(limit, I3_scanners_get_no_answer)
{
	static const struct {
		const char *src;
		const char *text;
		int want;
		int pattern;
	} cases[] = {
		{RIG_PHONE, SVMAP, TG_DROP_SIP_SCANNER, 1},
		{RIG_PHONE, SVWAR, TG_DROP_SIP_SCANNER, 0},
		{RIG_PHONE, SIPCLI, TG_DROP_SIP_SCANNER, 2},
		{RIG_PHONE, SAYS_IT_IN_THE_BODY, -1, -1},
		{RIG_PHONE, INVITE, -1, -1},
		{TRUNK, SVMAP, -1, -1},
		{"203.0.113.9:1", SIPCLI, -1, -1},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct rig *rig = rig_new(1, 1);
		struct tg_event event;
		struct tg_addr src = rig_addr(cases[i].src);

		put_patterns(rig);
		put_trunk(rig, "198.51.100.7", 128, (struct tg_rate){0});
		put_peer(rig, "203.0.113.9:1", TG_TRUST_REGISTERED, 0);
		cr_expect(eq(int, send_text(rig, cases[i].src, cases[i].text), cases[i].want),
			"case %zu", i);
		cr_expect(eq(int, rig_event(&event, rig, 0), cases[i].pattern >= 0), "case %zu", i);
		if (cases[i].pattern >= 0) {
			cr_expect(eq(int, (int)event.type, TG_EVENT_SCANNER));
			cr_expect(eq(int, event.scanner.pattern, cases[i].pattern), "case %zu", i);
			cr_expect(eq(u16, event.scanner.listener, 1));
			cr_expect(eq(u32, event.scanner.dropped, 1));
			cr_expect(tg_addr_equal(&event.scanner.addr, &src));
		}
		rig_free(rig);
	}
}

Test(limit, I3_one_report_a_second_of_a_scanner)
{
	struct rig *rig = rig_new(1, 1);
	struct tg_event event;

	put_patterns(rig);
	cr_assert(eq(u32, passed(rig, RIG_PHONE, SVWAR, 500), 0));
	cr_assert(rig_event(&event, rig, 0));
	cr_assert(not(rig_event(&event, rig, 0)));
	rig_wait_ms(rig, 1001);
	cr_assert(eq(u32, passed(rig, RIG_PHONE, SVWAR, 1), 0));
	cr_assert(rig_event(&event, rig, 0));
	cr_assert(eq(u32, event.scanner.dropped, 500));
	cr_assert(
		eq(u32, row_of(rig, RIG_PHONE, TG_TRUST_STRANGER)->count[TG_SOURCE_SCANNER], 501));
	rig_free(rig);
}

Test(limit, I1_ten_thousand_sources_do_not_flood_the_events)
{
	struct rig *rig = rig_new(1, 1);
	struct tg_event event;
	uint32_t strangers = 0;
	uint32_t trunks = 0;

	put_listener(rig, (struct tg_listener){.stranger = {1, 1}});
	put_trunk(rig, "198.51.100.7", 128, (struct tg_rate){1, 1});
	for (int round = 0; round < 2; round++)
		for (uint32_t i = 0; i < 10000; i++) {
			char src[32];

			snprintf(src, sizeof(src), "10.0.%u.%u:5060", i / 256, i % 256);
			send_text(rig, src, INVITE);
			while (rig_event(&event, rig, 0))
				strangers++;
		}
	passed(rig, TRUNK, INVITE, 10);
	while (rig_event(&event, rig, 0))
		trunks++;
	cr_assert(eq(u32, strangers, 100));
	cr_assert(eq(u32, trunks, 1), "reports of the trusted have a budget of their own");
	cr_assert(ge(u64, rig->stats.drop[TG_DROP_SIP_RATE], 9900), "a few sets are full");
	rig_free(rig);
}

// In a second of the clock: a heavy hitter, a trunk and a phone among so many forged sources.
static void flood(uint32_t forged)
{
	struct rig *rig = rig_new(1, 1);
	uint32_t hits = 0;
	uint32_t hits_passed = 0;
	uint32_t trusted_passed = 0;
	size_t before;
	size_t after;

	put_listener(rig,
		(struct tg_listener){.stranger = {10, 20},
			.stranger_method = {{5, 10}, {5, 10}, {5, 10}, {5, 10}},
			.strangers = {1000000, 1000000}});
	put_patterns(rig);
	put_trunk(rig, "198.51.100.7", 128, (struct tg_rate){200, 10});
	put_peer(rig, RIG_PHONE, TG_TRUST_REGISTERED, 0);
	rcu_barrier();
	before = mallinfo2().uordblks + mallinfo2().hblkhd;
	for (uint32_t i = 0; i < forged; i++) {
		char src[32];

		snprintf(src, sizeof(src), "%u.%u.%u.%u:5060", 11 + i % 80, i / 97 % 256,
			i / 256 % 256, i % 256);
		send_text(rig, src, INVITE);
		if (i % (forged / 1000) != 0)
			continue;
		hits++;
		hits_passed += send_text(rig, "203.0.113.200:1", INVITE) < 0;
		if (hits % 10 == 0) {
			trusted_passed += send_text(rig, TRUNK, INVITE) < 0;
			trusted_passed += send_text(rig, RIG_PHONE, INVITE) < 0;
		}
		rig_wait_ms(rig, 1);
	}
	after = mallinfo2().uordblks + mallinfo2().hblkhd;
	cr_assert(eq(u64, after, before), "bytes of memory");
	cr_assert(ge(u32, hits, 1000));
	cr_assert(eq(u32, trusted_passed, hits / 10 * 2));
	cr_assert(le(u32, hits_passed, 15), "%u of %u", hits_passed, hits);
	cr_assert(row_of(rig, "203.0.113.200:1", TG_TRUST_STRANGER) != NULL);
	cr_assert(eq(u32, row_of(rig, TRUNK, TG_TRUST_TRUNK)->count[TG_SOURCE_PASSED], hits / 10));
	cr_assert(eq(u32, row_of(rig, RIG_PHONE, TG_TRUST_REGISTERED)->count[TG_SOURCE_PASSED],
		hits / 10));
	rig_free(rig);
}

Test(limit, I1_I2_flood_of_10000_forged_sources, .timeout = 60)
{
	flood(10000);
}

Test(limit, I1_I2_flood_of_200000_forged_sources, .timeout = 60)
{
	flood(200000);
}

Test(limit, I7_refused_media_is_counted_by_its_source)
{
	struct rig *rig = rig_new(4, 1);
	struct tg_stream_spec spec = rig_spec(TG_LATCH_SIGNALLING);
	struct rig_rtp rtp = {.seq = 1};

	rig_add(rig, &spec);
	for (int i = 0; i < 5; i++)
		rig_receive(rig, 0, rig_rtp(rig, "203.0.113.77:9000", RIG_ACCESS, rtp));
	rig_receive(rig, 0, rig_rtp(rig, RIG_PHONE, RIG_ACCESS, rtp));
	cr_assert(eq(u32,
		row_of(rig, "203.0.113.77:1", TG_TRUST_STRANGER)->count[TG_SOURCE_MEDIA_REFUSED],
		5));
	cr_assert(row_of(rig, RIG_PHONE, TG_TRUST_STRANGER) == NULL);
	rig_free(rig);
}
