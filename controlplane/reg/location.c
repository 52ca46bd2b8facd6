// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/reg/location.h"

#include <errno.h>
#include <stdlib.h>

#include "controlplane/base/metrics.h"
#include "controlplane/reg/location_int.h"
#include "controlplane/sip/uri_equal.h"

// A slot holds an entry or, with its lowest bit set, the number of the next free one.
#define NO_SLOT UINT32_MAX

struct location {
	struct timer_wheel *wheel;
	struct location_user user;
	struct location_counters counters;
	struct lookup lookup;
	uint64_t next_id;
	uint32_t bindings_max;
	uint32_t slots_touched; // those from here on were never used
	uint32_t slot_free;
	uintptr_t *slots;
};

static const char *const labels[LOCATION_CHANGE_COUNT] = {
#define X(name, label) [LOCATION_##name] = label,
	LOCATION_CHANGES(X)
#undef X
};

const char *location_change_label(unsigned int change)
{
	return change < LOCATION_CHANGE_COUNT ? labels[change] : NULL;
}

const struct location_counters *location_counters(const struct location *location)
{
	return &location->counters;
}

static void view(struct binding *out, const struct location *l, const struct entry *e)
{
	entry_view(out, e, timer_wheel_now(l->wheel));
}

static void tell(struct location *l, const struct entry *e, enum location_change change,
	const struct net_flow *was)
{
	struct binding b;

	counter_add(&l->counters.changes[change], 1);
	if (l->user.on_change == NULL)
		return;
	view(&b, l, e);
	l->user.on_change(l->user.arg, &b, change, was);
}

// ---- slots

static uint32_t slot_take(struct location *l)
{
	uint32_t slot = l->slot_free;

	if (slot == NO_SLOT)
		return l->slots_touched++;
	l->slot_free = (uint32_t)(l->slots[slot] >> 1);
	return slot;
}

static void slot_give(struct location *l, uint32_t slot)
{
	l->slots[slot] = (uintptr_t)l->slot_free << 1 | 1;
	l->slot_free = slot;
}

bool location_next(const struct location *location, uint32_t *cursor, struct binding *out)
{
	while (*cursor < location->slots_touched) {
		uintptr_t slot = location->slots[(*cursor)++];

		if ((slot & 1) != 0)
			continue;
		view(out, location, (const struct entry *)slot);
		return true;
	}
	return false;
}

// ---- which one a binding takes the place of

enum likeness {
	OTHER,
	SAME_CONTACT,
	SAME_INSTANCE, // where one of both has no reg-id
	SAME_FLOW,     // instance and reg-id
};

static bool is_same_contact(struct str a, struct str b)
{
	struct sip_uri x, y;

	return str_equal(a, b)
		|| (sip_uri_parse(&x, a) == 0 && sip_uri_parse(&y, b) == 0
			&& sip_uri_equal(&x, &y));
}

static enum likeness likeness_of(const struct binding *there, const struct binding *said)
{
	bool both = there->instance.len > 0 && said->instance.len > 0;

	if (both && !str_equal_nocase(there->instance, said->instance))
		return OTHER;
	if (both && there->reg_id == said->reg_id)
		return SAME_FLOW;
	if (both)
		return there->reg_id == 0 || said->reg_id == 0 ? SAME_INSTANCE : OTHER;
	return is_same_contact(there->contact, said->contact) ? SAME_CONTACT : OTHER;
}

bool location_alike(const struct binding *a, const struct binding *b)
{
	return str_equal(a->aor, b->aor) && likeness_of(a, b) != OTHER;
}

static struct entry *find_match(const struct location *l, const struct binding *said)
{
	enum likeness best = OTHER;
	struct entry *found = NULL;
	struct binding there;

	for (struct entry *e = lookup_first(&l->lookup, said->aor); e != NULL && best < SAME_FLOW;
		e = lookup_next(e)) {
		enum likeness likeness;

		view(&there, l, e);
		likeness = likeness_of(&there, said);
		if (likeness > best) {
			best = likeness;
			found = e;
		}
	}
	return found;
}

// ---- changes

static void remove_entry(struct location *l, struct entry *e, enum location_change why);

