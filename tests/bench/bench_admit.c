// SPDX-License-Identifier: BSD-3-Clause
// Cycles a SIP datagram takes from parse to its end, by what becomes of it, on crafted bursts in plain
// memory. What is punted is copied to its ring: 700 bytes of the cycles.
//
//	bench_admit [bursts]
#include "tests/unit/dataplane/rig.h"

#include "include/tidegate/time.h"

#include <stdio.h>
#include <stdlib.h>
#include <x86intrin.h>

#define BURST 32
#define PEERS 100000
#define TRUNK "198.51.100.7:5060"

static const char invite[] = "INVITE sip:+15551234567@sbc.example.com;user=phone SIP/2.0\r\n"
			     "Via: SIP/2.0/UDP "
			     "203.0.113.5:4000;branch=z9hG4bK-524287-1---5a8b1d2c3e4f;rport\r\n"
			     "Max-Forwards: 70\r\n"
			     "Contact: <sip:alice@203.0.113.5:4000;transport=UDP>\r\n"
			     "To: <sip:+15551234567@sbc.example.com;user=phone>\r\n"
			     "From: \"Alice\" <sip:alice@sbc.example.com>;tag=9f3b2a71\r\n"
			     "Call-ID: 77kXq2vJm3aQw9Zr-Gf4Tg..\r\nCSeq: 1 INVITE\r\n"
			     "Allow: INVITE, ACK, CANCEL, BYE, NOTIFY, REFER, MESSAGE, OPTIONS, "
			     "INFO\r\n"
			     "Content-Type: application/sdp\r\nUser-Agent: Yealink SIP-T46S "
			     "66.85.0.5\r\n"
			     "Content-Length: 150\r\n\r\n"
			     "v=0\r\no=- 1 1 IN IP4 203.0.113.5\r\ns=-\r\nc=IN IP4 "
			     "203.0.113.5\r\nt=0 0\r\n"
			     "m=audio 30000 RTP/AVP 8 0 101\r\na=rtpmap:101 "
			     "telephone-event/8000\r\na=sendrecv\r\n";

static const char scan[] = "OPTIONS sip:100@192.0.2.1 SIP/2.0\r\n"
			   "Via: SIP/2.0/UDP 127.0.1.1:5060;branch=z9hG4bK-2512387412;rport\r\n"
			   "Content-Length: 0\r\nFrom: \"sipvicious\"<sip:100@1.1.1.1>;tag=6330\r\n"
			   "Accept: application/sdp\r\nUser-Agent: friendly-scanner\r\n\r\n";

static const char garbage[] = "\x16\xfe\xfd\0\0\0\0\0\0\0\0\0\x10garbage of a flood";

static const char *const patterns[] = {"friendly-scanner", "sipvicious", "sipcli", "sip-scan",
	"sipsak", "sundayddr", "iwar", "sivus", "gulp", "sipv", "smap", "friendly-request"};

struct scene {
	const char *name;
	const char *text;
	uint32_t bytes;
	const char *src;  // NULL: each packet of the next source
	uint32_t sources; // then: of so many
	struct tg_listener rates;
	struct tg_rate trunk;
	enum tg_trust_level peer; // of src
};

