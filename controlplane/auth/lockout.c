// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/auth/lockout.h"

#include <stdlib.h>

#include "controlplane/base/str.h"

#define SETS 4096
#define WAYS 8
#define SHARED_FACTOR 3
#define AOR_DIVISOR 4
#define TRUST_MS 86400000

struct entry {
	uint64_t hash;	    // 0: free
	uint64_t opened_ms; // the window
	uint64_t until_ms;  // it is, or was, locked
	uint32_t failures;  // in the window
	uint32_t times;	    // it was locked in a row
};

struct trusted {
	uint64_t hash; // of the pair; 0: free
	uint64_t at_ms;
};

struct lockout {
	struct lockout_limits limits;
	struct entry entry[LOCKOUT_KEY_COUNT][SETS][WAYS];
	uint64_t trusted_mask;
	struct trusted trusted[][WAYS];
};

struct lockout_limits lockout_limits_of(const struct lockout_limit *pair)
{
	struct lockout_limit shared = *pair, aor;

	shared.after *= SHARED_FACTOR;
	aor = shared;
	aor.longest_ms /= AOR_DIVISOR;
	if (aor.longest_ms < aor.for_ms)
		aor.longest_ms = aor.for_ms;
	return (struct lockout_limits){
		.by = {
			[LOCKOUT_PAIR] = *pair,
			[LOCKOUT_SOURCE] = shared,
			[LOCKOUT_AOR] = aor,
		},
		.trust_ms = TRUST_MS,
	};
}

const char *lockout_key_label(unsigned int key)
{
	static const char *const labels[] = {
#define X(name, label) label,
		LOCKOUT_KEYS(X)
#undef X
	};

	return key < LOCKOUT_KEY_COUNT ? labels[key] : NULL;
}

struct lockout *lockout_new(const struct lockout_limits *limits, uint32_t trusted_max)
{
	uint64_t sets = 1;
	struct lockout *lockout;

	while (sets * WAYS < 2 * (uint64_t)trusted_max)
		sets *= 2;
	lockout = calloc(1, sizeof(*lockout) + sets * sizeof(lockout->trusted[0]));
	if (lockout == NULL)
		return NULL;
	lockout->trusted_mask = sets - 1;
	lockout_configure(lockout, limits);
	return lockout;
}

void lockout_free(struct lockout *lockout)
{
	free(lockout);
}

void lockout_configure(struct lockout *lockout, const struct lockout_limits *limits)
{
	uint32_t alone = limits->by[LOCKOUT_PAIR].after;
	struct lockout_limit *aor = &lockout->limits.by[LOCKOUT_AOR];

	lockout->limits = *limits;
	if (aor->after != 0 && aor->after < 2 * alone)
		aor->after = 2 * alone;
}

struct lockout_who lockout_who(const struct tg_ip *source, struct str aor)
{
	struct tg_ip network = tg_ip_network(source);
	struct lockout_who who;
	uint64_t both[2];

	both[0] = who.hash[LOCKOUT_SOURCE] = str_hash(str_of(&network, sizeof(network))) | 1;
	both[1] = who.hash[LOCKOUT_AOR] = str_hash(aor) | 1;
	who.hash[LOCKOUT_PAIR] = str_hash(str_of(both, sizeof(both))) | 1;
	return who;
}

// ---- trust

static struct trusted *trusted_set(struct lockout *lockout, uint64_t hash)
{
	return lockout->trusted[hash >> 1 & lockout->trusted_mask];
}

static bool is_trusted(struct lockout *lockout, uint64_t hash, uint64_t now_ms)
{
	const struct trusted *set = trusted_set(lockout, hash);

	for (unsigned int i = 0; i < WAYS; i++) {
		if (set[i].hash == hash)
			return now_ms - set[i].at_ms < lockout->limits.trust_ms;
	}
	return false;
}

static void trust(struct lockout *lockout, uint64_t hash, uint64_t now_ms)
{
	struct trusted *set = trusted_set(lockout, hash), *oldest = &set[0];

	for (unsigned int i = 0; i < WAYS; i++) {
		if (set[i].hash == hash) {
			oldest = &set[i];
			break;
		}
		if (set[i].at_ms < oldest->at_ms)
			oldest = &set[i];
	}
	*oldest = (struct trusted){hash, now_ms};
}

// ---- failures

static struct entry *set_of(struct lockout *lockout, enum lockout_key key, uint64_t hash)
{
	return lockout->entry[key][hash >> 1 & (SETS - 1)];
}

static struct entry *find(struct lockout *lockout, enum lockout_key key, uint64_t hash)
{
	struct entry *set = set_of(lockout, key, hash);

