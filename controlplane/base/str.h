// SPDX-License-Identifier: BSD-3-Clause
// Views into text that somebody else owns, and a writer into a buffer of fixed size.
#pragma once

#include "include/tidegate/addr.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

// Not NUL-terminated. An absent text has at == NULL, an empty one at != NULL and len == 0.
struct str {
	const char *at;
	size_t len;
};

#define STR(literal) ((struct str){"" literal, sizeof(literal) - 1})
#define STR_NONE ((struct str){NULL, 0})
// For printf: printf("%.*s", STR_FMT(s))
#define STR_FMT(s) (int)(s).len, (s).at != NULL ? (s).at : ""

static inline struct str str_from(const char *text)
{
	return text != NULL ? (struct str){text, strlen(text)} : STR_NONE;
}

static inline struct str str_of(const void *at, size_t len)
{
	return (struct str){at, len};
}

static inline bool str_is_none(struct str s)
{
	return s.at == NULL;
}

bool str_equal(struct str a, struct str b);
// ASCII case folded; SIP tokens compare so (RFC 3261 §7.3.1).
bool str_equal_nocase(struct str a, struct str b);
bool str_starts_nocase(struct str s, struct str prefix);
bool str_ends(struct str s, struct str suffix);
// Without SP, HTAB, CR and LF at both ends.
struct str str_trim(struct str s);
// First occurrence of c; s.len when there is none.
size_t str_index(struct str s, char c);
// First occurrence of needle, ASCII case folded; s.len when there is none.
size_t str_find_nocase(struct str s, struct str needle);
// Cuts s at the first c: returns what is before it, leaves what is after it in *s. With no c the
// whole of *s is returned and *s becomes STR_NONE.
struct str str_cut(struct str *s, char c);
// Likewise at the last c. With no c STR_NONE is returned and *s stays whole.
struct str str_cut_last(struct str *s, char c);
// Decimal digits only, all of s. Returns 0, -EINVAL, or -ERANGE above max; *out untouched on error.
int str_to_u64(uint64_t *out, struct str s, uint64_t max);
// A whole IPv4 or IPv6 address, also in brackets. Returns 0 or -EINVAL; *out untouched on error.
int str_to_ip(struct tg_ip *out, struct str s);
// SipHash-1-3 under a key of this process, so that nobody outside can choose colliding texts. Not
// the same in another process, nor after a restart.
uint64_t str_hash(struct str s);
// Heap copy with a NUL after it; NULL when s is none or memory is out. The caller frees it.
char *str_dup(struct str s);

// Writes into memory of the caller. After the first write that does not fit nothing more is written
// and failed stays set; the caller asks once, at the end.
struct strbuf {
	char *at;
	size_t len;
	size_t cap;
	bool failed;
};

static inline struct strbuf strbuf_on(void *memory, size_t cap)
{
	return (struct strbuf){.at = memory, .cap = cap};
}

static inline struct str strbuf_str(const struct strbuf *b)
{
	return (struct str){b->at, b->len};
}

void strbuf_put(struct strbuf *b, struct str s);
// Likewise; returns the copy, which is none of what was none, and nothing once b has failed.
struct str strbuf_keep(struct strbuf *b, struct str s);
void strbuf_put_char(struct strbuf *b, char c);
void strbuf_put_u64(struct strbuf *b, uint64_t v);
__attribute__((format(printf, 2, 3))) void strbuf_printf(struct strbuf *b, const char *fmt, ...);
// Writes s with control characters, quotes and backslashes escaped (\xNN), so that hostile bytes
// cannot forge a log line (behaviour A24).
void strbuf_put_escaped(struct strbuf *b, struct str s);
