// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/guard/known.h"

#include <errno.h>
#include <stdlib.h>

#include "controlplane/base/metrics.h"
#include "controlplane/base/table.h"
#include "controlplane/guard/peer_line.h"

struct known_one {
	struct table_node node;
	struct peer_node peer; // of a stream: in known->streams
	struct known_source source;
	uint32_t users; // 0: it is gone, and waits for the dataplane to be told so
	struct tg_rate rate;
	uint64_t until_ms;
};

struct known {
	const struct timer_wheel *wheel;
	struct peer_line *line;
	struct known_counters *counters;
	struct table table;	      // by address and port
	struct cds_list_head streams; // of which the dataplane is not told
};

static uint64_t now_ms(const struct known *known)
{
	return tg_mono_ms(timer_wheel_now(known->wheel));
}

// ---- finding

static uint64_t hash_of(const struct tg_addr *addr)
{
	return str_hash(str_of(addr, sizeof(*addr)));
}

static bool is_source(const struct table_node *node, const void *key)
{
	const struct known_source *have = &caa_container_of(node, struct known_one, node)->source;
	const struct known_source *want = key;

	return tg_addr_equal(&have->addr, &want->addr) && have->realm == want->realm
		&& have->is_stream == want->is_stream;
}

static bool is_address(const struct table_node *node, const void *key)
{
	const struct known_one *one = caa_container_of(node, struct known_one, node);

	return one->users != 0 && !one->source.is_stream && tg_addr_equal(&one->source.addr, key);
}

static struct known_one *find(const struct known *known, const struct tg_addr *addr,
	table_match_h *match, const void *key)
{
	struct table_node *node = table_find(&known->table, hash_of(addr), match, key);

	return node != NULL ? caa_container_of(node, struct known_one, node) : NULL;
}

static struct known_one *find_source(const struct known *known, const struct known_source *source)
{
	return find(known, &source->addr, is_source, source);
}

bool known_has(const struct known *known, const struct known_source *source)
{
	const struct known_one *one = find_source(known, source);

	return one != NULL && one->users != 0;
}

bool known_has_address(const struct known *known, const struct tg_addr *addr)
{
	return find(known, addr, is_address, addr) != NULL;
}

// ---- making and forgetting

static struct known_one *make(struct known *known, const struct known_source *source)
{
	struct known_one *one = calloc(1, sizeof(*one));

	if (one == NULL)
		return NULL;
	one->source = *source;
	if (table_insert(&known->table, hash_of(&source->addr), &one->node) < 0) {
		free(one);
		return NULL;
	}
	if (source->is_stream)
		cds_list_add_tail(&one->peer.link, &known->streams);
	return one;
}

static void forget(struct known *known, struct known_one *one)
{
	peer_line_leave(&one->peer);
	table_remove(&known->table, &one->node);
	free(one);
}

// ---- to the dataplane

static void write_peer(void *arg, const struct peer_node *node, struct tg_peer *peer)
{
	const struct known_one *one = caa_container_of(node, struct known_one, peer);
	uint64_t now = now_ms(arg), left = one->until_ms > now ? one->until_ms - now : 1;

	peer->addr = one->source.addr;
	peer->level = TG_TRUST_REGISTERED;
	peer->ttl_ms = left < UINT32_MAX ? (uint32_t)left : UINT32_MAX;
	peer->rate = one->rate;
}

static void on_forgotten(void *arg, struct peer_node *node)
{
	forget(arg, caa_container_of(node, struct known_one, peer));
}

static void tell(struct known *known, struct known_one *one)
{
	if (!one->source.is_stream)
		peer_line_put(known->line, PEER_QUEUE_KNOWN, &one->peer);
}

// What another realm knows by the same address stays in the dataplane, as that realm has it.
static void tell_gone(struct known *known, struct known_one *one)
{
	struct known_one *other = find(known, &one->source.addr, is_address, &one->source.addr);

	if (other == NULL) {
		peer_line_remove(known->line, PEER_QUEUE_KNOWN, &one->peer);
		return;
	}
	forget(known, one);
	tell(known, other);
}

// ---- what happens to them

static void extend(struct known *known, struct known_one *one, uint32_t ttl_ms, struct tg_rate rate)
{
	uint64_t until_ms = now_ms(known) + ttl_ms + KNOWN_GRACE_MS;

	one->rate = rate;
	if (one->until_ms < until_ms || one->users == 0)
		one->until_ms = until_ms;
	tell(known, one);
}

int known_add(struct known *known, const struct known_source *source, uint32_t ttl_ms,
	struct tg_rate rate)
{
	struct known_one *one = find_source(known, source);

	if (one == NULL && known->table.count == known->table.capacity) {
		counter_add(&known->counters->full, 1);
		return -ENOSPC;
	}
	if (one == NULL)
		one = make(known, source);
	if (one == NULL)
		return -ENOMEM;
	counter_add(&known->counters->sources, one->users == 0);
	extend(known, one, ttl_ms, rate);
	one->users++;
	return 0;
}

int known_renew(struct known *known, const struct known_source *source, uint32_t ttl_ms,
	struct tg_rate rate)
{
	struct known_one *one = find_source(known, source);

	if (one == NULL || one->users == 0)
		return known_add(known, source, ttl_ms, rate);
	extend(known, one, ttl_ms, rate);
	return 0;
}

int known_remove(struct known *known, const struct known_source *source)
{
	struct known_one *one = find_source(known, source);

	if (one == NULL || one->users == 0)
		return -ENOENT;
	if (--one->users != 0)
		return 0;
	counter_add(&known->counters->sources, (uint64_t)-1);
	if (one->source.is_stream)
		forget(known, one);
	else
		tell_gone(known, one);
	return 0;
}

// ---- all of them

struct known *known_new(const struct timer_wheel *wheel, struct peer_line *line, uint32_t max,
	struct known_counters *counters)
{
	struct known *known = calloc(1, sizeof(*known));

	if (known == NULL)
		return NULL;
	if (table_init(&known->table, max) < 0) {
		free(known);
		return NULL;
	}
	known->wheel = wheel;
	known->line = line;
	known->counters = counters;
	CDS_INIT_LIST_HEAD(&known->streams);
	peer_line_use(
		line, PEER_QUEUE_KNOWN, &(struct peer_line_user){write_peer, on_forgotten, known});
	return known;
}

void known_free(struct known *known)
{
	if (known == NULL)
		return;
	peer_line_clear(known->line, PEER_QUEUE_KNOWN);
	while (!cds_list_empty(&known->streams))
		forget(known, cds_list_first_entry(&known->streams, struct known_one, peer.link));
	table_fini(&known->table);
	free(known);
}
