// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/media/port_alloc.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#include "controlplane/base/random.h"

struct resting {
	uint64_t until_ms;
	uint16_t pair;
};

// Each pair is in exactly one place: free[0 .. free_count), owned, or in the queue of resting ones.
struct port_alloc {
	uint16_t first;
	uint32_t pairs;
	uint32_t quarantine_ms;
	uint32_t free_count;
	uint32_t resting_first, resting_count;
	uint16_t *free;		 // pairs, in no order
	uint64_t *owner;	 // by pair; 0: nobody
	struct resting *resting; // a ring in the order of giving back
};

struct port_alloc *port_alloc_new(uint16_t first, uint16_t last, uint32_t quarantine_ms)
{
	struct port_alloc *p;

	assert(first % 2 == 0 && last % 2 == 1 && first < last);
	p = calloc(1, sizeof(*p));
	if (p == NULL)
		return NULL;
	p->first = first;
	p->pairs = p->free_count = ((uint32_t)last - first + 1) / 2;
	p->quarantine_ms = quarantine_ms;
	p->free = calloc(p->pairs, sizeof(*p->free));
	p->owner = calloc(p->pairs, sizeof(*p->owner));
	p->resting = calloc(p->pairs, sizeof(*p->resting));
	if (p->free == NULL || p->owner == NULL || p->resting == NULL) {
		port_alloc_free(p);
		return NULL;
	}
	for (uint32_t i = 0; i < p->pairs; i++)
		p->free[i] = (uint16_t)i;
	return p;
}

struct port_alloc *port_alloc_resized(
	const struct port_alloc *old, uint16_t first, uint16_t last, uint32_t quarantine_ms)
{
	struct port_alloc *p = port_alloc_new(first, last, quarantine_ms);

	if (p == NULL)
		return NULL;
	p->free_count = 0;
	for (uint32_t i = 0; i < p->pairs; i++) {
		p->owner[i] = port_alloc_owner(old, (uint16_t)(first + 2 * i));
		if (p->owner[i] == 0)
			p->free[p->free_count++] = (uint16_t)i;
	}
	return p;
}

void port_alloc_free(struct port_alloc *ports)
{
	if (ports == NULL)
		return;
	free(ports->free);
	free(ports->owner);
	free(ports->resting);
	free(ports);
}

static void let_rested_go(struct port_alloc *p, struct tg_mono now)
{
	while (p->resting_count != 0 && p->resting[p->resting_first].until_ms <= tg_mono_ms(now)) {
		p->free[p->free_count++] = p->resting[p->resting_first].pair;
		p->resting_first = (p->resting_first + 1) % p->pairs;
		p->resting_count--;
	}
}

int port_alloc_take(
	struct port_alloc *ports, uint16_t *rtp_port, uint64_t owner, struct tg_mono now)
{
	uint32_t at;
	uint16_t pair;

	assert(owner != 0);
	let_rested_go(ports, now);
	if (ports->free_count == 0)
		return -ENOSPC;
	// One step of a Fisher-Yates shuffle: any free pair is as likely as any other.
	at = random_below(ports->free_count);
	pair = ports->free[at];
	ports->free[at] = ports->free[--ports->free_count];
	ports->owner[pair] = owner;
	*rtp_port = (uint16_t)(ports->first + 2 * pair);
	return 0;
}

static bool pair_of(const struct port_alloc *p, uint16_t port, uint32_t *pair)
{
	*pair = ((uint32_t)port - p->first) / 2;
	return port >= p->first && *pair < p->pairs;
}

void port_alloc_give(struct port_alloc *ports, uint16_t rtp_port, struct tg_mono now)
{
	struct resting *r;
	uint32_t pair;

	if (!pair_of(ports, rtp_port, &pair) || ports->owner[pair] == 0)
		return;
	ports->owner[pair] = 0;
	r = &ports->resting[(ports->resting_first + ports->resting_count++) % ports->pairs];
	r->pair = (uint16_t)pair;
	r->until_ms = tg_mono_ms(now) + ports->quarantine_ms;
}

uint64_t port_alloc_owner(const struct port_alloc *ports, uint16_t port)
{
	uint32_t pair;

	return pair_of(ports, port, &pair) ? ports->owner[pair] : 0;
}

uint32_t port_alloc_capacity(const struct port_alloc *ports)
{
	return ports->pairs;
}

uint32_t port_alloc_in_use(const struct port_alloc *ports)
{
	return ports->pairs - ports->free_count - ports->resting_count;
}

uint32_t port_alloc_in_quarantine(struct port_alloc *ports, struct tg_mono now)
{
	let_rested_go(ports, now);
	return ports->resting_count;
}
