// SPDX-License-Identifier: BSD-3-Clause
#include <criterion/criterion.h>

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dataplane/ctl/attach.h"
#include "include/tidegate/shm.h"

static char folder[] = "/tmp/tidegate-attach-XXXXXX";
static char path[64];
static struct attach at;
static int epoll_fd;
static int passed_fd;
static unsigned int attached;
static unsigned int detached;
static bool not_now;

static uint32_t on_attach(void * /*priv*/, const struct tg_attach_hello *hello)
{
	cr_assert_eq(hello->sig_threads, 2);
	return not_now ? 0 : ++attached;
}

static void on_detach(void * /*priv*/)
{
	detached++;
}

static struct attach_params params(void)
{
	return (struct attach_params){.path = path,
		.group = "root",
		.epoll_fd = epoll_fd,
		.sig_threads = 2,
		.segment_bytes = 4096,
		.fd = {passed_fd, passed_fd, passed_fd},
		.on_attach = on_attach,
		.on_detach = on_detach};
}

static void set_up(void)
{
	struct attach_params p;

	cr_assert_not_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/sock", folder);
	epoll_fd = epoll_create1(0);
	passed_fd = eventfd(7, 0);
	p = params();
	cr_assert_eq(attach_open(&at, &p), 0);
}

static void tear_down(void)
{
	attach_close(&at);
	cr_assert_neq(access(path, F_OK), 0, "the socket file is left");
	rmdir(folder);
}

TestSuite(attach, .init = set_up, .fini = tear_down);

static int connect_peer(void)
{
	struct sockaddr_un sun = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_SEQPACKET, 0);

	snprintf(sun.sun_path, sizeof(sun.sun_path), "%s", path);
	cr_assert_eq(connect(fd, (struct sockaddr *)&sun, sizeof(sun)), 0);
	return fd;
}

static int hello(struct tg_attach_hello message, size_t len)
{
	int fd = connect_peer();

	cr_assert_eq(send(fd, &message, len, 0), (ssize_t)len);
	attach_on_ready(&at);
	return fd;
}

static const struct tg_attach_hello good = {TG_ATTACH_MAGIC, TG_ABI_VERSION, 1, 2};

// Reads a reply; returns how many descriptors came with it.
static unsigned int reply(struct tg_attach_reply *out, int fd)
{
	_Alignas(struct cmsghdr) char control[256];
	struct iovec iov = {out, sizeof(*out)};
	struct msghdr msg = {.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control)};
	struct cmsghdr *cmsg;

	cr_assert_eq(recvmsg(fd, &msg, MSG_DONTWAIT), (ssize_t)sizeof(*out));
	cmsg = CMSG_FIRSTHDR(&msg);
	return cmsg == NULL ? 0 : (unsigned int)((cmsg->cmsg_len - CMSG_LEN(0)) / sizeof(int));
}

Test(attach, good_hello_gets_the_descriptors)
{
	struct tg_attach_reply r;
	int fd = hello(good, sizeof(good));

	cr_assert_eq(reply(&r, fd), TG_ATTACH_DESCRIPTORS);
	cr_assert_eq(r.status, 0);
	cr_assert_eq(r.epoch, 1);
	cr_assert_eq(r.segment_bytes, 4096);
	cr_assert(attach_is_attached(&at));
	cr_assert_eq(at.peer_pid, (uint32_t)getpid());
	close(fd);
	attach_on_ready(&at);
	cr_assert_not(attach_is_attached(&at));
	cr_assert_eq(detached, 1);
}

Test(attach, one_at_a_time)
{
	struct tg_attach_reply r;
	int first = hello(good, sizeof(good));
	int second = hello(good, sizeof(good));

	cr_assert_eq(reply(&r, second), 0);
	cr_assert_eq(r.status, -EBUSY);
	cr_assert_eq(attached, 1);
	// The first leaves and a third comes before the loop looks: the third is served.
	close(first);
	first = hello(good, sizeof(good));
	cr_assert_eq(reply(&r, first), TG_ATTACH_DESCRIPTORS);
	cr_assert_eq(r.status, 0);
	cr_assert_eq(r.epoch, 2);
	cr_assert_eq(detached, 1);
}

