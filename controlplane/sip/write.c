// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/sip/write.h"

#include "controlplane/sip/topology.h"

static void put_header(struct strbuf *b, struct str name, struct str value)
{
	strbuf_put(b, name);
	strbuf_put(b, STR(": "));
	strbuf_put(b, value);
	strbuf_put(b, STR("\r\n"));
}

static void put_known(struct strbuf *b, enum sip_hdr_id id, struct str value)
{
	if (!str_is_none(value))
		put_header(b, sip_hdr_name(id), value);
}

static void put_number(struct strbuf *b, enum sip_hdr_id id, uint64_t value)
{
	strbuf_put(b, sip_hdr_name(id));
	strbuf_put(b, STR(": "));
	strbuf_put_u64(b, value);
	strbuf_put(b, STR("\r\n"));
}

static void put_cseq(struct strbuf *b, uint32_t cseq, struct str method)
{
	strbuf_put(b, STR("CSeq: "));
	strbuf_put_u64(b, cseq);
	strbuf_put_char(b, ' ');
	strbuf_put(b, method);
	strbuf_put(b, STR("\r\n"));
}

static bool is_among(const struct sip_extra *extra, unsigned int count, enum sip_hdr_id id)
{
	for (unsigned int i = 0; i < count; i++) {
		if (extra[i].id == id)
			return true;
	}
	return false;
}

static bool is_about_body(enum sip_hdr_id id)
{
	return id == SIP_HDR_CONTENT_DISPOSITION || id == SIP_HDR_CONTENT_ENCODING
		|| id == SIP_HDR_MIME_VERSION;
}

struct tail { // what requests and responses share
	const struct sip_edge *edge;
	const struct sip_msg *source;
	const struct sip_extra *extra;
	unsigned int extra_count;
	struct str content_type;
	struct str body;
};

static bool crosses(const struct tail *t, const struct sip_hdr *hdr)
{
	return (hdr->id == SIP_HDR_OTHER || !is_among(t->extra, t->extra_count, hdr->id))
		&& (t->body.len > 0 || !is_about_body(hdr->id))
		&& sip_crosses(t->edge, t->source, hdr);
}

static bool always_may(struct str method)
{
	return str_equal(method, STR("ACK")) || str_equal(method, STR("BYE"))
		|| str_equal(method, STR("CANCEL"));
}

static bool may_ask(const struct conf_policy *policy, struct str method)
{
	return always_may(method) || conf_policy_has_method(policy, method);
}

// The rest of a line: those of a list that a policy lets through. Returns false when it is none.
static bool put_filtered(struct strbuf *b, const struct conf_policy *policy, struct str all,
	bool (*may)(const struct conf_policy *policy, struct str element))
{
	struct str element;
	bool first = true;

	while (sip_hdr_next(&element, &all)) {
		if (!may(policy, element))
			continue;
		strbuf_put(b, first ? STR("") : STR(", "));
		strbuf_put(b, element);
		first = false;
	}
	strbuf_put(b, STR("\r\n"));
	return !first;
}

// RFC 3261 §20.5
static void put_allow(struct strbuf *b, const struct conf_policy *policy, struct str all)
{
	strbuf_put(b, STR("Allow: "));
	put_filtered(b, policy, all, may_ask);
}

// RFC 6665 §8.2.2: of what the far side knows, what whoever hears of it may subscribe to by way of us.
static void put_events(struct strbuf *b, const struct conf_policy *policy, struct str all)
{
	size_t before = b->len;

	if (policy != NULL && !conf_policy_has_method(policy, STR("SUBSCRIBE")))
		return;
	strbuf_put(b, STR("Allow-Events: "));
	if (!put_filtered(b, policy, all, conf_policy_has_event) && !b->failed)
		b->len = before;
}

void sip_write_reason(struct strbuf *b, struct str value)
{
	strbuf_put(b, STR("Reason: "));
	sip_reason_write(b, value);
	strbuf_put(b, STR("\r\n"));
}

// Of one that comes from a message of the other side.
static void put_crossing(struct strbuf *b, const struct tail *t, const struct sip_hdr *hdr)
{
	if (hdr->id == SIP_HDR_ALLOW && t->edge->policy != NULL)
		put_allow(b, t->edge->policy, hdr->value);
	else if (hdr->id == SIP_HDR_ALLOW_EVENTS)
		put_events(b, t->edge->policy, hdr->value);
	else if (hdr->id == SIP_HDR_REASON)
		sip_write_reason(b, hdr->value);
	else
		put_header(b, hdr->id == SIP_HDR_OTHER ? hdr->name : sip_hdr_name(hdr->id),
			hdr->value);
}

static void put_extra(struct strbuf *b, const struct tail *t, const struct sip_extra *extra)
{
	if (extra->id == SIP_HDR_ALLOW && t->edge->policy != NULL)
		put_allow(b, t->edge->policy, extra->value);
	else
		put_known(b, extra->id, extra->value);
}

