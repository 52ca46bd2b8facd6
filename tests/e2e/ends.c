// SPDX-License-Identifier: BSD-3-Clause
// Both ends of many calls' media, each in its network namespace: sends G.711 both ways at 50 packets/s
// and counts what the other end hears.
//
//	ends FLOWS
//
// FLOWS: one call a line, for either end NAMESPACE LOCAL-ADDRESS LOCAL-PORT REMOTE-ADDRESS REMOTE-PORT.
// The second end of a call begins once it hears the first. Lines on stdin: "next" begins the next phase
// (a packet belongs to the one it was sent in), "pause" stops sending until then, anything else only
// asks. Each is answered by a line of JSON: sent and heard a phase, [first ends, second ends], with the
// longest delay in us; and over all phases what was foreign (not sent by the other end, or altered),
// repeated, and refused by the kernel as it was sent. End of stdin ends it.
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
	CALLS_MAX = 4096,
	PHASES_MAX = 64,
	INTERVAL_MS = 20,
	BATCH = 32,
	RTP_BYTES = 172,
	STAMP_BYTES = 160,
	WINDOW = 64, // packets back in which a repeat is seen
	RECEIVE_BYTES = 1 << 20,
};

#define SSRC_BASE 0x51000000u

// What a packet carries after its RTP header.
struct mark {
	uint64_t sent_ns;
	uint32_t number;
	uint32_t end; // index of who sent it
	uint32_t phase;
};

struct end {
	int fd;
	uint32_t next; // number of the next packet to send
	uint32_t newest;
	uint64_t window; // bit n: newest - n was heard
	bool started;
};

struct phase {
	uint64_t sent[2], heard[2], delay_max_us[2];
};

static struct end ends[CALLS_MAX * 2]; // of a call next to each other
static unsigned int end_count, phase_now;
static struct phase phases[PHASES_MAX];
static uint64_t foreign[2], repeated[2], refused[2];
static bool paused;

static void die(const char *what)
{
	fprintf(stderr, "ends: %s: %s\n", what, strerror(errno));
	exit(EXIT_FAILURE);
}

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static struct sockaddr_storage address(const char *text, unsigned int port)
{
	struct sockaddr_storage a = {0};
	struct sockaddr_in *in = (struct sockaddr_in *)&a;
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&a;

	if (inet_pton(AF_INET, text, &in->sin_addr) == 1) {
		a.ss_family = AF_INET;
		in->sin_port = htons((uint16_t)port);
	} else if (inet_pton(AF_INET6, text, &in6->sin6_addr) == 1) {
		a.ss_family = AF_INET6;
		in6->sin6_port = htons((uint16_t)port);
	} else {
		errno = EINVAL;
		die(text);
	}
	return a;
}

static void enter(const char *name)
{
	static char inside[64];
	char path[128];
	int fd;

	if (strcmp(name, inside) == 0)
		return;
	snprintf(path, sizeof(path), "/run/netns/%s", name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || setns(fd, CLONE_NEWNET) != 0)
		die(path);
	close(fd);
	snprintf(inside, sizeof(inside), "%s", name);
}

// Not connected: whatever reaches the port is to be seen.
static void open_end(struct end *e, const struct sockaddr_storage *local)
{
	int bytes = RECEIVE_BYTES;

	e->fd = socket(local->ss_family, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	if (e->fd < 0 || bind(e->fd, (const struct sockaddr *)local, sizeof(*local)) != 0)
		die("bind");
	setsockopt(e->fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes));
	setsockopt(e->fd, SOL_SOCKET, SO_SNDBUFFORCE, &bytes, sizeof(bytes));
}

static struct sockaddr_storage remotes[CALLS_MAX * 2];

static void load(const char *path, int epoll)
{
	char ns[64], local[64], remote[64];
	unsigned int local_port, remote_port;
	FILE *file = fopen(path, "r");

	if (file == NULL)
		die(path);
	while (end_count < CALLS_MAX * 2
		&& fscanf(file, "%63s %63s %u %63s %u", ns, local, &local_port, remote,
			   &remote_port)
			== 5) {
		struct sockaddr_storage a = address(local, local_port);
		struct epoll_event want = {.events = EPOLLIN, .data.u32 = end_count};
		struct end *e = &ends[end_count];

		enter(ns);
		open_end(e, &a);
		remotes[end_count] = address(remote, remote_port);
		e->started = end_count % 2 == 0;
		if (epoll_ctl(epoll, EPOLL_CTL_ADD, e->fd, &want) != 0)
			die("epoll_ctl");
		end_count++;
	}
	fclose(file);
}

static void send_one(unsigned int index)
{
	struct end *e = &ends[index];
	uint8_t packet[RTP_BYTES] = {0x80, 8};
	struct mark mark = {now_ns(), e->next, index, phase_now};
	uint16_t seq = htons((uint16_t)e->next);
	uint32_t stamp = htonl(e->next * STAMP_BYTES), ssrc = htonl(SSRC_BASE + index);

	memcpy(packet + 2, &seq, 2);
	memcpy(packet + 4, &stamp, 4);
	memcpy(packet + 8, &ssrc, 4);
	memcpy(packet + 12, &mark, sizeof(mark));
	if (sendto(e->fd, packet, sizeof(packet), 0, (struct sockaddr *)&remotes[index],
		    sizeof(remotes[index]))
		!= sizeof(packet)) {
		refused[index % 2]++;
		return;
	}
	e->next++;
	phases[phase_now].sent[index % 2]++;
}

