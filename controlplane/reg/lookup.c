// SPDX-License-Identifier: BSD-3-Clause
#include <assert.h>

#include "controlplane/reg/location_int.h"

int lookup_init(struct lookup *lookup, uint32_t bindings_max)
{
	int rc = table_init(&lookup->aors, bindings_max);

	if (rc == 0)
		rc = table_init(&lookup->ids, bindings_max);
	if (rc == 0)
		rc = table_init(&lookup->flows, bindings_max);
	return rc;
}

void lookup_fini(struct lookup *lookup)
{
	table_fini(&lookup->aors);
	table_fini(&lookup->ids);
	table_fini(&lookup->flows);
}

// There is room: the location adds no more than bindings_max.
static void insert(struct table *table, uint64_t hash, struct table_node *node)
{
	int rc = table_insert(table, hash, node);

	assert(rc == 0);
}

// ---- by AOR

static struct entry *of_aor(struct table_node *node)
{
	return node != NULL ? caa_container_of(node, struct entry, by_aor) : NULL;
}

static bool is_of_aor(const struct table_node *node, const void *aor)
{
	return str_equal(
		entry_aor(caa_container_of(node, struct entry, by_aor)), *(const struct str *)aor);
}

struct entry *lookup_first(const struct lookup *lookup, struct str aor)
{
	return of_aor(table_find(&lookup->aors, str_hash(aor), is_of_aor, &aor));
}

struct entry *lookup_next(const struct entry *e)
{
	struct str aor = entry_aor(e);

	return of_aor(table_next(&e->by_aor, is_of_aor, &aor));
}

// ---- by id

static bool is_of_id(const struct table_node *node, const void *id)
{
	return caa_container_of(node, struct entry, by_id)->id == *(const uint64_t *)id;
}

// Ids are consecutive numbers: their own best hash.
struct entry *lookup_id(const struct lookup *lookup, uint64_t id)
{
	struct table_node *node = table_find(&lookup->ids, id, is_of_id, &id);

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

static bool is_of_flow(const struct table_node *node, const void *key)
{
	return is_reached_by(caa_container_of(node, struct entry, by_flow), key);
}

static struct entry *find_leader(
	const struct lookup *lookup, const struct flow_key *key, uint64_t hash)
{
	struct table_node *node = table_find(&lookup->flows, hash, is_of_flow, key);

	return node != NULL ? caa_container_of(node, struct entry, by_flow) : NULL;
}

static struct entry *find_flow_of(
	const struct lookup *lookup, struct str aor, const struct flow_key *key)
{
	struct entry *e = lookup_first(lookup, aor);

	while (e != NULL && !is_reached_by(e, key))
		e = lookup_next(e);
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
	insert(&lookup->flows, hash, &e->by_flow);
}

static void lead_after(struct lookup *lookup, struct entry *e, struct entry *next)
{
	next->leads = true;
	table_replace(&lookup->flows, &e->by_flow, &next->by_flow);
}

static void flow_remove(struct lookup *lookup, struct entry *e)
{
	struct cds_list_head *next = e->flow_link.next;

	cds_list_del(&e->flow_link);
	if (!e->leads)
		return;
	if (next == &e->flow_link)
		table_remove(&lookup->flows, &e->by_flow);
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
	insert(&lookup->aors, str_hash(entry_aor(e)), &e->by_aor);
	insert(&lookup->ids, e->id, &e->by_id);
	flow_add(lookup, e);
}

void lookup_renew(struct lookup *lookup, struct entry *old, struct entry *made)
{
	table_replace(&lookup->aors, &old->by_aor, &made->by_aor);
	table_replace(&lookup->ids, &old->by_id, &made->by_id);
	flow_renew(lookup, old, made);
}

void lookup_remove(struct lookup *lookup, struct entry *e)
{
	table_remove(&lookup->aors, &e->by_aor);
	table_remove(&lookup->ids, &e->by_id);
	flow_remove(lookup, e);
}
