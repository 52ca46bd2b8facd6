// SPDX-License-Identifier: BSD-3-Clause
#include <criterion/criterion.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "include/tidegate/ctl.h"
#include "tests/unit/controlplane/obs/stage.h"

static struct ctl_request *held;
static unsigned int held_count;

static void where(struct ctl_request *request, void *)
{
	ctl_reply(request, json_pack("{s:I}", "thread", (json_int_t)gettid()));
}

static void echo(struct ctl_request *request, void *)
{
	const char *text = ctl_arg_string(request, "text");

	if (text != NULL)
		ctl_reply(request, json_string(text));
}

static void hold(struct ctl_request *request, void *)
{
	held = request;
	__atomic_fetch_add(&held_count, 1, __ATOMIC_RELEASE);
}

// Ends what hold began, on the thread it runs on.
static void let_go(struct ctl_request *request, void *)
{
	ctl_reply(held, json_string("late"));
	ctl_reply(request, json_true());
}

static void missing(struct ctl_request *request, void *)
{
	ctl_refuse(request, "not-found", "no %s here", "moon");
}

// One octet more than fits, so that its last character is cut.
static void wordy(struct ctl_request *request, void *)
{
	ctl_refuse(request, "refused", "%254s\u00fc", "");
}

static void big(struct ctl_request *request, void *)
{
	char *text = malloc(8 << 20);

	memset(text, 'x', 8 << 20);
	ctl_reply(request, json_stringn(text, 8 << 20));
	free(text);
}

static const struct ctl_command commands[] = {
	{"where", "", "", CTL_MANAGEMENT, where, NULL},
	{"where signalling", "", "", CTL_SIGNALLING, where, NULL},
	{"echo", "<text>", "", CTL_MANAGEMENT, echo, NULL},
	{"hold", "", "", CTL_SIGNALLING, hold, NULL},
	{"let go", "", "", CTL_SIGNALLING, let_go, NULL},
	{"missing", "", "", CTL_SIGNALLING, missing, NULL},
	{"wordy", "", "", CTL_MANAGEMENT, wordy, NULL},
	{"big", "", "", CTL_MANAGEMENT, big, NULL},
};

static void set_up(void)
{
	ctl_add(commands, sizeof(commands) / sizeof(commands[0]));
	stage_open();
	stage_run();
}

TestSuite(ctl_socket, .init = set_up, .fini = stage_close);

static void expect(const char *request, const char *reply)
{
	json_t *want = json_loads(reply, 0, NULL);
	json_t *got = stage_ask(request);
	char *text = json_dumps(got, JSON_COMPACT);

	cr_assert_not_null(want);
	cr_assert(json_equal(got, want), "%s: %s instead of %s", request, text, reply);
	free(text);
	json_decref(want);
	json_decref(got);
}

Test(ctl_socket, refusal_that_ends_within_a_character_is_told)
{
	json_t *got = stage_ask("{\"command\":\"wordy\"}");
	const char *text = json_string_value(json_object_get(got, "error"));

	cr_assert_not_null(text);
	cr_assert_str_eq(text + 254, "\\xc3");
	json_decref(got);
}

