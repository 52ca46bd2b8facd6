// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/call/upstream_send.h"

#include <errno.h>

#include "controlplane/call/hunt.h"
#include "controlplane/route/route.h"
#include "controlplane/sip/topology.h"

#define EXTRAS_MAX 4

struct writer {
	struct engine *engine;
	const struct upstream_register *said;
	struct target target;
	struct net_flow flow;
	struct strbuf b;
	struct sip_extra extra[EXTRAS_MAX];
	unsigned int extra_count;
};

static struct str since(const struct strbuf *b, size_t begin)
{
	return str_of(b->at + begin, b->len - begin);
}

static void add_extra(struct writer *w, enum sip_hdr_id id, size_t begin)
{
	w->extra[w->extra_count++] = (struct sip_extra){id, since(&w->b, begin)};
}

// "<sip:TOKEN@us" without the end
static void put_token(struct writer *w, uint64_t binding)
{
	char text[TOKEN_BYTES];
	struct strbuf token = strbuf_on(text, sizeof(text));

	token_write(&token, w->engine->tokens, binding);
	w->b.failed |= token.failed;
	sip_contact_write(
		&w->b, strbuf_str(&token), &w->target.listener->advertised, w->flow.protocol);
	w->b.len -= w->b.failed ? 0 : 1;
}

static void put_q(struct strbuf *b, uint16_t q)
{
	strbuf_put(b, STR(";q=0."));
	for (unsigned int unit = 100; unit > 0; unit /= 10)
		strbuf_put_char(b, (char)('0' + q / unit % 10));
}

static void put_contact(struct writer *w, const struct upstream_contact *c)
{
	if (w->said->domain->path) {
		strbuf_put_char(&w->b, '<');
		strbuf_put(&w->b, c->uri);
	} else {
		put_token(w, c->id);
	}
	strbuf_put(&w->b, STR(">;expires="));
	strbuf_put_u64(&w->b, c->expires_s);
	if (c->q < LOCATION_Q_MAX)
		put_q(&w->b, c->q);
	if (c->instance.len > 0) {
		strbuf_put(&w->b, STR(";+sip.instance=\""));
		strbuf_put(&w->b, c->instance);
		strbuf_put_char(&w->b, '"');
	}
	if (c->reg_id != 0) {
		strbuf_put(&w->b, STR(";reg-id="));
		strbuf_put_u64(&w->b, c->reg_id);
	}
	if (w->said->domain->path)
		strbuf_put(&w->b, c->params);
}

static struct str put_contacts(struct writer *w)
{
	size_t begin = w->b.len;

	if (w->said->is_all)
		return STR("*");
	if (w->said->contact_count == 0)
		return STR_NONE;
	for (unsigned int i = 0; i < w->said->contact_count; i++) {
		strbuf_put(&w->b, i > 0 ? STR(", ") : STR(""));
		put_contact(w, &w->said->contact[i]);
	}
	return since(&w->b, begin);
}

// RFC 3327 §5.1, and ;ob of RFC 5626 §5.1
static void put_path(struct writer *w)
{
	size_t begin = w->b.len;

	if (!w->said->domain->path || w->said->contact_count == 0)
		return;
	put_token(w, w->said->contact[0].id);
	strbuf_put(&w->b, w->said->is_outbound ? STR(";lr;ob>") : STR(";lr>"));
	add_extra(w, SIP_HDR_PATH, begin);
	w->extra[w->extra_count++] = (struct sip_extra){SIP_HDR_REQUIRE, STR("path")};
}

static void put_supported(struct writer *w)
{
	size_t begin = w->b.len;

	if (w->said->domain->path)
		strbuf_put(&w->b, STR("path"));
	if (w->said->is_outbound)
		strbuf_put(&w->b, w->said->domain->path ? STR(", outbound") : STR("outbound"));
	if (w->b.len > begin)
		add_extra(w, SIP_HDR_SUPPORTED, begin);
}

static void put_expires(struct writer *w)
{
	size_t begin = w->b.len;

	if (!w->said->is_all && w->said->contact_count == 0)
		return;
	strbuf_put_u64(&w->b, w->said->expires_s);
	add_extra(w, SIP_HDR_EXPIRES, begin);
}

// One of each address of record, for ever: CSeq and, when that is used up, another one come of the number.
static struct str put_call_id(struct writer *w)
{
	size_t begin = w->b.len;

	strbuf_printf(&w->b, "%016llx-%llx",
		(unsigned long long)token_digest(w->engine->tokens, w->said->aor),
		(unsigned long long)(w->said->number >> 31));
	return since(&w->b, begin);
}

static struct str put_from(struct writer *w)
{
	size_t begin = w->b.len;
	char tag[SIP_TOKEN_BYTES];

	sip_token(tag);
	strbuf_put(&w->b, w->said->from);
	strbuf_put(&w->b, STR(";tag="));
	strbuf_put(&w->b, str_from(tag));
	return since(&w->b, begin);
}

static struct str put_uri(struct writer *w)
{
	size_t begin = w->b.len;

	strbuf_put(&w->b, STR("sip:"));
	strbuf_put(&w->b, str_from(w->said->domain->name));
	return since(&w->b, begin);
}

static int ask_peer(uint64_t *txn, struct writer *w, const struct conf_peer *peer)
{
	const struct sip_msg *source = w->said->source;
	struct sip_client client = {
		.flow = w->flow,
		.timers = leg_timers(w->said->conf, peer),
		.owner = {w->said->owner, OWNER_REGISTRATION},
		.tcp_when_large = peer->tcp_for_large,
	};
	struct sip_request_out out = {
		.method = SIP_REGISTER,
		.uri = put_uri(w),
		.from = put_from(w),
		.to = w->said->to,
		.call_id = put_call_id(w),
		.cseq = (uint32_t)(w->said->number & 0x7fffffff),
		.max_forwards = source == NULL || source->max_forwards < 0
			? 69
			: source->max_forwards - 1,
		.contact = put_contacts(w),
		.source = source,
		.extra = w->extra,
	};

	put_path(w);
	put_supported(w);
	put_expires(w);
	out.extra_count = w->extra_count;
	return w->b.failed ? -EMSGSIZE : sip_request(w->engine->stack, txn, &client, &out);
}

int upstream_send(uint64_t *txn, struct engine *engine, const struct upstream_register *said)
{
	const struct conf_peer *peer = &said->conf->peers[said->domain->upstream];
	struct writer w = {
		.engine = engine,
		.said = said,
		.target = {.peer = peer, .listener = route_listener(said->conf, peer)},
		.b = strbuf_on(engine->scratch, sizeof(engine->scratch)),
	};

	if (w.target.listener == NULL)
		return -EHOSTUNREACH;
	w.flow = leg_flow_to(engine, said->conf, &w.target);
	return ask_peer(txn, &w, peer);
}
