// SPDX-License-Identifier: BSD-3-Clause
#include <criterion/criterion.h>

#include <errno.h>
#include <pthread.h>

#include "controlplane/base/rcu.h"
#include "tests/unit/controlplane/conf/doc.h"

static void setup(void)
{
	rcu_register_thread();
}

static void teardown(void)
{
	conf_publish(NULL);
	rcu_unregister_thread();
}

TestSuite(snapshot, .init = setup, .fini = teardown);

Test(snapshot, nothing_is_published_before_the_first)
{
	cr_assert_null(conf_current());
	conf_put(NULL);
}

Test(snapshot, L1_who_holds_the_old_one_keeps_it_until_put_back)
{
	struct conf *first, *second, *held;

	conf_publish(doc_load(doc_good));
	held = conf_current();
	first = conf_get(held);
	conf_publish(doc_load(doc_with("", "limits: {calls_max: 7}\n")));
	second = conf_current();
	cr_assert_neq(first, second);
	cr_assert_eq(first->generation, 1);
	cr_assert_eq(second->generation, 2);
	cr_assert_eq(first->calls_max, 10000);
	cr_assert_eq(second->calls_max, 7);
	cr_assert_str_eq(first->peers[0].name, "carrier");
	conf_put(first);
	conf_put(held);
	conf_put(second);
}

Test(snapshot, L1_invalid_file_changes_nothing)
{
	struct conf *before, *after, *refused = NULL;
	struct conf_error err;

	conf_publish(doc_load(doc_good));
	before = conf_current();
	cr_assert_eq(conf_parse(&refused, str_from(doc_with("to: carrier", "to: nobody")), "t.yaml",
			     &err),
		-EINVAL);
	cr_assert_null(refused);
	cr_assert_str_eq(err.text,
		"t.yaml:27: routes[0].to: there is no peer \"nobody\", nor a domain; name one of "
		"either");
	after = conf_current();
	cr_assert_eq(after, before);
	cr_assert_eq(after->generation, 1);
	conf_put(before);
	conf_put(after);
}

static void *read_on(void *stop)
{
	uint64_t last = 0;

	rcu_register_thread();
	while (!__atomic_load_n((bool *)stop, __ATOMIC_RELAXED)) {
		struct conf *conf = conf_current();

		cr_assert_geq(conf->generation, last);
		last = conf->generation;
		cr_assert_eq(conf->calls_max, 10000);
		cr_assert_str_eq(conf->peers[0].name, "carrier");
		conf_put(conf);
	}
	rcu_unregister_thread();
	return NULL;
}

Test(snapshot, readers_of_another_thread_always_see_a_whole_one, .timeout = 60)
{
	pthread_t reader[2];
	bool stop = false;
	struct conf *last;

	conf_publish(doc_load(doc_good));
	for (unsigned int i = 0; i < 2; i++)
		pthread_create(&reader[i], NULL, read_on, &stop);
	for (unsigned int i = 0; i < 300; i++)
		conf_publish(doc_load(doc_good));
	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
	for (unsigned int i = 0; i < 2; i++)
		pthread_join(reader[i], NULL);
	last = conf_current();
	cr_assert_eq(last->generation, 301);
	conf_put(last);
}
