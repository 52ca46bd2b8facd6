// SPDX-License-Identifier: BSD-3-Clause
#include "tests/bench/dp.h"

#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "include/tidegate/time.h"

#define CALL_MS_MAX 5000

void dp_die(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fprintf(stderr, "%s: ", program_invocation_short_name);
	vfprintf(stderr, fmt, ap);
	fputc('\n', stderr);
	va_end(ap);
	exit(EXIT_FAILURE);
}

static struct tg_section find(const struct dp *dp, struct tg_section want)
{
	struct tg_section s;
	int rc = tg_segment_find(&s, dp->seg, dp->bytes, want);

	if (rc < 0)
		dp_die("section of kind %u: %s", want.kind, strerror(-rc));
	return s;
}

static void take_up_rings(struct dp *dp)
{
	struct tg_section s = find(dp,
		(struct tg_section){
			.kind = TG_SECTION_CMD_RING, .entry_bytes = sizeof(struct tg_cmd)});

	dp->cmd = tg_ring_producer(tg_segment_at(dp->seg, &s), s.entries, s.entry_bytes);
	for (uint16_t i = 0; i <= dp->workers; i++) {
		s = find(dp,
			(struct tg_section){.kind = TG_SECTION_EVENT_RING,
				.from = i,
				.entry_bytes = sizeof(struct tg_event)});
		dp->event[i] = tg_ring_consumer(
			tg_segment_at(dp->seg, &s), s.entries, s.entry_bytes);
	}
	s = find(dp,
		(struct tg_section){.kind = TG_SECTION_WORKER_STATS,
			.entry_bytes = sizeof(struct tg_worker_stats)});
	dp->stats = tg_segment_at(dp->seg, &s);
}

static uint64_t receive_reply(struct dp *dp)
{
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(dp->fd))];
	struct tg_attach_reply reply;
	struct iovec iov = {&reply, sizeof(reply)};
	struct msghdr msg = {.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control)};
	struct cmsghdr *cmsg;

	if (recvmsg(dp->sock, &msg, MSG_CMSG_CLOEXEC) != sizeof(reply))
		dp_die("attach: no reply");
	if (reply.status != 0)
		dp_die("attach: %s", strerror(-reply.status));
	cmsg = CMSG_FIRSTHDR(&msg);
	if (cmsg == NULL || cmsg->cmsg_len != CMSG_LEN(sizeof(dp->fd)))
		dp_die("attach: no descriptors");
	memcpy(dp->fd, CMSG_DATA(cmsg), sizeof(dp->fd));
	return reply.segment_bytes;
}

void dp_attach(struct dp *dp, const char *socket_path)
{
	struct sockaddr_un sun = {.sun_family = AF_UNIX};
	struct tg_attach_hello hello = {TG_ATTACH_MAGIC, TG_ABI_VERSION, (uint32_t)getpid(), 1};

	*dp = (struct dp){0};
	snprintf(sun.sun_path, sizeof(sun.sun_path), "%s", socket_path);
	dp->sock = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (connect(dp->sock, (struct sockaddr *)&sun, sizeof(sun)) < 0
		|| send(dp->sock, &hello, sizeof(hello), MSG_NOSIGNAL) != sizeof(hello))
		dp_die("attach to %s: %s", socket_path, strerror(errno));
	dp->bytes = receive_reply(dp);
	dp->seg = mmap(NULL, dp->bytes, PROT_READ | PROT_WRITE, MAP_SHARED,
		dp->fd[TG_ATTACH_FD_SEGMENT], 0);
	if (dp->seg == MAP_FAILED || dp->seg->magic != TG_SEGMENT_MAGIC)
		dp_die("attach: cannot map the segment");
	dp->workers = dp->seg->workers;
	if (dp->workers == 0 || dp->workers > TG_WORKERS_MAX)
		dp_die("attach: %u workers", dp->workers);
	take_up_rings(dp);
}

uint64_t dp_push(struct dp *dp, const struct tg_cmd *cmd)
{
	struct tg_cmd *slot = tg_ring_reserve(&dp->cmd);

	if (slot == NULL)
		return 0;
	*slot = *cmd;
	slot->seq = ++dp->seq;
	tg_ring_push(&dp->cmd);
	return dp->seq;
}

void dp_publish(struct dp *dp)
{
	const uint64_t one = 1;

	if (tg_ring_publish(&dp->cmd)
		&& write(dp->fd[TG_ATTACH_FD_WAKE_DATAPLANE], &one, sizeof(one)) < 0)
		dp_die("wake: %s", strerror(errno));
}

bool dp_completion(struct tg_event *out, struct dp *dp)
{
	bool found = false;

	for (unsigned int i = 0; i <= dp->workers && !found; i++) {
		const struct tg_event *slot;

		while (!found && (slot = tg_ring_peek(&dp->event[i])) != NULL) {
			*out = *slot;
			found = i == 0 && out->type == TG_EVENT_COMPLETION;
			tg_ring_pop(&dp->event[i]);
		}
	}
	return found;
}

static bool wait_begin(struct dp *dp)
{
	bool sleep = true;

	for (unsigned int i = 0; i <= dp->workers; i++)
		sleep &= tg_ring_wait_begin(&dp->event[i]);
	return sleep;
}

void dp_sleep(struct dp *dp, int fd, int timeout_ms)
{
	struct pollfd pfd[] = {{dp->fd[TG_ATTACH_FD_WAKE_CONTROL], POLLIN, 0}, {fd, POLLIN, 0}};
	uint64_t count;

	__atomic_store_n(&dp->seg->controlplane_beat_ns, tg_mono_now().ns, __ATOMIC_RELAXED);
	if (!wait_begin(dp) || poll(pfd, 2, timeout_ms) <= 0 || (pfd[0].revents & POLLIN) == 0)
		return;
	if (read(pfd[0].fd, &count, sizeof(count)) < 0)
		dp_die("eventfd: %s", strerror(errno));
}

struct tg_event dp_call(struct dp *dp, const struct tg_cmd *cmd)
{
	uint64_t end_ns = tg_mono_now().ns + CALL_MS_MAX * TG_NS_PER_MS;
	uint64_t seq = dp_push(dp, cmd);
	struct tg_event event;

	if (seq == 0)
		dp_die("the command ring is full");
	dp_publish(dp);
	while (tg_mono_now().ns < end_ns) {
		if (dp_completion(&event, dp) && event.completion.seq == seq)
			return event;
		dp_sleep(dp, -1, 10);
	}
	dp_die("command %u is not answered", cmd->type);
}
