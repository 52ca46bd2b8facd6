// SPDX-License-Identifier: BSD-3-Clause
#include "tests/unit/controlplane/obs/stage.h"

#include <criterion/criterion.h>

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

struct stage stage;

static pthread_t threads[2];
static unsigned int thread_count;

void stage_open(void)
{
	signal(SIGPIPE, SIG_IGN);
	rcu_register_thread();
	snprintf(stage.dir, sizeof(stage.dir), "/tmp/tgobs.XXXXXX");
	cr_assert_not_null(mkdtemp(stage.dir));
	snprintf(stage.path, sizeof(stage.path), "%s/control.sock", stage.dir);
	stage.management = loop_new();
	stage.signalling = loop_new();
	cr_assert(stage.management != NULL && stage.signalling != NULL);
	cr_assert_eq(ctl_socket_open(&stage.socket,
			     &(struct ctl_socket_params){
				     stage.management, stage.signalling, stage.path, ""}),
		0);
}

static void *run(void *loop)
{
	rcu_register_thread();
	loop_run(loop);
	rcu_unregister_thread();
	return NULL;
}

void stage_run_stalled(void)
{
	cr_assert_eq(pthread_create(&threads[thread_count++], NULL, run, stage.management), 0);
}

void stage_run(void)
{
	stage_run_stalled();
	cr_assert_eq(pthread_create(&threads[thread_count++], NULL, run, stage.signalling), 0);
}

void stage_stop(void)
{
	loop_stop(stage.management);
	loop_stop(stage.signalling);
	while (thread_count > 0)
		pthread_join(threads[--thread_count], NULL);
}

void stage_close(void)
{
	stage_stop();
	ctl_socket_stop(stage.socket);
	while (mailbox_deliver(loop_mailbox(stage.signalling), 1000)
			+ mailbox_deliver(loop_mailbox(stage.management), 1000)
		> 0)
		;
	ctl_socket_free(stage.socket);
	loop_free(stage.signalling);
	loop_free(stage.management);
	rmdir(stage.dir);
	ctl_clear();
	rcu_unregister_thread();
}

int stage_connect(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct timeval wait = {.tv_sec = 5};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	memcpy(address.sun_path, stage.path, strlen(stage.path));
	cr_assert_eq(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait)), 0);
	cr_assert_eq(connect(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

void stage_say(int fd, const char *line)
{
	cr_assert_eq(send(fd, line, strlen(line), MSG_NOSIGNAL), (ssize_t)strlen(line));
	cr_assert_eq(send(fd, "\n", 1, MSG_NOSIGNAL), 1);
}

json_t *stage_hear(int fd)
{
	size_t cap = 4096, len = 0;
	char *line = malloc(cap);
	json_t *json = NULL;
	bool ends = false;
	ssize_t got;

	// no octet behind the line may be taken
	while (!ends && (got = recv(fd, &line[len], cap - len, MSG_PEEK)) > 0) {
		const char *end = memchr(&line[len], '\n', (size_t)got);

		ends = end != NULL;
		got = recv(fd, &line[len], ends ? (size_t)(end - &line[len]) + 1 : (size_t)got, 0);
		len += (size_t)got - ends;
		if (len == cap)
			line = realloc(line, cap *= 2);
	}
	if (len > 0)
		json = json_loadb(line, len, 0, NULL);
	free(line);
	return json;
}

json_t *stage_ask(const char *line)
{
	int fd = stage_connect();
	json_t *json;

	stage_say(fd, line);
	json = stage_hear(fd);
	close(fd);
	return json;
}

void stage_wait(const unsigned int *word, unsigned int value)
{
	for (unsigned int i = 0; i < 5000; i++) {
		if (__atomic_load_n(word, __ATOMIC_ACQUIRE) >= value)
			return;
		usleep(1000);
	}
	cr_assert_fail("waited in vain for %u", value);
}
