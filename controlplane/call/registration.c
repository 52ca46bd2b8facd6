// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/call/registration.h"

#include "controlplane/call/access.h"
#include "controlplane/call/admission.h"
#include "controlplane/call/reach.h"
#include "controlplane/call/upstream.h"

#define FLOW_TIMER_MARGIN_S \
	4 // a phone pings so much before its flow counts as dead (RFC 5626 §4.4.1)
#define JITTER_PERCENT 10

// ---- whose it is

struct registration {
	const struct request *r;
	const struct conf *conf;
	const struct conf_domain *domain;
	char text[REACH_AOR_BYTES];
	struct strbuf aor;
};

static const struct conf_domain *domain_of(const struct request *r, const struct sip_uri *to)
{
	return to->scheme == SIP_SCHEME_SIP
		? conf_domain_of(r->engine->conf, r->flow->realm, to->host)
		: NULL;
}

// RFC 3261 §10.3 steps 1 and 5: 404 is for who asks at the wrong door, whatever the user
static uint16_t find_whose(struct registration *reg)
{
	const struct request *r = reg->r;
	struct sip_uri to;

	if (sip_uri_parse(&to, r->msg->to.uri) < 0)
		return 400;
	reg->domain = domain_of(r, &to);
	if (reg->domain == NULL)
		return 404;
	reg->aor = strbuf_on(reg->text, sizeof(reg->text));
	return reach_aor(&reg->aor, &to, reg->domain->name) == 0 ? 0 : 400;
}

// ---- we are the registrar

static struct registrar_rules rules_of(const struct conf_domain *domain)
{
	return (struct registrar_rules){
		.default_s = domain->expires.default_s,
		.min_s = domain->expires.min_s,
		.max_s = domain->expires.max_s,
		.nat_max_s = domain->expires.nat_s,
		.flow_timer_s = domain->ping != CONF_PING_OFF
			? domain->ping_ms / 1000 + FLOW_TIMER_MARGIN_S
			: 0,
		.retry_after_s = 10,
		.contacts_max = (uint16_t)domain->contacts_max,
		.jitter_percent = JITTER_PERCENT,
		.replaces_oldest = domain->contacts_replace,
		.has_outbound = domain->outbound,
		.has_gruu = domain->gruu && domain->upstream < 0,
	};
}

static_assert(REGISTRAR_VERDICT_COUNT
	<= sizeof(((struct engine_counters *)NULL)->registered) / sizeof(uint64_t));

static void answer(
	const struct request *r, const struct registrar_answer *said, const struct sip_msg *source)
{
	struct sip_response_out out = {
		.status = said->status,
		.reason = said->reason,
		.contact = said->contact,
		.source = source,
		.extra = said->extra,
		.extra_count = said->extra_count,
	};
	char tag[SIP_TOKEN_BYTES];

	counter_add(&r->engine->counters.registered[said->verdict], 1);
	sip_token(tag);
	sip_respond(r->engine->stack, r->txn, str_from(tag), &out);
}

struct str registration_user_agent(const struct sip_msg *msg)
{
	const struct sip_hdr *hdr = sip_msg_header(msg, SIP_HDR_USER_AGENT);

	return hdr != NULL ? hdr->value : STR_NONE;
}

void registration_note(const struct request *r, struct str aor, uint16_t status,
	const char *verdict, bool is_challenge)
{
	attempts_note(r->engine->attempts,
		&(struct attempt_said){
			.aor = aor,
			.user_agent = registration_user_agent(r->msg),
			.verdict = verdict,
			.flow = r->flow,
			.status = status,
			.is_challenge = is_challenge,
		},
		tg_wall_now());
}

bool registration_judge(const struct request *r, const struct registration_terms *terms)
{
	struct engine *engine = r->engine;
	struct registrar_rules rules = rules_of(terms->domain);
	struct strbuf text = strbuf_on(engine->body, sizeof(engine->body));
	struct registrar_answer said;

	if (terms->most_s != 0 && terms->most_s < rules.max_s)
		rules.max_s = terms->most_s;
	registrar_judge(&said, &text, engine->location,
		&(struct registrar_request){
			.msg = r->msg,
			.flow = r->flow,
			.aor = terms->aor,
			.rules = &rules,
			.keys = engine->tokens,
			.parts = terms->parts,
		});
	if (terms->parts != NULL && terms->parts->is_trial && said.verdict == REGISTRAR_DONE)
		return true;
	registration_note(r, terms->aor, said.status, registrar_verdict_label(said.verdict), false);
	answer(r, &said, terms->source);
	return said.verdict == REGISTRAR_DONE;
}

// ----

bool registration_is_served(const struct request *r)
{
	const struct conf *conf = r->engine->conf;

	return r->flow->realm < conf->realm_count && conf->realms[r->flow->realm].domain_count > 0;
}

bool registration_rules_for(struct registrar_rules *out, const struct request *r)
{
	struct registration reg = {.r = r};

	if (find_whose(&reg) != 0)
		return false;
	*out = rules_of(reg.domain);
	return true;
}

void registration_on_request(const struct request *r)
{
	struct registration reg = {.r = r, .conf = r->engine->conf};
	uint16_t status;

	if (!registration_is_served(r)) {
		reject_method(r);
		return;
	}
	status = find_whose(&reg);
	if (status != 0) {
		admission_count(
			r, status == 404 ? CALL_REFUSAL_NO_ROUTE : CALL_REFUSAL_BAD_REQUEST);
		request_answer(r, status, 0, STR_NONE);
		return;
	}
	if (reg.domain->upstream >= 0)
		upstream_on_request(r, reg.domain, strbuf_str(&reg.aor));
	else if (reg.domain->digest.is_off
		|| access_judge(r, reg.domain, strbuf_str(&reg.aor)) == ACCESS_GRANTED)
		registration_judge(r,
			&(struct registration_terms){
				.domain = reg.domain,
				.aor = strbuf_str(&reg.aor),
			});
}
