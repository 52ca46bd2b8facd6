// SPDX-License-Identifier: BSD-3-Clause
// Timers for one thread: a hierarchical wheel of 1 ms steps. Arm, cancel and fire are O(1).
//
// The wheel has no clock of its own: whoever drives it says what time it is, so that a test can let
// an hour pass in a millisecond.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "controlplane/base/rcu.h"
#include "include/tidegate/time.h"

struct timer;

typedef void timer_fire_h(struct timer *timer, void *arg);

// Lies in its owner, who cancels it before the memory goes. Zeroed: not armed.
struct timer {
	struct cds_list_head link;
	uint64_t due_ms;
	timer_fire_h *fire;
	void *arg;
};

struct timer_wheel;

// NULL when memory is out.
struct timer_wheel *timer_wheel_new(struct tg_mono now);
// No timer may be armed any more.
void timer_wheel_free(struct timer_wheel *wheel);

// Calls fire(timer, arg) once, delay_ms after the wheel's present time. A timer that is armed is
// moved. It is disarmed before fire runs, so fire may arm it again or free its owner. A delay of 0
// counts as 1, so that fire cannot keep the wheel from moving on. Timers due at the same time fire
// in the order they were armed.
void timer_arm(struct timer_wheel *wheel, struct timer *timer, uint64_t delay_ms,
	timer_fire_h *fire, void *arg);
void timer_cancel(struct timer_wheel *wheel, struct timer *timer);
bool timer_is_armed(const struct timer *timer);

// Moves the present time forward and fires what is due, in order of due time; while one fires, the
// present time is its due time. Time never goes back. Idle time costs nothing, however long.
void timer_wheel_advance(struct timer_wheel *wheel, struct tg_mono now);
// Any thread.
struct tg_mono timer_wheel_now(const struct timer_wheel *wheel);
// When to advance next at the latest: a lower bound of the time to the next due timer, in ms;
// UINT64_MAX when none is armed.
uint64_t timer_wheel_next_ms(const struct timer_wheel *wheel);
// Timers armed now; for gauges and leak checks.
uint64_t timer_wheel_count(const struct timer_wheel *wheel);
