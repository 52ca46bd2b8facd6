// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/guard/bans.h"

#include <errno.h>
#include <stdlib.h>

#include "controlplane/base/idpool.h"
#include "controlplane/base/metrics.h"
#include "controlplane/base/table.h"

enum state {
	IN_FORCE,
	PAST,
	LIFTED,
};

struct ban {
	struct table_node node;
	struct peer_node peer;
	struct cds_list_head past; // next NULL: it is none
	struct timer timer;
	uint64_t id;
	struct tg_ip source;
	enum state state;
	bool for_ever;
	uint64_t until_ms;
	uint32_t longest_ms;
	uint32_t times;
	unsigned int reason;
	struct tg_wall since;
	char note[GUARD_NOTE_BYTES];
};

struct bans {
	struct timer_wheel *wheel;
	struct peer_line *line;
	struct guard_counters *counters;
	struct table table;
	struct idpool *ids;
	struct cds_list_head past; // the first to go first
};

static uint64_t now_ms(const struct bans *bans)
{
	return tg_mono_ms(timer_wheel_now(bans->wheel));
}

static bool matches(const struct table_node *node, const void *key)
{
	return tg_ip_equal(&caa_container_of(node, struct ban, node)->source, key);
}

static uint64_t hash_of(const struct tg_ip *source)
{
	return str_hash(str_of(source, sizeof(*source)));
}

static struct ban *find(const struct bans *bans, const struct tg_ip *source)
{
	struct table_node *node = table_find(&bans->table, hash_of(source), matches, source);

	return node != NULL ? caa_container_of(node, struct ban, node) : NULL;
}

static void leave_past(struct ban *ban)
{
	if (ban->past.next != NULL)
		cds_list_del(&ban->past);
	ban->past.next = NULL;
}

static void set_state(struct bans *bans, struct ban *ban, enum state state)
{
	counter_add(&bans->counters->bans,
		(uint64_t)(state == IN_FORCE) - (uint64_t)(ban->state == IN_FORCE));
	ban->state = state;
}

// ---- making and forgetting

static void forget(struct bans *bans, struct ban *ban)
{
	timer_cancel(bans->wheel, &ban->timer);
	peer_line_leave(&ban->peer);
	leave_past(ban);
	table_remove(&bans->table, &ban->node);
	idpool_remove(bans->ids, ban->id);
	free(ban);
}

static struct ban *make(struct bans *bans, const struct tg_ip *source)
{
	struct ban *ban = calloc(1, sizeof(*ban));

	if (ban == NULL)
		return NULL;
	ban->source = *source;
	ban->state = PAST;
	if (idpool_insert(&ban->id, bans->ids, ban) < 0)
		goto err;
	if (table_insert(&bans->table, hash_of(source), &ban->node) < 0) {
		idpool_remove(bans->ids, ban->id);
		goto err;
	}
	return ban;
err:
	free(ban);
	return NULL;
}

static bool make_room(struct bans *bans)
{
	if (bans->table.count < bans->table.capacity)
		return true;
	if (cds_list_empty(&bans->past))
		return false;
	forget(bans, cds_list_first_entry(&bans->past, struct ban, past));
	return true;
}

// ---- to the dataplane

static void write_peer(void *arg, const struct peer_node *node, struct tg_peer *peer)
{
	const struct ban *ban = caa_container_of(node, struct ban, peer);
	uint64_t now = now_ms(arg);

	peer->addr.ip = ban->source;
	peer->level = TG_TRUST_BANNED;
	if (ban->state == IN_FORCE && !ban->for_ever)
		peer->ttl_ms = (uint32_t)(ban->until_ms > now ? ban->until_ms - now : 1);
}

static void on_forgotten(void *arg, struct peer_node *node)
{
	forget(arg, caa_container_of(node, struct ban, peer));
}

// ---- all of them

struct bans *bans_new(struct timer_wheel *wheel, struct peer_line *line, uint32_t max,
	struct guard_counters *counters)
{
	struct bans *bans = calloc(1, sizeof(*bans));

