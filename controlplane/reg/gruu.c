// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/reg/gruu.h"

#include <ctype.h>
#include <errno.h>

#include "controlplane/base/random.h"

#define GR_BYTES_MAX 1024

// ---- writing

static void put_escaped(struct strbuf *b, struct str text, const char *bare)
{
	static const char digits[] = "0123456789ABCDEF";

	for (size_t i = 0; i < text.len; i++) {
		uint8_t c = (uint8_t)text.at[i];

		if (isalnum(c) || (c != '\0' && strchr(bare, c) != NULL)) {
			strbuf_put_char(b, (char)c);
			continue;
		}
		strbuf_put_char(b, '%');
		strbuf_put_char(b, digits[c >> 4]);
		strbuf_put_char(b, digits[c & 15]);
	}
}

// RFC 3261 §25.1: user
static void put_user(struct strbuf *b, struct str user)
{
	put_escaped(b, user, "-_.!~*'()&=+$,;?/");
}

// RFC 3261 §25.1: paramchar; the angle brackets of an instance are not part of it (RFC 5627 §3.2)
static void put_gr(struct strbuf *b, struct str instance)
{
	if (instance.len >= 2 && instance.at[0] == '<' && instance.at[instance.len - 1] == '>')
		instance = str_of(instance.at + 1, instance.len - 2);
	put_escaped(b, instance, "-_.!~*'()[]/:&+$");
}

void gruu_write_public(struct strbuf *b, const struct binding *binding)
{
	struct str domain = binding->aor, user = str_cut_last(&domain, '@');

	strbuf_put(b, STR("sip:"));
	put_user(b, user);
	strbuf_put_char(b, '@');
	strbuf_put(b, domain);
	strbuf_put(b, STR(";gr="));
	put_gr(b, binding->instance);
}

// What a temporary one hides.
struct hidden {
	uint64_t binding;
	uint32_t call_id; // of the digest of it
	uint32_t random;
};

static_assert(sizeof(struct hidden) == TOKEN_HIDDEN_BYTES);

void gruu_write_temporary(struct strbuf *b, struct token_keys *keys, const struct binding *binding)
{
	struct hidden hidden = {binding->id, (uint32_t)token_digest(keys, binding->call_id), 0};
	uint8_t octets[TOKEN_HIDDEN_BYTES];
	struct str domain = binding->aor;

	str_cut_last(&domain, '@');
	random_take(&hidden.random, sizeof(hidden.random));
	memcpy(octets, &hidden, sizeof(octets));
	strbuf_put(b, STR("sip:"));
	token_write_hidden(b, keys, octets);
	strbuf_put_char(b, '@');
	strbuf_put(b, domain);
	strbuf_put(b, STR(";gr"));
}

// ---- reading

static bool is_gr_of(struct str gr, struct str instance)
{
	char text[GR_BYTES_MAX];
	struct strbuf b = strbuf_on(text, sizeof(text));

	put_gr(&b, instance);
	return !b.failed && str_equal_nocase(strbuf_str(&b), gr);
}

static int find_instance(const struct location *location, struct binding *out, unsigned int max,
	struct str aor, struct str gr)
{
	struct binding all[LOCATION_PER_AOR_MAX];
	unsigned int count = location_find(location, aor, all, LOCATION_PER_AOR_MAX);
	int found = 0;

	for (unsigned int i = 0; i < count && i < LOCATION_PER_AOR_MAX; i++) {
		if (all[i].instance.len == 0 || !is_gr_of(gr, all[i].instance))
			continue;
		if ((unsigned int)found < max)
			out[found] = all[i];
		found++;
	}
	return found;
}

static int find_temporary(const struct location *location, struct binding *out, unsigned int max,
	const struct gruu_query *query)
{
	uint8_t octets[TOKEN_HIDDEN_BYTES];
	struct hidden hidden;
	struct binding named;
	char gr[GR_BYTES_MAX];
	struct strbuf b = strbuf_on(gr, sizeof(gr));

	if (token_read_hidden(octets, query->keys, query->uri->user) < 0)
		return -EBADMSG;
	memcpy(&hidden, octets, sizeof(hidden));
	if (location_get(location, hidden.binding, &named) < 0
		|| hidden.call_id != (uint32_t)token_digest(query->keys, named.call_id))
		return 0;
	put_gr(&b, named.instance);
	return b.failed ? 0 : find_instance(location, out, max, named.aor, strbuf_str(&b));
}

int gruu_find(const struct location *location, struct binding *out, unsigned int max,
	const struct gruu_query *query)
{
	struct str gr = sip_param(query->uri->params, "gr");

	if (query->uri->scheme != SIP_SCHEME_SIP && query->uri->scheme != SIP_SCHEME_SIPS)
		return -ENOENT;
	if (str_is_none(gr))
		return -ENOENT;
	if (gr.len == 0)
		return find_temporary(location, out, max, query);
	return find_instance(location, out, max, query->aor, gr);
}
