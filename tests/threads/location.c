// SPDX-License-Identifier: BSD-3-Clause
// One thread registers, refreshes, moves and removes bindings while others look them up: whoever finds one
// finds it whole, one that is always there is always found, and nothing is freed under a reader.
#include "controlplane/reg/location.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "controlplane/base/metrics.h"
#include "controlplane/base/rcu.h"

enum {
	READERS = 2,
	STEPS = 3000,
	AORS = 8,
	CONTACTS = 4, // of each; contact 0 is never removed
	SEEN = 64,    // at once: one that went and came meanwhile is seen as two
	FLOWS = 3,
};

static struct location *location;
static atomic_bool over;
static atomic_uint finds;
static atomic_ullong flow_finds;

static void fail(const char *what)
{
	fprintf(stderr, "%s\n", what);
	exit(EXIT_FAILURE);
}

static struct str name(char text[static 16], unsigned int n)
{
	return str_of(text, (size_t)snprintf(text, 16, "%u@h", n));
}

static struct net_flow flow(unsigned int n)
{
	return (struct net_flow){.realm = 1, .remote.port = (uint16_t)(1024 + n % FLOWS)};
}

// cseq, q, params and flow tell the same number.
static void put(unsigned int aor, unsigned int contact, uint32_t number)
{
	char of_aor[16], of_contact[16], params[16];
	struct binding said = {
		.aor = name(of_aor, aor),
		.contact = name(of_contact, contact),
		.call_id = STR("x"),
		.params = name(params, number),
		.cseq = number,
		.q = (uint16_t)(number % LOCATION_Q_MAX),
		.flow = flow(number),
		.expires_s = 1 + contact,
	};
	uint64_t id;

	if (location_put(location, &id, &said) < 0)
		fail("not put");
	location_set_rtt(location, id, number);
}

static void check_whole(const struct binding *b)
{
	char params[16];

	if (!str_equal(b->params, name(params, b->cseq)) || b->q != b->cseq % LOCATION_Q_MAX
		|| b->flow.remote.port != flow(b->cseq).remote.port)
		fail("a binding is not whole");
}

static void look(unsigned int n)
{
	struct binding found[SEEN], one;
	struct net_flow of = flow(n);
	unsigned int count, first = 0;
	char text[16];

	rcu_read_lock();
	count = location_find(location, name(text, n % AORS), found, SEEN);
	if (count == 0 || count > SEEN)
		fail("too few or too many");
	for (unsigned int i = 0; i < count; i++) {
		check_whole(&found[i]);
		first += str_equal(found[i].contact, STR("0@h"));
		if (location_get(location, found[i].id, &one) == 0)
			check_whole(&one);
	}
	if (first != 1)
		fail("the one that is always there is not");
	if (location_find_flow(location, STR_NONE, &of, &one) == 0) {
		check_whole(&one);
		atomic_fetch_add(&flow_finds, 1);
	}
	rcu_read_unlock();
	atomic_fetch_add(&finds, 1);
}

static void *read_all(void *)
{
	unsigned int n = 0;

	rcu_register_thread();
	while (!atomic_load(&over))
		look(n++);
	rcu_unregister_thread();
	return NULL;
}

static void step(struct timer_wheel *wheel, uint32_t number)
{
	unsigned int aor = (unsigned int)rand() % AORS, contact = (unsigned int)rand() % CONTACTS;
	struct binding found[CONTACTS];
	char text[16];

	put(aor, contact, number);
	put(aor, 0, number);
	if (number % 5 == 0) {
		unsigned int count = location_find(location, name(text, aor), found, CONTACTS);

		if (!str_equal(found[count - 1].contact, STR("0@h")))
			location_remove(location, found[count - 1].id, LOCATION_REMOVED);
	}
	if (number % 64 != 0)
		return;
	for (unsigned int i = 0; i < AORS; i++)
		put(i, 0, number);
	timer_wheel_advance(wheel, tg_mono_add_ms(timer_wheel_now(wheel), 999));
}

int main(void)
{
	pthread_t thread[READERS];
	struct timer_wheel *wheel = timer_wheel_new((struct tg_mono){0});

	rcu_register_thread();
	location = location_new(wheel, AORS * CONTACTS, NULL);
	if (wheel == NULL || location == NULL)
		return EXIT_FAILURE;
	for (unsigned int i = 0; i < AORS; i++)
		put(i, 0, 1);
	for (unsigned int i = 0; i < READERS; i++) {
		if (pthread_create(&thread[i], NULL, read_all, NULL) != 0)
			return EXIT_FAILURE;
	}
	for (uint32_t number = 1; number <= STEPS; number++)
		step(wheel, number);
	atomic_store(&over, true);
	for (unsigned int i = 0; i < READERS; i++)
		pthread_join(thread[i], NULL);
	printf("%u finds, %llu by flow; %llu expired\n", finds, flow_finds,
		(unsigned long long)counter_get(
			&location_counters(location)->changes[LOCATION_EXPIRED]));
	location_free(location);
	timer_wheel_free(wheel);
	rcu_unregister_thread();
	return finds > 0 && flow_finds > 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
