// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/io/icmp.h"

#include "dataplane/table/flow_latch.h"
#include "include/tidegate/csum.h"
#include "include/tidegate/wire.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define LOCAL "192.0.2.1:10000"
#define REMOTE "203.0.113.5:4000"
#define LOCAL6 "[2001:db8::1]:10000"
#define REMOTE6 "[2001:db8:5::5]:4000"
#define ROUTER "203.0.113.254"

static struct tg_stream_stats stats[2];
static struct flow_table *flows;
static struct icmp *icmp;
static struct tg_stream_spec spec;
static struct tg_stream_ref ref;
static struct tg_event last;
static uint32_t last_thread;
static unsigned int told;
static uint64_t now_ms = 1000000;

static struct tg_addr addr(const char *text)
{
	struct tg_addr out;

	cr_assert(eq(int, tg_addr_parse(&out, text), 0), "%s", text);
	return out;
}

static struct tg_ip ip(const char *text)
{
	struct tg_ip out;

	cr_assert(eq(int, tg_ip_parse(&out, text), 0), "%s", text);
	return out;
}

static void on_event(void *arg, uint32_t thread, const struct tg_event *event)
{
	cr_assert(eq(ptr, arg, &told));
	last = *event;
	last_thread = thread;
	told++;
}

static void put_pool(uint16_t id, const char *text)
{
	struct tg_pool pool = {
		.id = id, .local = ip(text), .port_first = 10000, .port_last = 10010};

	cr_assert(eq(int, flow_table_pool_put(flows, &pool), 0));
}

static void setup(void)
{
	if (geteuid() != 0 || unshare(CLONE_NEWNET) < 0)
		cr_skip_test("needs root");
	cr_assert(eq(int, system("ip link set lo up"), 0));
	cr_assert(eq(int, flow_table_new(&flows, 2, stats), 0));
	put_pool(0, "192.0.2.1");
	put_pool(1, "2001:db8::1");
	put_pool(2, "127.0.0.1");
	put_pool(3, "::1");
	cr_assert(eq(int, icmp_new(&icmp, flows, on_event, &told), 0));
	spec = (struct tg_stream_spec){.cookie = 77, .sig_thread = 3};
	spec.side[0].local = addr(LOCAL);
	spec.side[0].local_rtcp_port = 10001;
	spec.side[0].remote[TG_RTP] = addr(REMOTE);
	spec.side[0].remote[TG_RTCP] = addr("203.0.113.5:4001");
	spec.side[1].local = addr(LOCAL6);
	spec.side[1].remote[TG_RTP] = addr(REMOTE6);
	cr_assert(eq(int, flow_table_add(&ref, flows, &spec, 1, now_ms), 0));
}

static void teardown(void)
{
	icmp_free(icmp);
	flow_table_free(flows);
}

TestSuite(icmp, .init = setup, .fini = teardown);

static bool report(const char *from, const char *to)
{
	struct icmp_error error = {
		.from = addr(from), .to = addr(to), .told_by = ip(ROUTER), .type = 3, .code = 1};

	return icmp_on_error(icmp, &error, now_ms);
}

