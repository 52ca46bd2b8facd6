// SPDX-License-Identifier: BSD-3-Clause
#include <assert.h>
#include <errno.h>

#include "controlplane/reg/location_int.h"

static unsigned long buckets_for(uint32_t bindings_max)
{
	return bindings_max > 1 ? 1ul << (64 - __builtin_clzl(bindings_max - 1ul)) : 1;
}

static struct cds_lfht *table_new(uint32_t bindings_max)
{
	unsigned long buckets = buckets_for(bindings_max);

	return cds_lfht_new(buckets, buckets, buckets, 0, NULL);
}

static void table_free(struct cds_lfht *table)
{
	if (table != NULL)
		cds_lfht_destroy(table, NULL);
}

int lookup_init(struct lookup *lookup, uint32_t bindings_max)
{
	lookup->aors = table_new(bindings_max);
	lookup->ids = table_new(bindings_max);
	lookup->flows = table_new(bindings_max);
	return lookup->aors != NULL && lookup->ids != NULL && lookup->flows != NULL ? 0 : -ENOMEM;
}

void lookup_fini(struct lookup *lookup)
{
	table_free(lookup->aors);
	table_free(lookup->ids);
	table_free(lookup->flows);
}

static int is_node(struct cds_lfht_node *node, const void *key)
{
	return node == key;
}

static void put_in_place(struct cds_lfht *table, uint64_t hash, struct cds_lfht_node *old,
	struct cds_lfht_node *made)
{
	struct cds_lfht_iter iter;
	int rc;

	cds_lfht_lookup(table, hash, is_node, old, &iter);
	rc = cds_lfht_replace(table, &iter, hash, is_node, old, made);
	assert(rc == 0);
}

// ---- by AOR

static int is_of_aor(struct cds_lfht_node *node, const void *key)
{
	const struct entry *e = entry_acquire(caa_container_of(node, struct entry, by_aor));

	return str_equal(entry_aor(e), *(const struct str *)key);
}

static struct entry *walked(struct lookup_walk *walk)
{
	struct cds_lfht_node *node = cds_lfht_iter_get_node(&walk->iter);

	return node != NULL ? caa_container_of(node, struct entry, by_aor) : NULL;
}

struct entry *lookup_first(const struct lookup *lookup, struct lookup_walk *walk, struct str aor)
{
	walk->aor = aor;
	cds_lfht_lookup(lookup->aors, str_hash(aor), is_of_aor, &walk->aor, &walk->iter);
	return walked(walk);
}

struct entry *lookup_next(const struct lookup *lookup, struct lookup_walk *walk)
{
	cds_lfht_next_duplicate(lookup->aors, is_of_aor, &walk->aor, &walk->iter);
	return walked(walk);
}

bool lookup_has(const struct lookup *lookup, struct str aor)
{
	struct lookup_walk walk;
	bool has;

	rcu_read_lock();
	has = lookup_first(lookup, &walk, aor) != NULL;
	rcu_read_unlock();
	return has;
}

// ---- by id

static int is_of_id(struct cds_lfht_node *node, const void *key)
{
	return entry_acquire(caa_container_of(node, struct entry, by_id))->id
		== *(const uint64_t *)key;
}

// Ids are consecutive numbers: their own best hash.
struct entry *lookup_id(const struct lookup *lookup, uint64_t id)
{
	struct cds_lfht_node *node;
	struct cds_lfht_iter iter;

	rcu_read_lock();
	cds_lfht_lookup(lookup->ids, id, is_of_id, &id, &iter);
	rcu_read_unlock();
	node = cds_lfht_iter_get_node(&iter);
	return node != NULL ? caa_container_of(node, struct entry, by_id) : NULL;
}

// ---- by flow

struct flow_key {
	struct tg_addr remote;
	uint32_t realm;
	uint64_t connection;
};

static struct flow_key key_of(const struct net_flow *flow)
{
	return (struct flow_key){
		{flow->remote.ip, flow->remote.port, 0}, flow->realm, flow->connection};
}

static uint64_t key_hash(const struct flow_key *key)
{
	static_assert(sizeof(*key) == 32, "no padding is hashed");
	return str_hash(str_of(key, sizeof(*key)));
}