static void configure(struct rig *rig, const struct scene *scene)
{
	struct tg_listener listener = scene->rates;
	struct tg_trust trust = {.net = rig_ip("198.51.100.7"),
		.bits = 128,
		.level = TG_TRUST_TRUNK,
		.rate = scene->trunk};
	struct tg_peer peer = {.level = TG_TRUST_REGISTERED, .rate = {1000000, 1000000}};

	peer_table_free(rig->tables->peers);
	if (peer_table_new(&rig->tables->peers, TG_REGISTERED_MAX, TG_BANS_MAX) < 0)
		abort();
	listener.local = rig_addr(RIG_SIP);
	listener.id = 1;
	listener_table_put(rig->tables->listeners, &listener);
	trust_table_put(rig->tables->trust, &trust);
	for (uint16_t id = 0; id < sizeof(patterns) / sizeof(patterns[0]); id++) {
		struct tg_pattern pattern = {.id = id, .bytes = (uint8_t)strlen(patterns[id])};

		memcpy(pattern.text, patterns[id], pattern.bytes);
		pattern_table_put(rig->tables->patterns, &pattern);
	}
	for (uint32_t i = 0; i < PEERS; i++) {
		peer.addr = (struct tg_addr){.ip = tg_ip_v4(htonl(0x64400000 + i)),
			.port = (uint16_t)(1024 + i % 60000)};
		peer_table_put(rig->tables->peers, &peer, 1, rig->path.now_ms);
	}
	peer.level = TG_TRUST_BANNED;
	for (uint32_t i = 0; i < PEERS / 2; i++) {
		peer.addr = (struct tg_addr){.ip = tg_ip_v4(htonl(0x50000000 + i))};
		peer_table_put(rig->tables->peers, &peer, 1, rig->path.now_ms);
	}
	if (scene->peer == TG_TRUST_STRANGER)
		return;
	peer.level = (uint8_t)scene->peer;
	peer.addr = rig_addr(scene->src);
	if (scene->peer == TG_TRUST_BANNED)
		peer.addr.port = 0;
	peer_table_put(rig->tables->peers, &peer, 1, rig->path.now_ms);
}

// Another source each time; checksums go with it, a zero one is none.
static void forge(struct rte_mbuf *m, uint32_t n, uint32_t sources)
{
	uint8_t *ip = (uint8_t *)m->buf_addr + m->data_off + 14;
	uint32_t sum = 0;

	n = n % sources;
	memcpy(ip + 12, (uint8_t[]){12, (uint8_t)(n >> 16), (uint8_t)(n >> 8), (uint8_t)n}, 4);
	memset(ip + 26, 0, 2);
	memset(ip + 10, 0, 2);
	for (int i = 0; i < 20; i += 2)
		sum += (uint32_t)ip[i] << 8 | ip[i + 1];
	sum = (sum & 0xffff) + (sum >> 16);
	sum = ~((sum & 0xffff) + (sum >> 16));
	ip[10] = (uint8_t)(sum >> 8);
	ip[11] = (uint8_t)sum;
}

static void drain(struct rig *rig)
{
	struct tg_event event;

	rig->path.freed.count = 0;
	for (uint16_t port = 0; port < 2; port++)
		rig->path.tx[port].count = 0;
	while (rig_event(&event, rig, 0))
		;
	while (rig_punted(rig, 0, TG_PUNT_STRANGER) != NULL
		|| rig_punted(rig, 0, TG_PUNT_TRUSTED) != NULL)
		;
}

static int compare(const void *a, const void *b)
{
	const uint64_t *x = a;
	const uint64_t *y = b;

	return (*x > *y) - (*x < *y);
}

static void print(
	const struct rig *rig, const struct scene *scene, uint64_t *cycles, uint32_t bursts)
{
	static const char *const drops[] = {
#define X(name, text, help) text,
		TG_DROP_REASONS(X)
#undef X
	};
	const char *end = "punted";

	for (unsigned int i = 0; i < TG_DROP_COUNT; i++)
		if (rig->stats.drop[i] > (uint64_t)bursts * BURST / 2)
			end = drops[i];
	qsort(cycles, bursts, sizeof(*cycles), compare);
	printf("%-34s %-16s cycles/packet: median %6.0f  p10 %6.0f\n", scene->name, end,
		(double)cycles[bursts / 2] / BURST, (double)cycles[bursts / 10] / BURST);
}