	if (bans == NULL)
		return NULL;
	bans->wheel = wheel;
	bans->line = line;
	bans->counters = counters;
	CDS_INIT_LIST_HEAD(&bans->past);
	bans->ids = idpool_new(max);
	if (bans->ids == NULL || table_init(&bans->table, max) < 0) {
		idpool_free(bans->ids);
		free(bans);
		return NULL;
	}
	peer_line_use(
		line, PEER_QUEUE_BANS, &(struct peer_line_user){write_peer, on_forgotten, bans});
	return bans;
}

void bans_free(struct bans *bans)
{
	uint32_t cursor = 0;
	struct ban *ban;

	if (bans == NULL)
		return;
	while ((ban = idpool_next(bans->ids, &cursor)) != NULL)
		forget(bans, ban);
	table_fini(&bans->table);
	idpool_free(bans->ids);
	free(bans);
}

// ---- what happens to them

static void on_timer(struct timer *timer, void *arg)
{
	struct ban *ban = caa_container_of(timer, struct ban, timer);
	struct bans *bans = arg;

	if (ban->state == PAST) {
		forget(bans, ban);
		return;
	}
	// the dataplane's own time is over too
	set_state(bans, ban, PAST);
	peer_line_leave(&ban->peer);
	cds_list_add_tail(&ban->past, &bans->past);
	timer_arm(bans->wheel, &ban->timer, ban->longest_ms, on_timer, bans);
}

static uint32_t duration_ms(const struct ban *ban, const struct bans_setting *setting)
{
	uint64_t ms = setting->for_ms;

	for (uint32_t i = 1; setting->doubles && i < ban->times && ms < setting->longest_ms; i++)
		ms *= 2;
	return ms > setting->longest_ms && setting->doubles ? setting->longest_ms : (uint32_t)ms;
}

static void put_in_force(struct bans *bans, struct ban *ban, const struct bans_setting *setting)
{
	uint32_t for_ms;

	ban->times += ban->state != IN_FORCE;
	for_ms = duration_ms(ban, setting);
	ban->reason = setting->reason;
	ban->longest_ms = setting->longest_ms;
	ban->for_ever = for_ms == GUARD_FOR_EVER;
	ban->until_ms = now_ms(bans) + for_ms;
	ban->since = tg_wall_now();
	snprintf(ban->note, sizeof(ban->note), "%.*s", STR_FMT(setting->note));
	set_state(bans, ban, IN_FORCE);
	if (ban->for_ever)
		timer_cancel(bans->wheel, &ban->timer);
	else
		timer_arm(bans->wheel, &ban->timer, for_ms, on_timer, bans);
	leave_past(ban);
	peer_line_put(bans->line, PEER_QUEUE_BANS, &ban->peer);
}

int bans_set(struct bans *bans, const struct bans_setting *setting)
{
	struct ban *ban = find(bans, &setting->source);

	if (ban == NULL && !make_room(bans))
		return -ENOSPC;
	if (ban == NULL)
		ban = make(bans, &setting->source);
	if (ban == NULL)
		return -ENOMEM;
	put_in_force(bans, ban, setting);
	return 0;
}

int bans_lift(struct bans *bans, const struct tg_ip *source)
{
	struct ban *ban = find(bans, source);

	if (ban == NULL || ban->state != IN_FORCE)
		return -ENOENT;
	set_state(bans, ban, LIFTED);
	timer_cancel(bans->wheel, &ban->timer);
	peer_line_remove(bans->line, PEER_QUEUE_BANS, &ban->peer);
	return 0;
}

bool bans_have(const struct bans *bans, const struct tg_ip *source)
{
	const struct ban *ban = find(bans, source);

	return ban != NULL && ban->state == IN_FORCE;
}

bool bans_next(const struct bans *bans, uint32_t *cursor, struct guard_ban_view *out)
{
	uint64_t now = now_ms(bans);
	const struct ban *ban;

	do
		ban = idpool_next(bans->ids, cursor);
	while (ban != NULL && ban->state != IN_FORCE);
	if (ban == NULL)
		return false;
	*out = (struct guard_ban_view){
		.ip = ban->source,
		.reason = ban->reason,
		.note = ban->note,
		.since = ban->since,
		.for_ever = ban->for_ever,
		.left_ms = ban->for_ever || ban->until_ms < now ? 0 : ban->until_ms - now,
		.times = ban->times,
	};
	return true;
}