static void put_tail(struct strbuf *b, const struct tail *t)
{
	for (unsigned int i = 0; i < t->extra_count; i++)
		put_extra(b, t, &t->extra[i]);
	for (unsigned int i = 0; t->source != NULL && i < t->source->hdr_count; i++) {
		const struct sip_hdr *hdr = &t->source->hdr[i];

		if (crosses(t, hdr))
			put_crossing(b, t, hdr);
	}
	if (t->body.len > 0)
		put_known(b, SIP_HDR_CONTENT_TYPE, t->content_type);
	put_number(b, SIP_HDR_CONTENT_LENGTH, t->body.len);
	strbuf_put(b, STR("\r\n"));
	strbuf_put(b, t->body);
}

static void put_via(struct strbuf *b, const struct sip_request_out *out)
{
	char sent_by[TG_ADDR_TEXT_BYTES];

	strbuf_put(b, STR("Via: SIP/2.0/"));
	strbuf_put(b, str_from(transport_name(out->protocol)));
	strbuf_put_char(b, ' ');
	strbuf_put(b, str_from(tg_addr_write(out->sent_by, sent_by)));
	strbuf_put(b, STR(";branch="));
	strbuf_put(b, out->branch);
	strbuf_put(b, STR(";rport\r\n"));
}

struct str sip_request_method(const struct sip_request_out *out)
{
	return str_is_none(out->method_name) ? str_from(sip_method_name(out->method))
					     : out->method_name;
}

void sip_request_write(struct strbuf *b, const struct sip_request_out *out)
{
	struct str method = sip_request_method(out);
	struct tail tail = {&out->edge, out->source, out->extra, out->extra_count,
		out->content_type, out->body};

	strbuf_put(b, method);
	strbuf_put_char(b, ' ');
	strbuf_put(b, out->uri);
	strbuf_put(b, STR(" SIP/2.0\r\n"));
	put_via(b, out);
	for (unsigned int i = 0; i < out->route_count; i++)
		put_known(b, SIP_HDR_ROUTE, out->routes[i]);
	put_known(b, SIP_HDR_ROUTE, out->last_route);
	put_number(b, SIP_HDR_MAX_FORWARDS, (uint64_t)out->max_forwards);
	put_known(b, SIP_HDR_FROM, out->from);
	put_known(b, SIP_HDR_TO, out->to);
	put_known(b, SIP_HDR_CALL_ID, out->call_id);
	put_cseq(b, out->cseq, method);
	put_known(b, SIP_HDR_CONTACT, out->contact);
	put_tail(b, &tail);
}

void sip_response_write(struct strbuf *b, const struct sip_response_out *out)
{
	struct tail tail = {&out->edge, out->source, out->extra, out->extra_count,
		out->content_type, out->body};

	strbuf_put(b, STR("SIP/2.0 "));
	strbuf_put_u64(b, out->status);
	strbuf_put_char(b, ' ');
	strbuf_put(b, str_is_none(out->reason) ? sip_reason_phrase(out->status) : out->reason);
	strbuf_put(b, STR("\r\n"));
	strbuf_put(b, out->vias);
	strbuf_put(b, out->record_routes);
	put_known(b, SIP_HDR_FROM, out->from);
	put_known(b, SIP_HDR_TO, out->to);
	put_known(b, SIP_HDR_CALL_ID, out->call_id);
	if (str_is_none(out->cseq_text))
		put_cseq(b, out->cseq, out->method_name);
	else
		put_known(b, SIP_HDR_CSEQ, out->cseq_text);
	put_known(b, SIP_HDR_CONTACT, out->contact);
	put_tail(b, &tail);
}

static void move(struct strbuf *to, struct str part)
{
	memmove(to->at + to->len, part.at, part.len);
	to->len += part.len;
}

static void shorten_line(struct strbuf *to, struct str line)
{
	struct str value = line, name = str_cut(&value, ':');
	char compact;

	if (str_is_none(value)) {
		move(to, line);
		return;
	}
	compact = sip_hdr_compact(sip_hdr_parse(name));
	if (compact != 0)
		to->at[to->len++] = compact;
	else
		move(to, name);
	to->at[to->len++] = ':';
	move(to, value);
}

void sip_shorten(struct strbuf *message)
{
	struct str rest = strbuf_str(message), line;
	bool first = true;

	message->len = 0;
	do {
		line = str_trim(str_cut(&rest, '\n'));
		if (first)
			move(message, line);
		else
			shorten_line(message, line);
		move(message, STR("\r\n"));
		first = false;
	} while (line.len != 0 && !str_is_none(rest));
	if (!str_is_none(rest))
		move(message, rest);
}
