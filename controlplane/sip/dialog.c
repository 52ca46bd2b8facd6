// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/sip/dialog.h"

#include <errno.h>
#include <stdlib.h>

#include "controlplane/sip/topology.h"

#define CONTACT_BYTES (sizeof("<sip:@;transport=tcp>") + SIP_TOKEN_BYTES + TG_ADDR_TEXT_BYTES)

struct query {
	struct str call_id;
	struct str local_tag;
	const struct str *remote_tag; // NULL: any
};

int dialog_table_init(struct dialog_table *table, uint32_t capacity)
{
	return table_init(&table->table, capacity);
}

void dialog_table_fini(struct dialog_table *table)
{
	table_fini(&table->table);
}

static uint64_t hash_of(struct str call_id, struct str local_tag)
{
	uint64_t parts[2] = {str_hash(call_id), str_hash(local_tag)};

	return str_hash(str_of(parts, sizeof(parts)));
}

// RFC 3261 §12.2.2. A peer without a tag stays without (C59).
static bool matches(const struct table_node *node, const void *key)
{
	const struct dialog *d = caa_container_of(node, struct dialog, node);
	const struct query *query = key;

	return str_equal(d->call_id, query->call_id) && str_equal(d->local_tag, query->local_tag)
		&& (query->remote_tag == NULL || str_equal(d->remote_tag, *query->remote_tag));
}

static struct dialog *find(const struct dialog_table *table, const struct query *query)
{
	uint64_t hash = hash_of(query->call_id, query->local_tag);
	struct table_node *node;

	if (query->local_tag.len == 0)
		return NULL;
	node = table_find(&table->table, hash, matches, query);
	return node != NULL ? caa_container_of(node, struct dialog, node) : NULL;
}

struct dialog *dialog_find_named(const struct dialog_table *table, struct str call_id,
	struct str local_tag, struct str remote_tag)
{
	return find(table,
		&(struct query){
			.call_id = call_id,
			.local_tag = local_tag,
			.remote_tag = &remote_tag,
		});
}

struct dialog *dialog_find(const struct dialog_table *table, const struct sip_msg *request)
{
	return dialog_find_named(table, request->call_id, request->to_tag, request->from_tag);
}

struct dialog *dialog_find_by_response(
	const struct dialog_table *table, const struct sip_msg *response)
{
	return find(table,
		&(struct query){.call_id = response->call_id, .local_tag = response->from_tag});
}

struct dialog *dialog_find_half(const struct dialog_table *table, const struct sip_msg *request)
{
	static const struct str none;

	return find(table,
		&(struct query){
			.call_id = request->call_id,
			.local_tag = request->to_tag,
			.remote_tag = &none,
		});
}

static struct str keep_token(struct strbuf *b)
{
	char token[SIP_TOKEN_BYTES];

	sip_token(token);
	return strbuf_keep(b, str_of(token, SIP_TOKEN_BYTES - 1));
}

static struct str keep_contact(struct strbuf *b, const struct tg_addr *advertised, uint8_t protocol)
{
	size_t begin = b->len;
	char token[SIP_TOKEN_BYTES];

	sip_token(token);
	sip_contact_write(b, str_of(token, SIP_TOKEN_BYTES - 1), advertised, protocol);
	return str_of(b->at + begin, b->len - begin);
}

// A From or To value without its tag.
static struct str keep_untagged(
	struct strbuf *b, struct str value, const struct sip_name_addr *parsed)
{
	size_t begin = b->len;
	struct str params = parsed->params;
	struct str param;

	if (str_is_none(params))
		return strbuf_keep(b, value);
	strbuf_put(b, str_trim(str_of(value.at, (size_t)(params.at - 1 - value.at))));
	while (sip_param_next(&param, &params)) {
		struct str rest = param;

		if (str_equal_nocase(str_trim(str_cut(&rest, '=')), STR("tag")))
			continue;
		strbuf_put_char(b, ';');
		strbuf_put(b, param);
	}
	return str_of(b->at + begin, b->len - begin);
}

// RFC 3261 §19.1.5
struct str dialog_target(struct str contact)
{
	struct sip_uri uri;

	if (str_is_none(contact) || sip_uri_parse(&uri, contact) < 0)
		return STR_NONE;
	if (str_is_none(uri.headers))
		return contact;
	return str_of(contact.at, (size_t)(uri.headers.at - 1 - contact.at));
}

struct remote {
	struct str tag;
	struct str target;
	struct str routes[DIALOG_ROUTES_MAX];
	unsigned int route_count;
};

static struct remote remote_of(const struct dialog *d)
{
	struct remote r = {d->remote_tag, d->remote_target, {STR_NONE}, d->route_count};

	memcpy(r.routes, d->routes, sizeof(r.routes));
	return r;
}

