// SPDX-License-Identifier: BSD-3-Clause
#include "include/tidegate/ring.h"

#include <criterion/criterion.h>

#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#define SLOT_BYTES 64

static struct tg_ring_shared *shared_new(uint32_t size)
{
	size_t bytes = (tg_ring_bytes(size, SLOT_BYTES) + 63) / 64 * 64;
	struct tg_ring_shared *shared = aligned_alloc(TG_CACHE_LINE, bytes);

	memset(shared, 0, bytes);
	return shared;
}

static bool put(struct tg_ring *r, uint64_t value)
{
	uint64_t *slot = tg_ring_reserve(r);

	if (slot == NULL)
		return false;
	*slot = value;
	tg_ring_push(r);
	return true;
}

static bool get(struct tg_ring *r, uint64_t *value)
{
	const uint64_t *slot = tg_ring_peek(r);

	if (slot == NULL)
		return false;
	*value = *slot;
	tg_ring_pop(r);
	return true;
}

// The indices run over 32 bits, so each case starts shortly before they wrap.
Test(ring, holds_size_slots_in_order_across_the_wrap)
{
	static const uint32_t sizes[] = {1, 2, 8, 64}, starts[] = {0, UINT32_MAX - 5, 1u << 31};

	for (unsigned int c = 0; c < 12; c++) {
		uint32_t size = sizes[c % 4];
		struct tg_ring_shared *shared = shared_new(size);
		struct tg_ring producer, consumer;
		uint64_t in = 0, out = 0, value;

		shared->head = shared->tail = starts[c / 4];
		producer = tg_ring_producer(shared, size, SLOT_BYTES);
		consumer = tg_ring_consumer(shared, size, SLOT_BYTES);
		for (unsigned int round = 0; round < 100; round++) {
			while (put(&producer, in))
				in++;
			cr_assert_eq(in - out, size, "full at its size");
			tg_ring_publish(&producer);
			cr_assert_eq(tg_ring_depth(&producer), size);
			for (unsigned int n = 0; n <= round % size; n++) {
				cr_assert(get(&consumer, &value));
				cr_assert_eq(value, out++);
			}
		}
		while (get(&consumer, &value))
			cr_assert_eq(value, out++);
		cr_assert_eq(out, in);
		cr_assert(!producer.dead && !consumer.dead);
		free(shared);
	}
}

Test(ring, nothing_is_visible_before_it_is_published)
{
	struct tg_ring_shared *shared = shared_new(4);
	struct tg_ring producer = tg_ring_producer(shared, 4, SLOT_BYTES);
	struct tg_ring consumer = tg_ring_consumer(shared, 4, SLOT_BYTES);
	uint64_t value;

	put(&producer, 1);
	put(&producer, 2);
	cr_assert_not(get(&consumer, &value));
	tg_ring_publish(&producer);
	cr_assert(get(&consumer, &value));
	cr_assert_eq(value, 1);
	free(shared);
}

Test(ring, reserving_twice_yields_the_same_slot)
{
	struct tg_ring_shared *shared = shared_new(4);
	struct tg_ring producer = tg_ring_producer(shared, 4, SLOT_BYTES);
	void *slot = tg_ring_reserve(&producer);

	cr_assert_eq(tg_ring_reserve(&producer), slot);
	tg_ring_push(&producer);
	cr_assert_neq(tg_ring_reserve(&producer), slot);
	free(shared);
}

Test(ring, has_room_while_more_than_what_is_kept_is_free)
{
	struct tg_ring_shared *shared = shared_new(4);
	struct tg_ring producer = tg_ring_producer(shared, 4, SLOT_BYTES);
	struct tg_ring consumer = tg_ring_consumer(shared, 4, SLOT_BYTES);
	uint64_t value;

	for (uint64_t i = 0; i < 3; i++) {
		cr_assert(tg_ring_has_room(&producer, 1));
		cr_assert(put(&producer, i));
	}
	cr_assert_not(tg_ring_has_room(&producer, 1));
	cr_assert(tg_ring_has_room(&producer, 0));
	cr_assert(put(&producer, 3));
	cr_assert_not(tg_ring_has_room(&producer, 0));
	tg_ring_publish(&producer);
	for (uint64_t i = 0; i < 2; i++)
		cr_assert(get(&consumer, &value));
	cr_assert(tg_ring_has_room(&producer, 1));
	cr_assert_not(tg_ring_has_room(&producer, 2));
	free(shared);
}

