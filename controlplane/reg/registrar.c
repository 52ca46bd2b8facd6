// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/reg/registrar.h"

#include <errno.h>

#include "controlplane/base/random.h"
#include "controlplane/reg/nat.h"
#include "controlplane/reg/registrar_int.h"

#define HOUR_S 3600

// ---- the message

static bool has_option(const struct registrar_work *w, struct str option)
{
	return sip_msg_has_token(w->request->msg, SIP_HDR_SUPPORTED, option)
		|| sip_msg_has_token(w->request->msg, SIP_HDR_REQUIRE, option);
}

static enum registrar_verdict read_contacts(struct registrar_work *w)
{
	int rc = contacts_read(w->contacts, w->request->msg);

	if (rc < 0)
		return rc == -E2BIG ? REGISTRAR_TOO_MANY : REGISTRAR_BAD_CONTACT;
	if (w->request->parts != NULL && w->contacts->count > REGISTRAR_PARTS_MAX)
		return REGISTRAR_TOO_MANY;
	w->default_s = w->rules->default_s;
	// RFC 3261 §10.3(6)
	if (!contacts_expires(&w->default_s, w->request->msg))
		return w->contacts->is_all ? REGISTRAR_BAD_CONTACT : REGISTRAR_DONE;
	return w->contacts->is_all && w->default_s != 0 ? REGISTRAR_BAD_CONTACT : REGISTRAR_DONE;
}

// RFC 3327 §5.3
static enum registrar_verdict read_path(struct registrar_work *w)
{
	struct sip_list list = sip_list_of(w->request->msg, SIP_HDR_PATH);
	size_t from = w->text->len;
	struct str element;

	while (w->rules->has_path && sip_list_next(&element, &list)) {
		struct sip_name_addr address;

		if (sip_name_addr_parse(&address, element) < 0)
			return REGISTRAR_BAD_PATH;
		strbuf_put(w->text, w->text->len > from ? STR(", ") : STR(""));
		strbuf_put(w->text, element);
	}
	if (w->text->failed)
		return REGISTRAR_TOO_LONG;
	if (w->text->len > from)
		w->path = str_of(w->text->at + from, w->text->len - from);
	return REGISTRAR_DONE;
}

static bool first_hop_has_outbound(const struct sip_msg *msg)
{
	struct sip_list list = sip_list_of(msg, SIP_HDR_PATH);
	struct str element, last = STR_NONE;
	struct sip_name_addr address;
	struct sip_uri uri;

	if (msg->via_count == 1)
		return true;
	while (sip_list_next(&element, &list))
		last = element;
	return !str_is_none(last) && sip_name_addr_parse(&address, last) == 0
		&& sip_uri_parse(&uri, address.uri) == 0
		&& !str_is_none(sip_param(uri.params, "ob"));
}

// RFC 5626 §6
static enum registrar_verdict judge_outbound(struct registrar_work *w)
{
	unsigned int flows = 0;

	w->wants_gruu = w->rules->has_gruu && has_option(w, STR("gruu"));
	w->wants_outbound = w->rules->has_outbound && has_option(w, STR("outbound"));
	if (!w->wants_outbound)
		return REGISTRAR_DONE;
	for (unsigned int i = 0; i < w->contacts->count; i++) {
		const struct contact *c = &w->contacts->contact[i];

		flows += c->reg_id != 0 && (c->has_expires ? c->expires_s : w->default_s) != 0;
	}
	if (flows > 1)
		return REGISTRAR_BAD_CONTACT;
	return flows == 1 && !first_hop_has_outbound(w->request->msg) ? REGISTRAR_FIRST_HOP
								      : REGISTRAR_DONE;
}

// ---- each contact

static uint32_t longest_s(const struct registrar_rules *rules, const struct binding *said)
{
	bool is_short = said->nat != BINDING_DIRECT && rules->nat_max_s != 0
		&& !transport_is_reliable(&said->flow);

	return is_short && rules->nat_max_s < rules->max_s ? rules->nat_max_s : rules->max_s;
}

// Phones that came all at once shall not come back so.
static uint32_t spread_s(const struct registrar_rules *rules, uint32_t expires_s, uint32_t min_s)
{
	uint32_t early_s = (uint32_t)((uint64_t)expires_s * rules->jitter_percent / 100);

	if (early_s > expires_s - min_s)
		early_s = expires_s - min_s;
	return expires_s - random_below(early_s + 1);
}

// RFC 3261 §10.3(7); 0 stays 0
static enum registrar_verdict grant(
	struct registrar_work *w, struct binding *said, uint32_t asked_s)
{
	uint32_t max_s = longest_s(w->rules, said);
	uint32_t min_s = w->rules->min_s < max_s ? w->rules->min_s : max_s;

