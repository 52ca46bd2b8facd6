// SPDX-License-Identifier: BSD-3-Clause
// What a call costs the engine alone, from INVITE to the answer to BYE with both legs and their SDP, while
// few or many other calls live; and what a live call takes in memory. No network, no other process, a fake
// clock that moves on as if CALLS_PER_S calls came each second. Prints figures; judges nothing.
//
// usage: bench_call [LIVE [CALLS]]    one load only, as for a profiler
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "controlplane/base/log.h"
#include "controlplane/call/engine.h"
#include "tests/bench/agreeable_dp.h"
#include "tests/bench/call_ends.h"

#define CALLS_PER_S 1000u
#define CALLS 10000u
#define LINGER_MS 40000u // by then no transaction is left

struct bench {
	struct timer_wheel *wheel;
	struct trace *trace;
	struct engine *engine;
	struct call_ends ends;
	struct agreeable_dp dp;
	struct call_memory *live; // a ring of them: the oldest is hung up first
	unsigned int live_count, oldest;
	uint32_t calls;
	uint64_t step_ns[STEP_COUNT], timer_ns;
};

static const char *const step_names[STEP_COUNT] = {
	[STEP_INVITE] = "INVITE",
	[STEP_RINGING] = "180",
	[STEP_ANSWER] = "200",
	[STEP_ACK] = "ACK",
	[STEP_BYE] = "BYE",
	[STEP_BYE_OK] = "its 200",
};

static void hush(enum log_level /*level*/, struct str /*line*/)
{
}

static uint64_t cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * TG_NS_PER_S + (uint64_t)t.tv_nsec;
}

static void step(struct bench *b, struct call_memory *call, enum call_step step)
{
	struct call_message message;
	struct net_flow flow;
	uint64_t began;

	call_ends_say(&message, &flow, &b->ends, call, step);
	began = cpu_ns();
	engine_receive(b->engine, &flow, str_of(message.text, message.len));
	agreeable_dp_run(&b->dp);
	b->step_ns[step] += cpu_ns() - began;
}

static void let_pass(struct bench *b, uint64_t ms)
{
	uint64_t began = cpu_ns();

	timer_wheel_advance(b->wheel, tg_mono_add_ms(timer_wheel_now(b->wheel), ms));
	agreeable_dp_run(&b->dp);
	b->timer_ns += cpu_ns() - began;
}

static void set_up(struct bench *b, struct call_memory *call)
{
	*call = (struct call_memory){.number = b->calls++};
	for (enum call_step s = STEP_INVITE; s <= STEP_ACK; s++)
		step(b, call, s);
	if (b->calls % (CALLS_PER_S / 1000u) == 0)
		let_pass(b, 1);
}

static void hang_up(struct bench *b, struct call_memory *call)
{
	step(b, call, STEP_BYE);
	step(b, call, STEP_BYE_OK);
}

static void start(struct bench *b, unsigned int live)
{
	struct conf_error err = {0};
	struct conf *conf;

	*b = (struct bench){.live_count = live, .live = calloc(live, sizeof(*b->live))};
	if (b->live == NULL || conf_parse(&conf, str_from(call_ends_yaml), "bench", &err) < 0) {
		fprintf(stderr, "%s\n", err.text);
		abort();
	}
	for (unsigned int i = 0; i < live; i++)
		b->live[i].number = 1; // now its pages are there, and not counted as the engine's
	b->wheel = timer_wheel_new((struct tg_mono){TG_NS_PER_S});
	b->trace = trace_new(conf->trace_bytes);
	call_ends_init(&b->ends);
	agreeable_dp_init(&b->dp);
	conf_publish(conf);
	b->engine = engine_new(&(struct engine_params){
		.wheel = b->wheel,
		.transport = &b->ends.transport,
		.dp = &b->dp.dp,
		.trace = b->trace,
	});
	if (b->wheel == NULL || b->trace == NULL || b->engine == NULL)
		abort();
	agreeable_dp_run(&b->dp);
}

static void stop(struct bench *b)
{
	engine_free(b->engine);
	trace_free(b->trace);
	timer_wheel_free(b->wheel);
	conf_publish(NULL);
	free(b->live);
	malloc_trim(0);
}

static size_t resident(void)
{
	unsigned long total, pages = 0;
	FILE *f = fopen("/proc/self/statm", "r");

	if (f == NULL || fscanf(f, "%lu %lu", &total, &pages) != 2)
		abort();
	fclose(f);
	return pages * (size_t)sysconf(_SC_PAGESIZE);
}

static size_t allocated(void)
{
	struct mallinfo2 info = mallinfo2();

	return info.uordblks + info.hblkhd;
}

// The transactions of their set-up are over when it is looked.
static void fill(struct bench *b)
{
	size_t heap, pages;

	set_up(b, &b->live[0]);
	hang_up(b, &b->live[0]);
	let_pass(b, LINGER_MS);
	heap = allocated();
	pages = resident();
	for (unsigned int i = 0; i < b->live_count; i++)
		set_up(b, &b->live[i]);
	let_pass(b, LINGER_MS);
	if (engine_counters(b->engine)->calls != b->live_count
		|| engine_sip_counters(b->engine)->transactions != 0)
		abort();
	printf("%8u live: %6zu bytes each by malloc", b->live_count,
		(allocated() - heap) / b->live_count);
	malloc_trim(0);
	if (b->live_count >= 1000 && resident() > pages)
		printf(", %zu resident", (resident() - pages) / b->live_count);
	printf("\n");
}

static void churn(struct bench *b, unsigned int calls)
{
	for (unsigned int i = 0; i < calls; i++) {
		struct call_memory *call = &b->live[b->oldest++ % b->live_count];

		hang_up(b, call);
		set_up(b, call);
	}
}

static double us_each(uint64_t ns, unsigned int calls)
{
	return (double)ns / 1000.0 / calls;
}

static void bench_load(unsigned int live, unsigned int calls)
{
	uint64_t sum = 0;
	struct bench b;

	start(&b, live);
	fill(&b);
	churn(&b, calls);
	memset(b.step_ns, 0, sizeof(b.step_ns));
	b.timer_ns = 0;
	churn(&b, calls);
	for (enum call_step s = STEP_INVITE; s < STEP_COUNT; s++)
		sum += b.step_ns[s];
	printf("%8u live: %6.1f us a call:", live, us_each(sum + b.timer_ns, calls));
	for (enum call_step s = STEP_INVITE; s < STEP_COUNT; s++)
		printf(" %s %.1f,", step_names[s], us_each(b.step_ns[s], calls));
	printf(" timers %.1f; %llu transactions live\n", us_each(b.timer_ns, calls),
		(unsigned long long)engine_sip_counters(b.engine)->transactions);
	fflush(stdout);
	stop(&b);
}

int main(int argc, char **argv)
{
	static const unsigned int loads[] = {10, 1000, 50000, 100000};

	rcu_register_thread();
	sip_msg_setup();
	log_set_sink(hush);
	if (argc > 1)
		bench_load((unsigned int)strtoul(argv[1], NULL, 10),
			argc > 2 ? (unsigned int)strtoul(argv[2], NULL, 10) : CALLS);
	for (size_t i = 0; argc == 1 && i < sizeof(loads) / sizeof(loads[0]); i++)
		bench_load(loads[i], CALLS);
	rcu_unregister_thread();
	return 0;
}