Test(ring, new_consumer_discards_and_new_producer_goes_on)
{
	struct tg_ring_shared *shared = shared_new(4);
	struct tg_ring producer = tg_ring_producer(shared, 4, SLOT_BYTES), consumer;
	uint64_t value;

	put(&producer, 1);
	put(&producer, 2);
	tg_ring_publish(&producer);
	put(&producer, 3);
	consumer = tg_ring_consumer(shared, 4, SLOT_BYTES);
	cr_assert_not(get(&consumer, &value));
	producer = tg_ring_producer(shared, 4, SLOT_BYTES);
	put(&producer, 4);
	tg_ring_publish(&producer);
	cr_assert(get(&consumer, &value));
	cr_assert_eq(value, 4);
	free(shared);
}

Test(ring, impossible_index_of_the_peer_kills_the_ring_not_us)
{
	static const uint32_t lies[] = {5, 100, 1u << 31, UINT32_MAX, UINT32_MAX - 4};

	for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
		struct tg_ring_shared *shared = shared_new(4);
		struct tg_ring producer = tg_ring_producer(shared, 4, SLOT_BYTES);
		struct tg_ring consumer = tg_ring_consumer(shared, 4, SLOT_BYTES);

		shared->tail = lies[i];
		cr_assert_null(tg_ring_peek(&consumer), "%x", lies[i]);
		cr_assert(consumer.dead);
		shared->tail = 1;
		cr_assert_null(tg_ring_peek(&consumer), "dead stays dead");
		cr_assert(
			tg_ring_wait_begin(&consumer), "a dead ring does not keep its owner awake");

		for (unsigned int n = 0; n < 4; n++)
			cr_assert(put(&producer, n));
		shared->head = lies[i];
		cr_assert_null(tg_ring_reserve(&producer), "%x", lies[i]);
		cr_assert(producer.dead);
		cr_assert_leq(tg_ring_depth(&producer), 4);
		producer = tg_ring_producer(shared, 4, SLOT_BYTES);
		free(shared);
	}
}

// Whatever the peer writes at whatever time, no slot outside the ring is ever handed out.
Test(ring, random_lies_never_move_an_access_out_of_the_ring)
{
	struct tg_ring_shared *shared = shared_new(8);
	const uint8_t *first = shared->slots, *last = shared->slots + 7 * SLOT_BYTES;

	srand48(5);
	for (unsigned int round = 0; round < 20000; round++) {
		struct tg_ring producer, consumer;

		shared->head = (uint32_t)mrand48();
		shared->tail = shared->head + (uint32_t)(lrand48() % 12);
		producer = tg_ring_producer(shared, 8, SLOT_BYTES);
		consumer = tg_ring_consumer(shared, 8, SLOT_BYTES);
		for (unsigned int step = 0; step < 30; step++) {
			const uint8_t *in = tg_ring_reserve(&producer),
				      *out = tg_ring_peek(&consumer);

			cr_assert(in == NULL
				|| (in >= first && in <= last && (in - first) % SLOT_BYTES == 0));
			cr_assert(out == NULL
				|| (out >= first && out <= last
					&& (out - first) % SLOT_BYTES == 0));
			if (in != NULL)
				tg_ring_push(&producer);
			if (out != NULL)
				tg_ring_pop(&consumer);
			tg_ring_publish(&producer);
			if (lrand48() % 8 == 0)
				shared->tail = (uint32_t)mrand48();
			if (lrand48() % 8 == 0)
				shared->head = (uint32_t)mrand48();
		}
	}
	free(shared);
}

