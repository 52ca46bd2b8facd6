// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/sip/scan.h"

#include "controlplane/sip/lex.h"

struct scanner {
	struct sip_scan *out;
	struct arena *arena;
	struct str rest;
	enum sip_fault fault;
};

static struct str next_line(struct str *rest)
{
	const char *end = memchr(rest->at, '\n', rest->len);
	size_t len = end != NULL ? (size_t)(end - rest->at) : rest->len;
	size_t skip = end != NULL ? len + 1 : len;
	struct str line = str_of(rest->at, len);

	*rest = str_of(rest->at + skip, rest->len - skip);
	if (end != NULL && line.len > 0 && line.at[line.len - 1] == '\r')
		line.len--;
	return line;
}

static bool goes_on(struct str rest)
{
	return rest.len > 0 && (rest.at[0] == ' ' || rest.at[0] == '\t');
}

// A message of ours or of HTTP, noise, STUN: told apart by the first line alone (A39).
static bool is_sip(struct str line)
{
	struct str version = STR("SIP/");
	size_t space;

	if (str_starts_nocase(line, version))
		return true;
	line = str_trim(line);
	space = line.len;
	while (space > 0 && line.at[space - 1] != ' ')
		space--;
	return space > 0 && str_starts_nocase(str_of(line.at + space, line.len - space), version)
		&& sip_is_token(str_of(line.at, str_index(line, ' ')));
}

static void blame(struct scanner *s, enum sip_fault why)
{
	if (s->fault == SIP_FAULT_NONE)
		s->fault = why;
}

// Joins the lines that go on from first with one SP each. None when the arena is used up.
static struct str unfold(struct scanner *s, struct str first)
{
	size_t cap = (size_t)(s->rest.at + s->rest.len - first.at);
	struct str peek = s->rest;
	struct strbuf b;

	while (goes_on(peek))
		next_line(&peek);
	cap -= peek.len;
	b = strbuf_on(arena_alloc(s->arena, cap), cap);
	if (b.at == NULL)
		return STR_NONE;
	strbuf_put(&b, str_trim(first));
	while (goes_on(s->rest)) {
		strbuf_put_char(&b, ' ');
		strbuf_put(&b, str_trim(next_line(&s->rest)));
	}
	return str_trim(strbuf_str(&b));
}

static void scan_header(struct scanner *s, struct str line)
{
	struct str value = line;
	struct str name = str_cut(&value, ':');

	if (goes_on(s->rest)) {
		value = unfold(s, str_is_none(value) ? str_of(line.at + line.len, 0) : value);
		if (str_is_none(value))
			blame(s, SIP_FAULT_MEMORY);
	}
	// LWS before the colon, but none before the name (RFC 3261 §7.3.1)
	while (name.len > 0 && (name.at[name.len - 1] == ' ' || name.at[name.len - 1] == '\t'))
		name.len--;
	if (str_is_none(value) || !sip_is_token(name) || !sip_is_clean(value)) {
		blame(s, SIP_FAULT_HEADER_SYNTAX);
		return;
	}
	if (s->out->hdr_count == SIP_HEADERS_MAX) {
		blame(s, SIP_FAULT_HEADER_COUNT);
		return;
	}
	s->out->hdr[s->out->hdr_count++] = (struct sip_hdr){
		.id = sip_hdr_parse(name),
		.name = name,
		.value = str_trim(value),
	};
}

static void scan_headers(struct scanner *s)
{
	while (s->rest.len > 0 && s->fault != SIP_FAULT_HEADER_COUNT
		&& s->fault != SIP_FAULT_MEMORY) {
		struct str line = next_line(&s->rest);

		if (line.len == 0)
			return;
		scan_header(s, line);
	}
}

enum sip_fault sip_scan(struct sip_scan *out, struct arena *arena, struct str datagram)
{
	struct scanner s = {.out = out, .arena = arena, .rest = datagram};

	while (s.rest.len > 0 && (s.rest.at[0] == '\r' || s.rest.at[0] == '\n'))
		s.rest = str_of(s.rest.at + 1, s.rest.len - 1);
	if (s.rest.len == 0)
		return SIP_FAULT_NOT_SIP;
	*out = (struct sip_scan){.line = next_line(&s.rest)};
	if (!is_sip(out->line) || !sip_is_clean(out->line))
		return SIP_FAULT_NOT_SIP;
	out->hdr = arena_alloc(arena, SIP_HEADERS_MAX * sizeof(*out->hdr));
	if (out->hdr == NULL)
		return SIP_FAULT_MEMORY;
	scan_headers(&s);
	out->rest = s.rest;
	return s.fault;
}
