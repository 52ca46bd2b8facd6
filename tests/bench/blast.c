// SPDX-License-Identifier: BSD-3-Clause
// Sends RTP at a fixed rate over many flows, or takes it and says what came: a yardstick that costs
// little itself. Both ends must run on one machine, since the delay is taken from its clock.
//
//	blast send ADDRESS FLOWS PACKETS-PER-SECOND SECONDS
//	blast sink ADDRESS FLOWS SECONDS-OF-SILENCE
//
// FLOWS is a file, one flow a line: LOCAL-PORT REMOTE-ADDRESS REMOTE-PORT (the sink reads the first).
// send prints "sent N"; sink, after the first packet and then so long a silence,
// "received N delay_us P50 P99 MAX".
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
	FLOWS_MAX = 4096,
	RTP_BYTES = 172, // G.711, 20 ms
	BATCH = 32,
	DELAYS_MAX = 1 << 22,
	FIRST_PACKET_S = 10,
};

struct flow {
	int fd;
	uint16_t seq;
	uint32_t stamp;
};

static struct flow flows[FLOWS_MAX];
static unsigned int flow_count;
static uint32_t *delays_us;
static unsigned int delay_count;

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static void die(const char *what)
{
	fprintf(stderr, "blast: %s: %s\n", what, strerror(errno));
	exit(EXIT_FAILURE);
}

static struct sockaddr_in address(const char *text, unsigned int port)
{
	struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};

	if (inet_pton(AF_INET, text, &a.sin_addr) != 1) {
		errno = EINVAL;
		die(text);
	}
	return a;
}

static void open_flow(const struct sockaddr_in *local, const struct sockaddr_in *remote)
{
	struct flow *f = &flows[flow_count++];
	int bytes = 1 << 22;

	f->fd = socket(AF_INET, SOCK_DGRAM, 0);
	if (f->fd < 0 || bind(f->fd, (const struct sockaddr *)local, sizeof(*local)) != 0)
		die("bind");
	setsockopt(f->fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes));
	setsockopt(f->fd, SOL_SOCKET, SO_SNDBUFFORCE, &bytes, sizeof(bytes));
	if (remote != NULL && connect(f->fd, (const struct sockaddr *)remote, sizeof(*remote)) != 0)
		die("connect");
}

static void open_flows(const char *local_text, const char *path, int connected)
{
	char remote_text[64];
	unsigned int local_port, remote_port;
	FILE *file = fopen(path, "r");

	if (file == NULL)
		die(path);
	while (flow_count < FLOWS_MAX
		&& fscanf(file, "%u %63s %u", &local_port, remote_text, &remote_port) == 3) {
		struct sockaddr_in local = address(local_text, local_port);
		struct sockaddr_in remote = address(remote_text, remote_port);

		open_flow(&local, connected ? &remote : NULL);
	}
	fclose(file);
}

static void fill(uint8_t *packet, struct flow *f, unsigned int ssrc)
{
	uint16_t seq = htons(f->seq++);
	uint32_t stamp = htonl(f->stamp), source = htonl(ssrc);
	uint64_t ns = now_ns();

	packet[0] = 0x80;
	packet[1] = 8;
	memcpy(packet + 2, &seq, 2);
	memcpy(packet + 4, &stamp, 4);
	memcpy(packet + 8, &source, 4);
	memcpy(packet + 12, &ns, 8);
	f->stamp += 160;
}

// A burst of one flow. Returns how many left.
static unsigned int send_burst(struct flow *f, unsigned int ssrc, unsigned int count)
{
	static uint8_t packet[BATCH][RTP_BYTES];
	struct iovec iov[BATCH];
	struct mmsghdr msg[BATCH] = {0};
	int sent;

	for (unsigned int i = 0; i < count; i++) {
		fill(packet[i], f, ssrc);
		iov[i] = (struct iovec){packet[i], RTP_BYTES};
		msg[i].msg_hdr.msg_iov = &iov[i];
		msg[i].msg_hdr.msg_iovlen = 1;
	}
	sent = sendmmsg(f->fd, msg, count, 0);
	return sent > 0 ? (unsigned int)sent : 0;
}

