// SPDX-License-Identifier: BSD-3-Clause
// The main lcore's event rings: completions and news of streams to the signalling threads.
// All functions: main lcore only.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/ctl/segment.h"
#include "include/tidegate/event.h"
#include "include/tidegate/ring.h"

struct events {
	struct tg_ring ring[TG_SIG_THREADS_MAX];
	unsigned int threads; // of the attached control plane; 0: nobody is attached
	int wake_fd;	      // its eventfd
	uint64_t lost;	      // news that found their ring full
};

// Empties the rings and takes them up for a new control plane that runs so many threads.
void event_attach(struct events *ev, const struct segment *seg, unsigned int threads);
// Nobody listens from now on.
void event_detach(struct events *ev);

// Whether a completion to this thread would find room.
bool event_has_room(struct events *ev, unsigned int thread);
// Queues a copy of *event, stamped with the time. False, and counted as lost, when the ring is full
// or no such thread is there. Shown to the control plane by event_publish.
bool event_send(struct events *ev, unsigned int thread, const struct tg_event *event);
// Shows what was queued and wakes the control plane if it sleeps.
void event_publish(struct events *ev);
