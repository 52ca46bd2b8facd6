// SPDX-License-Identifier: BSD-3-Clause
#include <criterion/criterion.h>

#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#include "controlplane/base/loop.h"

static struct loop *loop;

static void set_up(void)
{
	loop = loop_new();
	cr_assert_not_null(loop);
}

static void tear_down(void)
{
	loop_free(loop);
}

TestSuite(loop, .init = set_up, .fini = tear_down);

struct alarm {
	struct timer timer;
	struct tg_mono fired;
	bool ends_loop;
};

static void on_alarm(struct timer *, void *arg)
{
	struct alarm *alarm = arg;

	alarm->fired = tg_mono_now();
	if (alarm->ends_loop)
		loop_stop(loop);
}

static void set(struct alarm *alarm, uint64_t ms)
{
	timer_arm(loop_wheel(loop), &alarm->timer, ms, on_alarm, alarm);
}

Test(loop, timers_fire_when_due_and_not_before)
{
	struct tg_mono began = tg_mono_now();
	struct alarm early = {0}, late = {.ends_loop = true};

	loop_tick(loop);
	set(&late, 80);
	set(&early, 30);
	loop_run(loop);
	cr_assert_geq(tg_mono_ms_between(began, early.fired), 29);
	cr_assert_geq(tg_mono_ms_between(began, late.fired), 79);
	cr_assert_gt(late.fired.ns, early.fired.ns);
}

struct visitor {
	int fd[2];
	struct alarm alarm;
	struct tg_mono came;
};

static void on_octet(void *arg, int fd)
{
	struct visitor *visitor = arg;
	char octet;

	cr_assert_eq(read(fd, &octet, 1), 1);
	visitor->came = tg_mono_now();
	set(&visitor->alarm, 30);
}

static void *send_late(void *arg)
{
	struct visitor *visitor = arg;

	usleep(100000);
	cr_assert_eq(write(visitor->fd[1], "x", 1), 1);
	return NULL;
}

// The wheel stood still for 100 ms; a timer armed now must count from now.
Test(loop, a_callback_arms_from_the_present_time)
{
	struct visitor visitor = {.alarm.ends_loop = true};
	struct loop_watch *watch;
	pthread_t thread;

	cr_assert_eq(pipe(visitor.fd), 0);
	cr_assert_eq(loop_watch_add(&watch, loop, visitor.fd[0], on_octet, &visitor), 0);
	cr_assert_eq(pthread_create(&thread, NULL, send_late, &visitor), 0);
	loop_run(loop);
	pthread_join(thread, NULL);
	cr_assert_geq(tg_mono_ms_between(visitor.came, visitor.alarm.fired), 29);
	loop_watch_free(watch);
}

static unsigned int switches(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return (unsigned int)usage.ru_nvcsw;
}

Test(loop, nothing_ticks_while_idle)
{
	struct alarm end = {.ends_loop = true};
	unsigned int before = switches();

	set(&end, 300);
	loop_run(loop);
	// a lower bound of the due time may wake it a few times on the way
	cr_assert_lt(switches() - before, 12);
}

struct chain {
	struct letter letter;
	unsigned int left, delivered;
	struct alarm alarm;
};

static void pass_on(struct letter *letter)
{
	struct chain *chain = caa_container_of(letter, struct chain, letter);

	chain->delivered++;
	if (--chain->left > 0)
		mailbox_send(loop_mailbox(loop), letter, pass_on);
}

// A letter that sends itself on all the time leaves timers their turn.
Test(loop, letters_do_not_starve_timers)
{
	struct chain chain = {.left = 100000000, .alarm.ends_loop = true};

	set(&chain.alarm, 20);
	mailbox_send(loop_mailbox(loop), &chain.letter, pass_on);
	loop_run(loop);
	cr_assert_gt(chain.delivered, 10);
	cr_assert_gt(chain.left, 0);
}

static void *stop_soon(void *arg)
{
	usleep(20000);
	loop_stop(arg);
	loop_stop(arg);
	return NULL;
}

Test(loop, any_thread_may_stop_it)
{
	pthread_t thread;

	cr_assert_eq(pthread_create(&thread, NULL, stop_soon, loop), 0);
	loop_run(loop);
	pthread_join(thread, NULL);
}

Test(loop, stopped_before_it_runs_it_returns_at_once)
{
	loop_stop(loop);
	loop_run(loop);
}

struct listener {
	int fd;
	unsigned int rung;
	struct alarm again; // rings, once more
	struct alarm end;
};

static void on_bell(void *arg, int)
{
	struct listener *listener = arg;

	listener->rung++;
}

static void ring_again(struct timer *, void *arg)
{
	const struct listener *listener = arg;

	eventfd_write(listener->fd, 1);
}

// A loop that took it for readable would call without end.
Test(loop, a_bell_is_heard_once_a_ring_though_nobody_reads)
{
	struct listener listener = {
		.fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC), .end.ends_loop = true};
	struct loop_watch *watch;

	cr_assert_geq(listener.fd, 0);
	eventfd_write(listener.fd, 1);
	cr_assert_eq(loop_watch_add_bell(&watch, loop, listener.fd, on_bell, &listener), 0);
	loop_tick(loop);
	timer_arm(loop_wheel(loop), &listener.again.timer, 30, ring_again, &listener);
	set(&listener.end, 100);
	loop_run(loop);
	cr_expect_eq(listener.rung, 2);
	loop_watch_free(watch);
	close(listener.fd);
}
