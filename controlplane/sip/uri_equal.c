// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/sip/uri_equal.h"

#include <ctype.h>

#include "controlplane/base/hex.h"

#define ESCAPED 0x100 // a reserved character that was escaped is another one

// ---- texts

static int next_char(struct str *s, bool fold)
{
	int c = (uint8_t)s->at[0], escaped = hex_escaped(*s, 0);
	size_t len = 1;

	if (escaped >= 0) {
		c = escaped;
		len = 3;
		if (c == 0 || strchr(";/?:@&=+$,", c) != NULL)
			c |= ESCAPED;
	}
	*s = str_of(s->at + len, s->len - len);
	return fold && c < ESCAPED ? tolower(c) : c;
}

static bool is_same(struct str a, struct str b, bool fold)
{
	while (a.len > 0 && b.len > 0) {
		if (next_char(&a, fold) != next_char(&b, fold))
			return false;
	}
	return a.len == b.len && str_is_none(a) == str_is_none(b);
}

// ---- parameters and headers: NAME or NAME=VALUE

struct item {
	struct str name;
	struct str value; // none: no '='
};

struct items {
	struct item item[SIP_URI_COMPARED_MAX];
	unsigned int count;
};

static bool read_items(struct items *out, struct str text, char separator)
{
	out->count = 0;
	while (text.len > 0) {
		struct str value = str_cut(&text, separator), name = str_cut(&value, '=');

		if (name.len == 0)
			continue;
		if (out->count == SIP_URI_COMPARED_MAX)
			return false;
		out->item[out->count++] = (struct item){name, value};
	}
	return true;
}

static const struct item *find(const struct items *in, struct str name)
{
	for (unsigned int i = 0; i < in->count; i++) {
		if (is_same(in->item[i].name, name, true))
			return &in->item[i];
	}
	return NULL;
}

static bool counts_alone(struct str name)
{
	static const char *const names[] = {"transport", "user", "ttl", "method", "maddr"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (is_same(name, str_from(names[i]), true))
			return true;
	}
	return false;
}

struct rules {
	char separator;
	bool fold;	   // values, too
	bool ignores_lone; // what only one has, unless it counts alone
};

static bool includes(const struct items *a, const struct items *b, const struct rules *rules)
{
	for (unsigned int i = 0; i < a->count; i++) {
		const struct item *twin = find(b, a->item[i].name);

		if (twin == NULL) {
			if (!rules->ignores_lone || counts_alone(a->item[i].name))
				return false;
		} else if (!is_same(a->item[i].value, twin->value, rules->fold)) {
			return false;
		}
	}
	return true;
}

static bool are_equal(struct str a, struct str b, const struct rules *rules)
{
	struct items of_a, of_b;

	return read_items(&of_a, a, rules->separator) && read_items(&of_b, b, rules->separator)
		&& includes(&of_a, &of_b, rules) && includes(&of_b, &of_a, rules);
}

// ---- by scheme

// RFC 5954 §4.2: addresses by value; one of IPv4 is none of IPv6 for all that.
static bool is_same_host(struct str a, struct str b)
{
	bool a_v6 = str_index(a, ':') < a.len, b_v6 = str_index(b, ':') < b.len;
	struct tg_ip a_ip, b_ip;

	if (a_v6 != b_v6)
		return false;
	if (str_to_ip(&a_ip, a) == 0 && str_to_ip(&b_ip, b) == 0)
		return tg_ip_equal(&a_ip, &b_ip);
	return is_same(a, b, true);
}

// User and password, none without '@'.
static struct str userinfo_of(const struct sip_uri *uri)
{
	struct str rest = uri->text, info;

	str_cut(&rest, ':');
	info = str_cut(&rest, '@');
	return str_is_none(rest) ? STR_NONE : info;
}

static bool are_equal_sip(const struct sip_uri *a, const struct sip_uri *b)
{
	static const struct rules of_params = {';', true, true}, of_headers = {'&', false, false};

	return is_same(userinfo_of(a), userinfo_of(b), false) && is_same_host(a->host, b->host)
		&& a->port == b->port && are_equal(a->params, b->params, &of_params)
		&& are_equal(a->headers, b->headers, &of_headers);
}

static int next_digit(struct str *s)
{
	while (s->len > 0) {
		int c = next_char(s, true);

		if (c > 0xff || strchr("-.()", c) == NULL)
			return c;
	}
	return -1;
}

// RFC 3966 §4: without visual separators; every parameter counts.
static bool are_equal_tel(const struct sip_uri *a, const struct sip_uri *b)
{
	static const struct rules rules = {';', true, false};
	struct str x = a->user, y = b->user;
	int c;

	do {
		c = next_digit(&x);
		if (c != next_digit(&y))
			return false;
	} while (c >= 0);
	return are_equal(a->params, b->params, &rules);
}

static bool are_equal_other(struct str a, struct str b)
{
	return str_equal_nocase(str_cut(&a, ':'), str_cut(&b, ':')) && str_equal(a, b);
}

bool sip_uri_equal(const struct sip_uri *a, const struct sip_uri *b)
{
	if (str_equal(a->text, b->text))
		return true;
	if (a->scheme != b->scheme)
		return false;
	switch (a->scheme) {
	case SIP_SCHEME_SIP:
	case SIP_SCHEME_SIPS:
		return are_equal_sip(a, b);
	case SIP_SCHEME_TEL:
		return are_equal_tel(a, b);
	case SIP_SCHEME_OTHER:
		break;
	}
	return are_equal_other(a->text, b->text);
}
