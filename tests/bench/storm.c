// SPDX-License-Identifier: BSD-3-Clause
// Phones that all register at once, each from an address of its own: they answer the challenge, repeat what is not
// answered (RFC 3261 §17.1.2) and come again after a 503, until all are in or the time is over.
//
//	storm users PHONES                                       their users, for a file
//	storm register INTERFACE SERVER PHONES SPREAD-MS LIMIT-S
//
// Phone n is 10.64.0.1 + n, port 5060; nobody else may answer what comes for it at INTERFACE. The first REGISTERs are
// spread over SPREAD-MS. A later run's go on where an earlier one's stopped: their CSeq is the time. Prints
// "registered N in_ms N sent N repeats N refused N gave_up N odd N missed N waited_ms P50 P99 MAX": how many are in
// and when the last one was; REGISTERs, repeats among them; 503s; transactions without an answer; other finals;
// answers that came too fast for this program; and how long the phones that are in had to wait.
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <linux/if_packet.h>

#include "controlplane/base/timer_wheel.h"
#include "include/tidegate/csum.h"
#include "include/tidegate/wire.h"
#include "tests/bench/register_text.h"

#define FIRST_ADDRESS 0x0a400001u
#define PORT 5060
#define IP_BYTES 20
#define UDP_BYTES 8
#define T1_MS 500
#define T2_MS 4000
#define TIMER_F_MS (64 * T1_MS)
#define RETRY_MS 10000 // after a 503 that does not say
#define SOCKET_BYTES (64 << 20)

struct phone {
	struct timer timer;
	uint64_t came_ms, asked_ms;
	uint64_t waited_ms;
	uint32_t cseq;
	uint32_t repeat_ms;
	bool is_in;
	char credentials[CREDENTIALS_BYTES];
};

static struct {
	struct timer_wheel *wheel;
	struct digest *digest;
	struct phone *phone;
	struct sockaddr_in server;
	int out, in;
	uint32_t phones;
	uint64_t registered, sent, repeats, refused, gave_up, odd;
	uint64_t last_ms;
} storm;

static void die(const char *what)
{
	fprintf(stderr, "storm: %s: %s\n", what, strerror(errno));
	exit(EXIT_FAILURE);
}

static uint64_t now_ms(void)
{
	return tg_mono_ms(timer_wheel_now(storm.wheel));
}

// ---- sockets

static void open_sockets(const char *interface)
{
	struct sockaddr_ll ll = {.sll_family = AF_PACKET,
		.sll_protocol = htons(ETHERTYPE_IP),
		.sll_ifindex = (int)if_nametoindex(interface)};
	int bytes = SOCKET_BYTES;

	storm.out = socket(AF_INET, SOCK_RAW, IPPROTO_RAW);
	storm.in = socket(AF_PACKET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	if (storm.out < 0 || storm.in < 0 || ll.sll_ifindex == 0
		|| bind(storm.in, (const struct sockaddr *)&ll, sizeof(ll)) != 0)
		die(interface);
	if (setsockopt(storm.in, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes)) != 0
		&& setsockopt(storm.in, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes)) != 0)
		die("SO_RCVBUF");
}

// The kernel fills in the length, the identification and the checksum of the IP header.
static void put_headers(uint8_t *ip, uint32_t phone, size_t bytes)
{
	uint8_t *udp = ip + IP_BYTES;
	uint16_t length = (uint16_t)(UDP_BYTES + bytes), csum;
	uint8_t pseudo[4] = {0, IPPROTO_UDP, (uint8_t)(length >> 8), (uint8_t)length};

	memset(ip, 0, IP_BYTES + UDP_BYTES);
	ip[0] = 0x45;
	ip[8] = 64;
	ip[9] = IPPROTO_UDP;
	tg_store_be32(ip + 12, FIRST_ADDRESS + phone);
	memcpy(ip + 16, &storm.server.sin_addr, 4);
	tg_store_be16(udp, PORT);
	memcpy(udp + 2, &storm.server.sin_port, 2);
	tg_store_be16(udp + 4, length);
	csum = (uint16_t)~tg_csum_fold(tg_csum_add(
		tg_csum_add(tg_csum_add(0, pseudo, sizeof(pseudo)), ip + 12, 8), udp, length));
	if (csum == 0)
		csum = 0xffff;
	memcpy(udp + 6, &csum, 2);
}

