// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/sip/uri.h"

#include <ctype.h>
#include <errno.h>

#include "controlplane/base/hex.h"
#include "controlplane/sip/lex.h"

static const struct {
	struct str name;
	enum sip_scheme scheme;
} schemes[] = {
	{{"sip", 3}, SIP_SCHEME_SIP},
	{{"sips", 4}, SIP_SCHEME_SIPS},
	{{"tel", 3}, SIP_SCHEME_TEL},
};

static enum sip_scheme scheme_of(struct str name)
{
	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
		if (str_equal_nocase(name, schemes[i].name))
			return schemes[i].scheme;
	}
	return SIP_SCHEME_OTHER;
}

static bool is_scheme(struct str s)
{
	if (s.len == 0 || !isalpha((uint8_t)s.at[0]))
		return false;
	for (size_t i = 1; i < s.len; i++) {
		if (!isalnum((uint8_t)s.at[i]) && strchr("+-.", s.at[i]) == NULL)
			return false;
	}
	return true;
}

// No white space, no quoting, and every % begins an escape.
static bool is_uri_text(struct str s)
{
	for (size_t i = 0; i < s.len; i++) {
		uint8_t c = (uint8_t)s.at[i];

		if (c <= ' ' || c == 0x7f || c == '<' || c == '>' || c == '"')
			return false;
		if (c == '%' && hex_escaped(s, i) < 0)
			return false;
	}
	return s.len > 0;
}

// RFC 3261 §25.1: '@' stands nowhere else, but ';' and '?' may stand in the user part.
static int parse_user(struct sip_uri *out, struct str *rest)
{
	struct str user;

	if (str_index(*rest, '@') == rest->len)
		return 0;
	user = str_cut(rest, '@');
	out->user = str_cut(&user, ':');
	return out->user.len > 0 ? 0 : -EINVAL;
}

static int parse_sip(struct sip_uri *out, struct str rest)
{
	struct str host;

	if (parse_user(out, &rest) < 0)
		return -EINVAL;
	host = str_cut(&rest, '?');
	out->headers = rest;
	out->params = host;
	host = str_cut(&out->params, ';');
	return sip_hostport_parse(&out->host, &out->port, host);
}

static int parse_tel(struct sip_uri *out, struct str rest)
{
	out->user = str_cut(&rest, ';');
	out->params = rest;
	return out->user.len > 0 ? 0 : -EINVAL;
}

int sip_uri_parse(struct sip_uri *out, struct str text)
{
	struct sip_uri uri = {.text = text};
	struct str rest = text;
	struct str name = str_cut(&rest, ':');
	int rc = 0;

	if (!is_uri_text(text) || !is_scheme(name) || rest.len == 0)
		return -EINVAL;
	uri.scheme = scheme_of(name);
	switch (uri.scheme) {
	case SIP_SCHEME_SIP:
	case SIP_SCHEME_SIPS:
		rc = parse_sip(&uri, rest);
		break;
	case SIP_SCHEME_TEL:
		rc = parse_tel(&uri, rest);
		break;
	case SIP_SCHEME_OTHER:
		break;
	}
	if (rc == 0)
		*out = uri;
	return rc;
}

bool sip_param_next(struct str *param, struct str *rest)
{
	while (rest->len > 0) {
		size_t end, skip;

		if (sip_index_unquoted(&end, *rest, ";") < 0)
			end = rest->len;
		skip = end < rest->len ? end + 1 : end;
		*param = str_trim(str_of(rest->at, end));
		*rest = str_of(rest->at + skip, rest->len - skip);
		if (param->len > 0)
			return true;
	}
	return false;
}

struct str sip_param(struct str params, const char *name)
{
	struct str wanted = str_from(name);
	struct str param;

	while (sip_param_next(&param, &params)) {
		struct str value = param;

		if (!str_equal_nocase(str_trim(str_cut(&value, '=')), wanted))
			continue;
		return str_is_none(value) ? str_of(param.at + param.len, 0) : str_trim(value);
	}
	return STR_NONE;
}

// A quoted string or nothing, or more than tokens (the field does not quote), but no separator.
static bool is_display(struct str s)
{
	size_t at;

	if (s.len >= 2 && s.at[0] == '"' && s.at[s.len - 1] == '"')
		return sip_index_unquoted(&at, s, "") == 0;
	return sip_index_unquoted(&at, s, ",;\"") == 0 && at == s.len;
}

static int parse_params(struct sip_name_addr *out, struct str rest)
{
	size_t at;

	rest = str_trim(rest);
	if (rest.len == 0)
		return 0;
	if (rest.at[0] != ';' || sip_index_unquoted(&at, rest, "") < 0)
		return -EINVAL;
	out->params = str_of(rest.at + 1, rest.len - 1);
	return 0;
}

static int parse_bracketed(struct sip_name_addr *out, struct str text, size_t open)
{
	struct str rest = str_of(text.at + open + 1, text.len - open - 1);

	out->display = str_trim(str_of(text.at, open));
	if (!is_display(out->display))
		return -EINVAL;
	if (out->display.len == 0)
		out->display = STR_NONE;
	out->uri = str_cut(&rest, '>');
	if (str_is_none(rest))
		return -EINVAL;
	return parse_params(out, rest);
}

// RFC 3261 §20: without <> what follows ';' belongs to the header, and '?' and ',' may not stand.
static int parse_bare(struct sip_name_addr *out, struct str text)
{
	size_t end = str_index(text, ';');

	out->uri = str_trim(str_of(text.at, end));
	if (str_index(out->uri, '?') < out->uri.len || str_index(out->uri, ',') < out->uri.len)
		return -EINVAL;
	return parse_params(out, str_of(text.at + end, text.len - end));
}

int sip_name_addr_parse(struct sip_name_addr *out, struct str text)
{
	struct sip_name_addr made = {0};
	struct sip_uri uri;
	size_t open;
	int rc;

	text = str_trim(text);
	if (sip_index_unquoted(&open, text, "<") < 0)
		return -EINVAL;
	rc = open < text.len ? parse_bracketed(&made, text, open) : parse_bare(&made, text);
	if (rc < 0 || sip_uri_parse(&uri, made.uri) < 0)
		return -EINVAL;
	*out = made;
	return 0;
}
