// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/sip/hdr.h"

#include "controlplane/sip/lex.h"

static const struct {
	struct str name;
	char compact;
} headers[SIP_HDR_OTHER] = {
#define X(id, long_name, short_name) \
	[SIP_HDR_##id] = {{long_name, sizeof(long_name) - 1}, short_name},
	SIP_HEADERS(X)
#undef X
};

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

static int compare(struct str a, struct str b)
{
	size_t n = a.len < b.len ? a.len : b.len;

	for (size_t i = 0; i < n; i++) {
		int d = (uint8_t)lower(a.at[i]) - (uint8_t)lower(b.at[i]);

		if (d != 0)
			return d;
	}
	return (a.len > b.len) - (a.len < b.len);
}

static enum sip_hdr_id parse_compact(char c)
{
	for (unsigned int i = 0; i < SIP_HDR_OTHER; i++) {
		if (headers[i].compact == lower(c))
			return (enum sip_hdr_id)i;
	}
	return SIP_HDR_OTHER;
}

char sip_hdr_compact(enum sip_hdr_id id)
{
	return id < SIP_HDR_OTHER ? headers[id].compact : 0;
}

// The table is in alphabetical order, case folded.
enum sip_hdr_id sip_hdr_parse(struct str name)
{
	unsigned int low = 0, high = SIP_HDR_OTHER;

	if (name.len == 1)
		return parse_compact(name.at[0]);
	while (low < high) {
		unsigned int middle = (low + high) / 2;
		int d = compare(name, headers[middle].name);

		if (d == 0)
			return (enum sip_hdr_id)middle;
		if (d < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return SIP_HDR_OTHER;
}

struct str sip_hdr_name(enum sip_hdr_id id)
{
	return id < SIP_HDR_OTHER ? headers[id].name : STR("");
}

// Where the element at the start of s ends: a comma outside quotes and <>, or the end.
static size_t element_end(struct str s)
{
	struct str rest = s;
	size_t at;

	while (rest.len > 0) {
		if (sip_index_unquoted(&at, rest, ",<") < 0)
			return s.len;
		rest = str_of(rest.at + at, rest.len - at);
		if (rest.len == 0 || rest.at[0] == ',')
			break;
		at = str_index(rest, '>');
		rest = str_of(rest.at + at, rest.len - at);
	}
	return s.len - rest.len;
}

bool sip_hdr_next(struct str *element, struct str *rest)
{
	while (rest->len > 0) {
		size_t end = element_end(*rest);
		size_t skip = end < rest->len ? end + 1 : end;

		*element = str_trim(str_of(rest->at, end));
		*rest = str_of(rest->at + skip, rest->len - skip);
		if (element->len > 0)
			return true;
	}
	return false;
}
