// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/reg/registrar.h"

#include <errno.h>
#include <stddef.h>

#include "controlplane/base/random.h"
#include "controlplane/reg/contact.h"
#include "controlplane/reg/gruu.h"
#include "controlplane/reg/nat.h"

#define HOUR_S 3600

static const struct {
	uint16_t status;
	struct str reason;
	const char *label;
} verdicts[REGISTRAR_VERDICT_COUNT] = {
#define X(name, status, reason, label) \
	[REGISTRAR_##name] = {status, {reason, sizeof(reason) - 1}, label},
	REGISTRAR_VERDICTS(X)
#undef X
};

const char *registrar_verdict_label(unsigned int verdict)
{
	return verdict < REGISTRAR_VERDICT_COUNT ? verdicts[verdict].label : NULL;
}

static const struct option {
	struct str name;
	size_t rule; // that says whether it is there
} options[] = {
	{{"path", 4}, offsetof(struct registrar_rules, has_path)},
	{{"outbound", 8}, offsetof(struct registrar_rules, has_outbound)},
	{{"gruu", 4}, offsetof(struct registrar_rules, has_gruu)},
};

#define OPTIONS (sizeof(options) / sizeof(options[0]))

static bool has_rule(const struct registrar_rules *rules, const struct option *option)
{
	return *(const bool *)((const char *)rules + option->rule);
}

bool registrar_supports(const struct registrar_rules *rules, struct str option)
{
	size_t i = 0;

	while (i < OPTIONS && !str_equal_nocase(options[i].name, option))
		i++;
	return i < OPTIONS && has_rule(rules, &options[i]);
}

// What is to become of one Contact.
struct plan {
	struct binding said; // expires_s 0: it goes
	uint64_t id;	     // of the binding it is about; 0: of none yet
	uint64_t put_id;     // it was given
	bool repeats;	     // one before it in the message: nothing
};

struct work {
	const struct registrar_request *request;
	const struct registrar_rules *rules;
	struct location *location;
	struct registrar_answer *answer;
	struct strbuf *text;
	struct str path;
	struct str user_agent;
	bool wants_outbound; // and has the option
	bool wants_gruu;
	bool has_outbound; // agreed on, for one contact at least
	uint32_t default_s;
	uint32_t too_brief_s;	   // what is the least instead
	unsigned int oldest_count; // which make room
	struct contacts *contacts;
	struct plan *plan;
	uint64_t *oldest;
};

// ---- the message

static bool has_option(const struct work *w, struct str option)
{
	return sip_msg_has_token(w->request->msg, SIP_HDR_SUPPORTED, option)
		|| sip_msg_has_token(w->request->msg, SIP_HDR_REQUIRE, option);
}

static enum registrar_verdict read_contacts(struct work *w)
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

static bool is_trial(const struct work *w)
{
	return w->request->parts != NULL && w->request->parts->is_trial;
}

// RFC 3327 §5.3
static enum registrar_verdict read_path(struct work *w)
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
static enum registrar_verdict judge_outbound(struct work *w)
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

// RFC 3261 §10.3(7); 0 stays 0
static enum registrar_verdict grant(struct work *w, struct binding *said, uint32_t asked_s)
{
	bool is_short = said->nat != BINDING_DIRECT && w->rules->nat_max_s != 0
		&& !transport_is_reliable(&said->flow);
	uint32_t max_s = is_short && w->rules->nat_max_s < w->rules->max_s ? w->rules->nat_max_s
									   : w->rules->max_s;
	uint32_t min_s = w->rules->min_s < max_s ? w->rules->min_s : max_s;
	uint32_t spread_s;

	said->expires_s = asked_s < max_s ? asked_s : max_s;
	if (asked_s == 0)
		return REGISTRAR_DONE;
	if (asked_s < min_s && asked_s < HOUR_S) {
		w->too_brief_s = min_s > w->too_brief_s ? min_s : w->too_brief_s;
		return REGISTRAR_TOO_BRIEF;
	}
	if (said->expires_s < min_s)
		said->expires_s = min_s;
	spread_s = (uint32_t)((uint64_t)said->expires_s * w->rules->jitter_percent / 100);
	if (spread_s > said->expires_s - min_s)
		spread_s = said->expires_s - min_s;
	said->expires_s -= random_below(spread_s + 1);
	return REGISTRAR_DONE;
}

static void say(struct binding *said, const struct work *w, const struct contact *c)
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

static bool is_in_order(const struct work *w, const struct binding *there)
{
	return !str_equal(there->call_id, w->request->msg->call_id)
		|| w->request->msg->cseq > there->cseq;
}

// Of one before it in the message, which counts. As no two of what remains are about the same binding, what
// they do to the number of bindings can be told before.
static bool is_repeat(const struct work *w, unsigned int i)
{
	const struct plan *plan = &w->plan[i];

	for (unsigned int k = 0; k < i; k++) {
		const struct plan *before = &w->plan[k];

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
static void judge_part(struct work *w, unsigned int i, const struct binding *there)
{
	struct registrar_part *part;
	struct plan *plan = &w->plan[i];

	if (w->request->parts == NULL)
		return;
	part = &w->request->parts->part[i];
	if (is_trial(w)) {
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

static enum registrar_verdict judge_contact(struct work *w, unsigned int i)
{
	const struct contact *c = &w->contacts->contact[i];
	struct plan *plan = &w->plan[i];
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

static enum registrar_verdict judge_contacts(struct work *w)
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

// ---- room

struct tally {
	unsigned int added;
	unsigned int removed;
};

static void count(struct tally *tally, const struct work *w)
{
	for (unsigned int i = 0; i < w->contacts->count; i++) {
		const struct plan *plan = &w->plan[i];

		tally->added += !plan->repeats && plan->id == 0 && plan->said.expires_s != 0;
		tally->removed += !plan->repeats && plan->id != 0 && plan->said.expires_s == 0;
	}
}

static bool is_planned(const struct work *w, uint64_t id)
{
	for (unsigned int i = 0; i < w->contacts->count; i++) {
		if (w->plan[i].id == id)
			return true;
	}
	return false;
}

static bool is_older(const struct binding *a, const struct binding *b)
{
	return a->refreshed.us != b->refreshed.us ? a->refreshed.us < b->refreshed.us
						  : a->id < b->id;
}

static bool is_chosen(const struct work *w, uint64_t id)
{
	for (unsigned int i = 0; i < w->oldest_count; i++) {
		if (w->oldest[i] == id)
			return true;
	}
	return false;
}

// The oldest that this REGISTER is not about. Returns false when there are too few.
static bool choose_oldest(
	struct work *w, const struct binding *there, unsigned int there_count, unsigned int wanted)
{
	while (w->oldest_count < wanted) {
		const struct binding *oldest = NULL;

		for (unsigned int i = 0; i < there_count; i++) {
			if ((oldest == NULL || is_older(&there[i], oldest))
				&& !is_planned(w, there[i].id) && !is_chosen(w, there[i].id))
				oldest = &there[i];
		}
		if (oldest == NULL)
			return false;
		w->oldest[w->oldest_count++] = oldest->id;
	}
	return true;
}

static enum registrar_verdict judge_room(struct work *w)
{
	struct binding there[REGISTRAR_BINDINGS_MAX];
	unsigned int max = w->rules->contacts_max, count_there, above, shown;
	struct tally tally = {0};

	count(&tally, w);
	if (tally.added == 0)
		return REGISTRAR_DONE;
	count_there = location_find(w->location, w->request->aor, there, REGISTRAR_BINDINGS_MAX);
	shown = count_there < REGISTRAR_BINDINGS_MAX ? count_there : REGISTRAR_BINDINGS_MAX;
	above = count_there + tally.added - tally.removed;
	above = above > max ? above - max : 0;
	if (tally.added > max || above > CONTACTS_MAX
		|| (above > 0
			&& (!w->rules->replaces_oldest || !choose_oldest(w, there, shown, above))))
		return REGISTRAR_AOR_FULL;
	return tally.added > location_room(w->location) + tally.removed + w->oldest_count
		? REGISTRAR_FULL
		: REGISTRAR_DONE;
}

// RFC 3261 §10.3(6): all of them
static enum registrar_verdict judge_all(struct work *w)
{
	struct binding there[REGISTRAR_BINDINGS_MAX];
	unsigned int count_there;

	if (!w->contacts->is_all)
		return REGISTRAR_DONE;
	count_there = location_find(w->location, w->request->aor, there, REGISTRAR_BINDINGS_MAX);
	for (unsigned int i = 0; i < count_there && i < REGISTRAR_BINDINGS_MAX; i++) {
		if (!is_in_order(w, &there[i]))
			return REGISTRAR_OUT_OF_ORDER;
	}
	return REGISTRAR_DONE;
}

// ---- applying

static void remove_one(struct work *w, uint64_t id, enum location_change why)
{
	w->answer->removals += location_remove(w->location, id, why) == 0;
}

static void remove_all(struct work *w)
{
	struct binding there[REGISTRAR_BINDINGS_MAX];
	unsigned int count_there;

	do {
		count_there = location_find(
			w->location, w->request->aor, there, REGISTRAR_BINDINGS_MAX);
		for (unsigned int i = 0; i < count_there && i < REGISTRAR_BINDINGS_MAX; i++)
			remove_one(w, there[i].id, LOCATION_REMOVED);
	} while (count_there > REGISTRAR_BINDINGS_MAX);
}

static void remove_planned(struct work *w)
{
	for (unsigned int i = 0; i < w->oldest_count; i++)
		remove_one(w, w->oldest[i], LOCATION_REPLACED);
	for (unsigned int i = 0; i < w->contacts->count; i++) {
		if (!w->plan[i].repeats && w->plan[i].said.expires_s == 0 && w->plan[i].id != 0)
			remove_one(w, w->plan[i].id, LOCATION_REMOVED);
	}
}

static void take_back(struct work *w, unsigned int count_put)
{
	for (unsigned int i = 0; i < count_put; i++) {
		if (!w->plan[i].repeats && w->plan[i].said.expires_s != 0 && w->plan[i].id == 0)
			location_remove(w->location, w->plan[i].put_id, LOCATION_REMOVED);
	}
}

static enum registrar_verdict put_planned(struct work *w)
{
	for (unsigned int i = 0; i < w->contacts->count; i++) {
		struct plan *plan = &w->plan[i];
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

static enum registrar_verdict apply(struct work *w)
{
	if (is_trial(w))
		return REGISTRAR_DONE;
	if (w->contacts->is_all)
		remove_all(w);
	remove_planned(w);
	return put_planned(w);
}

// ---- answering

static void add_extra(struct work *w, enum sip_hdr_id id, struct str value)
{
	w->answer->extra[w->answer->extra_count++] = (struct sip_extra){id, value};
}

static void add_number(struct work *w, enum sip_hdr_id id, uint32_t number)
{
	size_t from = w->text->len;

	strbuf_put_u64(w->text, number);
	if (!w->text->failed)
		add_extra(w, id, str_of(w->text->at + from, w->text->len - from));
}

static void add_supported(struct work *w)
{
	size_t from = w->text->len;

	for (size_t i = 0; i < OPTIONS; i++) {
		if (!has_rule(w->rules, &options[i]))
			continue;
		strbuf_put(w->text, w->text->len > from ? STR(", ") : STR(""));
		strbuf_put(w->text, options[i].name);
	}
	if (w->text->len > from && !w->text->failed)
		add_extra(w, SIP_HDR_SUPPORTED, str_of(w->text->at + from, w->text->len - from));
}

static void put_q(struct strbuf *b, uint16_t q)
{
	if (q >= LOCATION_Q_MAX)
		return;
	strbuf_put(b, STR(";q=0"));
	for (unsigned int unit = 100, rest = q; rest > 0; unit /= 10) {
		if (unit == 100)
			strbuf_put_char(b, '.');
		strbuf_put_char(b, (char)('0' + rest / unit));
		rest %= unit;
	}
}

static void put_instance(const struct work *w, const struct binding *b)
{
	strbuf_put(w->text, STR(";+sip.instance=\""));
	strbuf_put(w->text, b->instance);
	strbuf_put_char(w->text, '"');
	if (!w->wants_gruu)
		return;
	strbuf_put(w->text, STR(";pub-gruu=\""));
	gruu_write_public(w->text, b);
	strbuf_put_char(w->text, '"');
	strbuf_put(w->text, STR(";temp-gruu=\""));
	gruu_write_temporary(w->text, w->request->keys, b);
	strbuf_put_char(w->text, '"');
}

static void put_contact(const struct work *w, const struct binding *b)
{
	strbuf_put_char(w->text, '<');
	strbuf_put(w->text, b->contact);
	strbuf_put(w->text, STR(">;expires="));
	strbuf_put_u64(w->text, b->expires_s);
	put_q(w->text, b->q);
	if (b->instance.len > 0)
		put_instance(w, b);
	if (b->reg_id != 0) {
		strbuf_put(w->text, STR(";reg-id="));
		strbuf_put_u64(w->text, b->reg_id);
	}
	strbuf_put(w->text, b->params);
}

// RFC 3261 §10.3(8): all bindings, not only those of this REGISTER
static void tell_contacts(struct work *w)
{
	struct binding there[REGISTRAR_BINDINGS_MAX];
	unsigned int count_there = location_find(
		w->location, w->request->aor, there, REGISTRAR_BINDINGS_MAX);
	size_t from = w->text->len, whole = from;

	for (unsigned int i = 0; i < count_there && i < REGISTRAR_BINDINGS_MAX; i++) {
		strbuf_put(w->text, i > 0 ? STR(", ") : STR(""));
		put_contact(w, &there[i]);
		if (w->text->failed)
			break;
		whole = w->text->len;
	}
	w->text->len = whole;
	w->text->failed = false;
	if (whole > from)
		w->answer->contact = str_of(w->text->at + from, whole - from);
}

static void tell_done(struct work *w)
{
	add_supported(w);
	if (!str_is_none(w->path))
		add_extra(w, SIP_HDR_PATH, w->path);
	if (w->has_outbound) {
		add_extra(w, SIP_HDR_REQUIRE, STR("outbound"));
		if (w->rules->flow_timer_s != 0)
			add_number(w, SIP_HDR_FLOW_TIMER, w->rules->flow_timer_s);
	}
	tell_contacts(w);
}

static void tell(struct work *w, enum registrar_verdict verdict)
{
	w->answer->verdict = verdict;
	w->answer->status = verdicts[verdict].status;
	w->answer->reason = verdicts[verdict].reason;
	if (verdict == REGISTRAR_DONE && !is_trial(w))
		tell_done(w);
	else if (verdict == REGISTRAR_TOO_BRIEF)
		add_number(w, SIP_HDR_MIN_EXPIRES, w->too_brief_s);
	else if (verdict == REGISTRAR_FULL && w->rules->retry_after_s != 0)
		add_number(w, SIP_HDR_RETRY_AFTER, w->rules->retry_after_s);
}

static enum registrar_verdict judge(struct work *w)
{
	static enum registrar_verdict (*const steps[])(struct work *) = {read_path, read_contacts,
		judge_outbound, judge_contacts, judge_all, judge_room, apply};
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
	struct plan plan[CONTACTS_MAX];
	uint64_t oldest[CONTACTS_MAX];
	struct contacts contacts; // not cleared: they are large
	struct work w = {
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
	tell(&w, judge(&w));
}