static bool is_repeat(struct end *e, uint32_t number)
{
	int32_t ahead = (int32_t)(number - e->newest);

	if (ahead > 0) {
		e->window = ahead < WINDOW ? e->window << ahead | 1 : 1;
		e->newest = number;
		return false;
	}
	if (-ahead >= WINDOW)
		return false;
	if (e->window >> -ahead & 1)
		return true;
	e->window |= 1ull << -ahead;
	return false;
}

static void take(unsigned int index, const uint8_t *packet, size_t bytes)
{
	struct end *e = &ends[index];
	unsigned int from = index % 2 ^ 1;
	uint32_t ssrc = htonl(SSRC_BASE + (index ^ 1));
	struct phase *p;
	struct mark mark;
	uint64_t delay_us;

	memcpy(&mark, packet + 12, sizeof(mark));
	if (bytes != RTP_BYTES || memcmp(packet + 8, &ssrc, 4) != 0 || mark.end != (index ^ 1)
		|| mark.phase > phase_now) {
		foreign[from]++;
		return;
	}
	e->started = true;
	if (is_repeat(e, mark.number)) {
		repeated[from]++;
		return;
	}
	p = &phases[mark.phase];
	delay_us = (now_ns() - mark.sent_ns) / 1000;
	p->heard[from]++;
	p->delay_max_us[from] = delay_us > p->delay_max_us[from] ? delay_us : p->delay_max_us[from];
}

static void drain(unsigned int index)
{
	static uint8_t packet[BATCH][RTP_BYTES + 64];
	struct iovec iov[BATCH];
	struct mmsghdr msg[BATCH];
	int got;

	do {
		memset(msg, 0, sizeof(msg));
		for (unsigned int i = 0; i < BATCH; i++) {
			iov[i] = (struct iovec){packet[i], sizeof(packet[i])};
			msg[i].msg_hdr.msg_iov = &iov[i];
			msg[i].msg_hdr.msg_iovlen = 1;
		}
		got = recvmmsg(ends[index].fd, msg, BATCH, MSG_DONTWAIT, NULL);
		for (int i = 0; i < got; i++)
			take(index, packet[i], msg[i].msg_len);
	} while (got == BATCH);
}

static void pair(const char *name, const uint64_t *two, const char *after)
{
	printf("\"%s\": [%llu, %llu]%s", name, (unsigned long long)two[0],
		(unsigned long long)two[1], after);
}

// Answers a line. False at the end of stdin.
static bool answer(void)
{
	char line[64];
	ssize_t got = read(STDIN_FILENO, line, sizeof(line));

	if (got <= 0)
		return false;
	paused = line[0] == 'p' || (paused && line[0] != 'n');
	if (line[0] == 'n' && phase_now + 1 < PHASES_MAX)
		phase_now++;
	printf("{\"phases\": [");
	for (unsigned int i = 0; i <= phase_now; i++) {
		printf("%s{", i > 0 ? ", " : "");
		pair("sent", phases[i].sent, ", ");
		pair("heard", phases[i].heard, ", ");
		pair("delay_max_us", phases[i].delay_max_us, "}");
	}
	printf("], ");
	pair("foreign", foreign, ", ");
	pair("repeated", repeated, ", ");
	pair("refused", refused, "}\n");
	fflush(stdout);
	return true;
}

// The calls take turns, so that each millisecond has its share.
static void send_due(uint64_t start, uint64_t *turn)
{
	uint64_t due = (now_ns() - start) / 1000000;

	for (; *turn <= due; (*turn)++)
		for (unsigned int i = (unsigned int)(*turn % INTERVAL_MS) * 2;
			i < end_count && !paused; i += INTERVAL_MS * 2)
			for (unsigned int side = i; side < i + 2; side++)
				if (ends[side].started)
					send_one(side);
}

int main(int argc, char **argv)
{
	struct epoll_event events[64], want = {.events = EPOLLIN, .data.u32 = UINT32_MAX};
	int epoll = epoll_create1(EPOLL_CLOEXEC), ready;
	uint64_t start, turn = 0;
	bool going = true;

	if (argc != 2) {
		fprintf(stderr, "usage: ends FLOWS\n");
		return 2;
	}
	load(argv[1], epoll);
	if (end_count == 0 || end_count % 2 != 0
		|| epoll_ctl(epoll, EPOLL_CTL_ADD, STDIN_FILENO, &want) != 0)
		die(argv[1]);
	start = now_ns();
	while (going) {
		send_due(start, &turn);
		ready = epoll_wait(epoll, events, 64, 1);
		for (int i = 0; i < ready; i++)
			if (events[i].data.u32 == UINT32_MAX)
				going = answer();
			else
				drain(events[i].data.u32);
	}
	return EXIT_SUCCESS;
}