static void send_register(uint32_t phone)
{
	const struct phone *p = &storm.phone[phone];
	static uint8_t packet[IP_BYTES + UDP_BYTES + REGISTER_BYTES];
	size_t bytes = register_write(
		(char *)packet + IP_BYTES + UDP_BYTES, phone, p->cseq, p->credentials);

	put_headers(packet, phone, bytes);
	(void)sendto(storm.out, packet, IP_BYTES + UDP_BYTES + bytes, 0,
		(const struct sockaddr *)&storm.server, sizeof(storm.server));
	storm.sent++;
}

static uint64_t count_missed(void)
{
	struct tpacket_stats stats = {0};
	socklen_t bytes = sizeof(stats);

	if (getsockopt(storm.in, SOL_PACKET, PACKET_STATISTICS, &stats, &bytes) != 0)
		die("PACKET_STATISTICS");
	return stats.tp_drops;
}

// ---- one phone

static void on_timer(struct timer *timer, void *arg);

static void wait_for(struct phone *p, uint64_t ms)
{
	timer_arm(storm.wheel, &p->timer, ms, on_timer, p);
}

static void ask(struct phone *p)
{
	p->cseq++;
	p->asked_ms = now_ms();
	p->repeat_ms = T1_MS;
	send_register((uint32_t)(p - storm.phone));
	wait_for(p, p->repeat_ms);
}

static void begin(struct timer * /*timer*/, void *arg)
{
	struct phone *p = arg;

	if (p->came_ms == 0)
		p->came_ms = now_ms();
	p->credentials[0] = '\0';
	ask(p);
}

static void on_timer(struct timer *timer, void *arg)
{
	struct phone *p = arg;

	if (now_ms() - p->asked_ms >= TIMER_F_MS) {
		storm.gave_up++;
		begin(timer, p);
		return;
	}
	storm.repeats++;
	send_register((uint32_t)(p - storm.phone));
	p->repeat_ms = p->repeat_ms < T2_MS / 2 ? 2 * p->repeat_ms : T2_MS;
	wait_for(p, p->repeat_ms);
}

static void be_in(struct phone *p)
{
	timer_cancel(storm.wheel, &p->timer);
	p->is_in = true;
	p->waited_ms = now_ms() - p->came_ms;
	storm.registered++;
	storm.last_ms = now_ms();
}

static void put_off(struct phone *p, const char *response)
{
	const char *after = strstr(response, "\r\nRetry-After: ");
	uint64_t ms = after != NULL ? strtoul(after + strlen("\r\nRetry-After: "), NULL, 10) * 1000
				    : 0;

	storm.refused++;
	timer_arm(storm.wheel, &p->timer, ms != 0 ? ms : RETRY_MS, begin, p);
}

static void receive(uint32_t phone, const char *response)
{
	struct phone *p = &storm.phone[phone];
	const char *cseq = strstr(response, "\r\nCSeq: ");
	unsigned long status = 0;

	if (strncmp(response, "SIP/2.0 ", 8) == 0)
		status = strtoul(response + 8, NULL, 10);
	if (p->is_in || status < 200 || cseq == NULL
		|| strtoul(cseq + strlen("\r\nCSeq: "), NULL, 10) != p->cseq)
		return;
	if (status == 200) {
		be_in(p);
	} else if (status == 401
		&& register_answer(p->credentials, storm.digest, phone, response) == 0) {
		ask(p);
	} else if (status == 503) {
		put_off(p, response);
	} else {
		if (storm.odd++ == 0)
			fprintf(stderr, "storm: phone %u got:\n%s", phone, response);
		timer_arm(storm.wheel, &p->timer, RETRY_MS, begin, p);
	}
}

// ---- all of them