// Replaces what the peer told of itself by copies. Parts of *r may be the present ones.
static int set_remote(struct dialog *d, const struct remote *r)
{
	size_t cap = r->tag.len + r->target.len + 1;
	struct strbuf b;

	for (unsigned int i = 0; i < r->route_count; i++)
		cap += r->routes[i].len;
	b = strbuf_on(malloc(cap), cap);
	if (b.at == NULL)
		return -ENOMEM;
	d->remote_tag = strbuf_keep(&b, r->tag);
	d->remote_target = strbuf_keep(&b, r->target);
	for (unsigned int i = 0; i < r->route_count; i++)
		d->routes[i] = strbuf_keep(&b, r->routes[i]);
	d->route_count = r->route_count;
	free(d->target_text);
	d->target_text = b.at;
	return 0;
}

int dialog_read_routes(struct str routes[static DIALOG_ROUTES_MAX], unsigned int *count,
	const struct sip_msg *msg, bool reversed)
{
	struct sip_list list = sip_list_of(msg, SIP_HDR_RECORD_ROUTE);
	unsigned int n = 0;
	struct str route;

	while (sip_list_next(&route, &list)) {
		if (n == DIALOG_ROUTES_MAX)
			return -EINVAL;
		routes[n++] = route;
	}
	for (unsigned int i = 0; reversed && i < n / 2; i++) {
		route = routes[i];
		routes[i] = routes[n - 1 - i];
		routes[n - 1 - i] = route;
	}
	*count = n;
	return 0;
}

static int enter(struct dialog *d, struct dialog_table *table)
{
	return table_insert(&table->table, hash_of(d->call_id, d->local_tag), &d->node);
}

static void free_text(struct dialog *d)
{
	free(d->text);
	free(d->target_text);
	d->text = d->target_text = NULL;
}

static int init_callee(struct dialog *d, const struct dialog_uac *params)
{
	struct remote r = {.target = params->target};
	struct str rest = params->path, route;

	while (sip_hdr_next(&route, &rest)) {
		if (r.route_count == DIALOG_ROUTES_MAX)
			return -EINVAL;
		r.routes[r.route_count++] = route;
	}
	return set_remote(d, &r);
}

int dialog_init_uac(struct dialog *d, struct dialog_table *table, const struct dialog_uac *params)
{
	size_t cap = params->from_display_uri.len + params->to_display_uri.len + CONTACT_BYTES
		+ 2 * SIP_TOKEN_BYTES;
	struct strbuf b = strbuf_on(malloc(cap), cap);
	int rc = -ENOMEM;

	*d = (struct dialog){
		.is_uac = true,
		.flow = params->flow,
		.local_cseq = params->first_cseq - 1,
		.text = b.at,
	};
	if (b.at == NULL)
		return -ENOMEM;
	d->call_id = keep_token(&b);
	d->local_tag = keep_token(&b);
	d->local = strbuf_keep(&b, params->from_display_uri);
	d->remote = strbuf_keep(&b, params->to_display_uri);
	d->contact = keep_contact(&b, &params->advertised, params->flow.protocol);
	rc = init_callee(d, params);
	if (rc == 0)
		rc = enter(d, table);
	if (rc < 0)
		free_text(d);
	return rc;
}

static int init_remote(struct dialog *d, const struct sip_msg *invite)
{
	struct remote r = {.tag = invite->from_tag, .target = dialog_target(invite->contact)};

	if (str_is_none(r.target)
		|| dialog_read_routes(r.routes, &r.route_count, invite, false) < 0)
		return -EINVAL;
	return set_remote(d, &r);
}

int dialog_init_uas(struct dialog *d, struct dialog_table *table, const struct sip_msg *invite,
	const struct net_flow *flow, const struct tg_addr *advertised)
{
	struct str from = sip_msg_header(invite, SIP_HDR_FROM)->value;
	struct str to = sip_msg_header(invite, SIP_HDR_TO)->value;
	size_t cap = invite->call_id.len + from.len + to.len + CONTACT_BYTES + SIP_TOKEN_BYTES;
	struct strbuf b = strbuf_on(malloc(cap), cap);
	int rc;

	*d = (struct dialog){
		.state = DIALOG_EARLY,
		.flow = *flow,
		.remote_cseq = invite->cseq,
		.text = b.at,
	};
	if (b.at == NULL)
		return -ENOMEM;
	d->call_id = strbuf_keep(&b, invite->call_id);
	d->local_tag = keep_token(&b);
	d->local = keep_untagged(&b, to, &invite->to);
	d->remote = keep_untagged(&b, from, &invite->from);
	d->contact = keep_contact(&b, advertised, flow->protocol);
	rc = init_remote(d, invite);
	if (rc == 0)
		rc = enter(d, table);
	if (rc < 0)
		free_text(d);
	return rc;
}

int dialog_on_notify(struct dialog *d, const struct sip_msg *notify)
{
	int rc = init_remote(d, notify);

	if (rc == 0)
		d->state = DIALOG_CONFIRMED;
	return rc;
}

void dialog_fini(struct dialog *d, struct dialog_table *table)
{
	if (d->text == NULL)
		return;
	table_remove(&table->table, &d->node);
	free_text(d);
	*d = (struct dialog){.state = DIALOG_TERMINATED};
}

