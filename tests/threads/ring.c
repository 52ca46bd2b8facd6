// SPDX-License-Identifier: BSD-3-Clause
// One producer and one consumer share a ring, sleeping and waking as the two processes do. Each slot
// must arrive once, in order, whole. Run under ThreadSanitizer too.
#include "include/tidegate/ring.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum {
	SLOTS = 64,
	MESSAGES = 300000,
	WORDS = 4,
};

struct pair {
	struct tg_ring_shared *shared;
	int wake;
};

static void wake(int fd)
{
	uint64_t one = 1;

	if (write(fd, &one, sizeof(one)) != sizeof(one))
		abort();
}

static void *produce(void *arg)
{
	struct pair *pair = arg;
	struct tg_ring ring = tg_ring_producer(pair->shared, SLOTS, WORDS * sizeof(uint64_t));

	for (uint64_t n = 0; n < MESSAGES; n++) {
		uint64_t *slot;

		while ((slot = tg_ring_reserve(&ring)) == NULL)
			if (tg_ring_publish(&ring))
				wake(pair->wake);
		for (uint64_t i = 0; i < WORDS; i++)
			slot[i] = n * WORDS + i;
		tg_ring_push(&ring);
		if (n % 7 == 0 && tg_ring_publish(&ring))
			wake(pair->wake);
	}
	if (tg_ring_publish(&ring))
		wake(pair->wake);
	return NULL;
}

static uint64_t take_all(struct tg_ring *ring, uint64_t next)
{
	const uint64_t *slot;

	while ((slot = tg_ring_peek(ring)) != NULL) {
		for (uint64_t i = 0; i < WORDS; i++) {
			if (slot[i] != next * WORDS + i) {
				fprintf(stderr, "message %llu is not whole\n",
					(unsigned long long)next);
				exit(EXIT_FAILURE);
			}
		}
		tg_ring_pop(ring);
		next++;
	}
	return next;
}

int main(void)
{
	struct pair pair = {
		.shared = aligned_alloc(
			TG_CACHE_LINE, tg_ring_bytes(SLOTS, WORDS * sizeof(uint64_t))),
		.wake = eventfd(0, 0),
	};
	struct tg_ring ring;
	pthread_t producer;
	uint64_t next = 0;

	if (pair.shared == NULL || pair.wake < 0)
		return EXIT_FAILURE;
	*pair.shared = (struct tg_ring_shared){0};
	ring = tg_ring_consumer(pair.shared, SLOTS, WORDS * sizeof(uint64_t));
	if (pthread_create(&producer, NULL, produce, &pair) != 0)
		return EXIT_FAILURE;
	alarm(60);
	while ((next = take_all(&ring, next)) < MESSAGES) {
		uint64_t count;

		if (tg_ring_wait_begin(&ring)
			&& read(pair.wake, &count, sizeof(count)) != sizeof(count))
			return EXIT_FAILURE;
	}
	pthread_join(producer, NULL);
	free(pair.shared);
	close(pair.wake);
	printf("%llu messages\n", (unsigned long long)next);
	return ring.dead ? EXIT_FAILURE : EXIT_SUCCESS;
}
