// SPDX-License-Identifier: BSD-3-Clause
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>

#include "controlplane/base/log.h"
#include "controlplane/conf/conf_int.h"
#include "controlplane/conf/value.h"

#define PATTERN_BYTES_MIN 3

#define REFUSE(spot, ...) conf_refuse((spot)->src, (spot)->path, __VA_ARGS__)

__attribute__((format(printf, 2, 3))) static void at(struct value_spot *spot, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(spot->path, sizeof(spot->path), fmt, args);
	va_end(args);
}

static const struct tg_pattern *find_pattern(const struct conf_guard *guard, struct str text)
{
	for (unsigned int i = 0; i < guard->scanner_count; i++) {
		const struct tg_pattern *p = &guard->scanners[i];

		if (str_equal_nocase(str_of(p->text, p->bytes), text))
			return p;
	}
	return NULL;
}

static int add_pattern(struct conf_guard *guard, struct value_spot *spot, struct str text)
{
	struct tg_pattern *p = &guard->scanners[guard->scanner_count];

	if (text.len < PATTERN_BYTES_MIN || text.len > TG_PATTERN_BYTES_MAX)
		return REFUSE(spot,
			"%s is too short or too long; a scanner's name has %d to %d characters",
			LOG_STR(text), PATTERN_BYTES_MIN, TG_PATTERN_BYTES_MAX);
	if (find_pattern(guard, text) != NULL)
		return REFUSE(spot, "%s stands here twice; remove one", LOG_STR(text));
	for (size_t i = 0; i < text.len; i++)
		p->text[i] = (uint8_t)tolower((unsigned char)text.at[i]);
	p->bytes = (uint8_t)text.len;
	p->id = (uint16_t)guard->scanner_count++;
	return 0;
}

static int add_default_patterns(struct conf_guard *guard, struct value_spot *spot)
{
	struct str rest = str_from(conf_option_find("guard.scanners")->fallback);
	int err = 0;

	while (err == 0 && !str_is_none(rest))
		err = add_pattern(guard, spot, str_trim(str_cut(&rest, ',')));
	return err;
}

static int resolve_scanners(
	struct conf_guard *guard, const struct raw_guard *raw, struct value_spot *spot)
{
	int err = 0;

	guard->scanners = calloc(TG_PATTERNS_MAX, sizeof(*guard->scanners));
	if (guard->scanners == NULL)
		return -ENOMEM;
	// an empty list means none
	if (!conf_is_given(spot->src->document, "guard.scanners"))
		return add_default_patterns(guard, spot);
	for (unsigned int i = 0; i < raw->scanners_count && err == 0; i++) {
		at(spot, "guard.scanners[%u]", i);
		err = add_pattern(guard, spot, str_from(raw->scanners[i]));
	}
	return err;
}

static int resolve_never(
	struct conf_guard *guard, const struct raw_guard *raw, struct value_spot *spot)
{
	int err = 0;

	guard->never = calloc(raw->never_count + 1, sizeof(*guard->never));
	if (guard->never == NULL)
		return -ENOMEM;
	for (unsigned int i = 0; i < raw->never_count && err == 0; i++) {
		at(spot, "guard.never[%u]", i);
		err = value_read_network(spot, &guard->never[guard->never_count++], raw->never[i]);
	}
	return err;
}

int conf_guard_resolve(struct conf *conf, const struct raw_conf *raw, struct value_spot *spot)
{
	struct conf_guard *guard = &conf->guard;
	int err;

	guard->ban_after = *raw->guard.ban.after;
	guard->ban_within_ms = *raw->guard.ban.within_s * 1000;
	guard->ban_for_ms = *raw->guard.ban.for_s * 1000;
	guard->ban_longest_ms = *raw->guard.ban.longest_s * 1000;
	guard->lockout_after = *raw->guard.lockout.after;
	guard->lockout_within_ms = *raw->guard.lockout.within_s * 1000;
	guard->lockout_for_ms = *raw->guard.lockout.for_s * 1000;
	guard->lockout_longest_ms = *raw->guard.lockout.longest_s * 1000;
	guard->bans_max = *raw->guard.bans_max;
	err = resolve_scanners(guard, &raw->guard, spot);
	return err < 0 ? err : resolve_never(guard, &raw->guard, spot);
}
