// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/net/attach.h"

#include <sys/eventfd.h>
#include <sys/socket.h>

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include <event2/event.h>

#include "controlplane/base/log.h"
#include "controlplane/net/attach_io.h"
#include "controlplane/net/pace.h"

// Slots of each ring, and rounds over all rings, before other events of the loop get their turn.
#define DRAIN_SLOTS 32
#define DRAIN_ROUNDS 4

enum state {
	APART,
	ASKING,
	ATTACHED,
};

struct attach {
	struct attach_params params;
	enum state state;
	int socket; // -1 when APART
	struct loop_watch *socket_watch;
	struct loop_watch *wake_watch;
	struct pace pace;
	struct attach_io io;
	struct event *publish; // active while a client waits for it
	struct timer timer;    // APART: retry; ASKING: no answer; ATTACHED: heartbeat
	int last_error;	       // said already
	uint64_t beat_ns;      // the dataplane's, as last seen
	struct tg_mono beat_seen;
};

static void on_retry(struct timer *timer, void *arg);

static void arm(struct attach *at, uint64_t ms, timer_fire_h *fire)
{
	timer_arm(loop_wheel(at->params.loop), &at->timer, ms, fire, at);
}

static void close_socket(struct attach *at)
{
	loop_watch_free(at->socket_watch);
	at->socket_watch = NULL;
	if (at->socket >= 0)
		close(at->socket);
	at->socket = -1;
}

static void detach_clients(struct attach *at, unsigned int count)
{
	while (count-- > 0)
		at->params.client[count]->on_detach(at->params.client[count]->arg);
}

static unsigned int client_count(const struct attach *at)
{
	unsigned int n = 0;

	while (n < ATTACH_CLIENTS_MAX && at->params.client[n] != NULL)
		n++;
	return n;
}

static void give_up(struct attach *at)
{
	enum state was = at->state;

	at->state = APART;
	close_socket(at);
	loop_watch_free(at->wake_watch);
	at->wake_watch = NULL;
	pace_stop(&at->pace);
	event_del(at->publish);
	if (was == ATTACHED)
		detach_clients(at, client_count(at));
	attach_io_drop(&at->io);
	arm(at, ATTACH_RETRY_MS, on_retry);
}

// The same reason is said once, not every half second.
static void fail(struct attach *at, int error)
{
	if (error != at->last_error)
		LOG(LOG_WARN, "dataplane-not-attached", "socket=%s error=\"%s\" retry_ms=%d",
			at->params.path, strerror(-error), ATTACH_RETRY_MS);
	at->last_error = error;
	give_up(at);
}

static void lose(struct attach *at, const char *why)
{
	LOG(LOG_ERROR, "dataplane-lost", "why=\"%s\" epoch=%u", why, at->io.epoch);
	at->last_error = 0;
	give_up(at);
}

static void wake_dataplane(struct attach *at)
{
	// EAGAIN: it has not read the wakes before this one.
	eventfd_write(at->io.fd[TG_ATTACH_FD_WAKE_DATAPLANE], 1);
}

static void publish_all(struct attach *at)
{
	bool wake = false;

	for (unsigned int i = 0; i < client_count(at); i++) {
		const struct attach_client *c = at->params.client[i];

		wake = c->publish(c->arg) || wake;
	}
	if (wake)
		wake_dataplane(at);
}

static void on_publish(evutil_socket_t, short, void *arg)
{
	struct attach *at = arg;

	if (at->state == ATTACHED)
		publish_all(at);
}

void attach_publish_soon(struct attach *attach)
{
	if (attach->state == ATTACHED && !event_pending(attach->publish, EV_TIMEOUT, NULL))
		event_active(attach->publish, EV_TIMEOUT, 0);
}

static int drain_all(struct attach *at)
{
	int sum = 0;

	for (unsigned int i = 0; i < client_count(at); i++) {
		const struct attach_client *c = at->params.client[i];
		int n = c->drain(c->arg, DRAIN_SLOTS);

		if (n < 0)
			return n;
		sum += n;
	}
	return sum;
}

static bool sleep_all(struct attach *at)
{
	for (unsigned int i = 0; i < client_count(at); i++) {
		const struct attach_client *c = at->params.client[i];

		if (!c->sleep(c->arg))
			return false;
	}
	return true;
}

// Until nothing is left, and then to sleep. Returns how many slots there were, or -errno after lose.
static int serve(struct attach *at)
{
	int sum = 0;

	for (unsigned int round = 0; round < DRAIN_ROUNDS; round++) {
		int n = drain_all(at);

		if (n < 0) {
			lose(at, "a ring of it is broken");
			return n;
		}
		publish_all(at);
		sum += n;
		if (n == 0 && (pace_is_looking(&at->pace) || sleep_all(at)))
			return sum;
	}
	// More waits than one turn may take: come again after the others.
	eventfd_write(at->io.fd[TG_ATTACH_FD_WAKE_CONTROL], 1);
	return sum;
}

static void on_wake(void *arg, int)
{
	struct attach *at = arg;

	pace_woken(&at->pace);
	serve(at);
}

static void on_look(void *arg, int)
{
	struct attach *at = arg;
	int n = serve(at);

	if (n >= 0 && !pace_looked(&at->pace, (unsigned int)n))
		serve(at);
}

