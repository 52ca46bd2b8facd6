// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/base/loop.h"

#include <event2/event.h>

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/timerfd.h>
#include <unistd.h>

// A letter that sends itself on (a long listing) must not keep descriptors waiting.
#define LETTERS_PER_TURN 4
#define SLEEP_MS_MAX (60 * TG_MS_PER_S)
// A loop with thousands of timers a second wakes for many at a time.
#define WAKE_STEP_MS 10

struct loop {
	struct event_base *base;
	struct timer_wheel *wheel;
	struct mailbox *mailbox;
	int wake_fd; // readable when the wheel is due
	struct loop_watch *wake;
	struct loop_watch *letters;
	uint64_t wake_ms; // what wake_fd is armed for; UINT64_MAX: not armed
	struct letter stop;
	atomic_bool stopping;
};

struct loop_watch {
	struct loop *loop;
	struct event *event;
	loop_ready_h *ready;
	void *arg;
};

void loop_tick(struct loop *loop)
{
	timer_wheel_advance(loop->wheel, tg_mono_now());
}

static void on_readable(evutil_socket_t fd, short, void *arg)
{
	struct loop_watch *watch = arg;

	loop_tick(watch->loop);
	watch->ready(watch->arg, (int)fd);
}

static void on_wake(void *arg, int fd)
{
	struct loop *loop = arg;
	uint64_t times;

	if (read(fd, &times, sizeof(times)) == sizeof(times))
		loop->wake_ms = UINT64_MAX;
}

static void on_letters(void *arg, int)
{
	struct loop *loop = arg;

	mailbox_deliver(loop->mailbox, LETTERS_PER_TURN);
}

static int watch_add(struct loop_watch **out, struct loop *loop, int fd, short what,
	loop_ready_h *ready, void *arg)
{
	struct loop_watch *watch = calloc(1, sizeof(*watch));

	if (watch == NULL)
		return -ENOMEM;
	watch->loop = loop;
	watch->ready = ready;
	watch->arg = arg;
	watch->event = event_new(loop->base, fd, what | EV_PERSIST, on_readable, watch);
	if (watch->event == NULL || event_add(watch->event, NULL) < 0) {
		loop_watch_free(watch);
		return -ENOMEM;
	}
	*out = watch;
	return 0;
}

int loop_watch_add(
	struct loop_watch **out, struct loop *loop, int fd, loop_ready_h *ready, void *arg)
{
	return watch_add(out, loop, fd, EV_READ, ready, arg);
}

int loop_watch_add_bell(
	struct loop_watch **out, struct loop *loop, int fd, loop_ready_h *ready, void *arg)
{
	return watch_add(out, loop, fd, EV_READ | EV_ET, ready, arg);
}

void loop_watch_free(struct loop_watch *watch)
{
	if (watch == NULL)
		return;
	if (watch->event != NULL)
		event_free(watch->event);
	free(watch);
}

static struct event_base *base_new(void)
{
	struct event_config *config = event_config_new();
	struct event_base *base;

	if (config == NULL)
		return NULL;
	event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK);
	base = event_base_new_with_config(config);
	event_config_free(config);
	return base;
}

struct loop *loop_new(void)
{
	struct loop *loop = calloc(1, sizeof(*loop));

	if (loop == NULL)
		return NULL;
	loop->wake_ms = UINT64_MAX;
	loop->wake_fd = -1;
	loop->base = base_new();
	loop->wheel = timer_wheel_new(tg_mono_now());
	loop->mailbox = mailbox_new();
	if (loop->base == NULL || loop->wheel == NULL || loop->mailbox == NULL)
		goto err;
	loop->wake_fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	if (loop->wake_fd < 0
		|| loop_watch_add(&loop->wake, loop, loop->wake_fd, on_wake, loop) < 0)
		goto err;
	if (loop_watch_add(&loop->letters, loop, mailbox_fd(loop->mailbox), on_letters, loop) < 0)
		goto err;
	return loop;
err:
	loop_free(loop);
	return NULL;
}

void loop_free(struct loop *loop)
{
	if (loop == NULL)
		return;
	loop_watch_free(loop->letters);
	loop_watch_free(loop->wake);
	if (loop->wake_fd >= 0)
		close(loop->wake_fd);
	mailbox_free(loop->mailbox);
	timer_wheel_free(loop->wheel);
	if (loop->base != NULL)
		event_base_free(loop->base);
	free(loop);
}

struct event_base *loop_base(const struct loop *loop)
{
	return loop->base;
}

struct timer_wheel *loop_wheel(const struct loop *loop)
{
	return loop->wheel;
}

struct mailbox *loop_mailbox(const struct loop *loop)
{
	return loop->mailbox;
}

// Libevent's own precise timers would cost a system call each time it waits.
static void set_wake(struct loop *loop, uint64_t due_ms)
{
	struct itimerspec at = {0};

	if (due_ms == loop->wake_ms)
		return;
	loop->wake_ms = due_ms;
	if (due_ms != UINT64_MAX) {
		at.it_value.tv_sec = (time_t)(due_ms / TG_MS_PER_S);
		at.it_value.tv_nsec = (long)(due_ms % TG_MS_PER_S * TG_NS_PER_MS);
	}
	timerfd_settime(loop->wake_fd, TFD_TIMER_ABSTIME, &at, NULL);
}

static void arm_wake(struct loop *loop)
{
	uint64_t next_ms = timer_wheel_next_ms(loop->wheel);
	uint64_t due_ms;

	if (next_ms == UINT64_MAX) {
		set_wake(loop, UINT64_MAX);
		return;
	}
	if (next_ms > SLEEP_MS_MAX)
		next_ms = SLEEP_MS_MAX;
	due_ms = tg_mono_ms(timer_wheel_now(loop->wheel)) + next_ms;
	set_wake(loop, (due_ms + WAKE_STEP_MS - 1) / WAKE_STEP_MS * WAKE_STEP_MS);
}

void loop_run(struct loop *loop)
{
	loop_tick(loop);
	while (!atomic_load(&loop->stopping)) {
		arm_wake(loop);
		event_base_loop(loop->base, EVLOOP_ONCE);
	}
}

static void on_stop(struct letter *)
{
}

void loop_stop(struct loop *loop)
{
	if (!atomic_exchange(&loop->stopping, true))
		mailbox_send(loop->mailbox, &loop->stop, on_stop);
}