	for (unsigned int i = 0; i < WAYS; i++) {
		if (set[i].hash == hash)
			return &set[i];
	}
	return NULL;
}

static bool is_window_over(
	const struct entry *e, const struct lockout_limit *limit, uint64_t now_ms)
{
	return now_ms - e->opened_ms >= limit->within_ms;
}

static bool is_quiet(const struct entry *e, const struct lockout_limit *limit, uint64_t now_ms)
{
	return e->times == 0 || now_ms >= e->until_ms + limit->longest_ms;
}

// Nothing would be lost with it.
static bool is_over(const struct entry *e, const struct lockout_limit *limit, uint64_t now_ms)
{
	return e->hash == 0 || (is_window_over(e, limit, now_ms) && is_quiet(e, limit, now_ms));
}

static bool is_less(const struct entry *a, const struct entry *b)
{
	return a->times != b->times ? a->times < b->times : a->failures < b->failures;
}

static struct entry *make_room(
	struct lockout *lockout, enum lockout_key key, uint64_t hash, uint64_t now_ms)
{
	const struct lockout_limit *limit = &lockout->limits.by[key];
	struct entry *set = set_of(lockout, key, hash), *least = &set[0];

	for (unsigned int i = 0; i < WAYS; i++) {
		if (is_over(&set[i], limit, now_ms)) {
			least = &set[i];
			break;
		}
		if (is_less(&set[i], least))
			least = &set[i];
	}
	*least = (struct entry){.hash = hash, .opened_ms = now_ms};
	return least;
}

static uint32_t lock_ms(const struct lockout_limit *limit, uint32_t times)
{
	uint64_t for_ms = limit->for_ms;

	for (uint32_t i = 1; i < times && for_ms < limit->longest_ms; i++)
		for_ms *= 2;
	return for_ms < limit->longest_ms ? (uint32_t)for_ms : limit->longest_ms;
}

static struct lockout_locked count(
	struct lockout *lockout, enum lockout_key key, uint64_t hash, uint64_t now_ms)
{
	const struct lockout_limit *limit = &lockout->limits.by[key];
	struct entry *e = find(lockout, key, hash);

	if (limit->after == 0)
		return (struct lockout_locked){0};
	if (e == NULL)
		e = make_room(lockout, key, hash, now_ms);
	if (now_ms < e->until_ms) // of a trusted pair, which others' locks do not stop
		return (struct lockout_locked){0};
	if (is_quiet(e, limit, now_ms))
		e->times = 0;
	if (is_window_over(e, limit, now_ms)) {
		e->opened_ms = now_ms;
		e->failures = 0;
	}
	if (++e->failures < limit->after)
		return (struct lockout_locked){0};
	e->failures = 0;
	e->times++;
	e->until_ms = now_ms + lock_ms(limit, e->times);
	return (struct lockout_locked){lock_ms(limit, e->times), e->times};
}

static bool is_locked(struct lockout *lockout, enum lockout_key key, const struct lockout_who *who,
	uint64_t now_ms)
{
	const struct entry *e = find(lockout, key, who->hash[key]);

	return e != NULL && now_ms < e->until_ms;
}

bool lockout_is_locked(struct lockout *lockout, const struct lockout_who *who, uint64_t now_ms)
{
	bool pair = is_locked(lockout, LOCKOUT_PAIR, who, now_ms);
	bool others = is_locked(lockout, LOCKOUT_SOURCE, who, now_ms)
		| is_locked(lockout, LOCKOUT_AOR, who, now_ms);

	return pair || (others && !is_trusted(lockout, who->hash[LOCKOUT_PAIR], now_ms));
}

void lockout_fail(struct lockout *lockout, const struct lockout_who *who, uint64_t now_ms,
	struct lockout_locked out[static LOCKOUT_KEY_COUNT])
{
	bool trusted = is_trusted(lockout, who->hash[LOCKOUT_PAIR], now_ms);

	for (unsigned int key = 0; key < LOCKOUT_KEY_COUNT; key++) {
		out[key] = (struct lockout_locked){0};
		if (key != LOCKOUT_AOR || !trusted)
			out[key] = count(lockout, (enum lockout_key)key, who->hash[key], now_ms);
	}
}

void lockout_succeed(struct lockout *lockout, const struct lockout_who *who, uint64_t now_ms)
{
	struct entry *pair = find(lockout, LOCKOUT_PAIR, who->hash[LOCKOUT_PAIR]);

	if (pair != NULL)
		pair->hash = 0;
	trust(lockout, who->hash[LOCKOUT_PAIR], now_ms);
}
