// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/base/str.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

bool str_equal(struct str a, struct str b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.at, b.at, a.len) == 0);
}

static inline char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

static bool same_nocase(const char *a, const char *b, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (lower(a[i]) != lower(b[i]))
			return false;
	}
	return true;
}

bool str_equal_nocase(struct str a, struct str b)
{
	return a.len == b.len && same_nocase(a.at, b.at, a.len);
}

bool str_starts_nocase(struct str s, struct str prefix)
{
	return s.len >= prefix.len && same_nocase(s.at, prefix.at, prefix.len);
}

bool str_ends(struct str s, struct str suffix)
{
	if (s.len < suffix.len)
		return false;
	return suffix.len == 0 || memcmp(s.at + s.len - suffix.len, suffix.at, suffix.len) == 0;
}

static inline bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct str str_trim(struct str s)
{
	while (s.len > 0 && is_blank(s.at[0])) {
		s.at++;
		s.len--;
	}
	while (s.len > 0 && is_blank(s.at[s.len - 1]))
		s.len--;
	return s;
}

size_t str_index(struct str s, char c)
{
	const char *hit = s.len != 0 ? memchr(s.at, c, s.len) : NULL;

	return hit != NULL ? (size_t)(hit - s.at) : s.len;
}

size_t str_find_nocase(struct str s, struct str needle)
{
	for (size_t i = 0; i + needle.len <= s.len; i++) {
		if (same_nocase(s.at + i, needle.at, needle.len))
			return i;
	}
	return s.len;
}

struct str str_cut(struct str *s, char c)
{
	size_t i = str_index(*s, c);
	struct str before = {s->at, i};

	if (i == s->len)
		*s = STR_NONE;
	else
		*s = (struct str){s->at + i + 1, s->len - i - 1};
	return before;
}

struct str str_cut_last(struct str *s, char c)
{
	struct str before = *s;

	for (size_t at = s->len; at > 0; at--) {
		if (s->at[at - 1] != c)
			continue;
		before.len = at - 1;
		s->at += at;
		s->len -= at;
		return before;
	}
	return STR_NONE;
}

int str_to_u64(uint64_t *out, struct str s, uint64_t max)
{
	uint64_t v = 0;

	if (s.len == 0)
		return -EINVAL;
	for (size_t i = 0; i < s.len; i++) {
		if (s.at[i] < '0' || s.at[i] > '9')
			return -EINVAL;
	}
	for (size_t i = 0; i < s.len; i++) {
		if (__builtin_mul_overflow(v, 10, &v)
			|| __builtin_add_overflow(v, (uint64_t)(s.at[i] - '0'), &v) || v > max)
			return -ERANGE;
	}
	*out = v;
	return 0;
}

int str_to_ip(struct tg_ip *out, struct str s)
{
	char text[TG_IP_TEXT_BYTES + 2];

	if (s.len >= sizeof(text) || str_index(s, '\0') < s.len)
		return -EINVAL;
	memcpy(text, s.len != 0 ? s.at : "", s.len);
	text[s.len] = '\0';
	return tg_ip_parse(out, text);
}

char *str_dup(struct str s)
{
	char *copy;

	if (s.at == NULL)
		return NULL;
	copy = malloc(s.len + 1);
	if (copy == NULL)
		return NULL;
	memcpy(copy, s.at, s.len);
	copy[s.len] = '\0';
	return copy;
}

void strbuf_put(struct strbuf *b, struct str s)
{
	if (b->failed || s.len > b->cap - b->len) {
		b->failed = true;
		return;
	}
	if (s.len != 0)
		memcpy(b->at + b->len, s.at, s.len);
	b->len += s.len;
}

struct str strbuf_keep(struct strbuf *b, struct str s)
{
	size_t begin = b->len;

	if (str_is_none(s))
		return STR_NONE;
	strbuf_put(b, s);
	return str_of(b->at + begin, b->len - begin);
}

void strbuf_put_char(struct strbuf *b, char c)
{
	strbuf_put(b, (struct str){&c, 1});
}

void strbuf_put_u64(struct strbuf *b, uint64_t v)
{
	char digits[20];
	size_t at = sizeof(digits);

	do {
		digits[--at] = (char)('0' + v % 10);
		v /= 10;
	} while (v != 0);
	strbuf_put(b, (struct str){digits + at, sizeof(digits) - at});
}

// vsnprintf wants a byte for its NUL: a text that fills the buffer exactly is written twice.
__attribute__((format(printf, 3, 0))) static void put_exact(
	struct strbuf *b, size_t len, const char *fmt, va_list args)
{
	char *text = malloc(len + 1);

	if (text == NULL) {
		b->failed = true;
		return;
	}
	vsnprintf(text, len + 1, fmt, args);
	strbuf_put(b, (struct str){text, len});
	free(text);
}

void strbuf_printf(struct strbuf *b, const char *fmt, ...)
{
	size_t room = b->cap - b->len;
	va_list args, again;
	int len;

	if (b->failed)
		return;
	va_start(args, fmt);
	va_copy(again, args);
	len = vsnprintf(room != 0 ? b->at + b->len : NULL, room, fmt, args);
	if (len < 0 || (size_t)len > room)
		b->failed = true;
	else if ((size_t)len == room)
		put_exact(b, room, fmt, again);
	else
		b->len += (size_t)len;
	va_end(again);
	va_end(args);
}

void strbuf_put_escaped(struct strbuf *b, struct str s)
{
	static const char hex[] = "0123456789abcdef";
	struct strbuf before = *b;

	for (size_t i = 0; i < s.len; i++) {
		uint8_t c = (uint8_t)s.at[i];

		if (c < 0x20 || c >= 0x7f || c == '"' || c == '\'' || c == '\\') {
			char esc[4] = {'\\', 'x', hex[c >> 4], hex[c & 15]};

			strbuf_put(b, (struct str){esc, sizeof(esc)});
		} else {
			strbuf_put_char(b, (char)c);
		}
	}
	if (b->failed)
		b->len = before.len;
}
