// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/call/upstream.h"

#include <stdlib.h>

#include "controlplane/call/admission.h"
#include "controlplane/call/forward.h"
#include "controlplane/call/lease.h"
#include "controlplane/call/persist.h"
#include "controlplane/call/reach.h"
#include "controlplane/call/registration.h"
#include "controlplane/call/upstream_int.h"

#define ARENA_BYTES (4u << 20) // of one message, as the stack has it

// ---- its life

struct upstream *upstream_new(struct engine *engine)
{
	struct upstream *u = calloc(1, sizeof(*u));

	if (u == NULL)
		return NULL;
	u->engine = engine;
	u->number = tg_wall_now().us / 1000;
	u->forwards = idpool_new(engine->conf->relays_max);
	u->arena = arena_new(ARENA_BYTES);
	if (u->forwards == NULL || u->arena == NULL
		|| table_init(&u->asking, engine->conf->relays_max) < 0
		|| table_init(&u->leases, engine->conf->bindings_max) < 0) {
		upstream_free(u);
		return NULL;
	}
	return u;
}

void upstream_free(struct upstream *upstream)
{
	struct binding binding;
	uint32_t cursor = 0;

	if (upstream == NULL)
		return;
	forward_free_all(upstream);
	while (upstream->leases.count > 0
		&& location_next(upstream->engine->location, &cursor, &binding))
		lease_drop(&upstream->leases, binding.id);
	table_fini(&upstream->asking);
	table_fini(&upstream->leases);
	idpool_free(upstream->forwards);
	arena_free(upstream->arena);
	free(upstream);
}

// ---- what needs not be asked

// How long upstream keeps all that it is about, for certain; 0: it is to be asked.
static uint32_t known_s(const struct upstream *upstream, const struct conf_domain *domain,
	const struct registrar_parts *parts)
{
	const struct conf_peer *peer = &upstream->engine->conf->peers[domain->upstream];
	struct tg_mono now = engine_now(upstream->engine);
	uint64_t known_ms = UINT32_MAX;

	for (unsigned int i = 0; i < parts->count; i++) {
		const struct registrar_part *part = &parts->part[i];
		const struct lease *lease = lease_find(&upstream->leases, part->id);
		uint64_t left_ms;

		if (!part->is_refresh || lease == NULL || now.ns >= lease->due.ns
			|| !str_equal(lease->peer, str_from(peer->name)))
			return 0;
		left_ms = tg_mono_ms_between(now, lease->ends);
		known_ms = left_ms < known_ms ? left_ms : known_ms;
	}
	return parts->count > 0 ? (uint32_t)(known_ms / 1000) : 0;
}

static unsigned int count_named(const struct registrar_parts *parts)
{
	unsigned int count = 0;

	for (unsigned int i = 0; i < parts->count; i++)
		count += parts->part[i].id != 0;
	return count;
}

void upstream_on_request(const struct request *r, const struct conf_domain *domain, struct str aor)
{
	struct registrar_parts parts = {.is_trial = true};
	struct registration_terms terms = {.domain = domain, .aor = aor, .parts = &parts};

	if (r->msg->max_forwards == 0) {
		admission_count(r, CALL_REFUSAL_MAX_FORWARDS);
		request_answer(r, 483, 0, STR_NONE);
		return;
	}
	if (!registration_judge(r, &terms))
		return;
	terms.most_s = known_s(r->engine->upstream, domain, &parts);
	if (terms.most_s > 0) {
		terms.parts = NULL;
		registration_judge(r, &terms);
	} else if (domain->path && count_named(&parts) > 1) {
		request_answer(r, 400, 0, STR_NONE); // a Path names but one of them
	} else {
		forward_request(r, domain, &parts, aor);
	}
}

// ---- what ends here

void upstream_on_change(
	struct upstream *upstream, const struct binding *binding, enum location_change change)
{
	const struct conf_domain *domain;
	const struct lease *lease;

	if (change == LOCATION_ADDED || change == LOCATION_REFRESHED || change == LOCATION_MOVED)
		return;
	lease = lease_find(&upstream->leases, binding->id);
	if (lease == NULL)
		return;
	domain = conf_domain_of_aor(upstream->engine->conf, binding->aor);
	// what its phone removed, it has removed there
	if (change != LOCATION_REMOVED && !lease->needs_credentials && domain != NULL
		&& domain->upstream >= 0)
		forward_farewell(upstream, domain, lease, binding);
	persist_lease_gone(upstream->engine, binding);
	lease_drop(&upstream->leases, binding->id);
}

// ---- what outlives the process

const struct lease *upstream_lease(const struct upstream *upstream, uint64_t binding)
{
	return lease_find(&upstream->leases, binding);
}

int upstream_restore(struct upstream *upstream, struct str aor, const struct lease *kept)
{
	struct binding binding;

	if (location_get(upstream->engine->location, kept->binding, &binding) < 0
		|| !str_equal(binding.aor, aor))
		return -ENOENT;
	return lease_find(&upstream->leases, kept->binding) != NULL
		? 0
		: lease_put(&upstream->leases, kept);
}

// ---- requests that go there

// The peer that keeps it; NULL when we do.
static const struct conf_peer *peer_of(const struct conf *conf, const struct binding *binding)
{
	const struct conf_domain *domain = conf_domain_of_aor(conf, binding->aor);

	return domain != NULL && domain->upstream >= 0 ? &conf->peers[domain->upstream] : NULL;
}

void upstream_guide(struct hunt *hunt, const struct request *r)
{
	const struct upstream *upstream = r->engine->upstream;
	const struct sip_hdr *from = sip_msg_header(r->msg, SIP_HDR_FROM);
	const struct conf_peer *peer;
	const struct lease *lease;
	struct binding binding;

	if (upstream->leases.count == 0
		|| reach_asker(&binding, r->engine, from->value, r->flow) < 0)
		return;
	peer = peer_of(r->engine->conf, &binding);
	lease = lease_find(&upstream->leases, binding.id);
	for (unsigned int i = 0; peer != NULL && lease != NULL && i < hunt->count; i++) {
		struct target *target = &hunt->target[i];

		if (target->peer == peer && target->routes == NULL)
			target->routes = str_dup(lease->routes);
	}
}