// The dialog has no peer yet, or the first 2xx comes of another fork than the 18x did (C40).
static int form(struct dialog *d, const struct sip_msg *response)
{
	struct remote r = remote_of(d);

	r.tag = response->to_tag;
	if (!str_is_none(dialog_target(response->contact)))
		r.target = dialog_target(response->contact);
	if (dialog_read_routes(r.routes, &r.route_count, response, true) < 0)
		return -EINVAL;
	return set_remote(d, &r);
}

static int retarget(struct dialog *d, const struct sip_msg *msg)
{
	struct remote r = remote_of(d);

	r.target = dialog_target(msg->contact);
	if (str_is_none(r.target) || str_equal(r.target, d->remote_target))
		return 0;
	return set_remote(d, &r);
}

static int on_provisional(struct dialog *d, const struct sip_msg *response)
{
	int rc = 0;

	// RFC 3261 §12.1: without a tag it makes no dialog (C48)
	if (response->status == 100 || str_is_none(response->to_tag))
		return 0;
	if (d->state == DIALOG_NONE)
		rc = form(d, response);
	else if (!str_equal(d->remote_tag, response->to_tag))
		return -ESRCH;
	if (rc == 0 && d->state == DIALOG_NONE)
		d->state = DIALOG_EARLY;
	return rc;
}

// RFC 3261 §13.2.2.4: the route set is recomputed from the 2xx
static int on_success(struct dialog *d, const struct sip_msg *response)
{
	int rc;

	if (d->state == DIALOG_NONE || d->state == DIALOG_EARLY)
		rc = form(d, response);
	else if (!str_equal(d->remote_tag, response->to_tag))
		return -ESRCH;
	else
		rc = retarget(d, response);
	if (rc == 0)
		d->state = DIALOG_CONFIRMED;
	return rc;
}

static bool is_target_refresh(enum sip_method method)
{
	return method == SIP_INVITE || method == SIP_UPDATE || method == SIP_SUBSCRIBE
		|| method == SIP_NOTIFY || method == SIP_REFER;
}

// The answer to a request inside the dialog: it can only move the target.
static int on_answer_inside(struct dialog *d, const struct sip_msg *response)
{
	if (!str_equal(d->remote_tag, response->to_tag))
		return -ESRCH;
	if (response->status < 200 || !is_target_refresh(response->method))
		return 0;
	return retarget(d, response);
}

static bool makes_dialog(const struct dialog *d, enum sip_method method)
{
	return method == SIP_INVITE || (method == SIP_SUBSCRIBE && d->state == DIALOG_NONE);
}

int dialog_on_response(struct dialog *d, const struct sip_msg *response)
{
	if (d->state == DIALOG_TERMINATED || response->status >= 300)
		return 0;
	if (!d->is_uac || !makes_dialog(d, response->method))
		return on_answer_inside(d, response);
	return response->status < 200 ? on_provisional(d, response) : on_success(d, response);
}

int dialog_on_request(struct dialog *d, const struct sip_msg *request)
{
	if (request->method == SIP_ACK || request->method == SIP_CANCEL)
		return 0;
	if (request->cseq < d->remote_cseq)
		return -EBADMSG;
	d->remote_cseq = request->cseq;
	// RFC 3261 §12.2.2: the route set stays (C7)
	return is_target_refresh(request->method) ? retarget(d, request) : 0;
}

static struct str write_address(struct strbuf *scratch, struct str value, struct str tag)
{
	size_t begin = scratch->len;

	strbuf_put(scratch, value);
	if (tag.len > 0) {
		strbuf_put(scratch, STR(";tag="));
		strbuf_put(scratch, tag);
	}
	return str_of(scratch->at + begin, scratch->len - begin);
}

// RFC 3261 §12.2.1.1: who knows no loose routing looks at the Request-URI only
static void route_strictly(
	const struct dialog *d, struct sip_request_out *out, struct strbuf *scratch)
{
	struct sip_name_addr first;
	struct sip_uri uri;
	size_t begin = scratch->len;

	if (d->route_count == 0 || sip_name_addr_parse(&first, d->routes[0]) < 0
		|| sip_uri_parse(&uri, first.uri) < 0 || !str_is_none(sip_param(uri.params, "lr")))
		return;
	out->uri = dialog_target(first.uri);
	out->routes = d->routes + 1;
	out->route_count = d->route_count - 1;
	strbuf_put_char(scratch, '<');
	strbuf_put(scratch, d->remote_target);
	strbuf_put_char(scratch, '>');
	out->last_route = str_of(scratch->at + begin, scratch->len - begin);
}

void dialog_request(struct dialog *d, enum sip_method method, struct sip_request_out *out,
	struct strbuf *scratch)
{
	if (method != SIP_ACK)
		d->local_cseq++;
	if (method == SIP_INVITE)
		d->invite_cseq = d->local_cseq;
	out->method = method;
	out->uri = d->remote_target;
	out->routes = d->routes;
	out->route_count = d->route_count;
	out->from = write_address(scratch, d->local, d->local_tag);
	out->to = write_address(scratch, d->remote, d->remote_tag);
	out->call_id = d->call_id;
	out->cseq = method == SIP_ACK ? d->invite_cseq : d->local_cseq;
	out->max_forwards = 70;
	route_strictly(d, out, scratch);
}