Test(attach, refused_while_workers_hold_the_rings)
{
	struct tg_attach_reply r;
	int fd;

	not_now = true;
	fd = hello(good, sizeof(good));
	cr_assert_eq(reply(&r, fd), 0);
	cr_assert_eq(r.status, -EBUSY);
	cr_assert_not(attach_is_attached(&at));
	cr_assert_eq(detached, 0);
	close(fd);
	not_now = false;
	fd = hello(good, sizeof(good));
	cr_assert_eq(reply(&r, fd), TG_ATTACH_DESCRIPTORS);
	cr_assert_eq(r.status, 0);
}

Test(attach, bad_hellos)
{
	static const struct {
		struct tg_attach_hello hello;
		size_t len;
		int status;
	} cases[] = {
		{{TG_ATTACH_MAGIC, TG_ABI_VERSION + 1, 1, 1}, 16, -EPROTO},
		{{1, TG_ABI_VERSION, 1, 1}, 16, -EINVAL},
		{{TG_ATTACH_MAGIC, TG_ABI_VERSION, 1, 0}, 16, -EINVAL},
		{{TG_ATTACH_MAGIC, TG_ABI_VERSION, 1, 3}, 16, -EINVAL},
		{{TG_ATTACH_MAGIC, TG_ABI_VERSION, 1, 1}, 15, -EINVAL},
	};

	for (unsigned int i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct tg_attach_reply r;
		int fd = hello(cases[i].hello, cases[i].len);
		char byte;

		cr_assert_eq(reply(&r, fd), 0, "case %u", i);
		cr_assert_eq(r.status, cases[i].status, "case %u", i);
		cr_assert_eq(recv(fd, &byte, 1, MSG_DONTWAIT), 0, "closed, case %u", i);
		close(fd);
	}
	cr_assert_eq(attached, 0);
}

Test(attach, silent_connections_do_not_keep_others_out)
{
	struct tg_attach_reply r;
	int silent[3 * ATTACH_PENDING_MAX];
	int fd;

	for (unsigned int i = 0; i < 3 * ATTACH_PENDING_MAX; i++) {
		silent[i] = connect_peer();
		attach_on_ready(&at);
	}
	fd = hello(good, sizeof(good));
	cr_assert_eq(reply(&r, fd), TG_ATTACH_DESCRIPTORS);
	cr_assert_eq(r.status, 0);
	for (unsigned int i = 0; i < 3 * ATTACH_PENDING_MAX; i++)
		close(silent[i]);
}

Test(attach, talk_after_the_reply_is_thrown_away)
{
	struct tg_attach_reply r;
	int fd = hello(good, sizeof(good));

	reply(&r, fd);
	cr_assert_eq(send(fd, "noise", 5, 0), 5);
	attach_on_ready(&at);
	cr_assert(attach_is_attached(&at));
}

Test(attach, socket_in_use_is_refused_and_a_stale_one_replaced)
{
	struct attach_params p = params();
	struct attach other;

	cr_assert_eq(attach_probe(path), getpid());
	cr_assert_eq(attach_open(&other, &p), -EADDRINUSE);
	cr_assert_eq(attach_probe(path), getpid(), "the refused one took the socket away");
	// As after SIGKILL: the file is there, nobody listens.
	close(at.listen_fd);
	cr_assert_eq(attach_probe(path), 0);
	cr_assert_eq(attach_open(&at, &p), 0);
}

Test(attach, socket_is_for_owner_and_group_only)
{
	struct stat st;

	cr_assert_eq(stat(path, &st), 0);
	cr_assert_eq(st.st_mode & 0777, 0660);
}