static void on_expired(struct timer *timer, void *arg)
{
	remove_entry(arg, caa_container_of(timer, struct entry, timer), LOCATION_EXPIRED);
}

static void arm(struct location *l, struct entry *e, uint32_t expires_s)
{
	timer_arm(l->wheel, &e->timer, expires_s * TG_MS_PER_S, on_expired, l);
}

static void insert(struct location *l, struct entry *e)
{
	e->slot = slot_take(l);
	l->slots[e->slot] = (uintptr_t)e;
	counter_add(&l->counters.bindings, 1);
	counter_add(&l->counters.alg, e->is_alg);
	if (lookup_first(&l->lookup, entry_aor(e)) == NULL)
		counter_add(&l->counters.aors, 1);
	lookup_add(&l->lookup, e);
}

static void renew(struct location *l, struct entry *old, struct entry *made)
{
	timer_cancel(l->wheel, &old->timer);
	counter_add(&l->counters.alg, (uint64_t)made->is_alg - old->is_alg);
	made->slot = old->slot;
	l->slots[made->slot] = (uintptr_t)made;
	lookup_renew(&l->lookup, old, made);
}

static void take_out(struct location *l, struct entry *e)
{
	timer_cancel(l->wheel, &e->timer);
	slot_give(l, e->slot);
	lookup_remove(&l->lookup, e);
	counter_add(&l->counters.bindings, (uint64_t)-1);
	counter_add(&l->counters.alg, -(uint64_t)e->is_alg);
	if (lookup_first(&l->lookup, entry_aor(e)) == NULL)
		counter_add(&l->counters.aors, (uint64_t)-1);
}

static void remove_entry(struct location *l, struct entry *e, enum location_change why)
{
	take_out(l, e);
	tell(l, e, why, NULL);
	entry_retire(e);
}

uint64_t location_reserve(struct location *location)
{
	return location->next_id++;
}

static void add(struct location *l, struct entry *made, const struct binding *said)
{
	made->id = said->id != 0 && lookup_id(&l->lookup, said->id) == NULL ? said->id
									    : location_reserve(l);
	made->since = made->refreshed;
	arm(l, made, said->expires_s);
	insert(l, made);
	tell(l, made, LOCATION_ADDED, NULL);
}

static void refresh(struct location *l, struct entry *old, struct entry *made, uint32_t expires_s)
{
	bool moved = !net_flow_equal(&old->flow, &made->flow);

	made->id = old->id;
	made->since = old->since;
	made->rtt_us = moved ? 0 : old->rtt_us;
	arm(l, made, expires_s);
	renew(l, old, made);
	tell(l, made, moved ? LOCATION_MOVED : LOCATION_REFRESHED, moved ? &old->flow : NULL);
	entry_retire(old);
}

uint32_t location_room(const struct location *location)
{
	uint64_t used = location->counters.bindings;

	return used < location->bindings_max ? location->bindings_max - (uint32_t)used : 0;
}

static bool has_room(struct location *l)
{
	if (location_room(l) > 0)
		return true;
	counter_add(&l->counters.full, 1);
	return false;
}

int location_put(struct location *location, uint64_t *id, const struct binding *said)
{
	struct entry *old = find_match(location, said), *made;
	int rc;

	if (old == NULL && !has_room(location))
		return -ENOSPC;
	rc = entry_new(&made, said);
	if (rc < 0)
		return rc;
	made->refreshed = tg_wall_now();
	if (old != NULL)
		refresh(location, old, made, said->expires_s);
	else
		add(location, made, said);
	*id = made->id;
	return 0;
}

int location_restore(struct location *location, const struct binding *kept)
{
	struct entry *made;
	int rc;

	if (kept->id == 0 || kept->id > LOCATION_ID_MAX)
		return -EINVAL;
	if (lookup_id(&location->lookup, kept->id) != NULL || find_match(location, kept) != NULL)
		return -EEXIST;
	if (!has_room(location))
		return -ENOSPC;
	rc = entry_new(&made, kept);
	if (rc < 0)
		return rc;
	made->id = kept->id;
	made->since = kept->since;
	made->refreshed = kept->refreshed;
	made->rtt_us = kept->rtt_us;
	arm(location, made, kept->expires_s);
	insert(location, made);
	if (location->next_id <= made->id)
		location->next_id = made->id + 1;
	return 0;
}

