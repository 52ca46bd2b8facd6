// SPDX-License-Identifier: BSD-3-Clause
// What a binding takes and what it costs to find, refresh and add one, while so many are kept. Prints
// figures beside the goals; judges nothing.
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "controlplane/base/rcu.h"
#include "controlplane/reg/location.h"

#define STEPS 200000u
#define BYTES_GOAL 600

static struct location *location;
static volatile unsigned int seen;

// As a desk phone behind a NAT says it: 240 octets of text.
struct phone {
	char aor[32];
	char contact[80];
	char instance[64];
	char call_id[48];
};

static struct binding say(struct phone *p, unsigned int i)
{
	struct binding said = {
		.user_agent = STR("Yealink SIP-T46U 108.86.0.45"),
		.cseq = 1,
		.q = LOCATION_Q_MAX,
		.expires_s = 3600 + i % 600,
		.flow = {.realm = 1,
			.local.port = 5060,
			.remote.port = (uint16_t)(1024 + i % 60000)},
	};

	said.flow.remote.ip = tg_ip_v4(htonl(0x0a000000 + i / 60000));
	snprintf(p->aor, sizeof(p->aor), "%u@pbx.example.com", 1000000 + i);
	snprintf(p->contact, sizeof(p->contact), "sip:%u@192.168.%u.%u:5060;transport=udp;ob",
		1000000 + i, i / 200 % 200, i % 200);
	snprintf(
		p->instance, sizeof(p->instance), "<urn:uuid:f81d4fae-7dec-11d0-a765-00a0%08x>", i);
	snprintf(p->call_id, sizeof(p->call_id), "%08x%08x@192.168.1.20", i * 2654435761u, i);
	said.aor = str_from(p->aor);
	said.contact = str_from(p->contact);
	said.instance = str_from(p->instance);
	said.call_id = str_from(p->call_id);
	return said;
}

static void put(unsigned int i)
{
	struct phone phone;
	struct binding said = say(&phone, i);
	uint64_t id;

	if (location_put(location, &id, &said) < 0)
		abort();
}

static void find(unsigned int i)
{
	struct binding found[4];
	char aor[32];

	snprintf(aor, sizeof(aor), "%u@pbx.example.com", 1000000 + i);
	seen += location_find(location, str_from(aor), found, 4);
}

static void find_by_flow(unsigned int i)
{
	struct phone phone;
	struct binding said = say(&phone, i), found;

	seen += location_find_flow(location, STR_NONE, &said.flow, &found) == 0;
}

static void say_only(unsigned int i)
{
	struct phone phone;
	struct binding said = say(&phone, i);

	seen += (unsigned int)said.aor.len;
}

// Of this thread: what else runs on the machine is no matter.
static uint64_t cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (uint64_t)t.tv_sec * TG_NS_PER_S + (uint64_t)t.tv_nsec;
}

// In no order that a cache could know.
static double ns_each(void (*act)(unsigned int i), unsigned int count)
{
	uint64_t from = cpu_ns();
	uint32_t random = 1;

	for (unsigned int n = 0; n < STEPS; n++) {
		random = random * 1664525u + 1013904223u;
		act((unsigned int)((uint64_t)random * count >> 32));
	}
	return (double)(cpu_ns() - from) / STEPS;
}

static uint64_t heap_bytes(void)
{
	struct mallinfo2 m = mallinfo2();

	return m.uordblks + m.hblkhd;
}

static uint64_t rss_bytes(void)
{
	unsigned long pages = 0;
	FILE *f = fopen("/proc/self/statm", "r");

	if (f == NULL || fscanf(f, "%*u %lu", &pages) != 1)
		abort();
	fclose(f);
	return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

static void measure(unsigned int count)
{
	struct timer_wheel *wheel = timer_wheel_new(tg_mono_now());
	uint64_t heap = heap_bytes(), rss = rss_bytes();
	uint64_t from;
	double adding, saying;

	location = location_new(wheel, count, NULL);
	if (location == NULL)
		abort();
	saying = ns_each(say_only, count);
	from = cpu_ns();
	for (unsigned int i = 0; i < count; i++)
		put(i);
	adding = (double)(cpu_ns() - from) / count;
	heap = heap_bytes() - heap;
	rss = rss_bytes() - rss;
	printf("%7u bindings: %3.0f bytes each by malloc, %3.0f resident (goal: at most %u); find "
	       "%4.0f ns, by flow %4.0f ns, add %4.0f ns, refresh %4.0f ns\n",
		count, (double)heap / count, (double)rss / count, BYTES_GOAL, ns_each(find, count),
		ns_each(find_by_flow, count) - saying, adding - saying,
		ns_each(put, count) - saying);
	location_free(location);
	timer_wheel_free(wheel);
	malloc_trim(0);
}

// What is made once a process is in no figure.
static void warm_up(void)
{
	struct timer_wheel *wheel = timer_wheel_new(tg_mono_now());

	location = location_new(wheel, 1, NULL);
	if (location == NULL)
		abort();
	put(0);
	find(0);
	location_free(location);
	timer_wheel_free(wheel);
}

int main(void)
{
	rcu_register_thread();
	warm_up();
	for (unsigned int count = 1000; count <= 1000000; count *= 10)
		measure(count);
	rcu_unregister_thread();
	return 0;
}