// After a time in which we were stopped ourselves the wheel catches up, all in one moment.
static bool is_catching_up(struct tg_mono now)
{
	return tg_mono_ms(tg_mono_now()) > tg_mono_ms(now) + TG_BEAT_LOST_MS / 2;
}

static void on_beat(struct timer *, void *arg)
{
	struct attach *at = arg;
	struct tg_mono now = timer_wheel_now(loop_wheel(at->params.loop));
	struct tg_segment *seg = at->io.shared;
	uint64_t beat_ns = __atomic_load_n(&seg->dataplane_beat_ns, __ATOMIC_RELAXED);

	// By our clock, so that it matters only that its heartbeat changes.
	if (beat_ns != at->beat_ns || is_catching_up(now)) {
		at->beat_ns = beat_ns;
		at->beat_seen = now;
	}
	if (tg_mono_ms_between(at->beat_seen, now) > TG_BEAT_LOST_MS) {
		lose(at, "its heartbeat stopped");
		return;
	}
	__atomic_store_n(&seg->controlplane_beat_ns, tg_mono_now().ns, __ATOMIC_RELAXED);
	arm(at, TG_BEAT_INTERVAL_MS, on_beat);
}

static int attach_clients(struct attach *at)
{
	struct attach_segment segment = {
		.attach = at,
		.shared = at->io.shared,
		.bytes = at->io.bytes,
		.boot_id = at->io.shared->boot_id,
		.epoch = at->io.epoch,
		.workers = at->io.workers,
		.streams_max = at->io.streams_max,
	};

	for (unsigned int i = 0; i < client_count(at); i++) {
		const struct attach_client *c = at->params.client[i];
		int rc = c->on_attach(c->arg, &segment);

		if (rc < 0) {
			detach_clients(at, i);
			return rc;
		}
	}
	return 0;
}

static int begin(struct attach *at)
{
	int wake = at->io.fd[TG_ATTACH_FD_WAKE_CONTROL];
	int rc = loop_watch_add_bell(&at->wake_watch, at->params.loop, wake, on_wake, at);

	if (rc < 0)
		return rc;
	at->state = ATTACHED;
	rc = attach_clients(at);
	if (rc < 0) {
		at->state = ASKING;
		return rc;
	}
	at->last_error = 0;
	at->beat_ns = __atomic_load_n(&at->io.shared->dataplane_beat_ns, __ATOMIC_RELAXED);
	at->beat_seen = timer_wheel_now(loop_wheel(at->params.loop));
	LOG(LOG_INFO, "dataplane-attached", "epoch=%u workers=%u streams_max=%u", at->io.epoch,
		at->io.workers, at->io.streams_max);
	// Drains what is there already, and announces that we sleep.
	eventfd_write(wake, 1);
	arm(at, 1, on_beat);
	return 0;
}

static void on_socket(void *arg, int fd)
{
	struct attach *at = arg;
	char byte;
	int rc;

	if (at->state == ATTACHED) {
		ssize_t len = recv(fd, &byte, sizeof(byte), MSG_TRUNC);

		if (len == 0 || (len < 0 && errno != EAGAIN && errno != EINTR))
			lose(at, "its socket closed");
		return;
	}
	rc = attach_io_take(&at->io, fd, at->params.sig_threads);
	if (rc == -EAGAIN || rc == -EINTR)
		return;
	if (rc == 0)
		rc = begin(at);
	if (rc < 0)
		fail(at, rc);
}

static void on_no_answer(struct timer *, void *arg)
{
	fail(arg, -ETIMEDOUT);
}

static void on_retry(struct timer *, void *arg)
{
	struct attach *at = arg;
	int rc = attach_io_ask(&at->socket, at->params.path, at->params.sig_threads);

	if (rc == 0)
		rc = loop_watch_add(&at->socket_watch, at->params.loop, at->socket, on_socket, at);
	if (rc < 0) {
		fail(at, rc);
		return;
	}
	at->state = ASKING;
	arm(at, ATTACH_ANSWER_MS, on_no_answer);
}

struct attach *attach_new(const struct attach_params *params)
{
	struct attach *at = calloc(1, sizeof(*at));

	if (at == NULL)
		return NULL;
	at->params = *params;
	at->socket = -1;
	at->io = (struct attach_io){.fd = {-1, -1, -1}};
	at->publish = event_new(loop_base(params->loop), -1, EV_TIMEOUT, on_publish, at);
	if (at->publish == NULL || pace_init(&at->pace, params->loop, on_look, at) < 0) {
		if (at->publish != NULL)
			event_free(at->publish);
		free(at);
		return NULL;
	}
	arm(at, 1, on_retry);
	return at;
}

void attach_free(struct attach *attach)
{
	if (attach == NULL)
		return;
	give_up(attach);
	timer_cancel(loop_wheel(attach->params.loop), &attach->timer);
	event_free(attach->publish);
	pace_fini(&attach->pace);
	free(attach);
}

bool attach_is_attached(const struct attach *attach)
{
	return attach->state == ATTACHED;
}

int attach_find(
	struct tg_section *out, const struct attach_segment *segment, struct tg_section want)
{
	return tg_segment_find(out, segment->shared, segment->bytes, want);
}
