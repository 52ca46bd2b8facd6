// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/guard/limits.h"

#include <ctype.h>
#include <stdlib.h>

#include "include/tidegate/bucket.h"
#include "include/tidegate/limits.h"
#include "include/tidegate/method.h"

// So much of a message is searched for a scanner's words, as of a datagram.
#define SEARCHED_BYTES 1500
#define SHARES 2 // of all strangers' rate

enum bucket {
	BUCKET_METHOD, // first of TG_METHOD_RATED
	BUCKET_TOTAL = BUCKET_METHOD + TG_METHOD_RATED,
	BUCKETS,
};

struct row {
	struct tg_ip source;
	uint64_t arrival_ns[BUCKETS];
};

struct limits {
	struct row row[LIMITS_SETS][LIMITS_WAYS];
	uint64_t strangers_ns[TG_REALMS_MAX][SHARES]; // [1]: of TG_METHOD_WITHIN
};

struct limits *limits_new(void)
{
	return calloc(1, sizeof(struct limits));
}

void limits_free(struct limits *limits)
{
	free(limits);
}

static uint64_t full_at_ns(const struct row *row)
{
	uint64_t latest = 0;

	for (unsigned int i = 0; i < BUCKETS; i++) {
		if (row->arrival_ns[i] > latest)
			latest = row->arrival_ns[i];
	}
	return latest;
}

// The hash has a secret key: nobody can aim at a set.
static struct row *row_of(struct limits *limits, const struct tg_ip *source)
{
	uint64_t hash = str_hash(str_of(source, sizeof(*source)));
	struct row *set = limits->row[hash % LIMITS_SETS], *first = set;

	for (unsigned int i = 0; i < LIMITS_WAYS; i++) {
		if (tg_ip_equal(&set[i].source, source))
			return &set[i];
		if (full_at_ns(&set[i]) < full_at_ns(first))
			first = &set[i];
	}
	*first = (struct row){.source = *source};
	return first;
}

static enum tg_method_class class_of(struct str message)
{
	struct str method = str_cut(&message, ' ');

	// a status line
	if (str_starts_nocase(method, STR("SIP/")))
		return TG_METHOD_WITHIN;
	return tg_method_class(method.at, (uint32_t)method.len);
}

// The head in lower case, as far as it is searched.
static struct str lower_head(char out[static SEARCHED_BYTES], struct str message)
{
	size_t len = 0;
	char last = '\0';

	for (size_t i = 0; i < message.len && len < SEARCHED_BYTES; i++) {
		char c = message.at[i];

		if (c == '\r')
			continue;
		if (c == '\n' && last == '\n')
			break;
		out[len++] = last = (char)tolower((unsigned char)c);
	}
	return str_of(out, len);
}

static bool is_scanner(const struct conf_guard *guard, struct str message)
{
	char text[SEARCHED_BYTES];
	struct str head = lower_head(text, message);

	for (unsigned int i = 0; i < guard->scanner_count; i++) {
		const struct tg_pattern *p = &guard->scanners[i];

		if (memmem(head.at, head.len, p->text, p->bytes) != NULL)
			return true;
	}
	return false;
}

static bool take_of_all(
	struct limits *limits, uint8_t realm, struct tg_rate rate, bool within, uint64_t now_ns)
{
	return tg_bucket_take(
		&limits->strangers_ns[realm][within], tg_rate_share(rate, SHARES), now_ns);
}

enum guard_verdict limits_judge(struct limits *limits, const struct conf *conf, uint8_t realm,
	const struct tg_ip *source, struct str message, struct tg_mono now)
{
	const struct conf_realm *r = &conf->realms[realm];
	struct row *row = row_of(limits, source);
	enum tg_method_class class;

	if (!tg_bucket_take(&row->arrival_ns[BUCKET_TOTAL], r->stranger_rate, now.ns))
		return GUARD_OVER_RATE;
	if (str_is_none(message))
		return GUARD_PASSES;
	class = class_of(message);
	if (class < TG_METHOD_RATED
		&& !tg_bucket_take(&row->arrival_ns[BUCKET_METHOD + class],
			r->stranger_methods[class], now.ns))
		return GUARD_OVER_METHOD_RATE;
	if (is_scanner(&conf->guard, message))
		return GUARD_IS_SCANNER;
	if (!take_of_all(limits, realm, r->strangers_rate, class == TG_METHOD_WITHIN, now.ns))
		return GUARD_OVER_STRANGERS_RATE;
	return GUARD_PASSES;
}
