// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/base/trace_mask.h"

#include "controlplane/base/str.h"

typedef void mask_h(char *at, size_t len);

static inline bool is_line_end(char c)
{
	return c == '\r' || c == '\n';
}

static inline bool is_space(char c)
{
	return c == ' ' || c == '\t' || is_line_end(c);
}

static inline bool is_token(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')
		|| (c != '\0' && strchr("-.!%*_+`'~", c) != NULL);
}

static void stars(char *at, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (!is_line_end(at[i]))
			at[i] = '*';
	}
}

static size_t skip_space(const char *at, size_t i, size_t len)
{
	while (i < len && is_space(at[i]))
		i++;
	return i;
}

static size_t skip_token(const char *at, size_t i, size_t len)
{
	while (i < len && is_token(at[i]))
		i++;
	return i;
}

// From an opening quote to the closing one or to the end.
static size_t quoted_end(const char *at, size_t i, size_t len)
{
	while (i < len && at[i] != '"')
		i += at[i] == '\\' ? 2 : 1;
	return i < len ? i : len;
}

static bool is_secret(struct str name)
{
	static const struct str secrets[] = {
		{"response", 8}, {"cnonce", 6}, {"rspauth", 7}, {"password", 8}};

	for (size_t i = 0; i < sizeof(secrets) / sizeof(secrets[0]); i++) {
		if (str_equal_nocase(name, secrets[i]))
			return true;
	}
	return false;
}

// One auth-param at i, or the one octet that is none. Returns where to go on.
static size_t mask_param(char *at, size_t i, size_t len)
{
	size_t end = skip_token(at, i, len), value;
	bool secret = is_secret(str_of(at + i, end - i));

	value = skip_space(at, end, len);
	if (end == i || value >= len || at[value] != '=')
		return end > i ? end : i + 1;
	value = skip_space(at, value + 1, len);
	if (value < len && at[value] == '"') {
		value++;
		end = quoted_end(at, value, len);
	} else {
		for (end = value; end < len && at[end] != ',' && !is_space(at[end]);)
			end++;
	}
	if (secret)
		stars(at + value, end - value);
	return end < len && at[end] == '"' ? end + 1 : end;
}

static void mask_params(char *at, size_t len)
{
	for (size_t i = 0; i < len;)
		i = mask_param(at, i, len);
}

static void mask_credentials(char *at, size_t len)
{
	size_t scheme = skip_space(at, 0, len), end = skip_token(at, scheme, len);
	size_t rest = skip_space(at, end, len);

	if (str_equal_nocase(str_of(at + scheme, end - scheme), STR("Digest")))
		mask_params(at + rest, len - rest);
	else
		stars(at + rest, len - rest);
}

static void mask_crypto(char *at, size_t len)
{
	static const struct str marker = {"inline:", 7};

	for (size_t i = 0; (i += str_find_nocase(str_of(at + i, len - i), marker)) < len;) {
		i += marker.len;
		for (; i < len && at[i] != '|' && at[i] != ';' && !is_space(at[i]); i++)
			at[i] = '*';
	}
}

static const struct {
	struct str start;
	char after; // 0: the value follows at once
	mask_h *mask;
} rules[] = {
	{{"Authorization", 13}, ':', mask_credentials},
	{{"Proxy-Authorization", 19}, ':', mask_credentials},
	{{"Authentication-Info", 19}, ':', mask_params},
	{{"Proxy-Authentication-Info", 25}, ':', mask_params},
	{{"a=crypto:", 9}, 0, mask_crypto},
	{{"a=ice-pwd:", 10}, 0, stars},
	{{"a=key-mgmt:", 11}, 0, stars},
	{{"k=", 2}, 0, stars},
};

// Of most lines the first letter tells that no rule fits.
static bool may_be_secret(char first)
{
	return strchr("AaPpKk", first) != NULL;
}

static void mask_line(char *line, size_t len)
{
	if (!may_be_secret(line[0]))
		return;
	for (size_t r = 0; r < sizeof(rules) / sizeof(rules[0]); r++) {
		size_t i = rules[r].start.len;

		if (!str_starts_nocase(str_of(line, len), rules[r].start))
			continue;
		if (rules[r].after != 0) {
			i = skip_space(line, i, len);
			if (i == len || line[i] != rules[r].after)
				continue;
			i++;
		}
		rules[r].mask(line + i, len - i);
		return;
	}
}

// Where the next CR and LF lie, len for none. Each octet is looked at once for either, however many lines
// end at the other.
struct line_ends {
	size_t cr, lf;
};

static void find_ends(struct line_ends *ends, const char *at, size_t i, size_t len)
{
	if (ends->cr < i)
		ends->cr = i + str_index(str_of(at + i, len - i), '\r');
	if (ends->lf < i)
		ends->lf = i + str_index(str_of(at + i, len - i), '\n');
}

// The end of the line at i, with the lines that continue it (RFC 3261 §7.3.1).
static size_t line_end(struct line_ends *ends, const char *at, size_t i, size_t len)
{
	for (;;) {
		find_ends(ends, at, i, len);
		i = ends->cr < ends->lf ? ends->cr : ends->lf;
		if (i < len && at[i] == '\r')
			i++;
		if (i < len && at[i] == '\n')
			i++;
		if (i >= len || (at[i] != ' ' && at[i] != '\t'))
			return i;
	}
}

// What may stand between a scheme and its '@'.
static bool is_userinfo(char c)
{
	return !is_space(c) && c != '<' && c != '>' && c != '"' && c != '@';
}

// From behind a scheme's colon. Returns where the user part, if it is one, ends.
static size_t mask_userinfo(char *at, size_t i, size_t len)
{
	size_t end = i, password = len;

	for (; end < len && is_userinfo(at[end]); end++) {
		if (at[end] == ':' && password == len)
			password = end + 1;
	}
	if (end < len && at[end] == '@' && password < end)
		stars(at + password, end - password);
	return end;
}

static bool ends_scheme(const char *text, size_t len)
{
	static const struct str scheme = {"sip", 3};

	if (len > 0 && (text[len - 1] == 's' || text[len - 1] == 'S'))
		len--;
	return len >= scheme.len
		&& str_equal_nocase(str_of(text + len - scheme.len, scheme.len), scheme);
}

// By the colons: they are rare, and found fast.
void trace_mask_passwords(char *text, size_t len)
{
	for (size_t i = 0; (i += str_index(str_of(text + i, len - i), ':')) < len;) {
		i = ends_scheme(text, i) ? mask_userinfo(text, i + 1, len) : i + 1;
	}
}

void trace_mask(char *message, size_t len)
{
	struct line_ends ends = {
		str_index(str_of(message, len), '\r'), str_index(str_of(message, len), '\n')};

	trace_mask_passwords(message, len);
	for (size_t i = 0, end; i < len; i = end) {
		end = line_end(&ends, message, i, len);
		mask_line(message + i, end - i);
	}
}