static bool is_reached_by(const struct entry *e, const struct flow_key *key)
{
	return tg_addr_equal(&e->flow.remote, &key->remote) && e->flow.realm == key->realm
		&& e->flow.connection == key->connection;
}

static int is_of_flow(struct cds_lfht_node *node, const void *key)
{
	return is_reached_by(entry_acquire(caa_container_of(node, struct entry, by_flow)), key);
}

static struct entry *find_leader(
	const struct lookup *lookup, const struct flow_key *key, uint64_t hash)
{
	struct cds_lfht_node *node;
	struct cds_lfht_iter iter;

	cds_lfht_lookup(lookup->flows, hash, is_of_flow, key, &iter);
	node = cds_lfht_iter_get_node(&iter);
	return node != NULL ? caa_container_of(node, struct entry, by_flow) : NULL;
}

static struct entry *find_flow_of(
	const struct lookup *lookup, struct str aor, const struct flow_key *key)
{
	struct lookup_walk walk;
	struct entry *e = lookup_first(lookup, &walk, aor);

	while (e != NULL && !is_reached_by(e, key))
		e = lookup_next(lookup, &walk);
	return e;
}

struct entry *lookup_flow(const struct lookup *lookup, struct str aor, const struct net_flow *flow)
{
	struct flow_key key = key_of(flow);

	return str_is_none(aor) ? find_leader(lookup, &key, key_hash(&key))
				: find_flow_of(lookup, aor, &key);
}

static void flow_add(struct lookup *lookup, struct entry *e)
{
	struct flow_key key = key_of(&e->flow);
	uint64_t hash = key_hash(&key);
	struct entry *leader = find_leader(lookup, &key, hash);

	e->leads = leader == NULL;
	if (leader != NULL) {
		cds_list_add_tail(&e->flow_link, &leader->flow_link);
		return;
	}
	CDS_INIT_LIST_HEAD(&e->flow_link);
	cds_lfht_add(lookup->flows, hash, &e->by_flow);
}

static void lead_after(struct lookup *lookup, struct entry *e, struct entry *next)
{
	struct flow_key key = key_of(&e->flow);

	next->leads = true;
	put_in_place(lookup->flows, key_hash(&key), &e->by_flow, &next->by_flow);
}

static void flow_remove(struct lookup *lookup, struct entry *e)
{
	struct cds_list_head *next = e->flow_link.next;

	cds_list_del(&e->flow_link);
	if (!e->leads)
		return;
	if (next == &e->flow_link)
		cds_lfht_del(lookup->flows, &e->by_flow);
	else
		lead_after(lookup, e, caa_container_of(next, struct entry, flow_link));
}

static void flow_renew(struct lookup *lookup, struct entry *old, struct entry *made)
{
	struct flow_key key = key_of(&made->flow);

	if (!is_reached_by(old, &key)) {
		flow_remove(lookup, old);
		flow_add(lookup, made);
		return;
	}
	cds_list_add(&made->flow_link, &old->flow_link);
	cds_list_del(&old->flow_link);
	if (old->leads)
		lead_after(lookup, old, made);
}

// ---- all of them

void lookup_add(struct lookup *lookup, struct entry *e)
{
	rcu_read_lock();
	cds_lfht_add(lookup->aors, str_hash(entry_aor(e)), &e->by_aor);
	cds_lfht_add(lookup->ids, e->id, &e->by_id);
	flow_add(lookup, e);
	rcu_read_unlock();
}

void lookup_renew(struct lookup *lookup, struct entry *old, struct entry *made)
{
	rcu_read_lock();
	put_in_place(lookup->aors, str_hash(entry_aor(old)), &old->by_aor, &made->by_aor);
	put_in_place(lookup->ids, old->id, &old->by_id, &made->by_id);
	flow_renew(lookup, old, made);
	rcu_read_unlock();
}

void lookup_remove(struct lookup *lookup, struct entry *e)
{
	rcu_read_lock();
	cds_lfht_del(lookup->aors, &e->by_aor);
	cds_lfht_del(lookup->ids, &e->by_id);
	flow_remove(lookup, e);
	rcu_read_unlock();
}
