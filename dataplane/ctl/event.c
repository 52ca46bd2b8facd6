// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/ctl/event.h"

#include <unistd.h>

#include "include/tidegate/time.h"

void event_attach(struct events *ev, const struct segment *seg, unsigned int threads)
{
	for (unsigned int thread = 0; thread < threads; thread++)
		ev->ring[thread] = segment_producer(seg, TG_SECTION_EVENT_RING, 0, thread, 0);
	ev->threads = threads;
}

void event_detach(struct events *ev)
{
	ev->threads = 0;
}

bool event_has_room(struct events *ev, unsigned int thread)
{
	return thread < ev->threads && tg_ring_reserve(&ev->ring[thread]) != NULL;
}

bool event_send(struct events *ev, unsigned int thread, const struct tg_event *event)
{
	struct tg_event *slot = thread < ev->threads ? tg_ring_reserve(&ev->ring[thread]) : NULL;

	if (slot == NULL) {
		ev->lost++;
		return false;
	}
	*slot = *event;
	slot->mono_ns = tg_mono_now().ns;
	tg_ring_push(&ev->ring[thread]);
	return true;
}

void event_publish(struct events *ev)
{
	const uint64_t one = 1;
	bool wake = false;

	for (unsigned int thread = 0; thread < ev->threads; thread++)
		wake |= tg_ring_publish(&ev->ring[thread]);
	if (wake && write(ev->wake_fd, &one, sizeof(one)) < 0)
		return; // its counter is full: it is awake already
}
