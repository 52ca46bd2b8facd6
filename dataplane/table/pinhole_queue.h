// SPDX-License-Identifier: BSD-3-Clause
// What main asks worker 0 to send: keepalives of media, so that a NAT keeps its pinhole open while a leg
// is on hold. Only a worker may send; there are a few a second, so one of them does, and both ends share a
// cache line without harm.
//
// A request may outlive its stream. Its slot is then empty, or after a grace period another stream's, to
// whom one keepalive more does nothing.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define PINHOLE_SLOTS 1024u

struct pinhole_queue {
	uint32_t put;		      // main: rw, worker: ro
	uint32_t taken;		      // worker: rw, main: ro
	uint32_t slot[PINHOLE_SLOTS]; // port words of a stream's side, flow_table.h
};

// Main. False when it is full.
static inline bool pinhole_put(struct pinhole_queue *queue, uint32_t word)
{
	uint32_t put = queue->put;

	if (put - __atomic_load_n(&queue->taken, __ATOMIC_ACQUIRE) == PINHOLE_SLOTS)
		return false;
	queue->slot[put % PINHOLE_SLOTS] = word;
	__atomic_store_n(&queue->put, put + 1, __ATOMIC_RELEASE);
	return true;
}

// Worker 0. False when it is empty.
static inline bool pinhole_take(uint32_t *word, struct pinhole_queue *queue)
{
	uint32_t taken = queue->taken;

	if (__atomic_load_n(&queue->put, __ATOMIC_ACQUIRE) == taken)
		return false;
	*word = queue->slot[taken % PINHOLE_SLOTS];
	__atomic_store_n(&queue->taken, taken + 1, __ATOMIC_RELEASE);
	return true;
}
