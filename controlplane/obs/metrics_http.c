// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/obs/metrics_http.h"

#include <event2/buffer.h>
#include <event2/event.h>
#include <event2/http.h>

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "controlplane/base/log.h"
#include "controlplane/obs/obs_int.h"

#define HEADER_BYTES_MAX 8192

struct metrics_http {
	struct obs *obs;
	struct evhttp *server;
	struct evhttp_bound_socket *bound;
	struct cds_list_head waiting;
};

// A request that waits for the signalling thread's numbers. It lives until they come, even when the
// request or the server is gone by then.
struct visit {
	struct cds_list_head link;
	struct obs *obs;
	struct evhttp_request *request; // NULL: answered or gone
	struct event *patience;
	void (*answer)(struct visit *visit, const struct obs_snapshot *snapshot);
};

static void send_text(struct evhttp_request *request, int status, const char *text)
{
	struct evbuffer *body = evbuffer_new();

	if (body != NULL)
		evbuffer_add_printf(body, "%s\n", text);
	evhttp_add_header(evhttp_request_get_output_headers(request), "Content-Type", "text/plain");
	evhttp_send_reply(request, status, NULL, body);
	if (body != NULL)
		evbuffer_free(body);
}

static void put_text(void *arg, struct str text)
{
	evbuffer_add(arg, text.at, text.len);
}

static void answer_metrics(struct visit *visit, const struct obs_snapshot *snapshot)
{
	struct evbuffer *body = evbuffer_new();

	if (body == NULL) {
		send_text(visit->request, HTTP_INTERNAL, "out of memory");
		return;
	}
	visit->obs->shown = snapshot;
	metrics_write(put_text, body);
	visit->obs->shown = NULL;
	evhttp_add_header(evhttp_request_get_output_headers(visit->request), "Content-Type",
		"text/plain; version=0.0.4; charset=utf-8");
	evhttp_send_reply(visit->request, HTTP_OK, NULL, body);
	evbuffer_free(body);
}

static void answer_healthz(struct visit *visit, const struct obs_snapshot *)
{
	send_text(visit->request, HTTP_OK, "ok");
}

static void answer_readyz(struct visit *visit, const struct obs_snapshot *snapshot)
{
	if (!snapshot->dataplane.attached)
		send_text(visit->request, HTTP_SERVUNAVAIL, "dataplane not attached");
	else if (snapshot->draining)
		send_text(visit->request, HTTP_SERVUNAVAIL, "draining");
	else
		send_text(visit->request, HTTP_OK, "ready");
}

// The request is no longer ours: answered, or its connection has gone.
static void leave(struct visit *visit)
{
	struct evhttp_connection *connection = evhttp_request_get_connection(visit->request);

	if (connection != NULL)
		evhttp_connection_set_closecb(connection, NULL, NULL);
	visit->request = NULL;
	cds_list_del(&visit->link);
	event_free(visit->patience);
	visit->patience = NULL;
}

static void on_snapshot(void *arg, const struct obs_snapshot *snapshot)
{
	struct visit *visit = arg;

	if (visit->request != NULL) {
		visit->answer(visit, snapshot);
		leave(visit);
	}
	free(visit);
}

static void on_patience(evutil_socket_t, short, void *arg)
{
	struct visit *visit = arg;

	LOG(LOG_WARN, "signalling-stalled", "silent_ms=%d", METRICS_HTTP_WAIT_MS);
	send_text(visit->request, HTTP_SERVUNAVAIL, "the signalling thread does not answer");
	leave(visit);
}

static void on_closed(struct evhttp_connection *, void *arg)
{
	leave(arg);
}

static const struct page {
	const char *path;
	void (*answer)(struct visit *visit, const struct obs_snapshot *snapshot);
} pages[] = {
	{"/metrics", answer_metrics},
	{"/healthz", answer_healthz},
	{"/readyz", answer_readyz},
};