Test(ctl_socket, answers_and_refuses)
{
	static const struct {
		const char *request, *reply;
	} cases[] = {
		{"{\"command\":\"echo\",\"args\":{\"text\":\"hello\"}}",
			"{\"ok\":true,\"result\":\"hello\"}"},
		{"{\"command\":\"missing\"}",
			"{\"ok\":false,\"error\":\"no moon here\",\"code\":\"not-found\"}"},
		{"{\"command\":\"echo\"}",
			"{\"ok\":false,\"code\":\"usage\",\"error\":\"echo wants <text>: give the "
			"argument \\\"text\\\" as a string\"}"},
		{"{\"command\":\"dance\"}",
			"{\"ok\":false,\"code\":\"usage\",\"error\":\"unknown command "
			"\\\"dance\\\"; "
			"\\\"help\\\" lists what there is\"}"},
	};

	for (unsigned int i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		expect(cases[i].request, cases[i].reply);
}

Test(ctl_socket, what_is_no_request_is_told_so)
{
	static const char *const lines[] = {"hello", "[]", "{}", "{\"command\":7}", "{\"command\"",
		"{\"command\":\"where\",\"args\":[]}", "\"\\ud800\"", ""};

	for (unsigned int i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		json_t *reply = stage_ask(lines[i]);

		cr_assert(json_is_false(json_object_get(reply, "ok")), "%s", lines[i]);
		cr_assert_str_eq(json_string_value(json_object_get(reply, "code")), "usage");
		json_decref(reply);
	}
}

Test(ctl_socket, commands_run_where_they_belong)
{
	json_t *a = stage_ask("{\"command\":\"where\"}");
	json_t *b = stage_ask("{\"command\":\"where signalling\"}");
	json_t *c = stage_ask("{\"command\":\"where signalling\"}");
	json_int_t management = json_integer_value(
		json_object_get(json_object_get(a, "result"), "thread"));
	json_int_t signalling = json_integer_value(
		json_object_get(json_object_get(b, "result"), "thread"));

	cr_assert(management != 0 && signalling != 0 && management != signalling);
	cr_assert(json_equal(b, c));
	json_decref(a);
	json_decref(b);
	json_decref(c);
}

Test(ctl_socket, replies_come_in_order)
{
	int fd = stage_connect();
	json_t *reply;

	stage_say(fd,
		"{\"command\":\"hold\"}\n{\"command\":\"echo\",\"args\":{\"text\":\"second\"}}");
	stage_wait(&held_count, 1);
	json_decref(stage_ask("{\"command\":\"let go\"}"));
	reply = stage_hear(fd);
	cr_assert_str_eq(json_string_value(json_object_get(reply, "result")), "late");
	json_decref(reply);
	reply = stage_hear(fd);
	cr_assert_str_eq(json_string_value(json_object_get(reply, "result")), "second");
	json_decref(reply);
	close(fd);
}

Test(ctl_socket, a_client_may_die_before_its_answer)
{
	int fd = stage_connect();

	stage_say(fd, "{\"command\":\"hold\"}");
	stage_wait(&held_count, 1);
	close(fd);
	expect("{\"command\":\"echo\",\"args\":{\"text\":\"x\"}}",
		"{\"ok\":true,\"result\":\"x\"}");
	json_decref(stage_ask("{\"command\":\"let go\"}"));
	expect("{\"command\":\"echo\",\"args\":{\"text\":\"y\"}}",
		"{\"ok\":true,\"result\":\"y\"}");
}

Test(ctl_socket, a_client_that_closed_its_half_is_answered)
{
	int fd = stage_connect();
	json_t *reply;

	stage_say(fd, "{\"command\":\"hold\"}");
	shutdown(fd, SHUT_WR);
	stage_wait(&held_count, 1);
	json_decref(stage_ask("{\"command\":\"let go\"}"));
	reply = stage_hear(fd);
	cr_assert_str_eq(json_string_value(json_object_get(reply, "result")), "late");
	json_decref(reply);
	cr_assert_null(stage_hear(fd));
	close(fd);
}

Test(ctl_socket, too_long_a_request_ends_the_connection)
{
	char line[TG_CTL_REQUEST_BYTES_MAX + 2];
	int fd = stage_connect();
	json_t *reply;

	memset(line, ' ', sizeof(line) - 1);
	line[sizeof(line) - 1] = '\0';
	cr_assert_eq(send(fd, line, strlen(line), MSG_NOSIGNAL), (ssize_t)strlen(line));
	reply = stage_hear(fd);
	cr_assert_str_eq(json_string_value(json_object_get(reply, "code")), "usage");
	json_decref(reply);
	cr_assert_null(stage_hear(fd));
	close(fd);
}

Test(ctl_socket, a_request_of_the_greatest_length_is_served)
{
	char line[TG_CTL_REQUEST_BYTES_MAX + 1] = "{\"command\":\"echo\",\"args\":{\"text\":\"z\"}"
						  "}";
	size_t len = strlen(line);
	json_t *reply;

	memset(&line[len], ' ', sizeof(line) - 1 - len);
	line[sizeof(line) - 1] = '\0';
	reply = stage_ask(line);
	cr_assert_str_eq(json_string_value(json_object_get(reply, "result")), "z");
	json_decref(reply);
}

Test(ctl_socket, who_does_not_read_harms_nobody)
{
	int lazy = stage_connect();
	json_t *reply;

	stage_say(lazy, "{\"command\":\"big\"}\n{\"command\":\"big\"}");
	for (unsigned int i = 0; i < 50; i++)
		expect("{\"command\":\"echo\",\"args\":{\"text\":\"x\"}}",
			"{\"ok\":true,\"result\":\"x\"}");
	reply = stage_hear(lazy);
	cr_assert_eq(json_string_length(json_object_get(reply, "result")), 8u << 20);
	json_decref(reply);
	close(lazy);
}

Test(ctl_socket, clients_are_bounded)
{
	int fd[CTL_SOCKET_CLIENTS_MAX];
	char octet;
	int extra;

	for (unsigned int i = 0; i < CTL_SOCKET_CLIENTS_MAX; i++)
		fd[i] = stage_connect();
	extra = stage_connect();
	cr_assert_eq(recv(extra, &octet, 1, 0), 0);
	close(extra);
	close(fd[0]);
	// the place of who left is free again, once that was noticed
	for (unsigned int i = 0;; i++) {
		extra = stage_connect();
		if (send(extra, "{}\n", 3, MSG_NOSIGNAL) == 3 && recv(extra, &octet, 1, 0) == 1)
			break;
		close(extra);
		cr_assert_lt(i, 1000);
		usleep(1000);
	}
	close(extra);
	for (unsigned int i = 1; i < CTL_SOCKET_CLIENTS_MAX; i++)
		close(fd[i]);
}

Test(ctl_socket, I18_only_owner_and_group_may_connect)
{
	struct stat st;

	cr_assert_eq(stat(stage.path, &st), 0);
	cr_assert(S_ISSOCK(st.st_mode));
	cr_assert_eq(st.st_mode & 0777, 0660);
}

Test(ctl_socket_path, a_living_socket_is_left_alone_a_dead_one_replaced)
{
	struct ctl_socket_params params;
	struct ctl_socket *second;

	stage_open();
	params = (struct ctl_socket_params){stage.management, stage.signalling, stage.path, ""};
	cr_assert_eq(ctl_socket_open(&second, &params), -EADDRINUSE);
	ctl_socket_free(stage.socket);
	cr_assert_eq(access(stage.path, F_OK), -1);
	// as a process leaves it that was killed
	{
		struct sockaddr_un address = {.sun_family = AF_UNIX};
		int fd = socket(AF_UNIX, SOCK_STREAM, 0);

		memcpy(address.sun_path, stage.path, strlen(stage.path));
		cr_assert_eq(bind(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
		close(fd);
	}
	cr_assert_eq(access(stage.path, F_OK), 0);
	cr_assert_eq(ctl_socket_open(&stage.socket, &params), 0);
	stage_close();
}
