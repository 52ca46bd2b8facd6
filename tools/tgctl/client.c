// SPDX-License-Identifier: BSD-3-Clause
#include "tools/tgctl/client.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "include/tidegate/ctl.h"

void client_fail(struct client_reply *reply, int status, const char *fmt, ...)
{
	va_list args;

	reply->status = status;
	va_start(args, fmt);
	vsnprintf(reply->error, sizeof(reply->error), fmt, args);
	va_end(args);
}

static const char *advice_for(int error)
{
	if (error == EACCES || error == EPERM)
		return "use sudo, or join the group " TG_CTL_GROUP;
	return "is tidegate-controlplane running? -s names another socket";
}

static int connect_to(struct client_reply *reply, const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct timeval wait = {.tv_sec = CLIENT_WAIT_S};
	int fd;

	if (strlen(path) >= sizeof(address.sun_path)) {
		client_fail(reply, TG_CTL_EXIT_USAGE, "the socket's path is too long: %s", path);
		return -1;
	}
	memcpy(address.sun_path, path, strlen(path));
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait)) == 0
		&& setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof(wait)) == 0
		&& connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0)
		return fd;
	client_fail(reply, TG_CTL_EXIT_UNREACHABLE, "cannot reach %s: %s; %s", path,
		strerror(errno), advice_for(errno));
	if (fd >= 0)
		close(fd);
	return -1;
}

static int send_request(int fd, const char *command, json_t *args)
{
	json_t *request = json_pack("{s:s, s:O*}", "command", command, "args", args);
	char *text = request != NULL ? json_dumps(request, JSON_COMPACT) : NULL;
	size_t len = text != NULL ? strlen(text) : 0;
	int status = -1;

	if (text != NULL) {
		text[len++] = '\n'; // in place of the NUL
		status = send(fd, text, len, MSG_NOSIGNAL) == (ssize_t)len ? 0 : -1;
	}
	free(text);
	json_decref(request);
	return status;
}

static int status_of(const char *code)
{
	static const struct {
		const char *code;
		int status;
	} table[] = {
		{"refused", TG_CTL_EXIT_REFUSED},
		{"usage", TG_CTL_EXIT_USAGE},
		{"not-found", TG_CTL_EXIT_NOT_FOUND},
	};

	for (unsigned int i = 0; code != NULL && i < sizeof(table) / sizeof(table[0]); i++) {
		if (strcmp(table[i].code, code) == 0)
			return table[i].status;
	}
	return TG_CTL_EXIT_REFUSED;
}

static void read_reply(struct client_reply *reply, const char *line)
{
	json_t *json = json_loads(line, 0, NULL);
	const char *error = json_string_value(json_object_get(json, "error"));

	if (json_is_true(json_object_get(json, "ok"))) {
		reply->status = TG_CTL_EXIT_OK;
		reply->result = json_incref(json_object_get(json, "result"));
	} else if (error != NULL) {
		client_fail(reply, status_of(json_string_value(json_object_get(json, "code"))),
			"%s", error);
	} else {
		client_fail(reply, TG_CTL_EXIT_UNREACHABLE,
			"the answer is not one of tidegate-controlplane; is -s right?");
	}
	json_decref(json);
}

void client_ask(struct client_reply *reply, const char *path, const char *command, json_t *args)
{
	char *line = NULL;
	size_t cap = 0;
	FILE *in = NULL;
	int fd;

	*reply = (struct client_reply){0};
	fd = connect_to(reply, path);
	if (fd < 0)
		return;
	errno = 0;
	if (send_request(fd, command, args) < 0 || (in = fdopen(fd, "r")) == NULL
		|| getline(&line, &cap, in) < 0)
		client_fail(reply, TG_CTL_EXIT_UNREACHABLE, "no answer from %s: %s", path,
			errno == EAGAIN	     ? "it took too long"
				: errno != 0 ? strerror(errno)
					     : "it closed the connection");
	else
		read_reply(reply, line);
	free(line);
	if (in != NULL)
		fclose(in);
	else
		close(fd);
}