static const struct page *find_page(struct evhttp_request *request)
{
	const struct evhttp_uri *uri = evhttp_request_get_evhttp_uri(request);
	const char *path = uri != NULL ? evhttp_uri_get_path(uri) : NULL;

	for (unsigned int i = 0; path != NULL && i < sizeof(pages) / sizeof(pages[0]); i++) {
		if (strcmp(path, pages[i].path) == 0)
			return &pages[i];
	}
	return NULL;
}

static struct visit *visit_new(struct metrics_http *http, struct evhttp_request *request)
{
	struct visit *visit = calloc(1, sizeof(*visit));

	if (visit == NULL)
		return NULL;
	visit->obs = http->obs;
	visit->request = request;
	visit->patience = evtimer_new(loop_base(http->obs->p.management), on_patience, visit);
	if (visit->patience == NULL || snapshot_ask(http->obs, on_snapshot, visit) < 0) {
		if (visit->patience != NULL)
			event_free(visit->patience);
		free(visit);
		return NULL;
	}
	return visit;
}

static void on_request(struct evhttp_request *request, void *arg)
{
	struct metrics_http *http = arg;
	const struct page *page = find_page(request);
	struct visit *visit;

	if (page == NULL) {
		send_text(request, HTTP_NOTFOUND, "try /metrics, /healthz or /readyz");
		return;
	}
	visit = visit_new(http, request);
	if (visit == NULL) {
		send_text(request, HTTP_INTERNAL, "out of memory");
		return;
	}
	visit->answer = page->answer;
	cds_list_add(&visit->link, &http->waiting);
	event_add(visit->patience,
		&(struct timeval){.tv_sec = METRICS_HTTP_WAIT_MS / 1000,
			.tv_usec = METRICS_HTTP_WAIT_MS % 1000 * 1000});
	evhttp_connection_set_closecb(evhttp_request_get_connection(request), on_closed, visit);
}

static int serve(struct metrics_http *http, const struct tg_addr *listen)
{
	char ip[TG_IP_TEXT_BYTES];

	http->server = evhttp_new(loop_base(http->obs->p.management));
	if (http->server == NULL)
		return -ENOMEM;
	evhttp_set_allowed_methods(http->server, EVHTTP_REQ_GET | EVHTTP_REQ_HEAD);
	evhttp_set_max_headers_size(http->server, HEADER_BYTES_MAX);
	evhttp_set_max_body_size(http->server, 0);
	evhttp_set_timeout(http->server, METRICS_HTTP_IDLE_S);
	evhttp_set_gencb(http->server, on_request, http);
	errno = 0;
	http->bound = evhttp_bind_socket_with_handle(
		http->server, tg_ip_write(&listen->ip, ip), listen->port);
	if (http->bound == NULL)
		return errno != 0 ? -errno : -EADDRNOTAVAIL;
	return 0;
}

int metrics_http_open(struct metrics_http **out, struct obs *obs, const struct tg_addr *listen)
{
	struct metrics_http *http = calloc(1, sizeof(*http));
	char text[TG_ADDR_TEXT_BYTES];
	int err;

	if (http == NULL)
		return -ENOMEM;
	http->obs = obs;
	CDS_INIT_LIST_HEAD(&http->waiting);
	err = serve(http, listen);
	if (err < 0) {
		LOG(LOG_ERROR, "metrics-listen", "address=%s error=%s", tg_addr_write(listen, text),
			strerror(-err));
		metrics_http_free(http);
		return err;
	}
	*out = http;
	return 0;
}

uint16_t metrics_http_port(const struct metrics_http *http)
{
	struct sockaddr_storage name = {0};
	socklen_t len = sizeof(name);

	if (getsockname(evhttp_bound_socket_get_fd(http->bound), (struct sockaddr *)&name, &len)
		< 0)
		return 0;
	if (name.ss_family == AF_INET)
		return ntohs(((const struct sockaddr_in *)&name)->sin_port);
	return ntohs(((const struct sockaddr_in6 *)&name)->sin6_port);
}

void metrics_http_free(struct metrics_http *http)
{
	if (http == NULL)
		return;
	while (!cds_list_empty(&http->waiting))
		leave(cds_list_entry(http->waiting.next, struct visit, link));
	if (http->server != NULL)
		evhttp_free(http->server);
	free(http);
}
