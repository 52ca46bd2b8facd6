// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/guard/guard.h"

#include <errno.h>
#include <stdlib.h>

#include "controlplane/base/log.h"
#include "controlplane/base/metrics.h"
#include "controlplane/guard/bans.h"
#include "controlplane/guard/holds.h"
#include "controlplane/guard/known.h"
#include "controlplane/guard/limits.h"
#include "controlplane/guard/peer_line.h"
#include "controlplane/guard/score.h"

#define V6_SOURCE_BITS 64

struct guard {
	struct guard_params params;
	struct conf *conf;
	struct score *score;
	struct peer_line *line;
	struct bans *bans;
	struct known *known;
	struct holds holds;
	struct limits *limits;
	struct guard_counters counters;
	// bans on evidence that may be made, and since when they were not counted up
	uint64_t allowed;
	uint64_t allowed_ms;
};

const char *guard_reason_label(unsigned int reason)
{
	static const char *const labels[GUARD_REASON_COUNT] = {
#define X(name, label) [GUARD_##name] = label,
		GUARD_KINDS(X)
#undef X
			[GUARD_OPERATOR]
		= "operator",
	};

	return reason < GUARD_REASON_COUNT ? labels[reason] : NULL;
}

struct tg_ip guard_source(const struct tg_ip *ip)
{
	return tg_ip_network(ip);
}

static uint64_t now_ms(const struct guard *guard)
{
	return tg_mono_ms(timer_wheel_now(guard->params.wheel));
}

// ---- whom not to ban

// Also when the network is only a part of the source's own.
static bool meets(const struct tg_ip *source, const struct conf_network *net)
{
	unsigned int bits = tg_ip_is_v4(source) ? 128 : V6_SOURCE_BITS;

	return tg_ip_in(source, &net->net, net->bits < bits ? net->bits : bits);
}

static bool is_never(const struct conf *conf, const struct tg_ip *source)
{
	for (unsigned int i = 0; i < conf->guard.never_count; i++) {
		if (meets(source, &conf->guard.never[i]))
			return true;
	}
	return false;
}

// The peer of any realm that sends from there, or NULL.
static const struct conf_peer *peer_of(const struct conf *conf, const struct tg_ip *source)
{
	for (unsigned int p = 0; p < conf->peer_count; p++) {
		const struct conf_peer *peer = &conf->peers[p];

		for (unsigned int s = 0; s < peer->source_count; s++) {
			if (meets(source, &peer->sources[s]))
				return peer;
		}
	}
	return NULL;
}

static bool is_spared(const struct guard *guard, const struct tg_ip *source)
{
	return holds_have(&guard->holds, source) || is_never(guard->conf, source)
		|| peer_of(guard->conf, source) != NULL;
}

// ---- bans on evidence

static bool may_ban(struct guard *guard)
{
	uint64_t now = now_ms(guard);
	uint64_t more = (now - guard->allowed_ms) * GUARD_BANS_PER_S / TG_MS_PER_S;

	if (more != 0) {
		guard->allowed += more;
		guard->allowed_ms = now;
	}
	if (guard->allowed > GUARD_BANS_BURST)
		guard->allowed = GUARD_BANS_BURST;
	if (guard->allowed == 0)
		return false;
	guard->allowed--;
	return true;
}

static void say(const struct tg_ip *source, unsigned int reason, uint32_t for_ms)
{
	char text[TG_IP_TEXT_BYTES];

	LOG(LOG_WARN, "source-banned", "source=%s%s reason=%s first_for_s=%u",
		tg_ip_write(source, text), tg_ip_is_v4(source) ? "" : "/64",
		guard_reason_label(reason), for_ms / 1000);
}

static void convict(struct guard *guard, enum guard_kind kind, const struct tg_ip *source)
{
	const struct conf_guard *rules = &guard->conf->guard;
	struct bans_setting setting = {
		.source = *source,
		.reason = kind,
		.for_ms = rules->ban_for_ms,
		.longest_ms = rules->ban_longest_ms,
		.doubles = true,
	};

	score_forget(guard->score, source);
	if (is_spared(guard, source)) {
		counter_add(&guard->counters.spared, 1);
		return;
	}
	if (!may_ban(guard) || bans_set(guard->bans, &setting) < 0) {
		counter_add(&guard->counters.missed, 1);
		return;
	}
	counter_add(&guard->counters.banned[kind], 1);
	say(source, kind, setting.for_ms);
}

void guard_report(struct guard *guard, enum guard_kind kind, const struct tg_ip *ip)
{
	const struct conf_guard *rules = &guard->conf->guard;
	struct tg_ip source = guard_source(ip);
	uint32_t events;

	counter_add(&guard->counters.events[kind], 1);
	// what was on its way when the ban came
	if (rules->ban_after == 0 || bans_have(guard->bans, &source))
		return;
	events = score_add(guard->score, &source, now_ms(guard), rules->ban_within_ms);
	if (kind == GUARD_SCANNER || events >= rules->ban_after)
		convict(guard, kind, &source);
}

void guard_report_at(struct guard *guard, enum guard_kind kind, const struct tg_addr *addr)
{
	if (!known_has_address(guard->known, addr)) {
		guard_report(guard, kind, &addr->ip);
		return;
	}
	counter_add(&guard->counters.events[kind], 1);
	counter_add(&guard->counters.spared, 1);
}

enum guard_verdict guard_judge(
	struct guard *guard, uint8_t realm, const struct tg_ip *ip, struct str message)
{
	struct tg_ip source = guard_source(ip);