Test(icmp, J24_counted_where_the_stream_sends_to)
{
	static const struct {
		const char *from;
		const char *to;
		uint8_t side;
		uint8_t component;
	} cases[] = {
		{LOCAL, REMOTE, 0, TG_RTP},
		{"192.0.2.1:10001", "203.0.113.5:4001", 0, TG_RTCP},
		{LOCAL6, REMOTE6, 1, TG_RTP},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint32_t before = stats[0].side[cases[i].side].unreachable;
		struct tg_addr to = addr(cases[i].to);
		struct tg_ip by = ip(ROUTER);

		now_ms += ICMP_EVENT_MS + 1;
		cr_assert(report(cases[i].from, cases[i].to), "%s", cases[i].from);
		cr_expect(eq(u32, stats[0].side[cases[i].side].unreachable, before + 1));
		cr_expect(eq(uint, told, i + 1));
		cr_expect(eq(u32, last.type, TG_EVENT_UNREACHABLE));
		cr_expect(eq(u64, last.cookie, 77));
		cr_expect(eq(u32, last_thread, 3));
		cr_expect(eq(u32, last.ref.generation, ref.generation));
		cr_expect(eq(u8, last.unreachable.side, cases[i].side));
		cr_expect(eq(u8, last.unreachable.component, cases[i].component));
		cr_expect(eq(u8, last.unreachable.type, 3));
		cr_expect(eq(u8, last.unreachable.code, 1));
		cr_expect(tg_addr_equal(&last.unreachable.remote, &to));
		cr_expect(tg_ip_equal(&last.unreachable.told_by.ip, &by));
	}
	cr_assert(eq(u64, icmp_refused(icmp), 0));
}

Test(icmp, J24_forged_or_late_ones_are_counted_aside)
{
	static const struct {
		const char *from;
		const char *to;
	} cases[] = {
		{LOCAL, "203.0.113.5:4001"},
		{LOCAL, "203.0.113.6:4000"},
		{LOCAL, REMOTE6},
		{"192.0.2.1:10001", REMOTE},
		{"192.0.2.1:10002", REMOTE},
		{"192.0.2.1:9999", REMOTE},
		{"192.0.2.9:10000", REMOTE},
		{LOCAL6, REMOTE},
		{"192.0.2.1:0", REMOTE},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		cr_expect(not(report(cases[i].from, cases[i].to)), "%s to %s", cases[i].from,
			cases[i].to);
		cr_expect(eq(u64, icmp_refused(icmp), i + 1));
	}
	cr_assert(eq(int, flow_table_remove(flows, ref), 0));
	cr_assert(not(report(LOCAL, REMOTE)));
	cr_assert(eq(uint, told, 0));
	cr_assert(eq(u32, stats[0].side[0].unreachable, 0));
	cr_assert(eq(u32, stats[0].side[1].unreachable, 0));
}

Test(icmp, J24_told_once_a_second_counted_always)
{
	for (unsigned int i = 0; i < 100; i++) {
		now_ms += 100;
		cr_assert(report(LOCAL, REMOTE));
	}
	cr_assert(eq(u32, stats[0].side[0].unreachable, 100));
	cr_assert(ge(uint, told, 9));
	cr_assert(le(uint, told, 10));
}

Test(icmp, J24_what_was_learned_is_where_it_sends_to)
{
	struct tg_side_stats *side = &stats[ref.index].side[0];
	struct tg_addr none;

	spec.side[0].latch = TG_LATCH_SIGNALLING;
	spec.side[0].signalling = ip("203.0.113.9");
	cr_assert(eq(int, flow_table_update(flows, ref, &spec, 1), 0));
	cr_assert(not(report(LOCAL, REMOTE)), "nothing is sent there before it is heard");
	cr_assert(flow_latch_begin(side, TG_RTP, flow_latch_read(&none, side, TG_RTP)));
	side->learned[TG_RTP] = addr("203.0.113.9:5555");
	flow_latch_end(side, TG_RTP);
	cr_assert(report(LOCAL, "203.0.113.9:5555"));
	cr_assert(not(report(LOCAL, REMOTE)));
}

// Nobody was promised yet, so nothing was sent to him.
Test(icmp, J24_nobody_is_not_where_it_sends_to)
{
	spec.side[0].remote[TG_RTP] = (struct tg_addr){0};
	cr_assert(eq(int, flow_table_update(flows, ref, &spec, 1), 0));
	cr_assert(not(report(LOCAL, "[::]:0")));
	cr_assert(eq(u32, stats[ref.index].side[0].unreachable, 0));
}

