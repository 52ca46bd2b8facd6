// SPDX-License-Identifier: BSD-3-Clause
// Single-producer single-consumer ring of fixed-size slots, in memory that two processes share.
//
//	shared:  | tail | ...pad to 64 | head waiting | ...pad to 64 | slot 0 | slot 1 | ... |
//	           ^ producer only       ^ consumer only
//
//	head == tail          empty              slots [head, tail) belong to the consumer,
//	tail - head == size   full               the others to the producer
//	tail - head >  size   impossible: the peer is broken; the ring goes dead on our side
//
// Indices run freely over 32 bits; size is a power of two. Each side keeps size, mask and its own
// index in a private struct tg_ring and reads only the other side's index from shared memory,
// checked against size. Thus a hostile peer can withhold or garble slots, never move an access
// out of the ring.
//
// A consumer that distrusts its producer copies a slot out before it checks the copy: the producer
// can still write to the slot while it is being read.
#pragma once

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "include/tidegate/limits.h"

struct tg_ring_shared {
	_Alignas(TG_CACHE_LINE) uint32_t tail; // producer: rw, consumer: ro
	_Alignas(TG_CACHE_LINE) uint32_t head; // consumer: rw, producer: ro
	uint32_t waiting;		       // consumer sets, producer clears: wake me by eventfd
	_Alignas(TG_CACHE_LINE) uint8_t slots[];
};

static_assert(offsetof(struct tg_ring_shared, head) == TG_CACHE_LINE);
static_assert(offsetof(struct tg_ring_shared, slots) == 2 * TG_CACHE_LINE);

// One side's private view. Never in shared memory.
struct tg_ring {
	struct tg_ring_shared *shared;
	uint32_t size;	     // slots, power of two
	uint32_t mask;	     // size - 1
	uint32_t slot_bytes; // multiple of 8
	uint32_t own;	     // my index: tail when I produce, head when I consume
	uint32_t published;  // producer: the tail the consumer has been shown
	uint32_t peer;	     // last believed index of the peer
	bool dead;	     // the peer published an impossible index
};

// Bytes of shared memory that a ring of this shape takes.
static inline size_t tg_ring_bytes(uint32_t size, uint32_t slot_bytes)
{
	return sizeof(struct tg_ring_shared) + (size_t)size * slot_bytes;
}

static inline bool tg_ring_shape_ok(uint32_t size, uint32_t slot_bytes)
{
	return size != 0 && (size & (size - 1)) == 0 && size <= 1u << 20 && slot_bytes != 0
		&& slot_bytes % 8 == 0 && slot_bytes <= 1u << 17;
}

static inline struct tg_ring tg_ring_view(
	struct tg_ring_shared *shared, uint32_t size, uint32_t slot_bytes)
{
	assert(tg_ring_shape_ok(size, slot_bytes));
	return (struct tg_ring){
		.shared = shared, .size = size, .mask = size - 1, .slot_bytes = slot_bytes};
}

// Take up the producer's part. Goes on from what an earlier producer had published.
static inline struct tg_ring tg_ring_producer(
	struct tg_ring_shared *shared, uint32_t size, uint32_t slot_bytes)
{
	struct tg_ring r = tg_ring_view(shared, size, slot_bytes);

	r.own = r.published = __atomic_load_n(&shared->tail, __ATOMIC_ACQUIRE);
	r.peer = __atomic_load_n(&shared->head, __ATOMIC_ACQUIRE);
	r.dead = r.own - r.peer > size;
	return r;
}

// Take up the consumer's part. Slots that were published for an earlier consumer are discarded.
static inline struct tg_ring tg_ring_consumer(
	struct tg_ring_shared *shared, uint32_t size, uint32_t slot_bytes)
{
	struct tg_ring r = tg_ring_view(shared, size, slot_bytes);

	r.own = r.peer = __atomic_load_n(&shared->tail, __ATOMIC_ACQUIRE);
	__atomic_store_n(&shared->head, r.own, __ATOMIC_RELEASE);
	return r;
}

static inline void *tg_ring_slot(const struct tg_ring *r, uint32_t index)
{
	return r->shared->slots + (size_t)(index & r->mask) * r->slot_bytes;
}

// Producer: whether another slot can be taken so that kept, less than size, stay free.
static inline bool tg_ring_has_room(struct tg_ring *r, uint32_t kept)
{
	if (r->own - r->peer >= r->size - kept) {
		uint32_t head = __atomic_load_n(&r->shared->head, __ATOMIC_ACQUIRE);

		if (r->own - head > r->size)
			r->dead = true;
		else
			r->peer = head;
	}
	return !r->dead && r->own - r->peer < r->size - kept;
}

// Producer: the next free slot, or NULL when the ring is full or dead. Nothing is shown to the
// consumer before tg_ring_publish. Reserving twice without tg_ring_push yields the same slot.
static inline void *tg_ring_reserve(struct tg_ring *r)
{
	return tg_ring_has_room(r, 0) ? tg_ring_slot(r, r->own) : NULL;
}

// Producer: the reserved slot is filled. Not visible yet.
static inline void tg_ring_push(struct tg_ring *r)
{
	r->own++;
}

// Producer: show all pushed slots. Returns true when the consumer sleeps and must be woken by its
// eventfd; it is then no longer marked as sleeping.
static inline bool tg_ring_publish(struct tg_ring *r)
{
	if (r->published == r->own)
		return false;
	r->published = r->own;
	__atomic_store_n(&r->shared->tail, r->own, __ATOMIC_SEQ_CST);
	if (__atomic_load_n(&r->shared->waiting, __ATOMIC_SEQ_CST) == 0)
		return false;
	return __atomic_exchange_n(&r->shared->waiting, 0, __ATOMIC_SEQ_CST) != 0;
}

// Consumer: the oldest slot, or NULL when the ring is empty or dead. Valid until tg_ring_pop.
static inline const void *tg_ring_peek(struct tg_ring *r)
{
	if (r->own == r->peer) {
		uint32_t tail = __atomic_load_n(&r->shared->tail, __ATOMIC_ACQUIRE);

		if (tail - r->own > r->size)
			r->dead = true;
		else
			r->peer = tail;
	}
	if (r->dead || r->own == r->peer)
		return NULL;
	return tg_ring_slot(r, r->own);
}

// Consumer: give the oldest slot back.
static inline void tg_ring_pop(struct tg_ring *r)
{
	r->own++;
	__atomic_store_n(&r->shared->head, r->own, __ATOMIC_RELEASE);
}

// Consumer: announce that I am about to sleep. Returns false when slots arrived meanwhile: then the
// announcement is withdrawn and the caller drains before it tries again.
static inline bool tg_ring_wait_begin(struct tg_ring *r)
{
	__atomic_store_n(&r->shared->waiting, 1, __ATOMIC_SEQ_CST);
	if (__atomic_load_n(&r->shared->tail, __ATOMIC_SEQ_CST) == r->own || r->dead)
		return true;
	__atomic_store_n(&r->shared->waiting, 0, __ATOMIC_SEQ_CST);
	return false;
}

// Slots between the two indices as this side believes them; for gauges.
static inline uint32_t tg_ring_depth(const struct tg_ring *r)
{
	uint32_t depth = __atomic_load_n(&r->shared->tail, __ATOMIC_RELAXED)
		- __atomic_load_n(&r->shared->head, __ATOMIC_RELAXED);

	return depth <= r->size ? depth : r->size;
}
