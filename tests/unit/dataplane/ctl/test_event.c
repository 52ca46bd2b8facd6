// SPDX-License-Identifier: BSD-3-Clause
#include <criterion/criterion.h>

#include <sys/eventfd.h>

#include <unistd.h>

#include "dataplane/ctl/event.h"

static struct segment *seg;
static struct events events;

static void set_up(void)
{
	cr_assert_eq(segment_new(&seg, &(struct segment_shape){1, 2, 1}), 0);
	events = (struct events){.wake_fd = eventfd(0, EFD_NONBLOCK)};
}

static void tear_down(void)
{
	close(events.wake_fd);
	segment_free(seg);
}

TestSuite(event, .init = set_up, .fini = tear_down);

Test(event, nobody_attached_counts_as_lost)
{
	const struct tg_event news = {.type = TG_EVENT_MEDIA_IDLE};

	cr_assert_not(event_has_room(&events, 0));
	cr_assert_not(event_send(&events, 0, &news));
	cr_assert_eq(events.lost, 1);
}

Test(event, reaches_its_thread_once_published)
{
	const struct tg_event news = {.type = TG_EVENT_MEDIA_IDLE, .cookie = 42};
	struct tg_ring reader = segment_consumer(seg, TG_SECTION_EVENT_RING, 0, 1);
	const struct tg_event *got;

	event_attach(&events, seg, 2);
	cr_assert(event_send(&events, 1, &news));
	cr_assert_null(tg_ring_peek(&reader));
	event_publish(&events);
	got = tg_ring_peek(&reader);
	cr_assert_not_null(got);
	cr_assert_eq(got->cookie, 42);
	cr_assert_neq(got->mono_ns, 0);
	cr_assert_not(event_send(&events, 2, &news), "a thread that is not there");
}

Test(event, sleeper_is_woken_once)
{
	const struct tg_event news = {.type = TG_EVENT_MEDIA_IDLE};
	struct tg_ring reader;
	uint64_t count = 0;

	event_attach(&events, seg, 1);
	reader = segment_consumer(seg, TG_SECTION_EVENT_RING, 0, 0);
	cr_assert(tg_ring_wait_begin(&reader));
	for (int i = 0; i < 3; i++) {
		event_send(&events, 0, &news);
		event_publish(&events);
	}
	cr_assert_eq(read(events.wake_fd, &count, sizeof(count)), sizeof(count));
	cr_assert_eq(count, 1);
}

Test(event, full_ring_loses_and_says_so)
{
	const struct tg_event news = {.type = TG_EVENT_MEDIA_IDLE};
	uint32_t slots = segment_section(seg, TG_SECTION_EVENT_RING, 0, 0, 0)->entries;

	event_attach(&events, seg, 1);
	for (uint32_t i = 0; i < slots; i++)
		cr_assert(event_send(&events, 0, &news));
	cr_assert_not(event_has_room(&events, 0));
	cr_assert_not(event_send(&events, 0, &news));
	cr_assert_eq(events.lost, 1);
}