// An error as its sender writes it. Returns its length; the parts lie at known places.
static size_t write_error(uint8_t *out, bool v6)
{
	struct tg_addr from = addr(v6 ? LOCAL6 : LOCAL);
	struct tg_addr to = addr(v6 ? REMOTE6 : REMOTE);
	uint8_t *inner = v6 ? out + 8 : out + 28;
	uint8_t *udp = inner + (v6 ? 40 : 20);
	size_t len = (size_t)(udp + 8 - out);
	uint16_t csum;

	memset(out, 0, len);
	tg_store_be16(udp, from.port);
	tg_store_be16(udp + 2, to.port);
	if (v6) {
		out[0] = 1;
		out[1] = 4;
		inner[0] = 0x60;
		inner[6] = 17;
		memcpy(inner + 8, from.ip.byte, 16);
		memcpy(inner + 24, to.ip.byte, 16);
		return len;
	}
	out[0] = inner[0] = 0x45;
	out[9] = 1;
	out[20] = 3;
	out[21] = 3;
	inner[9] = 17;
	memcpy(inner + 12, from.ip.byte + 12, 4);
	memcpy(inner + 16, to.ip.byte + 12, 4);
	csum = tg_csum(out + 20, len - 20);
	memcpy(out + 22, &csum, 2);
	return len;
}

static void fix_csum(uint8_t *message, size_t len)
{
	uint16_t csum;

	memset(message + 22, 0, 2);
	csum = tg_csum(message + 20, len - 20);
	memcpy(message + 22, &csum, 2);
}

Test(icmp, J24_message_cut_at_every_length)
{
	for (int v6 = 0; v6 < 2; v6++) {
		uint8_t message[64];
		size_t whole = write_error(message, v6);

		for (size_t len = 0; len <= whole; len++) {
			uint8_t cut[64];
			struct icmp_error error = {0};
			// The four bytes behind the ports are not looked at.
			bool want = len >= whole - 4;

			memcpy(cut, message, len);
			if (!v6 && len >= 24)
				fix_csum(cut, len);
			cr_expect(eq(int, icmp_parse(&error, cut, len, v6), want),
				"v6 %d length %zu", v6, len);
			cr_expect(eq(u16, error.to.port, want ? 4000 : 0));
		}
	}
}

Test(icmp, J24_one_changed_byte)
{
	static const struct {
		const char *name;
		bool v6;
		uint8_t at;
		uint8_t value;
		bool want;
	} cases[] = {
		{"as it is", false, 0, 0x45, true},
		{"echo", false, 20, 8, false},
		{"host unreachable", false, 21, 1, true},
		{"fragmentation needed", false, 21, 4, false},
		{"inner version", false, 28, 0x55, false},
		{"inner header too short", false, 28, 0x44, false},
		{"inner header beyond the end", false, 28, 0x4f, false},
		{"inner TCP", false, 37, 6, false},
		{"inner later fragment", false, 35, 1, false},
		{"inner first fragment", false, 34, 0x20, true},
		{"outer version", false, 0, 0x65, false},
		{"outer UDP", false, 9, 17, false},
		{"as it is", true, 1, 4, true},
		{"too big", true, 0, 2, false},
		{"inner version", true, 8, 0x40, false},
		{"inner TCP", true, 14, 6, false},
		{"inner fragment", true, 14, 44, false},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint8_t message[64];
		size_t len = write_error(message, cases[i].v6);
		struct icmp_error error = {0};

		message[cases[i].at] = cases[i].value;
		if (!cases[i].v6)
			fix_csum(message, len);
		cr_expect(eq(int, icmp_parse(&error, message, len, cases[i].v6), cases[i].want),
			"v6 %d %s", cases[i].v6, cases[i].name);
	}
}

Test(icmp, J24_wrong_checksum)
{
	uint8_t message[64];
	size_t len = write_error(message, false);
	struct icmp_error error = {0};

	message[30] ^= 1;
	cr_assert(not(icmp_parse(&error, message, len, false)));
}