int location_remove(struct location *location, uint64_t id, enum location_change why)
{
	struct entry *e = lookup_id(&location->lookup, id);

	if (e == NULL)
		return -ENOENT;
	remove_entry(location, e, why);
	return 0;
}

int location_set_rtt(struct location *location, uint64_t id, uint32_t rtt_us)
{
	struct entry *e = lookup_id(&location->lookup, id);

	if (e == NULL)
		return -ENOENT;
	__atomic_store_n(&e->rtt_us, rtt_us, __ATOMIC_RELAXED);
	return 0;
}

// ---- finding

static int view_or_none(struct binding *out, const struct location *l, const struct entry *e)
{
	if (e != NULL)
		view(out, l, e);
	return e != NULL ? 0 : -ENOENT;
}

int location_match(const struct location *location, struct binding *out, const struct binding *said)
{
	int rc;

	rcu_read_lock();
	rc = view_or_none(out, location, find_match(location, said));
	rcu_read_unlock();
	return rc;
}

int location_get(const struct location *location, uint64_t id, struct binding *out)
{
	int rc;

	rcu_read_lock();
	rc = view_or_none(out, location, lookup_id(&location->lookup, id));
	rcu_read_unlock();
	return rc;
}

static bool comes_before(const struct binding *a, const struct binding *b)
{
	if (a->q != b->q)
		return a->q > b->q;
	if (a->refreshed.us != b->refreshed.us)
		return a->refreshed.us > b->refreshed.us;
	return a->id > b->id;
}

// out holds the first count of those seen, at most max.
static void sort_in(
	struct binding *out, unsigned int count, unsigned int max, const struct binding *b)
{
	unsigned int at = count < max ? count : max;

	for (; at > 0 && comes_before(b, &out[at - 1]); at--) {
		if (at < max)
			out[at] = out[at - 1];
	}
	if (at < max)
		out[at] = *b;
}

unsigned int location_find(
	const struct location *location, struct str aor, struct binding *out, unsigned int max)
{
	unsigned int count = 0;
	struct binding b;

	rcu_read_lock();
	for (struct entry *e = lookup_first(&location->lookup, aor); e != NULL;
		e = lookup_next(e)) {
		view(&b, location, e);
		sort_in(out, count++, max, &b);
	}
	rcu_read_unlock();
	return count;
}

int location_find_flow(const struct location *location, struct str aor, const struct net_flow *flow,
	struct binding *out)
{
	int rc;

	rcu_read_lock();
	rc = view_or_none(out, location, lookup_flow(&location->lookup, aor, flow));
	rcu_read_unlock();
	return rc;
}

// ---- the whole

// Ids begin with the time, so that those of a process before, in tokens or in a store, are of no one else.
struct location *location_new(
	struct timer_wheel *wheel, uint32_t bindings_max, const struct location_user *user)
{
	struct location *l = calloc(1, sizeof(*l));

	if (l == NULL)
		return NULL;
	l->wheel = wheel;
	l->bindings_max = bindings_max;
	l->next_id = tg_wall_now().us;
	l->slot_free = NO_SLOT;
	if (user != NULL)
		l->user = *user;
	l->slots = calloc(bindings_max > 0 ? bindings_max : 1, sizeof(l->slots[0]));
	if (lookup_init(&l->lookup, bindings_max) < 0 || l->slots == NULL) {
		location_free(l);
		return NULL;
	}
	get_default_call_rcu_data();
	return l;
}

static void empty(struct location *l)
{
	for (uint32_t i = 0; i < l->slots_touched; i++) {
		struct entry *e = (struct entry *)l->slots[i];

		if ((l->slots[i] & 1) != 0)
			continue;
		take_out(l, e);
		entry_retire(e);
	}
}

void location_free(struct location *location)
{
	if (location == NULL)
		return;
	if (location->counters.bindings > 0) {
		empty(location);
		rcu_barrier();
	}
	lookup_fini(&location->lookup);
	free(location->slots);
	free(location);
}
