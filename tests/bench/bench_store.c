// SPDX-License-Identifier: BSD-3-Clause
// What a put costs the thread that puts, how fast the store takes them, and how long a load takes.
//
//	bench_store DIRECTORY [RECORDS [redis SOCKET]]       RECORDS 0: only loads what is there
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "controlplane/base/log.h"
#include "controlplane/base/metrics.h"
#include "controlplane/store/store.h"

enum {
	VALUE_BYTES = 320, // of a phone with an instance and a User-Agent
	NAME_BYTES = 40,
	BURST = 1000,
};

struct bench {
	struct store *store;
	uint64_t records;
	uint64_t expires_s;
	char (*name)[NAME_BYTES];
	char value[VALUE_BYTES];
};

static void die(const char *why)
{
	fprintf(stderr, "%s\n", why);
	exit(EXIT_FAILURE);
}

static double seconds_since(struct tg_mono start)
{
	return (double)(tg_mono_now().ns - start.ns) / 1e9;
}

// Of this thread, or of all: others may have the processor meanwhile.
static double cpu_seconds_of(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static double cpu_seconds(void)
{
	return cpu_seconds_of(CLOCK_THREAD_CPUTIME_ID);
}

// Of the store's thread, that is of all but this one.
static double store_seconds(void)
{
	return cpu_seconds_of(CLOCK_PROCESS_CPUTIME_ID) - cpu_seconds();
}

static void open_store(struct bench *bench, const struct store_params *params)
{
	struct store_error err;

	if (store_open(&bench->store, params, &err) < 0)
		die(err.text);
	if (!store_is_up(bench->store))
		die("the store is down");
}

static void make_names(struct bench *bench)
{
	bench->name = calloc(bench->records + 1, NAME_BYTES);
	if (bench->name == NULL)
		die("no memory");
	for (uint64_t i = 0; i < bench->records; i++)
		snprintf(bench->name[i], NAME_BYTES, "%llu@registrar.example.com",
			(unsigned long long)(i * 2654435761u % 4294967296u));
}

static void put(struct bench *bench, uint64_t i)
{
	const struct store_key key = {str_from(bench->name[i]), i};

	if (store_put(bench->store, STORE_BINDING, &key, str_of(bench->value, VALUE_BYTES),
		    bench->expires_s)
		< 0)
		die("a put was refused");
}

static double put_all(struct bench *bench)
{
	double spent = 0;

	for (uint64_t i = 0; i < bench->records;) {
		double start;

		while (store_room(bench->store) < 2 * BURST)
			usleep(200);
		start = cpu_seconds();
		for (unsigned int n = 0; n < BURST && i < bench->records; n++)
			put(bench, i++);
		spent += cpu_seconds() - start;
	}
	return spent;
}

static void wait_written(const struct bench *bench, uint64_t least)
{
	while (counter_get(&store_counters(bench->store)->writes) < least)
		usleep(1000);
}

static bool count(void *arg, const struct store_record *record)
{
	*(uint64_t *)arg += record->value.len == VALUE_BYTES;
	return true;
}

static void write_and_tell(struct bench *bench, const char *what, uint64_t before)
{
	struct tg_mono start = tg_mono_now();
	double stored = store_seconds(), spent = put_all(bench), whole;

	wait_written(bench, before + bench->records);
	whole = seconds_since(start);
	printf("%s: %.0f puts/s; a put costs its caller %.0f ns, the store's thread %.0f ns of its "
	       "processor; %llu batches\n",
		what, (double)bench->records / whole, spent * 1e9 / (double)bench->records,
		(store_seconds() - stored) * 1e9 / (double)bench->records,
		(unsigned long long)counter_get(&store_counters(bench->store)->batches));
}

// At the rate of 1,000,000 phones that refresh each 300 s, in the steps of a busy loop.
static void put_at_a_rate(struct bench *bench)
{
	const unsigned int each_ms = 3;
	double spent = 0;
	uint64_t puts = 0;

	for (unsigned int ms = 0; ms < 3000; ms++) {
		double start = cpu_seconds();

		for (unsigned int n = 0; n < each_ms; n++)
			put(bench, puts++ * 7919 % bench->records);
		spent += cpu_seconds() - start;
		usleep(900);
	}
	printf("three each millisecond: a put costs its caller %.0f ns\n",
		spent * 1e9 / (double)puts);
}

static void write_all(struct bench *bench)
{
	if (store_start(bench->store) < 0)
		die("no thread");
	write_and_tell(bench, "new", 0);
	write_and_tell(bench, "again", bench->records);
	put_at_a_rate(bench);
}

int main(int argc, char **argv)
{
	struct bench bench = {.records = argc > 2 ? strtoull(argv[2], NULL, 10) : 100000};
	const struct store_redis_params redis = {
		.socket_path = argc > 4 ? argv[4] : NULL, .node = "bench", .timeout_ms = 5000};
	struct store_params params = {
		.loop = loop_new(),
		.directory = argc > 3 ? NULL : argv[1],
		.records_max = bench.records > 0 ? (uint32_t)bench.records : 1u << 20,
		.redis = &redis,
	};
	struct tg_mono start;
	uint64_t loaded = 0;

	if (argc < 2)
		die("usage: bench_store DIRECTORY [RECORDS [redis SOCKET]]");
	memset(bench.value, 'v', VALUE_BYTES);
	// as the control plane has it
	mallopt(M_ARENA_MAX, 1);
	mallopt(M_TOP_PAD, 1 << 20);
	mallopt(M_TRIM_THRESHOLD, 16 << 20);
	bench.expires_s = tg_wall_now().us / TG_US_PER_S + 36000;
	make_names(&bench);
	open_store(&bench, &params);
	if (bench.records > 0)
		write_all(&bench);
	store_free(bench.store);
	open_store(&bench, &params);
	start = tg_mono_now();
	if (store_load(bench.store, STORE_BINDING, count, &loaded) < 0)
		die("cannot load");
	printf("load: %llu records in %.3f s\n", (unsigned long long)loaded, seconds_since(start));
	store_free(bench.store);
	loop_free(params.loop);
	free(bench.name);
	return bench.records == 0 || loaded == bench.records ? EXIT_SUCCESS : EXIT_FAILURE;
}
