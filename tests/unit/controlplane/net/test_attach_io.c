// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/net/attach_io.h"

#include <sys/mman.h>
#include <sys/socket.h>

#include <criterion/criterion.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "tests/unit/controlplane/net/net_world.h"

TestSuite(attach_io, .init = world_init, .fini = world_fini);

static int ours = -1; // the control plane's end of a socket pair, world.peer is the other

static void pair(void)
{
	int fd[2];

	cr_assert_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fd), 0);
	ours = fd[0];
	world.peer = fd[1];
}

static void unpair(void)
{
	close(ours);
	close(world.peer);
	world.peer = -1;
}

// What attach_io_take makes of a reply. Nothing may stay open when it fails.
static int take(const struct tg_attach_reply *reply, unsigned int descriptors)
{
	struct attach_io io = {.fd = {-1, -1, -1}};
	unsigned int before;
	int rc;

	pair();
	before = world_open_descriptors();
	world_reply(reply, descriptors);
	rc = attach_io_take(&io, ours, 1);
	if (rc == 0) {
		cr_assert_eq(io.workers, 2);
		cr_assert_eq(io.streams_max, 8);
		cr_assert_eq(io.epoch, 1);
		cr_assert_eq(io.bytes, world.seg->bytes);
		attach_io_drop(&io);
	}
	cr_assert_eq(world_open_descriptors(), before);
	unpair();
	return rc;
}

Test(attach_io, a_good_reply_is_taken)
{
	struct tg_attach_reply reply = world_good_reply();

	cr_assert_eq(take(&reply, 3), 0);
}

Test(attach_io, strange_replies_are_refused)
{
	struct tg_attach_reply good = world_good_reply(), reply;

	for (unsigned int n = 0; n < 6; n++) {
		if (n != TG_ATTACH_DESCRIPTORS)
			cr_assert_eq(take(&good, n), -EBADMSG, "%u descriptors", n);
	}
	reply = good;
	reply.magic++;
	cr_assert_eq(take(&reply, 3), -EBADMSG);
	reply = good;
	reply.status = -EBUSY;
	cr_assert_eq(take(&reply, 0), -EBUSY);
	cr_assert_eq(take(&reply, 3), -EBUSY, "descriptors nobody asked for");
	reply.status = INT32_MIN;
	cr_assert_eq(take(&reply, 0), -EBADMSG);
	reply.status = 1;
	cr_assert_eq(take(&reply, 3), -EBADMSG);
	reply = good;
	reply.segment_bytes -= 64;
	cr_assert_eq(take(&reply, 3), -EPROTO);
	reply.segment_bytes = 0;
	cr_assert_eq(take(&reply, 3), -EPROTO);
	reply.segment_bytes = UINT64_MAX;
	cr_assert_eq(take(&reply, 3), -EPROTO);
}

Test(attach_io, short_and_missing_replies_are_refused)
{
	struct attach_io io;

	pair();
	cr_assert_eq(attach_io_take(&io, ours, 1), -EAGAIN);
	cr_assert_eq(send(world.peer, "x", 1, 0), 1);
	cr_assert_eq(attach_io_take(&io, ours, 1), -EBADMSG);
	shutdown(world.peer, SHUT_RDWR);
	cr_assert_eq(attach_io_take(&io, ours, 1), -ECONNRESET);
	unpair();
}

static void set_u64(void *at, uint64_t v)
{
	memcpy(at, &v, sizeof(v));
}

static void set_u32(void *at, uint32_t v)
{
	memcpy(at, &v, sizeof(v));
}

Test(attach_io, segments_that_lie_are_refused)
{
	struct tg_attach_reply reply = world_good_reply();
	struct tg_segment *seg = world.seg->shared, good;

	memcpy(&good, seg, offsetof(struct tg_segment, section));
	for (unsigned int i = 0; i < 9; i++) {
		memcpy(seg, &good, offsetof(struct tg_segment, section));
		switch (i) {
		case 0:
			set_u64(&seg->magic, 1);
			break;
		case 1:
			set_u32(&seg->abi_version, TG_ABI_VERSION + 1);
			break;
		case 2:
			set_u64(&seg->total_bytes, 1ull << 40);
			break;
		case 3:
			set_u32(&seg->workers, 0);
			break;
		case 4:
			set_u32(&seg->workers, TG_WORKERS_MAX + 1);
			break;
		case 5:
			set_u32(&seg->sig_threads, 0);
			break;
		case 6:
			set_u32(&seg->sig_threads, TG_SIG_THREADS_MAX + 1);
			break;
		case 7:
			set_u32(&seg->streams_max, 0);
			break;
		case 8:
			set_u32(&seg->streams_max, UINT32_MAX);
			break;
		}
		cr_assert_eq(take(&reply, 3), -EPROTO, "case %u", i);
	}
	memcpy(seg, &good, offsetof(struct tg_segment, section));
	cr_assert_eq(take(&reply, 3), 0);
}

Test(attach_io, a_file_that_could_shrink_is_refused)
{
	struct tg_attach_reply reply = world_good_reply();
	int sealed = world.fd[TG_ATTACH_FD_SEGMENT];
	int open = memfd_create("tidegate-test", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	cr_assert_eq(ftruncate(open, (off_t)world.seg->bytes), 0);
	world.fd[TG_ATTACH_FD_SEGMENT] = open;
	cr_assert_eq(take(&reply, 3), -EPERM);
	cr_assert_eq(fcntl(open, F_ADD_SEALS, F_SEAL_GROW), 0);
	cr_assert_eq(take(&reply, 3), -EPERM);
	cr_assert_eq(fcntl(open, F_ADD_SEALS, F_SEAL_SHRINK), 0);
	cr_assert_eq(take(&reply, 3), -EPROTO, "sealed, and empty");
	world.fd[TG_ATTACH_FD_SEGMENT] = world.fd[TG_ATTACH_FD_WAKE_CONTROL];
	cr_assert_eq(take(&reply, 3), -EPERM, "no file at all");
	world.fd[TG_ATTACH_FD_SEGMENT] = sealed;
	close(open);
}

Test(attach_io, asking_where_nobody_listens_fails)
{
	char endless[200];
	int fd = -7;

	cr_assert_eq(attach_io_ask(&fd, world.path, 1), -ENOENT);
	cr_assert_eq(fd, -7, "untouched on error");
	memset(endless, 'x', sizeof(endless));
	endless[sizeof(endless) - 1] = '\0';
	cr_assert_eq(attach_io_ask(&fd, endless, 1), -ENAMETOOLONG);
	world_listen();
	close(world.listener);
	world.listener = -1;
	cr_assert_eq(attach_io_ask(&fd, world.path, 1), -ECONNREFUSED);
}

Test(attach_io, asking_says_hello)
{
	int fd = -1;

	world_listen();
	cr_assert_eq(attach_io_ask(&fd, world.path, 1), 0);
	cr_assert(world_accept());
	close(fd);
}
