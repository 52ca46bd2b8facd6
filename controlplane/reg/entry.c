// SPDX-License-Identifier: BSD-3-Clause
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>

#include "controlplane/reg/location_int.h"

// The texts of a binding, in the order in which an entry keeps them.
static const size_t texts[] = {
	offsetof(struct binding, aor),
	offsetof(struct binding, contact),
	offsetof(struct binding, params),
	offsetof(struct binding, instance),
	offsetof(struct binding, call_id),
	offsetof(struct binding, user_agent),
	offsetof(struct binding, path),
};

static_assert(sizeof(texts) / sizeof(texts[0]) == ENTRY_TEXTS);

static const struct str *text_of(const struct binding *b, size_t i)
{
	return (const struct str *)((const char *)b + texts[i]);
}

static int text_bytes(size_t *bytes, const struct binding *b)
{
	*bytes = 0;
	for (size_t i = 0; i < ENTRY_TEXTS; i++) {
		if (text_of(b, i)->len > LOCATION_TEXT_BYTES_MAX)
			return -EMSGSIZE;
		*bytes += text_of(b, i)->len;
	}
	return *bytes <= LOCATION_TEXT_BYTES_MAX ? 0 : -EMSGSIZE;
}

bool location_fits(const struct binding *said)
{
	size_t bytes;

	return text_bytes(&bytes, said) == 0;
}

static void keep_texts(struct entry *e, const struct binding *b)
{
	char *at = e->text;

	for (size_t i = 0; i < ENTRY_TEXTS; i++) {
		struct str s = *text_of(b, i);

		if (s.len > 0)
			memcpy(at, s.at, s.len);
		e->text_len[i] = (uint16_t)s.len;
		at += s.len;
	}
}

int entry_new(struct entry **out, const struct binding *b)
{
	struct entry *e;
	size_t bytes;
	int rc = text_bytes(&bytes, b);

	if (rc < 0)
		return rc;
	e = malloc(offsetof(struct entry, text) + bytes);
	if (e == NULL)
		return -ENOMEM;
	*e = (struct entry){
		.flow = b->flow,
		.cseq = b->cseq,
		.reg_id = b->reg_id,
		.q = b->q,
		.nat = b->nat,
		.is_outbound = b->is_outbound,
		.is_alg = b->is_alg,
	};
	keep_texts(e, b);
	*out = e;
	return 0;
}

static void free_entry(struct rcu_head *gone)
{
	free(caa_container_of(gone, struct entry, gone));
}

void entry_retire(struct entry *e)
{
	call_rcu(&e->gone, free_entry);
}

struct str entry_aor(const struct entry *e)
{
	return str_of(e->text, e->text_len[0]);
}

static uint32_t left_s(const struct entry *e, struct tg_mono now)
{
	uint64_t now_ms = tg_mono_ms(now), due_ms = e->timer.due_ms;

	return due_ms > now_ms ? (uint32_t)((due_ms - now_ms + TG_MS_PER_S - 1) / TG_MS_PER_S) : 0;
}

void entry_view(struct binding *out, const struct entry *e, struct tg_mono now)
{
	const char *at = e->text;

	*out = (struct binding){
		.rtt_us = __atomic_load_n(&e->rtt_us, __ATOMIC_RELAXED),
		.id = e->id,
		.flow = e->flow,
		.cseq = e->cseq,
		.reg_id = e->reg_id,
		.q = e->q,
		.nat = e->nat,
		.is_outbound = e->is_outbound,
		.is_alg = e->is_alg,
		.expires_s = left_s(e, now),
		.since = e->since,
		.refreshed = e->refreshed,
	};
	for (size_t i = 0; i < ENTRY_TEXTS; i++) {
		struct str *text = (struct str *)((char *)out + texts[i]);

		*text = e->text_len[i] > 0 ? str_of(at, e->text_len[i]) : STR_NONE;
		at += e->text_len[i];
	}
}
