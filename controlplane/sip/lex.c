// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/sip/lex.h"

#include <errno.h>

enum {
	TOKEN = 1,
	HOST = 2,
	CONTROL = 4, // but HTAB
	DELIMITER = 8,
};

#define BOTH (TOKEN | HOST)

static const uint8_t classes[256] = {
	['0' ... '9'] = BOTH,
	['A' ... 'Z'] = BOTH,
	['a' ... 'z'] = BOTH,
	['-'] = BOTH,
	['.'] = BOTH,
	['_'] = BOTH,
	['!'] = TOKEN,
	['%'] = TOKEN,
	['*'] = TOKEN,
	['+'] = TOKEN,
	['`'] = TOKEN,
	['\''] = TOKEN,
	['~'] = TOKEN,
	[0 ... '\t' - 1] = CONTROL,
	['\t' + 1 ... ' ' - 1] = CONTROL,
	[0x7f] = CONTROL,
	['"'] = DELIMITER,
	[','] = DELIMITER,
	[';'] = DELIMITER,
	['<'] = DELIMITER,
};

static bool all_of(struct str s, uint8_t class)
{
	for (size_t i = 0; i < s.len; i++) {
		if ((classes[(uint8_t)s.at[i]] & class) == 0)
			return false;
	}
	return s.len > 0;
}

bool sip_is_token(struct str s)
{
	return all_of(s, TOKEN);
}

bool sip_is_clean(struct str s)
{
	for (size_t i = 0; i < s.len; i++) {
		if (classes[(uint8_t)s.at[i]] & CONTROL)
			return false;
	}
	return true;
}

// The octet after the closing quote of the string that opens at at; 0 when it is not closed.
static size_t after_quote(struct str s, size_t at)
{
	for (size_t i = at + 1; i < s.len; i++) {
		if (s.at[i] == '\\')
			i++;
		else if (s.at[i] == '"')
			return i + 1;
	}
	return 0;
}

static bool is_in(const char *set, char c)
{
	while (*set != '\0' && *set != c)
		set++;
	return *set != '\0';
}

int sip_index_unquoted(size_t *at, struct str s, const char *set)
{
	size_t i = 0;

	while (i < s.len) {
		if ((classes[(uint8_t)s.at[i]] & DELIMITER) == 0) {
			i++;
			continue;
		}
		if (is_in(set, s.at[i]))
			break;
		i = s.at[i] == '"' ? after_quote(s, i) : i + 1;
		if (i == 0)
			return -EINVAL;
	}
	*at = i;
	return 0;
}

static bool is_v6(struct str s)
{
	struct tg_ip ip;

	return str_index(s, ':') < s.len && str_to_ip(&ip, s) == 0;
}

static int port_parse(uint16_t *port, struct str text)
{
	uint64_t value;

	if (str_to_u64(&value, text, UINT16_MAX) < 0 || value == 0)
		return -EINVAL;
	*port = (uint16_t)value;
	return 0;
}

int sip_hostport_parse(struct str *host, uint16_t *port, struct str text)
{
	struct str rest = str_trim(text);
	struct str name;
	bool v6 = rest.len > 0 && rest.at[0] == '[';

	*port = 0;
	if (v6) {
		rest = str_of(rest.at + 1, rest.len - 1);
		name = str_cut(&rest, ']');
		if (str_is_none(rest) || !is_v6(name))
			return -EINVAL;
		rest = str_trim(rest);
		if (rest.len > 0 && rest.at[0] != ':')
			return -EINVAL;
		rest = rest.len > 0 ? str_of(rest.at + 1, rest.len - 1) : STR_NONE;
	} else {
		name = str_trim(str_cut(&rest, ':'));
		if (!all_of(name, HOST))
			return -EINVAL;
	}
	*host = name;
	return str_is_none(rest) ? 0 : port_parse(port, str_trim(rest));
}
