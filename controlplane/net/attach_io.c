// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/net/attach_io.h"

#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#define ERRNO_MAX 4095

int attach_io_ask(int *fd, const char *path, uint32_t sig_threads)
{
	struct tg_attach_hello hello = {.magic = TG_ATTACH_MAGIC,
		.abi_version = TG_ABI_VERSION,
		.pid = (uint32_t)getpid(),
		.sig_threads = sig_threads};
	struct sockaddr_un sun = {.sun_family = AF_UNIX};
	int s, rc;

	if (strlen(path) >= sizeof(sun.sun_path))
		return -ENAMETOOLONG;
	memcpy(sun.sun_path, path, strlen(path));
	s = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (s < 0)
		return -errno;
	if (connect(s, (struct sockaddr *)&sun, sizeof(sun)) < 0
		|| send(s, &hello, sizeof(hello), MSG_NOSIGNAL) < 0) {
		rc = -errno;
		close(s);
		return rc;
	}
	*fd = s;
	return 0;
}

// Takes every descriptor that came, also those that should not have.
static unsigned int take_descriptors(struct attach_io *io, struct msghdr *msg)
{
	unsigned int count = 0;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c != NULL; c = CMSG_NXTHDR(msg, c)) {
		size_t n = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);

		if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t i = 0; i < n; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(c) + i * sizeof(fd), sizeof(fd));
			if (count < TG_ATTACH_DESCRIPTORS)
				io->fd[count] = fd;
			else
				close(fd);
			count++;
		}
	}
	return count;
}

static int receive_reply(struct attach_io *io, struct tg_attach_reply *reply, int fd)
{
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(io->fd))];
	struct iovec iov = {reply, sizeof(*reply)};
	struct msghdr msg = {.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control)};
	ssize_t len = recvmsg(fd, &msg, MSG_CMSG_CLOEXEC);
	unsigned int count;

	if (len < 0)
		return -errno;
	count = take_descriptors(io, &msg);
	if (len != sizeof(*reply) || (msg.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0
		|| reply->magic != TG_ATTACH_MAGIC)
		return len == 0 ? -ECONNRESET : -EBADMSG;
	if (reply->status != 0)
		return reply->status < 0 && reply->status >= -ERRNO_MAX ? reply->status : -EBADMSG;
	return count == TG_ATTACH_DESCRIPTORS ? 0 : -EBADMSG;
}

// After this no access within the mapping can fault, whatever the dataplane does to its file.
static int check_file(const struct attach_io *io, uint64_t bytes)
{
	const int wanted = F_SEAL_SHRINK | F_SEAL_GROW;
	int fd = io->fd[TG_ATTACH_FD_SEGMENT];
	int seals = fcntl(fd, F_GET_SEALS);
	struct stat st;

	if (seals < 0 || (seals & wanted) != wanted)
		return -EPERM;
	if (fstat(fd, &st) < 0)
		return -errno;
	if (bytes < sizeof(struct tg_segment) || st.st_size < 0 || (uint64_t)st.st_size != bytes)
		return -EPROTO;
	return 0;
}

// Each number is read once: the dataplane could change it after the check.
static int check_segment(struct attach_io *io, uint32_t sig_threads)
{
	struct tg_segment head;

	memcpy(&head, io->shared, offsetof(struct tg_segment, section));
	if (head.magic != TG_SEGMENT_MAGIC || head.abi_version != TG_ABI_VERSION
		|| head.total_bytes != io->bytes || head.workers == 0
		|| head.workers > TG_WORKERS_MAX || head.sig_threads < sig_threads
		|| head.sig_threads > TG_SIG_THREADS_MAX || head.streams_max == 0
		|| head.streams_max > TG_STREAMS_MAX)
		return -EPROTO;
	io->workers = head.workers;
	io->streams_max = head.streams_max;
	return 0;
}

static int set_nonblocking(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	return flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0 ? -errno : 0;
}

static int map(struct attach_io *io, uint64_t bytes)
{
	void *at = mmap(
		NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, io->fd[TG_ATTACH_FD_SEGMENT], 0);

	if (at == MAP_FAILED)
		return -errno;
	io->shared = at;
	io->bytes = bytes;
	return 0;
}

int attach_io_take(struct attach_io *out, int fd, uint32_t sig_threads)
{
	struct attach_io io = {.fd = {-1, -1, -1}};
	struct tg_attach_reply reply = {0};
	int rc = receive_reply(&io, &reply, fd);

	if (rc == 0)
		rc = check_file(&io, reply.segment_bytes);
	if (rc == 0)
		rc = set_nonblocking(io.fd[TG_ATTACH_FD_WAKE_CONTROL]);
	if (rc == 0)
		rc = set_nonblocking(io.fd[TG_ATTACH_FD_WAKE_DATAPLANE]);
	if (rc == 0)
		rc = map(&io, reply.segment_bytes);
	if (rc == 0)
		rc = check_segment(&io, sig_threads);
	if (rc < 0) {
		attach_io_drop(&io);
		return rc;
	}
	io.epoch = reply.epoch;
	*out = io;
	return 0;
}

void attach_io_drop(struct attach_io *io)
{
	if (io->shared != NULL)
		munmap(io->shared, io->bytes);
	io->shared = NULL;
	for (unsigned int i = 0; i < TG_ATTACH_DESCRIPTORS; i++) {
		if (io->fd[i] >= 0)
			close(io->fd[i]);
		io->fd[i] = -1;
	}
}
