// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/ctl/attach.h"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <errno.h>
#include <grp.h>
#include <libgen.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "dataplane/log.h"
#include "include/tidegate/shm.h"

static int fill_address(struct sockaddr_un *sun, const char *path)
{
	*sun = (struct sockaddr_un){.sun_family = AF_UNIX};
	if (strlen(path) >= sizeof(sun->sun_path))
		return -ENAMETOOLONG;
	memcpy(sun->sun_path, path, strlen(path) + 1);
	return 0;
}

pid_t attach_probe(const char *path)
{
	struct sockaddr_un sun;
	struct ucred cred = {0};
	socklen_t len = sizeof(cred);
	pid_t pid = 0;
	int fd;

	if (fill_address(&sun, path) < 0)
		return -ENAMETOOLONG;
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	// EAGAIN: its backlog is full, so somebody is there.
	if (connect(fd, (struct sockaddr *)&sun, sizeof(sun)) == 0
		&& getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) == 0)
		pid = cred.pid;
	else if (errno == EAGAIN)
		pid = -EAGAIN;
	close(fd);
	return pid;
}

static void make_folder(const char *path)
{
	char copy[sizeof(((struct sockaddr_un *)NULL)->sun_path)];

	snprintf(copy, sizeof(copy), "%s", path);
	mkdir(dirname(copy), 0755); // already there, or bind says why not
}

static int set_owner(const char *path, const char *group)
{
	struct group *entry = getgrnam(group);

	if (entry == NULL)
		log_write(LOG_WARN, "group-missing",
			"group=%s advice=\"only root can attach; run: groupadd --system %s\"",
			group, group);
	else if (chown(path, (uid_t)-1, entry->gr_gid) < 0)
		return -errno;
	return chmod(path, 0660) < 0 ? -errno : 0;
}

static int watch(const struct attach *at, int fd)
{
	struct epoll_event ev = {.events = EPOLLIN, .data.u64 = at->params.epoll_data};

	return epoll_ctl(at->params.epoll_fd, EPOLL_CTL_ADD, fd, &ev) < 0 ? -errno : 0;
}

static int bind_and_listen(int fd, const char *path)
{
	struct sockaddr_un sun;
	mode_t mask;
	int rc = fill_address(&sun, path);

	if (rc < 0)
		return rc;
	if (attach_probe(path) != 0)
		return -EADDRINUSE;
	make_folder(path);
	unlink(path);
	mask = umask(0177);
	rc = bind(fd, (struct sockaddr *)&sun, sizeof(sun));
	umask(mask);
	return rc < 0 || listen(fd, ATTACH_PENDING_MAX) < 0 ? -errno : 0;
}