	if (realm >= guard->conf->realm_count)
		return GUARD_OVER_RATE;
	return limits_judge(guard->limits, guard->conf, realm, &source, message,
		timer_wheel_now(guard->params.wheel));
}

// ---- by hand

int guard_ban(struct guard *guard, const struct tg_ip *ip, uint32_t for_ms, struct str note,
	const char **spared_by)
{
	struct tg_ip source = guard_source(ip);
	const struct conf_peer *peer = peer_of(guard->conf, &source);
	int rc;

	*spared_by = peer != NULL ? peer->name : "";
	if (peer != NULL || is_never(guard->conf, &source))
		return -EPERM;
	rc = bans_set(guard->bans,
		&(struct bans_setting){
			.source = source,
			.reason = GUARD_OPERATOR,
			.for_ms = for_ms,
			.longest_ms = guard->conf->guard.ban_longest_ms,
			.note = note,
		});
	if (rc < 0)
		return rc;
	counter_add(&guard->counters.banned[GUARD_OPERATOR], 1);
	say(&source, GUARD_OPERATOR, for_ms);
	return 0;
}

static int lift(struct guard *guard, const struct tg_ip *source)
{
	char text[TG_IP_TEXT_BYTES];
	int rc = bans_lift(guard->bans, source);

	score_forget(guard->score, source);
	if (rc == 0)
		LOG(LOG_INFO, "source-unbanned", "source=%s", tg_ip_write(source, text));
	return rc;
}

int guard_unban(struct guard *guard, const struct tg_ip *ip)
{
	struct tg_ip source = guard_source(ip);

	return lift(guard, &source);
}

unsigned int guard_unban_all(struct guard *guard)
{
	struct guard_ban_view view;
	unsigned int count = 0;
	uint32_t cursor = 0;

	while (bans_next(guard->bans, &cursor, &view))
		count += lift(guard, &view.ip) == 0;
	return count;
}

bool guard_is_banned(const struct guard *guard, const struct tg_ip *ip)
{
	struct tg_ip source = guard_source(ip);

	return bans_have(guard->bans, &source);
}

bool guard_ban_next(const struct guard *guard, uint32_t *cursor, struct guard_ban_view *out)
{
	return bans_next(guard->bans, cursor, out);
}

// ---- the guard

static int build(struct guard *guard)
{
	const struct conf *conf = guard->conf;

	guard->score = score_new();
	guard->limits = limits_new();
	guard->line = peer_line_new(&guard->params);
	if (guard->score == NULL || guard->limits == NULL || guard->line == NULL)
		return -ENOMEM;
	guard->bans = bans_new(
		guard->params.wheel, guard->line, conf->guard.bans_max, &guard->counters);
	guard->known = known_new(
		guard->params.wheel, guard->line, guard->params.known_max, &guard->counters.known);
	if (guard->bans == NULL || guard->known == NULL)
		return -ENOMEM;
	return holds_init(&guard->holds, conf->calls_max);
}

struct guard *guard_new(const struct guard_params *params)
{
	struct guard *guard = calloc(1, sizeof(*guard));

	if (guard == NULL)
		return NULL;
	guard->params = *params;
	guard->conf = conf_get(params->conf);
	guard->allowed = GUARD_BANS_BURST;
	guard->allowed_ms = now_ms(guard);
	if (build(guard) < 0) {
		guard_free(guard);
		return NULL;
	}
	return guard;
}

void guard_free(struct guard *guard)
{
	if (guard == NULL)
		return;
	holds_fini(&guard->holds);
	bans_free(guard->bans);
	known_free(guard->known);
	peer_line_free(guard->line);
	limits_free(guard->limits);
	score_free(guard->score);
	conf_put(guard->conf);
	free(guard);
}

void guard_configure(struct guard *guard, struct conf *conf)
{
	struct guard_ban_view view;
	uint32_t cursor = 0;

	conf_put(guard->conf);
	guard->conf = conf_get(conf);
	while (conf->guard.never_count != 0 && bans_next(guard->bans, &cursor, &view)) {
		if (is_never(conf, &view.ip))
			lift(guard, &view.ip);
	}
}

const struct guard_counters *guard_counters(const struct guard *guard)
{
	return &guard->counters;
}

struct guard_hold *guard_hold(struct guard *guard, const struct tg_ip *ip)
{
	struct tg_ip source = guard_source(ip);

	return holds_take(&guard->holds, &source);
}

void guard_release(struct guard *guard, struct guard_hold *hold)
{
	holds_give(&guard->holds, hold);
}

int guard_know(struct guard *guard, const struct known_source *source, uint32_t ttl_ms,
	struct tg_rate rate)
{
	return known_add(guard->known, source, ttl_ms, rate);
}

int guard_renew(struct guard *guard, const struct known_source *source, uint32_t ttl_ms,
	struct tg_rate rate)
{
	return known_renew(guard->known, source, ttl_ms, rate);
}

int guard_unknow(struct guard *guard, const struct known_source *source)
{
	return known_remove(guard->known, source);
}

bool guard_knows(const struct guard *guard, const struct known_source *source)
{
	return known_has(guard->known, source);
}

void guard_on_attach(struct guard *guard, bool attached)
{
	peer_line_on_attach(guard->line, attached);
}

void guard_on_sent(struct guard *guard, int status)
{
	peer_line_on_sent(guard->line, status);
}
