// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/obs/ctl_client.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "controlplane/base/ctl.h"
#include "controlplane/base/log.h"
#include "controlplane/obs/ctl_socket.h"
#include "controlplane/obs/json_text.h"
#include "include/tidegate/ctl.h"

#define AUDIT_BYTES 256

struct flight;

struct ctl_client {
	struct cds_list_head link;
	struct ctl_clients *clients;
	struct bufferevent *stream;
	struct flight *flight; // the request under way
	uid_t uid;
	pid_t pid;
	bool last; // close when what is queued has left
};

// A request on its way to a thread and back. It outlives a client that hangs up.
struct flight {
	struct letter letter;
	struct ctl_request request;
	struct ctl_clients *clients;
	struct ctl_client *client; // management thread; NULL: gone
};

static void client_free(struct ctl_client *client)
{
	if (client->flight != NULL)
		client->flight->client = NULL;
	cds_list_del(&client->link);
	client->clients->count--;
	bufferevent_free(client->stream);
	free(client);
}

void ctl_client_free_all(struct ctl_clients *clients)
{
	while (!cds_list_empty(&clients->list))
		client_free(cds_list_entry(clients->list.next, struct ctl_client, link));
}

static int put_chunk(const char *chunk, size_t len, void *arg)
{
	return evbuffer_add(arg, chunk, len);
}

static void send_json(struct ctl_client *client, json_t *json)
{
	struct evbuffer *out = bufferevent_get_output(client->stream);

	if (json == NULL
		|| json_dump_callback(json, put_chunk, out, JSON_COMPACT | JSON_REAL_PRECISION(10))
			< 0)
		client->last = true;
	evbuffer_add(out, "\n", 1);
	json_decref(json);
}

static void send_error(struct ctl_client *client, const char *code, const char *text)
{
	// cut to its length, it may end within a character
	send_json(client,
		json_pack("{s:b, s:o, s:s}", "ok", 0, "error", json_text(str_from(text)), "code",
			code));
}

static void on_landed(struct letter *letter)
{
	struct flight *flight = caa_container_of(letter, struct flight, letter);
	struct ctl_request *request = &flight->request;
	struct ctl_client *client = flight->client;

	flight->clients->under_way--;
	if (client != NULL) {
		client->flight = NULL;
		if (request->code != NULL)
			send_error(client, request->code, request->error);
		else
			send_json(client,
				json_pack("{s:b, s:O?}", "ok", 1, "result", request->result));
	}
	json_decref(request->result);
	json_decref(request->args);
	free(flight);
}

static void on_done(struct ctl_request *request)
{
	struct flight *flight = caa_container_of(request, struct flight, request);

	mailbox_send(loop_mailbox(flight->clients->management), &flight->letter, on_landed);
}

static void on_arrived(struct letter *letter)
{
	struct ctl_request *request = &caa_container_of(letter, struct flight, letter)->request;

	request->command->run(request, request->command->arg);
}

// Who did what, for all that is not just looking.
static void audit(const struct ctl_client *client, const struct ctl_request *request)
{
	const char *name = request->command->name;
	char text[AUDIT_BYTES];
	struct strbuf args = strbuf_on(text, sizeof(text));
	const json_t *value;
	const char *key;

	if (strcmp(name, "help") == 0 || str_starts_nocase(str_from(name), STR("show ")))
		return;
	json_object_foreach (request->args, key, value)
		strbuf_printf(&args, "%s%s", args.len != 0 ? " " : "",
			json_is_string(value) ? json_string_value(value) : key);
	LOG(LOG_INFO, "command", "name=%s arg=%s uid=%u pid=%d", LOG_STR(str_from(name)),
		LOG_STR(strbuf_str(&args)), client->uid, (int)client->pid);
}

static void take_off(
	struct ctl_client *client, const struct ctl_command *command, const json_t *args)
{
	struct flight *flight = calloc(1, sizeof(*flight));