static void run(const struct scene *scene, uint32_t bursts)
{
	struct rig *rig = rig_new(1, 1);
	uint64_t *cycles = calloc(bursts, sizeof(*cycles));
	uint32_t source = 0;

	configure(rig, scene);
	for (uint32_t n = 0; n < bursts; n++) {
		struct rte_mbuf *burst[BURST];
		uint64_t start;

		for (uint32_t i = 0; i < BURST; i++) {
			burst[i] = rig_udp(rig, scene->src != NULL ? scene->src : RIG_PHONE,
				RIG_SIP, scene->text, (uint16_t)scene->bytes);
			if (scene->src == NULL)
				forge(burst[i], source++, scene->sources);
		}
		path_clock(&rig->path, rig->path.now_ns + 20000);
		start = __rdtsc();
		path_receive(&rig->path, 0, burst, BURST);
		cycles[n] = __rdtsc() - start;
		drain(rig);
	}
	print(rig, scene, cycles, bursts);
	free(cycles);
	rig_free(rig);
}

static void run_search(const char *name, const char *text, uint32_t bytes)
{
	const struct scene scene = {0};
	struct rig *rig = rig_new(1, 1);
	uint64_t cycles[1000];
	int found = 0;

	configure(rig, &scene);
	for (unsigned int n = 0; n < 1000; n++) {
		uint64_t start = __rdtsc();

		for (unsigned int i = 0; i < 16; i++)
			found += pattern_table_find(
				rig->tables->patterns, (const uint8_t *)text, bytes);
		cycles[n] = __rdtsc() - start;
	}
	qsort(cycles, 1000, sizeof(cycles[0]), compare);
	printf("%-34s %u bytes         cycles/search: median %6.0f  p10 %6.0f\n", name, bytes,
		(double)cycles[500] / 16, (double)cycles[100] / 16);
	if (found > 16000 * TG_PATTERNS_MAX)
		abort();
	rig_free(rig);
}

static struct tg_listener all(
	struct tg_rate source, struct tg_rate invites, struct tg_rate strangers)
{
	return (struct tg_listener){
		.stranger = source, .stranger_method = {invites}, .strangers = strangers};
}

int main(int argc, char **argv)
{
#define TEXT(text) (text), sizeof(text) - 1
	static const struct tg_rate much = {1000000, 1000000};
	static const struct tg_rate little = {1, 1};
	const struct scene scenes[] = {
		{"trunk", TEXT(invite), TRUNK, 1, .trunk = much},
		{"registered", TEXT(invite), RIG_PHONE, 1, .peer = TG_TRUST_REGISTERED},
		{"stranger", TEXT(invite), RIG_PHONE, 1, .rates = all(much, much, much)},
		{"200,000 strangers", TEXT(invite), NULL, 200000, .rates = all(much, much, much)},
		{"banned", TEXT(invite), RIG_PHONE, 1, .peer = TG_TRUST_BANNED},
		{"above its rate", TEXT(invite), RIG_PHONE, 1, .rates = all(little, much, much)},
		{"10,000 above their rate", TEXT(invite), NULL, 10000,
			.rates = all(little, much, much)},
		{"above its rate of INVITE", TEXT(invite), RIG_PHONE, 1,
			.rates = all(much, little, much)},
		{"scanner", TEXT(scan), RIG_PHONE, 1, .rates = all(much, much, much)},
		{"200,000 together above the rate", TEXT(invite), NULL, 200000,
			.rates = all(much, much, little)},
		{"garbage of 200,000", TEXT(garbage), NULL, 200000, .rates = all(much, much, much)},
	};
	uint32_t bursts = argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 10) : 2000;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (bursts == 0)
		return 2;
	printf("%u registered, %u banned, %zu patterns, INVITE of %zu bytes\n", PEERS, PEERS / 2,
		sizeof(patterns) / sizeof(patterns[0]), sizeof(invite) - 1);
	for (size_t i = 0; i < sizeof(scenes) / sizeof(scenes[0]); i++)
		run(&scenes[i], bursts);
	run_search("patterns in an INVITE", TEXT(invite));
	run_search("patterns in a scan", TEXT(scan));
	return 0;
}
