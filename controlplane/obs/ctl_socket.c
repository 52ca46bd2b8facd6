// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/obs/ctl_socket.h"

#include <event2/event.h>
#include <event2/listener.h>

#include <assert.h>
#include <errno.h>
#include <grp.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "controlplane/base/log.h"
#include "controlplane/obs/ctl_client.h"

#define BACKLOG 16

struct ctl_socket {
	struct ctl_clients clients;
	struct evconnlistener *listener;
	struct sockaddr_un address;
};

static int new_stream(void)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	return fd < 0 ? -errno : fd;
}

static bool somebody_listens(const struct sockaddr_un *address)
{
	int fd = new_stream();
	bool there;

	if (fd < 0)
		return false;
	there = connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0
		|| errno == EAGAIN;
	close(fd);
	return there;
}

static void give_to_group(const char *path, const char *name)
{
	const struct group *group;

	if (name[0] == '\0')
		return;
	group = getgrnam(name);
	if (group == NULL)
		LOG(LOG_WARN, "control-socket", "no group %s: only the owner can use %s", name,
			path);
	else if (chown(path, (uid_t)-1, group->gr_gid) < 0)
		LOG(LOG_WARN, "control-socket", "chown path=%s group=%s errno=%d", path, name,
			errno);
}

static int bind_to(int fd, const struct sockaddr_un *address)
{
	mode_t before = umask(0117);
	int err = bind(fd, (const struct sockaddr *)address, sizeof(*address)) < 0 ? -errno : 0;

	umask(before);
	return err;
}

static int listen_on(const struct sockaddr_un *address, const char *group)
{
	int fd;
	int err;

	if (somebody_listens(address))
		return -EADDRINUSE;
	if (unlink(address->sun_path) < 0 && errno != ENOENT)
		return -errno;
	fd = new_stream();
	if (fd < 0)
		return fd;
	err = bind_to(fd, address);
	if (err == 0)
		give_to_group(address->sun_path, group);
	if (err == 0 && listen(fd, BACKLOG) < 0)
		err = -errno;
	if (err < 0) {
		close(fd);
		return err;
	}
	return fd;
}

static void on_accept(struct evconnlistener *, int fd, struct sockaddr *, int, void *arg)
{
	struct ctl_socket *socket = arg;

	if (socket->clients.count >= CTL_SOCKET_CLIENTS_MAX) {
		LOG(LOG_WARN, "control-socket", "more than %d clients", CTL_SOCKET_CLIENTS_MAX);
		close(fd);
		return;
	}
	ctl_client_new(&socket->clients, fd);
}

int ctl_socket_open(struct ctl_socket **out, const struct ctl_socket_params *params)
{
	struct ctl_socket *socket;
	int fd;

	if (strlen(params->path) >= sizeof(socket->address.sun_path))
		return -ENAMETOOLONG;
	socket = calloc(1, sizeof(*socket));
	if (socket == NULL)
		return -ENOMEM;
	socket->clients.management = params->management;
	socket->clients.signalling = params->signalling;
	CDS_INIT_LIST_HEAD(&socket->clients.list);
	socket->address.sun_family = AF_UNIX;
	memcpy(socket->address.sun_path, params->path, strlen(params->path));
	fd = listen_on(&socket->address, params->group);
	if (fd < 0) {
		free(socket);
		return fd;
	}
	socket->listener = evconnlistener_new(loop_base(params->management), on_accept, socket,
		LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, 0, fd);
	if (socket->listener == NULL) {
		close(fd);
		free(socket);
		return -ENOMEM;
	}
	*out = socket;
	return 0;
}

void ctl_socket_stop(struct ctl_socket *socket)
{
	if (socket->listener == NULL)
		return;
	evconnlistener_free(socket->listener);
	socket->listener = NULL;
	// may fail for want of rights by now; whoever starts next removes it
	(void)unlink(socket->address.sun_path);
	ctl_client_free_all(&socket->clients);
}

void ctl_socket_free(struct ctl_socket *socket)
{
	if (socket == NULL)
		return;
	ctl_socket_stop(socket);
	assert(socket->clients.under_way == 0);
	free(socket);
}
