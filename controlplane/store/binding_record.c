// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/store/binding_record.h"

#include <errno.h>

#include "controlplane/store/fields.h"

#define VERSION 1
#define FLAG_OUTBOUND 1u
#define FLAG_ALG 2u
#define FLAGS (FLAG_OUTBOUND | FLAG_ALG)

static void put_addr(struct strbuf *out, const struct tg_addr *addr)
{
	fields_put_number(out, addr->port, 2);
	strbuf_put(out, str_of(addr->ip.byte, sizeof(addr->ip.byte)));
}

static void put_flow(struct strbuf *out, const struct net_flow *flow)
{
	fields_put_number(out, flow->protocol, 1);
	put_addr(out, &flow->local);
	put_addr(out, &flow->remote);
}

struct store_key binding_record_key(const struct binding *binding)
{
	return (struct store_key){binding->aor, binding->id};
}

uint64_t binding_record_expires_s(const struct binding *binding, struct tg_wall now)
{
	return now.us / TG_US_PER_S + binding->expires_s;
}

int binding_record_write(struct strbuf *out, const struct binding *b, const struct conf *conf)
{
	if (b->flow.realm >= conf->realm_count)
		return -EINVAL;
	fields_put_number(out, VERSION, 1);
	fields_put_number(
		out, (b->is_outbound ? FLAG_OUTBOUND : 0) | (b->is_alg ? FLAG_ALG : 0), 1);
	fields_put_number(out, b->nat, 1);
	put_flow(out, &b->flow);
	fields_put_number(out, b->q, 2);
	fields_put_number(out, b->cseq, 4);
	fields_put_number(out, b->reg_id, 4);
	fields_put_number(out, b->since.us, 8);
	fields_put_number(out, b->refreshed.us, 8);
	fields_put_text(out, str_from(conf->realms[b->flow.realm].name));
	fields_put_text(out, b->contact);
	fields_put_text(out, b->params);
	fields_put_text(out, b->instance);
	fields_put_text(out, b->call_id);
	fields_put_text(out, b->user_agent);
	fields_put_text(out, b->path);
	return out->failed ? -EMSGSIZE : 0;
}

static void take_addr(struct fields *r, struct tg_addr *out)
{
	struct str ip;

	out->port = (uint16_t)fields_take_number(r, 2, UINT16_MAX);
	ip = fields_take(r, sizeof(out->ip.byte));
	if (!r->is_bad)
		memcpy(out->ip.byte, ip.at, ip.len);
}

static void take_flow(struct fields *r, struct net_flow *out)
{
	out->protocol = (uint8_t)fields_take_number(r, 1, TRANSPORT_WSS);
	take_addr(r, &out->local);
	take_addr(r, &out->remote);
	if (out->local.port == 0 || out->remote.port == 0 || tg_ip_is_unset(&out->remote.ip))
		r->is_bad = true;
}

static void take_times(struct fields *r, struct binding *out)
{
	out->since.us = fields_take_number(r, 8, UINT64_MAX);
	out->refreshed.us = fields_take_number(r, 8, UINT64_MAX);
}

static void take_texts(struct fields *r, struct binding *out)
{
	out->contact = fields_take_text(r);
	out->params = fields_take_text(r);
	out->instance = fields_take_text(r);
	out->call_id = fields_take_text(r);
	out->user_agent = fields_take_text(r);
	out->path = fields_take_text(r);
	if (out->contact.len == 0 || out->call_id.len == 0 || r->rest.len != 0)
		r->is_bad = true;
}

static bool is_aor(struct str aor)
{
	size_t at = str_index(aor, '@');

	return at > 0 && at + 1 < aor.len && fields_is_plain(aor);
}

static int realm_of(const struct conf *conf, struct str name)
{
	for (unsigned int i = 0; i < conf->realm_count; i++) {
		if (str_equal(name, str_from(conf->realms[i].name)))
			return (int)i;
	}
	return -ENOENT;
}

int binding_record_read(struct binding *out, const struct store_record *record,
	const struct conf *conf, struct tg_wall now)
{
	struct fields r = {.rest = record->value};
	uint64_t now_s = now.us / TG_US_PER_S;
	struct binding b = {.id = record->key.id, .aor = record->key.name};
	uint64_t flags;
	struct str realm_name;
	int realm;

	if (fields_take_number(&r, 1, UINT8_MAX) != VERSION || !is_aor(b.aor))
		return -EBADMSG;
	flags = fields_take_number(&r, 1, FLAGS);
	b.is_outbound = (flags & FLAG_OUTBOUND) != 0;
	b.is_alg = (flags & FLAG_ALG) != 0;
	b.nat = (uint8_t)fields_take_number(&r, 1, BINDING_MOVED);
	take_flow(&r, &b.flow);
	b.q = (uint16_t)fields_take_number(&r, 2, LOCATION_Q_MAX);
	b.cseq = (uint32_t)fields_take_number(&r, 4, UINT32_MAX);
	b.reg_id = (uint32_t)fields_take_number(&r, 4, UINT32_MAX);
	take_times(&r, &b);
	realm_name = fields_take_text(&r);
	take_texts(&r, &b);
	if (r.is_bad || record->expires_s > now_s + UINT32_MAX)
		return -EBADMSG;
	realm = realm_of(conf, realm_name);
	if (realm < 0)
		return -ENOENT;
	if (record->expires_s <= now_s)
		return -ETIMEDOUT;
	b.flow.realm = (uint8_t)realm;
	b.flow.trusted = TG_TRUST_REGISTERED;
	b.flow.dscp = conf->realms[realm].sip_dscp;
	b.expires_s = (uint32_t)(record->expires_s - now_s);
	*out = b;
	return 0;
}