	said->expires_s = asked_s < max_s ? asked_s : max_s;
	if (asked_s == 0)
		return REGISTRAR_DONE;
	if (asked_s < min_s && asked_s < HOUR_S) {
		w->too_brief_s = min_s > w->too_brief_s ? min_s : w->too_brief_s;
		return REGISTRAR_TOO_BRIEF;
	}
	if (said->expires_s < min_s)
		said->expires_s = min_s;
	said->expires_s = spread_s(w->rules, said->expires_s, min_s);
	return REGISTRAR_DONE;
}

static void say(struct binding *said, const struct registrar_work *w, const struct contact *c)
{
	const struct sip_msg *msg = w->request->msg;

	*said = (struct binding){
		.aor = w->request->aor,
		.contact = c->uri.text,
		.params = c->params,
		.instance = c->instance,
		.call_id = msg->call_id,
		.user_agent = w->user_agent,
		.path = w->path,
		.flow = *w->request->flow,
		.cseq = msg->cseq,
		.reg_id = w->wants_outbound ? c->reg_id : 0,
		.q = c->q,
		.nat = nat_of(&c->uri, w->request->flow),
		.is_alg = nat_shows_alg(msg, &c->uri, w->request->flow),
	};
	said->is_outbound = said->reg_id != 0;
}

static bool is_in_order(const struct registrar_work *w, const struct binding *there)
{
	return !str_equal(there->call_id, w->request->msg->call_id)
		|| w->request->msg->cseq > there->cseq;
}

// Of one before it in the message, which counts. As no two of what remains are about the same binding, what
// they do to the number of bindings can be told before.
static bool is_repeat(const struct registrar_work *w, unsigned int i)
{
	const struct registrar_plan *plan = &w->plan[i];

	for (unsigned int k = 0; k < i; k++) {
		const struct registrar_plan *before = &w->plan[k];

		if (before->repeats)
			continue;
		if (plan->id != 0 ? before->id == plan->id
				  : before->id == 0 && location_alike(&before->said, &plan->said))
			return true;
	}
	return false;
}

static bool is_refresh(const struct binding *there, const struct binding *said)
{
	return said->expires_s != 0 && str_equal(there->contact, said->contact)
		&& str_equal(there->params, said->params)
		&& str_equal(there->instance, said->instance)
		&& str_equal(there->call_id, said->call_id) && there->reg_id == said->reg_id
		&& there->q == said->q && net_flow_equal(&there->flow, &said->flow);
}

// What was found for it at the trial counts: that id is known elsewhere.
static void judge_part(struct registrar_work *w, unsigned int i, const struct binding *there)
{
	struct registrar_part *part;
	struct registrar_plan *plan = &w->plan[i];

	if (w->request->parts == NULL)
		return;
	part = &w->request->parts->part[i];
	if (registrar_is_trial(w)) {
		*part = (struct registrar_part){
			.is_refresh = there != NULL && is_refresh(there, &plan->said),
			.ends = plan->said.expires_s == 0,
		};
		if (!plan->repeats)
			part->id = there != NULL ? there->id : location_reserve(w->location);
		w->request->parts->count = i + 1;
	} else {
		plan->said.id = part->id;
	}
}

static enum registrar_verdict judge_contact(struct registrar_work *w, unsigned int i)
{
	const struct contact *c = &w->contacts->contact[i];
	struct registrar_plan *plan = &w->plan[i];
	enum registrar_verdict verdict;
	struct binding there;
	bool is_there;

	plan->id = 0;
	plan->repeats = false;
	say(&plan->said, w, c);
	if (!location_fits(&plan->said))
		return REGISTRAR_TOO_LONG;
	verdict = grant(w, &plan->said, c->has_expires ? c->expires_s : w->default_s);
	is_there = location_match(w->location, &there, &plan->said) == 0;
	if (is_there) {
		plan->id = there.id;
		if (verdict == REGISTRAR_DONE && !is_in_order(w, &there))
			verdict = REGISTRAR_OUT_OF_ORDER;
	}
	plan->repeats = is_repeat(w, i);
	judge_part(w, i, is_there ? &there : NULL);
	return verdict;
}

static enum registrar_verdict judge_contacts(struct registrar_work *w)
{
	enum registrar_verdict first = REGISTRAR_DONE;

	// all of them, also behind a fault: the longest Min-Expires is told
	for (unsigned int i = 0; i < w->contacts->count; i++) {
		enum registrar_verdict verdict = judge_contact(w, i);

		w->has_outbound |= w->plan[i].said.is_outbound && w->plan[i].said.expires_s != 0;
		if (first == REGISTRAR_DONE)
			first = verdict;
	}
	return first;
}