static void run_send(uint64_t rate, uint64_t seconds)
{
	uint64_t start = now_ns(), total = rate * seconds, offered = 0, sent = 0;
	unsigned int turn = 0, burst = (unsigned int)(rate / 20000);

	burst = burst < 1 ? 1 : burst > BATCH ? BATCH : burst;
	while (offered < total) {
		uint64_t due = (now_ns() - start) * rate / 1000000000u;

		while (offered < due && offered < total) {
			sent += send_burst(&flows[turn], 1000 + turn, burst);
			offered += burst;
			turn = (turn + 1) % flow_count;
		}
		if (now_ns() - start > (seconds + 1) * 1000000000u)
			break;
	}
	printf("sent %llu in_ms %llu\n", (unsigned long long)sent,
		(unsigned long long)((now_ns() - start) / 1000000));
}

static void take_delay(const uint8_t *packet)
{
	uint64_t ns;

	memcpy(&ns, packet + 12, 8);
	if (delay_count < DELAYS_MAX)
		delays_us[delay_count++] = (uint32_t)((now_ns() - ns) / 1000);
}

static uint64_t drain(int fd)
{
	static uint8_t packet[BATCH][RTP_BYTES + 64];
	struct iovec iov[BATCH];
	struct mmsghdr msg[BATCH];
	uint64_t received = 0;
	int got;

	do {
		memset(msg, 0, sizeof(msg));
		for (unsigned int i = 0; i < BATCH; i++) {
			iov[i] = (struct iovec){packet[i], sizeof(packet[i])};
			msg[i].msg_hdr.msg_iov = &iov[i];
			msg[i].msg_hdr.msg_iovlen = 1;
		}
		got = recvmmsg(fd, msg, BATCH, MSG_DONTWAIT, NULL);
		for (int i = 0; i < got; i++)
			if (msg[i].msg_len == RTP_BYTES)
				take_delay(packet[i]);
		received += got > 0 ? (uint64_t)got : 0;
	} while (got == BATCH);
	return received;
}

static int order(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static void run_sink(int silence_s)
{
	struct epoll_event events[64], want = {.events = EPOLLIN};
	uint64_t received = 0;
	int epoll = epoll_create1(0);
	int ready;

	delays_us = calloc(DELAYS_MAX, sizeof(*delays_us));
	if (delays_us == NULL || epoll < 0)
		die("sink");
	for (unsigned int i = 0; i < flow_count; i++) {
		want.data.fd = flows[i].fd;
		if (epoll_ctl(epoll, EPOLL_CTL_ADD, flows[i].fd, &want) != 0)
			die("epoll_ctl");
	}
	printf("listening\n");
	fflush(stdout);
	while ((ready = epoll_wait(
			epoll, events, 64, 1000 * (received > 0 ? silence_s : FIRST_PACKET_S)))
		> 0)
		for (int i = 0; i < ready; i++)
			received += drain(events[i].data.fd);
	close(epoll);
	qsort(delays_us, delay_count, sizeof(*delays_us), order);
	printf("received %llu delay_us %u %u %u\n", (unsigned long long)received,
		delay_count ? delays_us[delay_count / 2] : 0,
		delay_count ? delays_us[(uint64_t)delay_count * 99 / 100] : 0,
		delay_count ? delays_us[delay_count - 1] : 0);
	free(delays_us);
}

int main(int argc, char **argv)
{
	if (argc == 6 && strcmp(argv[1], "send") == 0) {
		open_flows(argv[2], argv[3], 1);
		if (flow_count > 0)
			run_send(strtoull(argv[4], NULL, 10), strtoull(argv[5], NULL, 10));
	} else if (argc == 5 && strcmp(argv[1], "sink") == 0) {
		open_flows(argv[2], argv[3], 0);
		run_sink((int)strtol(argv[4], NULL, 10));
	} else {
		fprintf(stderr,
			"usage: blast send ADDRESS FLOWS RATE SECONDS | sink ADDRESS FLOWS "
			"SILENCE\n");
		return 2;
	}
	return flow_count > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