	if (flight == NULL) {
		send_error(client, "refused", "out of memory");
		return;
	}
	flight->request.command = command;
	flight->request.args = args != NULL ? json_deep_copy(args) : json_object();
	flight->request.done = on_done;
	flight->clients = client->clients;
	flight->client = client;
	client->flight = flight;
	client->clients->under_way++;
	audit(client, &flight->request);
	if (command->where == CTL_SIGNALLING)
		mailbox_send(
			loop_mailbox(client->clients->signalling), &flight->letter, on_arrived);
	else
		on_arrived(&flight->letter);
}

static void serve(struct ctl_client *client, const char *line, size_t len)
{
	json_t *json = json_loadb(line, len, JSON_REJECT_DUPLICATES, NULL);
	const char *name = json_string_value(json_object_get(json, "command"));
	const json_t *args = json_object_get(json, "args");
	const struct ctl_command *command = name != NULL ? ctl_find(name) : NULL;
	char text[256];

	if (name == NULL || (args != NULL && !json_is_object(args))) {
		send_error(client, "usage",
			"not a request: {\"command\": \"show calls\", \"args\": {}} is one");
	} else if (command == NULL) {
		snprintf(text, sizeof(text), "unknown command %s; \"help\" lists what there is",
			LOG_STR(str_from(name)));
		send_error(client, "usage", text);
	} else {
		take_off(client, command, args);
	}
	json_decref(json);
}

// One request, if there is one and nothing is under way.
static void proceed(struct ctl_client *client)
{
	struct evbuffer *in = bufferevent_get_input(client->stream);
	size_t len;
	char *line;

	if (client->flight != NULL
		|| evbuffer_get_length(bufferevent_get_output(client->stream)) != 0)
		return;
	line = evbuffer_readln(in, &len, EVBUFFER_EOL_LF);
	if (line != NULL && len <= TG_CTL_REQUEST_BYTES_MAX) {
		serve(client, line, len);
	} else if (line != NULL || evbuffer_get_length(in) > TG_CTL_REQUEST_BYTES_MAX) {
		send_error(client, "usage", "request too long");
		evbuffer_drain(in, evbuffer_get_length(in));
		bufferevent_disable(client->stream, EV_READ);
		client->last = true;
	} else if (client->last) {
		client_free(client);
	}
	free(line);
}

static void on_io(struct bufferevent *, void *arg)
{
	proceed(arg);
}

static void on_stream_event(struct bufferevent *, short what, void *arg)
{
	struct ctl_client *client = arg;

	if (what & BEV_EVENT_TIMEOUT && what & BEV_EVENT_READING && client->flight != NULL) {
		// silent because it waits for us
		bufferevent_enable(client->stream, EV_READ);
		return;
	}
	if (what & BEV_EVENT_EOF) {
		client->last = true;
		proceed(client);
		return;
	}
	client_free(client);
}

void ctl_client_new(struct ctl_clients *clients, int fd)
{
	struct ctl_client *client = calloc(1, sizeof(*client));
	struct ucred peer = {.uid = (uid_t)-1};
	socklen_t len = sizeof(peer);

	if (client != NULL)
		client->stream = bufferevent_socket_new(
			loop_base(clients->management), fd, BEV_OPT_CLOSE_ON_FREE);
	if (client == NULL || client->stream == NULL) {
		free(client);
		close(fd);
		return;
	}
	(void)getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len);
	client->uid = peer.uid;
	client->pid = peer.pid;
	client->clients = clients;
	cds_list_add(&client->link, &clients->list);
	clients->count++;
	bufferevent_setcb(client->stream, on_io, on_io, on_stream_event, client);
	bufferevent_setwatermark(client->stream, EV_READ, 0, TG_CTL_REQUEST_BYTES_MAX + 1);
	bufferevent_set_timeouts(client->stream, &(struct timeval){.tv_sec = CTL_SOCKET_IDLE_S},
		&(struct timeval){.tv_sec = CTL_SOCKET_STALL_S});
	bufferevent_enable(client->stream, EV_READ | EV_WRITE);
}