Test(ring, shapes_are_bounded)
{
	static const struct {
		uint32_t size, slot_bytes;
		bool ok;
	} cases[] = {{1, 8, true}, {1u << 20, 1u << 17, true}, {0, 8, false}, {3, 8, false},
		{4, 0, false}, {4, 12, false}, {1u << 21, 8, false}, {4, (1u << 17) + 8, false},
		{1u << 31, 8, false}};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		cr_assert_eq(tg_ring_shape_ok(cases[i].size, cases[i].slot_bytes), cases[i].ok,
			"%zu", i);
}

Test(ring, sleeper_is_woken_once_and_never_sleeps_over_a_slot)
{
	struct tg_ring_shared *shared = shared_new(4);
	struct tg_ring producer = tg_ring_producer(shared, 4, SLOT_BYTES);
	struct tg_ring consumer = tg_ring_consumer(shared, 4, SLOT_BYTES);
	uint64_t value;

	put(&producer, 1);
	cr_assert_not(tg_ring_publish(&producer), "nobody sleeps");
	cr_assert_not(tg_ring_publish(&producer), "nothing new");
	cr_assert_not(tg_ring_wait_begin(&consumer), "a slot waits");
	cr_assert_eq(shared->waiting, 0);
	cr_assert(get(&consumer, &value));
	cr_assert(tg_ring_wait_begin(&consumer));
	put(&producer, 2);
	cr_assert(tg_ring_publish(&producer));
	put(&producer, 3);
	cr_assert_not(tg_ring_publish(&producer), "woken already");
	free(shared);
}

#define STRESS_SLOTS 2000000
#define STRESS_SIZE 64

struct stress {
	struct tg_ring_shared *shared;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	bool woken;
};

static void wake(struct stress *s)
{
	pthread_mutex_lock(&s->lock);
	s->woken = true;
	pthread_cond_signal(&s->wake);
	pthread_mutex_unlock(&s->lock);
}

static void sleep_on(struct stress *s)
{
	pthread_mutex_lock(&s->lock);
	while (!s->woken)
		pthread_cond_wait(&s->wake, &s->lock);
	s->woken = false;
	pthread_mutex_unlock(&s->lock);
}

static void *produce(void *arg)
{
	struct stress *s = arg;
	struct tg_ring r = tg_ring_producer(s->shared, STRESS_SIZE, SLOT_BYTES);

	for (uint64_t i = 0; i < STRESS_SLOTS;) {
		uint64_t *slot = tg_ring_reserve(&r);

		if (slot == NULL) {
			sched_yield();
		} else {
			for (unsigned int w = 0; w < SLOT_BYTES / 8; w++)
				slot[w] = i * 8 + w;
			tg_ring_push(&r);
			i++;
		}
		if ((slot == NULL || i % 7 == 0 || i == STRESS_SLOTS) && tg_ring_publish(&r))
			wake(s);
	}
	return NULL;
}

// A consumer that misses a wake-up sleeps for ever, and the test runs into its time limit.
Test(ring, two_threads_lose_and_tear_nothing_and_miss_no_wake_up, .timeout = 60)
{
	struct stress s = {.shared = shared_new(STRESS_SIZE),
		.lock = PTHREAD_MUTEX_INITIALIZER,
		.wake = PTHREAD_COND_INITIALIZER};
	struct tg_ring r;
	pthread_t producer;

	s.shared->head = s.shared->tail = UINT32_MAX - 1000;
	r = tg_ring_consumer(s.shared, STRESS_SIZE, SLOT_BYTES);
	pthread_create(&producer, NULL, produce, &s);
	for (uint64_t i = 0; i < STRESS_SLOTS;) {
		const uint64_t *slot = tg_ring_peek(&r);

		if (slot == NULL) {
			cr_assert_not(r.dead);
			if (tg_ring_wait_begin(&r))
				sleep_on(&s);
			continue;
		}
		for (unsigned int w = 0; w < SLOT_BYTES / 8; w++)
			if (slot[w] != i * 8 + w)
				cr_assert_fail("slot %lu word %u is %lu", i, w, slot[w]);
		tg_ring_pop(&r);
		i++;
	}
	pthread_join(producer, NULL);
	cr_assert_null(tg_ring_peek(&r));
	free(s.shared);
}
