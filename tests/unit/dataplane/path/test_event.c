// SPDX-License-Identifier: BSD-3-Clause
#include "tests/unit/dataplane/rig.h"

#include "dataplane/path/path_int.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

Test(event, goes_to_its_thread_or_is_counted_as_lost)
{
	struct rig *rig = rig_new(1, 2);
	struct tg_event event = {.type = TG_EVENT_SSRC_CHANGED, .cookie = 9};
	struct tg_event got;

	event_push(&rig->path, 1, &event);
	cr_assert(not(rig_event(&got, rig, 0)));
	cr_assert(rig_event(&got, rig, 1));
	cr_assert(eq(u64, got.cookie, 9));
	event_push(&rig->path, 2, &event);
	cr_assert(eq(u64, rig->stats.counter[TG_COUNT_EVENTS_LOST], 1));
	for (int i = 0; i < RIG_RING_SLOTS + 3; i++)
		event_push(&rig->path, 0, &event);
	cr_assert(eq(u64, rig->stats.counter[TG_COUNT_EVENTS_LOST], 4));
	rig->path.attached = false;
	event_push(&rig->path, 1, &event);
	cr_assert(eq(u64, rig->stats.counter[TG_COUNT_EVENTS_LOST], 5));
	cr_assert(not(rig_event(&got, rig, 1)));
	rig_free(rig);
}

Test(event, due_once_a_second)
{
	static const struct {
		uint64_t now_ms;
		bool due;
	} cases[] = {{0, true}, {1, false}, {999, false}, {1003, true}, {2000, false}, {2004, true},
		{0x100000000ull, true}, {0x1000003e0ull, false}, {0x100000400ull, true}};
	uint32_t last_ms = 0;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		cr_expect(
			eq(int, event_due(&last_ms, cases[i].now_ms), cases[i].due), "case %zu", i);
}