static void read_packet(char *packet, size_t bytes)
{
	size_t header = (size_t)(packet[0] & 15) * 4;
	uint32_t phone;

	if (bytes < header + UDP_BYTES || header < IP_BYTES || packet[9] != IPPROTO_UDP)
		return;
	phone = tg_load_be32(packet + 16) - FIRST_ADDRESS;
	packet[bytes] = '\0';
	if (phone < storm.phones)
		receive(phone, packet + header + UDP_BYTES);
}

static void drain(void)
{
	static char packet[65536];
	ssize_t bytes;

	while ((bytes = recv(storm.in, packet, sizeof(packet) - 1, 0)) > 0) {
		timer_wheel_advance(storm.wheel, tg_mono_now());
		read_packet(packet, (size_t)bytes);
	}
}

static int order(const void *a, const void *b)
{
	const struct phone *x = *(const struct phone *const *)a,
			   *y = *(const struct phone *const *)b;

	return (x->waited_ms > y->waited_ms) - (x->waited_ms < y->waited_ms);
}

static void say(uint64_t began_ms)
{
	const struct phone **in = calloc(storm.phones, sizeof(*in));
	uint64_t n = 0;

	if (in == NULL)
		die("calloc");
	for (uint32_t i = 0; i < storm.phones; i++) {
		if (storm.phone[i].is_in)
			in[n++] = &storm.phone[i];
	}
	qsort(in, n, sizeof(*in), order);
	printf("registered %" PRIu64 " in_ms %" PRIu64 " sent %" PRIu64 " repeats %" PRIu64
	       " refused %" PRIu64 " gave_up %" PRIu64 " odd %" PRIu64 " missed %" PRIu64
	       " waited_ms %" PRIu64 " %" PRIu64 " %" PRIu64 "\n",
		n, n > 0 ? storm.last_ms - began_ms : 0, storm.sent, storm.repeats, storm.refused,
		storm.gave_up, storm.odd, count_missed(), n > 0 ? in[n / 2]->waited_ms : 0,
		n > 0 ? in[n * 99 / 100]->waited_ms : 0, n > 0 ? in[n - 1]->waited_ms : 0);
	free(in);
}

static void run(uint64_t spread_ms, uint64_t limit_ms)
{
	struct pollfd wanted = {.fd = storm.in, .events = POLLIN};
	uint64_t began_ms = now_ms();

	for (uint32_t i = 0; i < storm.phones; i++) {
		storm.phone[i].cseq = (uint32_t)time(NULL) & INT32_MAX;
		timer_arm(storm.wheel, &storm.phone[i].timer, 1 + i * spread_ms / storm.phones,
			begin, &storm.phone[i]);
	}
	while (storm.registered < storm.phones && now_ms() - began_ms < limit_ms) {
		uint64_t next_ms = timer_wheel_next_ms(storm.wheel);

		poll(&wanted, 1, next_ms < 100 ? (int)next_ms : 100);
		timer_wheel_advance(storm.wheel, tg_mono_now());
		drain();
	}
	say(began_ms);
}

static void run_register(char **args)
{
	storm.phones = (uint32_t)strtoul(args[2], NULL, 10);
	storm.server = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(PORT)};
	storm.phone = calloc(storm.phones, sizeof(storm.phone[0]));
	storm.wheel = timer_wheel_new(tg_mono_now());
	if (storm.phones == 0 || storm.phone == NULL || storm.wheel == NULL
		|| inet_pton(AF_INET, args[1], &storm.server.sin_addr) != 1)
		die(args[1]);
	open_sockets(args[0]);
	run(strtoul(args[3], NULL, 10), strtoul(args[4], NULL, 10) * 1000);
}

int main(int argc, char **argv)
{
	storm.digest = digest_new();
	if (storm.digest == NULL)
		die("digest_new");
	if (argc == 3 && strcmp(argv[1], "users") == 0) {
		register_put_users(stdout, storm.digest, (uint32_t)strtoul(argv[2], NULL, 10));
	} else if (argc == 7 && strcmp(argv[1], "register") == 0) {
		run_register(argv + 2);
	} else {
		fprintf(stderr,
			"usage: storm users PHONES | "
			"register INTERFACE SERVER PHONES SPREAD-MS LIMIT-S\n");
		return 2;
	}
	return EXIT_SUCCESS;
}