static socklen_t sockaddr_of(struct sockaddr_storage *out, const struct tg_addr *at)
{
	struct sockaddr_in in = {.sin_family = AF_INET,
		.sin_port = htons(at->port),
		.sin_addr.s_addr = tg_ip_to_v4(&at->ip)};
	struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons(at->port)};

	memcpy(&in6.sin6_addr, at->ip.byte, 16);
	if (tg_ip_is_v4(&at->ip))
		memcpy(out, &in, sizeof(in));
	else
		memcpy(out, &in6, sizeof(in6));
	return tg_ip_is_v4(&at->ip) ? sizeof(in) : sizeof(in6);
}

// A socket of the kernel's own refuses: that is heard.
static void refused_by_kernel(unsigned int socket_index, const char *local, const char *closed)
{
	struct tg_addr from = addr(local);
	struct tg_addr to = addr(closed);
	struct pollfd pfd = {.fd = icmp_fd(icmp, socket_index), .events = POLLIN};
	struct sockaddr_storage ss;
	int family = tg_ip_is_v4(&from.ip) ? AF_INET : AF_INET6;
	int fd = socket(family, SOCK_DGRAM, 0);
	socklen_t len = sockaddr_of(&ss, &from);

	cr_assert(ge(int, fd, 0));
	cr_assert(eq(int, bind(fd, (struct sockaddr *)&ss, len), 0), "%s", local);
	sockaddr_of(&ss, &to);
	cr_assert(eq(int, (int)sendto(fd, "x", 1, 0, (struct sockaddr *)&ss, len), 1));
	cr_assert(eq(int, poll(&pfd, 1, 2000), 1));
	icmp_on_ready(icmp, now_ms);
	close(fd);
}

Test(icmp, J24_the_kernels_own_word_is_heard)
{
	cr_assert(eq(int, flow_table_remove(flows, ref), 0));
	spec.side[0].local = addr("127.0.0.1:10000");
	spec.side[0].local_rtcp_port = 0;
	spec.side[0].remote[TG_RTP] = addr("127.0.0.1:9");
	spec.side[1].local = addr("[::1]:10000");
	spec.side[1].remote[TG_RTP] = addr("[::1]:9");
	cr_assert(eq(int, flow_table_add(&ref, flows, &spec, 1, now_ms), 0));
	refused_by_kernel(0, "127.0.0.1:10000", "127.0.0.1:9");
	cr_assert(eq(u32, stats[ref.index].side[0].unreachable, 1));
	cr_assert(eq(u8, last.unreachable.type, 3));
	cr_assert(eq(u8, last.unreachable.code, 3));
	refused_by_kernel(1, "[::1]:10000", "[::1]:9");
	cr_assert(eq(u32, stats[ref.index].side[1].unreachable, 1));
	refused_by_kernel(0, "127.0.0.1:10000", "127.0.0.1:10");
	cr_assert(eq(u64, icmp_refused(icmp), 1));
}

Test(icmp, a_flood_is_read_in_pieces)
{
	struct pollfd pfd = {.fd = icmp_fd(icmp, 0), .events = POLLIN};
	struct tg_addr from = addr("127.0.0.1:10009");
	struct sockaddr_storage ss;
	socklen_t len = sockaddr_of(&ss, &from);
	int fd;

	cr_assert(eq(int, system("echo 0 > /proc/sys/net/ipv4/icmp_ratelimit"), 0));
	for (unsigned int i = 0; i < ICMP_READS_MAX + 10; i++) {
		fd = socket(AF_INET, SOCK_DGRAM, 0);
		cr_assert(eq(int, (int)sendto(fd, "x", 1, 0, (struct sockaddr *)&ss, len), 1));
		close(fd);
	}
	icmp_on_ready(icmp, now_ms);
	cr_expect(eq(u64, icmp_refused(icmp), ICMP_READS_MAX));
	cr_expect(eq(int, poll(&pfd, 1, 0), 1));
	icmp_on_ready(icmp, now_ms);
	cr_assert(eq(u64, icmp_refused(icmp), ICMP_READS_MAX + 10));
}
