// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/call/phone.h"

#include <errno.h>
#include <stdlib.h>

#include "controlplane/call/call_int.h"

struct phone *phone_new(const struct binding *binding, const struct conf_domain *domain)
{
	size_t cap = binding->contact.len + binding->path.len + binding->instance.len + 1;
	struct phone *phone = calloc(1, sizeof(*phone) + cap);
	struct strbuf b;

	if (phone == NULL)
		return NULL;
	b = strbuf_on(phone->text, cap);
	phone->binding = binding->id;
	phone->flow = binding->flow;
	phone->domain = domain;
	phone->contact = strbuf_keep(&b, binding->contact);
	phone->path = strbuf_keep(&b, binding->path);
	phone->instance = strbuf_keep(&b, binding->instance);
	phone->q = binding->q;
	phone->has_several_flows = binding->reg_id != 0;
	return phone;
}

void phone_free(struct phone *phone)
{
	while (phone != NULL) {
		struct phone *next = phone->next;

		free(phone);
		phone = next;
	}
}

const struct conf_sip_listener *phone_listener(
	const struct conf *conf, const struct net_flow *flow, const struct conf_realm **realm)
{
	for (unsigned int r = 0; r < conf->realm_count; r++) {
		*realm = &conf->realms[r];
		for (unsigned int i = 0; i < (*realm)->sip_count; i++) {
			if (tg_addr_equal(&(*realm)->sip[i].address, &flow->local))
				return &(*realm)->sip[i];
		}
	}
	return NULL;
}

// RFC 5626 §7
bool phone_may_try_other(uint16_t status)
{
	return status == 0 || status == 408 || status == 430;
}

bool phone_is_alike(const struct net_flow *a, const struct net_flow *b)
{
	return a->realm == b->realm && tg_ip_is_v4(&a->local.ip) == tg_ip_is_v4(&b->local.ip);
}

struct net_flow phone_flow(const struct engine *engine, const struct phone *phone)
{
	struct binding now;

	return location_get(engine->location, phone->binding, &now) == 0 ? now.flow : phone->flow;
}

static bool is_lost(const struct net_flow *flow, int what)
{
	return what == 430
		|| ((what == -ENOTCONN || what == -EHOSTUNREACH) && transport_is_reliable(flow));
}

void phone_heed(struct engine *engine, uint64_t binding, const struct net_flow *flow, int what)
{
	struct binding now;

	if (is_lost(flow, what) && location_get(engine->location, binding, &now) == 0
		&& net_flow_equal(&now.flow, flow))
		location_remove(engine->location, binding, LOCATION_FLOW_LOST);
}

void phone_lost_connection(struct engine *engine, const struct net_flow *flow)
{
	struct binding binding;

	if (flow->trusted == TG_TRUST_TRUNK)
		return;
	while (location_find_flow(engine->location, STR_NONE, flow, &binding) == 0)
		location_remove(engine->location, binding.id, LOCATION_FLOW_LOST);
}