// RFC 3261 §10.3(6): all of them
static enum registrar_verdict judge_all(struct registrar_work *w)
{
	struct binding there[LOCATION_PER_AOR_MAX];
	unsigned int count_there;

	if (!w->contacts->is_all)
		return REGISTRAR_DONE;
	count_there = location_find(w->location, w->request->aor, there, LOCATION_PER_AOR_MAX);
	for (unsigned int i = 0; i < count_there && i < LOCATION_PER_AOR_MAX; i++) {
		if (!is_in_order(w, &there[i]))
			return REGISTRAR_OUT_OF_ORDER;
	}
	return REGISTRAR_DONE;
}

// ---- applying

static void remove_one(struct registrar_work *w, uint64_t id, enum location_change why)
{
	w->answer->removals += location_remove(w->location, id, why) == 0;
}

static void remove_all(struct registrar_work *w)
{
	struct binding there[LOCATION_PER_AOR_MAX];
	unsigned int count_there;

	do {
		count_there = location_find(
			w->location, w->request->aor, there, LOCATION_PER_AOR_MAX);
		for (unsigned int i = 0; i < count_there && i < LOCATION_PER_AOR_MAX; i++)
			remove_one(w, there[i].id, LOCATION_REMOVED);
	} while (count_there > LOCATION_PER_AOR_MAX);
}

static void remove_planned(struct registrar_work *w)
{
	for (unsigned int i = 0; i < w->oldest_count; i++)
		remove_one(w, w->oldest[i], LOCATION_REPLACED);
	for (unsigned int i = 0; i < w->contacts->count; i++) {
		if (!w->plan[i].repeats && w->plan[i].said.expires_s == 0 && w->plan[i].id != 0)
			remove_one(w, w->plan[i].id, LOCATION_REMOVED);
	}
}

static void take_back(struct registrar_work *w, unsigned int count_put)
{
	for (unsigned int i = 0; i < count_put; i++) {
		if (!w->plan[i].repeats && w->plan[i].said.expires_s != 0 && w->plan[i].id == 0)
			location_remove(w->location, w->plan[i].put_id, LOCATION_REMOVED);
	}
}

static enum registrar_verdict put_planned(struct registrar_work *w)
{
	for (unsigned int i = 0; i < w->contacts->count; i++) {
		struct registrar_plan *plan = &w->plan[i];
		int rc;

		if (plan->repeats || plan->said.expires_s == 0)
			continue;
		rc = location_put(w->location, &plan->put_id, &plan->said);
		if (rc < 0) {
			take_back(w, i);
			return rc == -ENOSPC ? REGISTRAR_FULL : REGISTRAR_MEMORY;
		}
		if (w->request->parts != NULL)
			w->request->parts->part[i].id = plan->put_id;
		w->answer->puts++;
	}
	return REGISTRAR_DONE;
}

static enum registrar_verdict apply(struct registrar_work *w)
{
	if (registrar_is_trial(w))
		return REGISTRAR_DONE;
	if (w->contacts->is_all)
		remove_all(w);
	remove_planned(w);
	return put_planned(w);
}

static enum registrar_verdict judge(struct registrar_work *w)
{
	static enum registrar_verdict (*const steps[])(struct registrar_work *) = {read_path,
		read_contacts, judge_outbound, judge_contacts, judge_all, registrar_find_room,
		apply};
	enum registrar_verdict verdict = REGISTRAR_DONE;

	for (size_t i = 0; verdict == REGISTRAR_DONE && i < sizeof(steps) / sizeof(steps[0]); i++)
		verdict = steps[i](w);
	return verdict;
}

static struct str user_agent_of(const struct sip_msg *msg)
{
	const struct sip_hdr *hdr = sip_msg_header(msg, SIP_HDR_USER_AGENT);
	struct str s = hdr != NULL ? hdr->value : STR_NONE;

	if (s.len > REGISTRAR_USER_AGENT_BYTES_MAX)
		s.len = REGISTRAR_USER_AGENT_BYTES_MAX;
	return s;
}

void registrar_judge(struct registrar_answer *answer, struct strbuf *text,
	struct location *location, const struct registrar_request *request)
{
	struct registrar_plan plan[CONTACTS_MAX];
	uint64_t oldest[CONTACTS_MAX];
	struct contacts contacts; // not cleared: they are large
	struct registrar_work w = {
		.request = request,
		.rules = request->rules,
		.location = location,
		.answer = answer,
		.text = text,
		.user_agent = user_agent_of(request->msg),
		.contacts = &contacts,
		.plan = plan,
		.oldest = oldest,
	};

	*answer = (struct registrar_answer){0};
	registrar_tell(&w, judge(&w));
}
