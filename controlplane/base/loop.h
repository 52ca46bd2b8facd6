// SPDX-License-Identifier: BSD-3-Clause
// One thread's loop: libevent watches descriptors, a timer wheel keeps time, a mailbox takes what
// other threads send. Nothing ticks while nothing is due; what is due fires within 10 ms.
#pragma once

#include "controlplane/base/mailbox.h"
#include "controlplane/base/timer_wheel.h"

struct event_base;
struct loop;
struct loop_watch;

typedef void loop_ready_h(void *arg, int fd);

// NULL when memory or descriptors are out. The loop belongs to the thread that runs it; before
// loop_run the thread that made it may use it.
struct loop *loop_new(void);
// All watches must be gone and no timer armed. Letters still in the mailbox are not delivered.
void loop_free(struct loop *loop);

struct event_base *loop_base(const struct loop *loop);
struct timer_wheel *loop_wheel(const struct loop *loop);
struct mailbox *loop_mailbox(const struct loop *loop);

// Calls ready(arg, fd) on the loop's thread whenever fd is readable. The wheel has the present time
// by then. Returns 0 or -ENOMEM.
int loop_watch_add(
	struct loop_watch **out, struct loop *loop, int fd, loop_ready_h *ready, void *arg);
// The same for an eventfd that nobody reads: ready is called for each write since, for several at once
// perhaps only once. Spares a system call a wake-up.
int loop_watch_add_bell(
	struct loop_watch **out, struct loop *loop, int fd, loop_ready_h *ready, void *arg);
// Before fd is closed. NULL is legal.
void loop_watch_free(struct loop_watch *watch);

// Gives the wheel the present time and fires what is due. For callbacks of libevent that did not
// come through a watch, before they arm timers.
void loop_tick(struct loop *loop);

// Runs until loop_stop.
void loop_run(struct loop *loop);
// Any thread, any number of times, also before loop_run.
void loop_stop(struct loop *loop);
