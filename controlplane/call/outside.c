// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/call/outside.h"

#include <errno.h>
#include <stdlib.h>

#include "controlplane/sip/body.h"

// ---- loops

static uint64_t hash_of(struct str call_id, struct str tag, uint32_t cseq)
{
	uint64_t parts[3] = {str_hash(call_id), str_hash(tag), cseq};

	return str_hash(str_of(parts, sizeof(parts)));
}

static bool is_same(const struct table_node *node, const void *key)
{
	const struct asking *asking = caa_container_of(node, struct asking, node);
	const struct sip_msg *msg = key;

	return str_equal(asking->call_id, msg->call_id) && str_equal(asking->tag, msg->from_tag)
		&& asking->cseq == msg->cseq;
}

int asking_enter(struct engine *engine, struct asking *asking, const struct asking *names)
{
	struct strbuf b;
	size_t cap = names->call_id.len + names->tag.len + 1;
	int rc;

	b = strbuf_on(malloc(cap), cap);
	if (b.at == NULL)
		return -ENOMEM;
	strbuf_put(&b, names->call_id);
	strbuf_put(&b, names->tag);
	asking->call_id = str_of(b.at, names->call_id.len);
	asking->tag = str_of(b.at + names->call_id.len, names->tag.len);
	asking->cseq = names->cseq;
	rc = table_insert(&engine->askings, hash_of(asking->call_id, asking->tag, asking->cseq),
		&asking->node);
	if (rc < 0)
		free(b.at);
	else
		asking->text = b.at;
	return rc;
}

void asking_leave(struct engine *engine, struct asking *asking)
{
	if (asking->text == NULL)
		return;
	table_remove(&engine->askings, &asking->node);
	free(asking->text);
	asking->text = NULL;
}

bool outside_is_looped(struct admission *a)
{
	const struct engine *engine = a->r->engine;
	const struct sip_msg *msg = a->r->msg;
	uint64_t hash = hash_of(msg->call_id, msg->from_tag, msg->cseq);

	return table_find(&engine->askings, hash, is_same, msg) != NULL
		|| dialog_find_by_response(&engine->dialogs, msg) != NULL;
}

// ---- bodies and events

bool outside_has_sdp(struct admission *a)
{
	enum sip_body kind = sip_body_kind(a->r->msg);

	return (kind == SIP_BODY_SDP || kind == SIP_BODY_OPAQUE)
		&& !sip_body_is_optional(a->r->msg);
}

struct str outside_event(const struct sip_msg *msg)
{
	const struct sip_hdr *hdr = sip_msg_header(msg, SIP_HDR_EVENT);
	struct str value = hdr != NULL ? hdr->value : STR_NONE;

	return hdr != NULL ? str_trim(str_cut(&value, ';')) : STR_NONE;
}

bool outside_is_without_event(struct admission *a)
{
	return outside_event(a->r->msg).len == 0;
}

bool outside_is_of_other_event(struct admission *a)
{
	return !conf_policy_has_event(
		conf_policy_of(a->conf, a->r->flow->realm, a->from), outside_event(a->r->msg));
}

void outside_body(struct str *type, struct str *text, const struct sip_msg *source)
{
	if (sip_body_kind(source) != SIP_BODY_OTHER)
		return;
	*type = source->content_type;
	*text = source->body;
}

// ---- what is asked

struct asked outside_asked(const struct sip_msg *request)
{
	return (struct asked){
		.source = request,
		.who = {sip_msg_header(request, SIP_HDR_FROM)->value,
			sip_msg_header(request, SIP_HDR_TO)->value, request->uri.text},
		.method_name = request->method_name,
	};
}

struct onward {
	struct kept *kept;
	char *text; // memory of the views below
	struct identity who;
	struct str method_name;
	const struct conf *conf; // of who owns it
	struct hunt hunt;
};

static int keep_asked(struct onward *onward, const struct asked *asked)
{
	size_t cap = asked->who.from.len + asked->who.to.len + asked->who.uri.len
		+ asked->method_name.len + 1;
	struct strbuf b = strbuf_on(malloc(cap), cap);

	onward->text = b.at;
	onward->kept = kept_new(asked->source);
	if (onward->text == NULL || onward->kept == NULL)
		return -ENOMEM;
	onward->who.from = strbuf_keep(&b, asked->who.from);
	onward->who.to = strbuf_keep(&b, asked->who.to);
	onward->who.uri = strbuf_keep(&b, asked->who.uri);
	onward->method_name = strbuf_keep(&b, asked->method_name);
	return 0;
}