int attach_open(struct attach *at, const struct attach_params *params)
{
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int rc;

	if (fd < 0)
		return -errno;
	*at = (struct attach){.params = *params, .listen_fd = fd, .peer_fd = -1};
	for (unsigned int i = 0; i < ATTACH_PENDING_MAX; i++)
		at->pending_fd[i] = -1;
	rc = bind_and_listen(fd, params->path);
	if (rc == 0)
		rc = set_owner(params->path, params->group);
	if (rc == 0)
		rc = watch(at, fd);
	if (rc < 0) {
		close(fd);
		at->listen_fd = -1;
	}
	return rc;
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

void attach_close(struct attach *at)
{
	if (at->listen_fd >= 0)
		unlink(at->params.path);
	close_fd(&at->listen_fd);
	close_fd(&at->peer_fd);
	for (unsigned int i = 0; i < ATTACH_PENDING_MAX; i++)
		close_fd(&at->pending_fd[i]);
}

static void accept_all(struct attach *at)
{
	int fd;

	while ((fd = accept4(at->listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK)) >= 0) {
		int *slot = &at->pending_fd[at->pending_next];

		at->pending_next = (at->pending_next + 1) % ATTACH_PENDING_MAX;
		close_fd(slot);
		if (watch(at, fd) < 0)
			close(fd);
		else
			*slot = fd;
	}
}

static int check_hello(const struct attach *at, const struct tg_attach_hello *hello, ssize_t len)
{
	if (len != sizeof(*hello) || hello->magic != TG_ATTACH_MAGIC)
		return -EINVAL;
	if (hello->abi_version != TG_ABI_VERSION)
		return -EPROTO;
	if (attach_is_attached(at))
		return -EBUSY;
	if (hello->sig_threads == 0 || hello->sig_threads > at->params.sig_threads)
		return -EINVAL;
	return 0;
}

static int send_reply(const struct attach *at, int fd, int status, uint32_t epoch)
{
	struct tg_attach_reply reply = {.magic = TG_ATTACH_MAGIC,
		.abi_version = TG_ABI_VERSION,
		.status = status,
		.epoch = epoch,
		.segment_bytes = at->params.segment_bytes};
	struct iovec iov = {&reply, sizeof(reply)};
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(at->params.fd))] = {0};
	struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};

	if (status == 0) {
		struct cmsghdr *cmsg;

		msg.msg_control = control;
		msg.msg_controllen = sizeof(control);
		cmsg = CMSG_FIRSTHDR(&msg);
		cmsg->cmsg_level = SOL_SOCKET;
		cmsg->cmsg_type = SCM_RIGHTS;
		cmsg->cmsg_len = CMSG_LEN(sizeof(at->params.fd));
		memcpy(CMSG_DATA(cmsg), at->params.fd, sizeof(at->params.fd));
	}
	return sendmsg(fd, &msg, MSG_NOSIGNAL) == sizeof(reply) ? 0 : -errno;
}

// Takes the pid from the kernel, not from the hello.
static uint32_t peer_pid(int fd)
{
	struct ucred cred = {0};
	socklen_t len = sizeof(cred);

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &len) == 0 ? (uint32_t)cred.pid : 0;
}

static void on_pending(struct attach *at, int *slot)
{
	struct tg_attach_hello hello = {0};
	ssize_t len = recv(*slot, &hello, sizeof(hello), MSG_TRUNC);
	uint32_t epoch = 0;
	int status;

	if (len < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (len <= 0) {
		close_fd(slot);
		return;
	}
	status = check_hello(at, &hello, len);
	if (status == 0) {
		epoch = at->params.on_attach(at->params.priv, &hello);
		status = epoch == 0 ? -EBUSY : 0;
	}
	if (status < 0)
		log_write(LOG_WARN, "attach-refused", "pid=%u error=\"%s\" abi=%u attached_pid=%u",
			peer_pid(*slot), strerror(-status), hello.abi_version, at->peer_pid);
	if (send_reply(at, *slot, status, epoch) == 0 && status == 0) {
		at->peer_fd = *slot;
		at->peer_pid = peer_pid(*slot);
		*slot = -1;
		log_write(LOG_INFO, "attached", "pid=%u epoch=%u", at->peer_pid, epoch);
		return;
	}
	close_fd(slot);
	if (status == 0)
		at->params.on_detach(at->params.priv);
}

static void on_peer(struct attach *at)
{
	char byte;
	ssize_t len = recv(at->peer_fd, &byte, sizeof(byte), MSG_TRUNC);

	// The protocol ends with the reply: whatever else arrives is thrown away.
	if (len > 0 || (len < 0 && (errno == EAGAIN || errno == EINTR)))
		return;
	log_write(LOG_INFO, "detached", "pid=%u", at->peer_pid);
	close_fd(&at->peer_fd);
	at->peer_pid = 0;
	at->params.on_detach(at->params.priv);
}

void attach_on_ready(struct attach *at)
{
	// The peer first, so that a restarted control plane finds the place free.
	if (at->peer_fd >= 0)
		on_peer(at);
	accept_all(at);
	for (unsigned int i = 0; i < ATTACH_PENDING_MAX; i++) {
		if (at->pending_fd[i] >= 0)
			on_pending(at, &at->pending_fd[i]);
	}
}
