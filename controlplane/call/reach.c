// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/call/reach.h"

#include <ctype.h>
#include <errno.h>

#include "controlplane/call/call_int.h"
#include "controlplane/call/phone.h"
#include "controlplane/reg/gruu.h"
#include "controlplane/route/route.h"

// ---- names

int reach_aor(struct strbuf *b, const struct sip_uri *uri, const char *domain)
{
	int rc = route_number(b, uri);

	strbuf_put_char(b, '@');
	for (; *domain != '\0'; domain++)
		strbuf_put_char(b, (char)tolower((uint8_t)*domain));
	return rc < 0 || !b->failed ? rc : -ENOBUFS;
}

int reach_user(struct binding *out, const struct engine *engine, struct str from,
	const struct net_flow *flow)
{
	char text[REACH_AOR_BYTES];
	struct strbuf aor = strbuf_on(text, sizeof(text));
	const struct conf_domain *domain = NULL;
	struct sip_name_addr name;
	struct sip_uri uri;

	if (sip_name_addr_parse(&name, from) == 0 && sip_uri_parse(&uri, name.uri) == 0)
		domain = conf_domain_of(engine->conf, flow->realm, uri.host);
	if (domain == NULL || reach_aor(&aor, &uri, domain->name) < 0)
		return -ENOENT;
	return location_find_flow(engine->location, strbuf_str(&aor), flow, out);
}

int reach_asker(struct binding *out, const struct engine *engine, struct str from,
	const struct net_flow *flow)
{
	int rc = reach_user(out, engine, from, flow);

	return rc == 0 ? 0 : location_find_flow(engine->location, STR_NONE, flow, out);
}

// ---- phones

static enum reach add_one(struct hunt *hunt, const struct reach_query *q, uint64_t id)
{
	const struct conf_domain *domain;
	struct binding binding;

	if (location_get(q->engine->location, id, &binding) < 0)
		return REACH_OFFLINE;
	domain = conf_domain_of_aor(q->conf, binding.aor);
	if (domain != NULL)
		hunt_add_phones(hunt, q->conf, domain, &binding, 1);
	return hunt_has_more(hunt) ? REACH_FOUND : REACH_OFFLINE;
}

static bool is_gruu(const struct sip_uri *uri)
{
	return !str_is_none(sip_param(uri->params, "gr"));
}

// All bindings of the user, or those of the instance that a GRUU means (RFC 5627 §5.4). Returns how many there are,
// or what gruu_find does.
static int find_bindings(struct binding binding[static LOCATION_PER_AOR_MAX],
	const struct reach_query *q, const struct conf_domain *domain)
{
	const struct location *location = q->engine->location;
	char text[REACH_AOR_BYTES];
	struct strbuf aor = strbuf_on(text, sizeof(text));
	int rc = -ENOENT;

	if (reach_aor(&aor, q->uri, domain->name) < 0)
		return 0;
	if (is_gruu(q->uri))
		rc = gruu_find(location, binding, LOCATION_PER_AOR_MAX,
			&(struct gruu_query){q->uri, strbuf_str(&aor), q->engine->tokens});
	if (rc == -ENOENT)
		rc = (int)location_find(location, strbuf_str(&aor), binding, LOCATION_PER_AOR_MAX);
	return rc < LOCATION_PER_AOR_MAX ? rc : LOCATION_PER_AOR_MAX;
}

enum reach reach_add_user(
	struct hunt *hunt, const struct reach_query *q, const struct conf_domain *domain)
{
	struct binding binding[LOCATION_PER_AOR_MAX];
	int count = find_bindings(binding, q, domain);
	unsigned int kept = 0;

	if (count < 0)
		return REACH_NO_ROUTE;
	for (int i = 0; i < count; i++) {
		if (binding[i].id != q->own)
			binding[kept++] = binding[i];
	}
	hunt_add_phones(hunt, q->conf, domain, binding, kept);
	return hunt_has_more(hunt) ? REACH_FOUND : REACH_OFFLINE;
}

// ---- what we named

// *found is set when the user part of a URI looks like one of our tokens.
static enum reach by_token(
	struct hunt *hunt, const struct reach_query *q, const struct sip_uri *uri, bool *found)
{
	uint64_t id;
	int rc = token_read(&id, q->engine->tokens, uri->user);

	*found = rc != -ENOENT;
	if (rc == -ENOENT)
		return REACH_NO_ROUTE;
	// only who keeps bindings for us was ever told one
	if (rc < 0 || q->from == NULL)
		return REACH_FORGED;
	return add_one(hunt, q, id);
}

static enum reach by_route(struct hunt *hunt, const struct reach_query *q, bool *found)
{
	struct sip_name_addr route;
	struct sip_uri uri;
	enum reach reach;

	*found = false;
	if (sip_name_addr_parse(&route, q->route) < 0 || sip_uri_parse(&uri, route.uri) < 0)
		return REACH_NO_ROUTE;
	reach = by_token(hunt, q, &uri, found);
	return reach == REACH_OFFLINE ? REACH_FLOW_GONE : reach;
}

// ---- what is configured

static const struct conf_route *route_of(const struct reach_query *q)
{
	char text[ROUTE_NUMBER_BYTES];
	struct strbuf number = strbuf_on(text, sizeof(text));

	return route_number(&number, q->uri) == 0
		? route_find(q->conf, q->realm, q->from, strbuf_str(&number))
		: NULL;
}

const struct conf_domain *reach_domain(const struct reach_query *q)
{
	const struct conf_domain *domain = conf_domain_of(q->conf, q->realm, q->uri->host);
	const struct conf_route *route;

	if (domain != NULL)
		return domain;
	route = route_of(q);
	return route != NULL && route->to_domain >= 0 ? &q->conf->domains[route->to_domain] : NULL;
}

static enum reach by_number(struct hunt *hunt, const struct reach_query *q)
{
	const struct conf_route *route = route_of(q);
	enum reach reach = REACH_NO_ROUTE;

	if (route == NULL)
		return REACH_NO_ROUTE;
	if (route->to_domain >= 0)
		reach = reach_add_user(hunt, q, &q->conf->domains[route->to_domain]);
	hunt_add_route(hunt, q->conf, route, q->from);
	return hunt_has_more(hunt) ? REACH_FOUND : reach;
}

enum reach reach_find(struct hunt *hunt, const struct reach_query *q)
{
	const struct conf_domain *domain;
	bool found = false;
	enum reach reach = REACH_NO_ROUTE;

	if (!str_is_none(q->route))
		reach = by_route(hunt, q, &found);
	if (!found && !str_is_none(q->uri->user))
		reach = by_token(hunt, q, q->uri, &found);
	if (found)
		return reach;
	domain = is_gruu(q->uri) ? conf_domain_of(q->conf, q->realm, q->uri->host) : NULL;
	return domain != NULL ? reach_add_user(hunt, q, domain) : by_number(hunt, q);
}
