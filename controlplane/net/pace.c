// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/net/pace.h"

#include <errno.h>
#include <sys/timerfd.h>
#include <unistd.h>

static void set_timer(const struct pace *pace, uint64_t ms)
{
	struct timespec interval = {.tv_nsec = (long)(ms * TG_NS_PER_MS)};

	timerfd_settime(pace->fd, 0, &(struct itimerspec){interval, interval}, NULL);
}

static void on_timer(void *arg, int fd)
{
	struct pace *pace = arg;
	uint64_t times;

	if (read(fd, &times, sizeof(times)) == sizeof(times) && pace->looking)
		pace->look(pace->arg, fd);
}

int pace_init(struct pace *pace, struct loop *loop, loop_ready_h *look, void *arg)
{
	int rc;

	*pace = (struct pace){.loop = loop, .look = look, .arg = arg};
	pace->fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	if (pace->fd < 0)
		return -errno;
	rc = loop_watch_add(&pace->watch, loop, pace->fd, on_timer, pace);
	if (rc < 0)
		close(pace->fd);
	return rc;
}

void pace_fini(struct pace *pace)
{
	loop_watch_free(pace->watch);
	close(pace->fd);
}

static bool is_over(const struct pace *pace, struct tg_mono now)
{
	return now.ns - pace->window.ns >= PACE_WINDOW_MS * TG_NS_PER_MS;
}

static void begin_window(struct pace *pace, struct tg_mono now)
{
	pace->window = now;
	pace->in_window = 0;
}

void pace_woken(struct pace *pace)
{
	struct tg_mono now = timer_wheel_now(loop_wheel(pace->loop));

	if (pace->looking)
		return;
	if (is_over(pace, now))
		begin_window(pace, now);
	if (++pace->in_window < PACE_DENSE)
		return;
	pace->looking = true;
	begin_window(pace, now);
	set_timer(pace, PACE_LOOK_MS);
}

bool pace_looked(struct pace *pace, unsigned int slots)
{
	struct tg_mono now = timer_wheel_now(loop_wheel(pace->loop));

	pace->in_window += slots;
	if (pace->looking && is_over(pace, now)) {
		if (pace->in_window < PACE_SPARSE)
			pace_stop(pace);
		begin_window(pace, now);
	}
	return pace->looking;
}

bool pace_is_looking(const struct pace *pace)
{
	return pace->looking;
}

void pace_stop(struct pace *pace)
{
	if (!pace->looking)
		return;
	pace->looking = false;
	set_timer(pace, 0);
}
