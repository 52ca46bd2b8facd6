// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/store/fields.h"

#include <endian.h>
#include <string.h>

#define NONE UINT16_MAX // length of a text that is none

void fields_put_number(struct strbuf *out, uint64_t value, unsigned int bytes)
{
	uint64_t le = htole64(value);

	strbuf_put(out, str_of(&le, bytes));
}

void fields_put_text(struct strbuf *out, struct str text)
{
	if (str_is_none(text)) {
		fields_put_number(out, NONE, 2);
		return;
	}
	if (text.len >= NONE)
		out->failed = true;
	fields_put_number(out, text.len, 2);
	strbuf_put(out, text);
}

// ---- reading

struct str fields_take(struct fields *fields, size_t len)
{
	struct str taken = {fields->rest.at, len};

	if (fields->is_bad || len > fields->rest.len) {
		fields->is_bad = true;
		return STR_NONE;
	}
	fields->rest = (struct str){fields->rest.at + len, fields->rest.len - len};
	return taken;
}

uint64_t fields_take_number(struct fields *fields, unsigned int bytes, uint64_t max)
{
	struct str taken = fields_take(fields, bytes);
	uint64_t le = 0;

	if (fields->is_bad)
		return 0;
	memcpy(&le, taken.at, bytes);
	if (le64toh(le) > max) {
		fields->is_bad = true;
		return 0;
	}
	return le64toh(le);
}

bool fields_is_plain(struct str text)
{
	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.at[i];

		if ((c < ' ' && c != '\t') || c == 0x7f)
			return false;
	}
	return true;
}

struct str fields_take_text(struct fields *fields)
{
	uint64_t len = fields_take_number(fields, 2, UINT16_MAX);
	struct str taken = len == NONE ? STR_NONE : fields_take(fields, len);

	if (!fields_is_plain(taken))
		fields->is_bad = true;
	return fields->is_bad ? STR_NONE : taken;
}
