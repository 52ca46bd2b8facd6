// SPDX-License-Identifier: BSD-3-Clause
#include "tests/unit/controlplane/net/net_world.h"

#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <criterion/criterion.h>
#include <event2/event.h>

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct net_world world = {.listener = -1, .peer = -1};

void world_init(void)
{
	static const struct segment_shape shape = {.workers = 2, .sig_threads = 1, .streams = 8};

	snprintf(world.folder, sizeof(world.folder), "/tmp/tidegate-test-XXXXXX");
	cr_assert_not_null(mkdtemp(world.folder));
	snprintf(world.path, sizeof(world.path), "%s/socket", world.folder);
	world.loop = loop_new();
	cr_assert_not_null(world.loop);
	cr_assert_eq(segment_new(&world.seg, &shape), 0);
	world.fd[TG_ATTACH_FD_SEGMENT] = world.seg->fd;
	world.fd[TG_ATTACH_FD_WAKE_CONTROL] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	world.fd[TG_ATTACH_FD_WAKE_DATAPLANE] = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	world.epoch = 1;
}

void world_fini(void)
{
	world_die();
	close(world.fd[TG_ATTACH_FD_WAKE_CONTROL]);
	close(world.fd[TG_ATTACH_FD_WAKE_DATAPLANE]);
	segment_free(world.seg);
	cr_assert_eq(timer_wheel_count(loop_wheel(world.loop)), 0);
	loop_free(world.loop);
	rmdir(world.folder);
}

static void beat(void)
{
	__atomic_store_n(&world.seg->shared->dataplane_beat_ns, tg_mono_now().ns, __ATOMIC_RELAXED);
}

bool world_run(unsigned int ms, bool (*done)(void))
{
	struct tg_mono end = tg_mono_add_ms(tg_mono_now(), ms);

	for (;;) {
		beat();
		loop_tick(world.loop);
		event_base_loop(loop_base(world.loop), EVLOOP_NONBLOCK);
		if (done != NULL && done())
			return true;
		if (tg_mono_now().ns >= end.ns)
			return false;
		usleep(100);
	}
}

void world_pass(unsigned int ms)
{
	struct timer_wheel *wheel = loop_wheel(world.loop);

	timer_wheel_advance(wheel, tg_mono_add_ms(timer_wheel_now(wheel), ms));
}

void world_listen(void)
{
	struct sockaddr_un sun = {.sun_family = AF_UNIX};

	snprintf(sun.sun_path, sizeof(sun.sun_path), "%s", world.path);
	world.listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	cr_assert_eq(bind(world.listener, (struct sockaddr *)&sun, sizeof(sun)), 0);
	cr_assert_eq(listen(world.listener, 4), 0);
}

bool world_accept(void)
{
	struct tg_attach_hello hello;

	world.peer = accept4(world.listener, NULL, NULL, SOCK_CLOEXEC);
	if (world.peer < 0)
		return false;
	cr_assert_eq(recv(world.peer, &hello, sizeof(hello), 0), sizeof(hello));
	cr_assert_eq(hello.magic, TG_ATTACH_MAGIC);
	cr_assert_eq(hello.abi_version, TG_ABI_VERSION);
	cr_assert_eq(hello.pid, (uint32_t)getpid());
	cr_assert_eq(hello.sig_threads, 1);
	return true;
}

struct tg_attach_reply world_good_reply(void)
{
	return (struct tg_attach_reply){
		.magic = TG_ATTACH_MAGIC,
		.abi_version = TG_ABI_VERSION,
		.epoch = world.epoch,
		.segment_bytes = world.seg->bytes,
	};
}

void world_reply(const struct tg_attach_reply *reply, unsigned int descriptors)
{
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(world.fd) * 2)] = {0};
	struct tg_attach_reply copy = *reply;
	struct iovec iov = {&copy, sizeof(copy)};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
	struct cmsghdr *c = (struct cmsghdr *)control;

	if (descriptors != 0) {
		msg.msg_control = control;
		msg.msg_controllen = CMSG_SPACE(descriptors * sizeof(int));
		c->cmsg_level = SOL_SOCKET;
		c->cmsg_type = SCM_RIGHTS;
		c->cmsg_len = CMSG_LEN(descriptors * sizeof(int));
		for (unsigned int i = 0; i < descriptors; i++)
			memcpy(CMSG_DATA(c) + i * sizeof(int), &world.fd[i % TG_ATTACH_DESCRIPTORS],
				sizeof(int));
	}
	cr_assert_eq(sendmsg(world.peer, &msg, MSG_NOSIGNAL), sizeof(copy));
}

static struct attach *waiting_for;

static bool is_attached(void)
{
	return attach_is_attached(waiting_for);
}

void world_attach(struct attach *attach)
{
	struct tg_attach_reply reply = world_good_reply();

	waiting_for = attach;
	if (world.listener < 0)
		world_listen();
	cr_assert(world_run(2000, world_accept));
	world_reply(&reply, TG_ATTACH_DESCRIPTORS);
	cr_assert(world_run(2000, is_attached));
	world_run(2, NULL);
	world_was_woken();
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

void world_die(void)
{
	close_fd(&world.peer);
	close_fd(&world.listener);
	unlink(world.path);
}

unsigned int world_open_descriptors(void)
{
	DIR *dir = opendir("/proc/self/fd");
	unsigned int n = 0;

	while (readdir(dir) != NULL)
		n++;
	closedir(dir);
	return n;
}

// Unlike segment_producer this leaves alone what the control plane has said already.
static struct tg_ring producer(enum tg_section_kind kind, unsigned int from, unsigned int class)
{
	const struct tg_section *s = segment_section(world.seg, kind, from, 0, class);

	cr_assert_not_null(s);
	return tg_ring_producer(tg_segment_at(world.seg->shared, s), s->entries, s->entry_bytes);
}

struct tg_ring world_punt(unsigned int worker, unsigned int class)
{
	return producer(TG_SECTION_PUNT_RING, worker, class);
}

struct tg_ring world_tx(unsigned int worker)
{
	return segment_consumer(world.seg, TG_SECTION_TX_RING, 0, worker);
}

struct tg_ring world_events(unsigned int from)
{
	return producer(TG_SECTION_EVENT_RING, from, 0);
}

struct tg_ring world_commands(void)
{
	return segment_consumer(world.seg, TG_SECTION_CMD_RING, 0, 0);
}

bool world_publish(struct tg_ring *ring)
{
	bool wake = tg_ring_publish(ring);

	if (wake)
		eventfd_write(world.fd[TG_ATTACH_FD_WAKE_CONTROL], 1);
	return wake;
}

bool world_was_woken(void)
{
	eventfd_t count;

	return eventfd_read(world.fd[TG_ATTACH_FD_WAKE_DATAPLANE], &count) == 0;
}

struct tg_addr world_addr(const char *text)
{
	struct tg_addr addr;

	cr_assert_eq(tg_addr_parse(&addr, text), 0);
	return addr;
}
