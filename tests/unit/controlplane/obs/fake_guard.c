// SPDX-License-Identifier: BSD-3-Clause
#include "tests/unit/controlplane/obs/fake_guard.h"

#include <criterion/criterion.h>

#include "controlplane/call/engine.h"

struct fake_guard fake_guard;

static struct timer_wheel *wheel;

static int send_command(void *, const struct tg_cmd *)
{
	fake_guard.commands++;
	return 0;
}

void fake_guard_open(void)
{
	struct conf *conf = conf_current();

	wheel = timer_wheel_new(tg_mono_now());
	fake_guard.guard = guard_new(
		&(struct guard_params){.wheel = wheel, .conf = conf, .send = send_command});
	cr_assert_not_null(fake_guard.guard);
	guard_on_attach(fake_guard.guard, true);
	conf_put(conf);
}

void fake_guard_close(void)
{
	rcu_register_thread();
	guard_free(fake_guard.guard);
	rcu_unregister_thread();
	timer_wheel_free(wheel);
	fake_guard = (struct fake_guard){0};
}

bool fake_guard_sources(
	void *, struct obs_source_cursor *cursor, struct tg_source *out, unsigned int *count)
{
	unsigned int max = *count;

	fake_guard.slices++;
	if (max > fake_guard.slice_max)
		fake_guard.slice_max = max;
	for (*count = 0; *count < max; cursor->row++) {
		if (cursor->row == fake_guard.rows) {
			cursor->row = 0;
			cursor->worker++;
		}
		if (fake_guard.fill == NULL || cursor->worker >= fake_guard.workers)
			return false;
		out[*count] = (struct tg_source){.first_ms = 1, .last_ms = 2};
		fake_guard.fill(&out[(*count)++], cursor->worker, cursor->row);
	}
	return true;
}

struct guard *engine_guard(const struct engine *)
{
	return fake_guard.guard;
}