int onward_new(struct onward **out, struct admission *a)
{
	struct asked asked = outside_asked(a->r->msg);
	struct onward *onward;

	*out = NULL;
	if (a->hunt.count == 1 && a->hunt.target[0].phone == NULL)
		return 0;
	onward = calloc(1, sizeof(*onward));
	if (onward == NULL)
		return -ENOMEM;
	if (keep_asked(onward, &asked) < 0) {
		onward_free(onward);
		return -ENOMEM;
	}
	onward->conf = a->conf;
	onward->hunt = a->hunt;
	onward->hunt.next = 1;
	a->hunt = (struct hunt){0};
	*out = onward;
	return 0;
}

const struct target *onward_first(const struct onward *onward, const struct admission *a)
{
	return onward != NULL ? &onward->hunt.target[0] : &a->hunt.target[0];
}

const struct target *onward_next(struct onward *onward)
{
	if (onward == NULL || !hunt_has_more(&onward->hunt))
		return NULL;
	return &onward->hunt.target[onward->hunt.next++];
}

const struct target *onward_together(struct onward *onward)
{
	const struct target *next;

	if (onward == NULL || !hunt_has_more(&onward->hunt))
		return NULL;
	next = &onward->hunt.target[onward->hunt.next];
	return next->phone != NULL && next->group == next[-1].group ? onward_next(onward) : NULL;
}

const struct target *onward_other_flow(
	struct onward *onward, const struct target *failed, uint16_t status)
{
	const struct conf_realm *realm;
	struct target *target;
	struct phone *phone;

	if (onward == NULL || failed->phone == NULL || failed->phone->next == NULL
		|| !phone_may_try_other(status))
		return NULL;
	target = &onward->hunt.target[failed - onward->hunt.target];
	phone = target->phone;
	target->phone = phone->next;
	target->listener = phone_listener(onward->conf, &target->phone->flow, &realm);
	phone->next = NULL;
	phone_free(phone);
	return target;
}

void outside_heed(struct engine *engine, const struct target *asked, int what)
{
	struct net_flow flow;

	if (asked == NULL || asked->phone == NULL)
		return;
	flow = phone_flow(engine, asked->phone);
	phone_heed(engine, asked->phone->binding, &flow, what);
}

struct asked onward_asked(const struct onward *onward)
{
	return (struct asked){&onward->kept->msg, onward->who, onward->method_name};
}

void onward_free(struct onward *onward)
{
	if (onward == NULL)
		return;
	hunt_forget(&onward->hunt);
	free(onward->kept);
	free(onward->text);
	free(onward);
}

bool outside_tries_next(enum sip_method method, uint16_t status)
{
	bool may_repeat = method == SIP_OPTIONS || method == SIP_SUBSCRIBE;

	return status == 0 || status == 430 || status == 503 || (may_repeat && status / 100 == 5);
}

// ---- answers

static uint16_t status_for(const struct conf_policy *policy, uint16_t was)
{
	uint16_t set = conf_policy_response(policy, was);

	return set != was ? set : answer_status_of(was);
}

bool outside_has_credentials(const struct sip_msg *request)
{
	for (unsigned int i = 0; i < request->hdr_count; i++) {
		const struct sip_hdr *hdr = &request->hdr[i];

		if ((hdr->id == SIP_HDR_AUTHORIZATION || hdr->id == SIP_HDR_PROXY_AUTHORIZATION)
			&& !hdr->is_spent)
			return true;
	}
	return false;
}

int outside_pass(struct engine *engine, uint64_t txn, const struct outside_answer *answer,
	const struct sip_msg *response)
{
	uint16_t status = status_for(answer->policy, response->status);
	struct sip_response_out out = {.status = status, .source = response};
	char *contacts = NULL;
	int rc;

	if (answer->asker != NULL)
		watch_relayed(engine, answer->asker, response->status, answer->had_credentials);
	if (status == response->status)
		out.reason = identity_phrase(response->reason);
	if (status < 300)
		out.contact = answer->contact;
	if (status / 100 == 3) {
		contacts = redirect_contacts(answer->own, response);
		out.contact = contacts != NULL ? str_from(contacts) : STR_NONE;
		out.status = contacts != NULL ? status : 480;
		out.reason = STR_NONE;
	}
	outside_body(&out.content_type, &out.body, response);
	rc = sip_respond(engine->stack, txn, answer->to_tag, &out);
	free(contacts);
	return rc;
}
