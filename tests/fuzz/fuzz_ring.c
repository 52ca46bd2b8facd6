// SPDX-License-Identifier: BSD-3-Clause
// A peer that owns the shared memory can withhold and garble slots, never move an access out of
// the ring. The first byte is the shape, each further pair a step of us or of the peer.
#include "include/tidegate/ring.h"

#include <stdlib.h>
#include <string.h>

enum step {
	PEER_SETS_TAIL,
	PEER_SETS_HEAD,
	PEER_SETS_WAITING,
	PEER_WRITES,
	PRODUCE,
	PUBLISH,
	CONSUME,
	POP,
	WAIT,
	DEPTH,
	TAKE_UP,
	STEPS,
};

struct both {
	struct tg_ring_shared *shared;
	uint32_t size, slot_bytes;
	struct tg_ring producer, consumer;
};

// Every byte of a slot, so that a sanitizer sees one that is not there.
static void touch(const struct both *b, const void *slot)
{
	const uint8_t *first = b->shared->slots;
	const uint8_t *at = slot;
	uint8_t copy[64];

	if (at < first || at + b->slot_bytes > first + (size_t)b->size * b->slot_bytes)
		abort();
	memcpy(copy, slot, b->slot_bytes);
}

static void take_up(struct both *b)
{
	b->producer = tg_ring_producer(b->shared, b->size, b->slot_bytes);
	b->consumer = tg_ring_consumer(b->shared, b->size, b->slot_bytes);
}

static uint32_t index_of(uint8_t byte)
{
	// Near zero, near the wrap, or far away.
	return byte < 100 ? byte : byte < 200 ? UINT32_MAX - (byte - 100u) : byte * 0x01010101u;
}

static void consume(struct both *b)
{
	const void *slot = tg_ring_peek(&b->consumer);

	if (slot != NULL)
		touch(b, slot);
	if (slot != NULL && b->consumer.dead)
		abort();
}

static void produce(struct both *b, uint8_t byte)
{
	void *slot = tg_ring_reserve(&b->producer);

	if (slot == NULL)
		return;
	touch(b, slot);
	memset(slot, byte, b->slot_bytes);
	tg_ring_push(&b->producer);
	if (!b->producer.dead && b->producer.own - b->producer.peer > b->size)
		abort();
}

static void take_step(struct both *b, enum step step, uint8_t byte)
{
	switch (step) {
	case PEER_SETS_TAIL:
		b->shared->tail = index_of(byte);
		break;
	case PEER_SETS_HEAD:
		b->shared->head = index_of(byte);
		break;
	case PEER_SETS_WAITING:
		b->shared->waiting = byte;
		break;
	case PEER_WRITES:
		memset(b->shared->slots, byte, (size_t)b->size * b->slot_bytes);
		break;
	case PRODUCE:
		produce(b, byte);
		break;
	case PUBLISH:
		tg_ring_publish(&b->producer);
		break;
	case CONSUME:
		consume(b);
		break;
	case POP:
		if (tg_ring_peek(&b->consumer) != NULL)
			tg_ring_pop(&b->consumer);
		break;
	case WAIT:
		tg_ring_wait_begin(&b->consumer);
		break;
	case DEPTH:
		if (tg_ring_depth(&b->consumer) > b->size)
			abort();
		break;
	case TAKE_UP:
		take_up(b);
		break;
	case STEPS:
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct both b = {.size = 1, .slot_bytes = 8};
	size_t bytes;

	if (len == 0)
		return 0;
	b.size = 1u << (data[0] % 5);
	b.slot_bytes = 8 * (1 + data[0] / 5 % 8);
	bytes = tg_ring_bytes(b.size, b.slot_bytes);
	if (posix_memalign((void **)&b.shared, TG_CACHE_LINE, bytes) != 0)
		abort();
	memset(b.shared, 0, bytes);
	take_up(&b);
	for (size_t i = 1; i + 1 < len; i += 2)
		take_step(&b, (enum step)(data[i] % STEPS), data[i + 1]);
	free(b.shared);
	return 0;
}
