// SPDX-License-Identifier: BSD-3-Clause
#include <stddef.h>

#include "controlplane/reg/gruu.h"
#include "controlplane/reg/registrar_int.h"

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

static void add_extra(struct registrar_work *w, enum sip_hdr_id id, struct str value)
{
	w->answer->extra[w->answer->extra_count++] = (struct sip_extra){id, value};
}

static void add_number(struct registrar_work *w, enum sip_hdr_id id, uint32_t number)
{
	size_t from = w->text->len;

	strbuf_put_u64(w->text, number);
	if (!w->text->failed)
		add_extra(w, id, str_of(w->text->at + from, w->text->len - from));
}

static void add_supported(struct registrar_work *w)
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

static void put_instance(const struct registrar_work *w, const struct binding *b)
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

static void put_contact(const struct registrar_work *w, const struct binding *b)
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
static void tell_contacts(struct registrar_work *w)
{
	struct binding there[LOCATION_PER_AOR_MAX];
	unsigned int count_there = location_find(
		w->location, w->request->aor, there, LOCATION_PER_AOR_MAX);
	size_t from = w->text->len, whole = from;

	for (unsigned int i = 0; i < count_there && i < LOCATION_PER_AOR_MAX; i++) {
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

static void tell_done(struct registrar_work *w)
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

void registrar_tell(struct registrar_work *w, enum registrar_verdict verdict)
{
	w->answer->verdict = verdict;
	w->answer->status = verdicts[verdict].status;
	w->answer->reason = verdicts[verdict].reason;
	if (verdict == REGISTRAR_DONE && !registrar_is_trial(w))
		tell_done(w);
	else if (verdict == REGISTRAR_TOO_BRIEF)
		add_number(w, SIP_HDR_MIN_EXPIRES, w->too_brief_s);
	else if (verdict == REGISTRAR_FULL && w->rules->retry_after_s != 0)
		add_number(w, SIP_HDR_RETRY_AFTER, w->rules->retry_after_s);
}
