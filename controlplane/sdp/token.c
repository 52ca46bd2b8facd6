// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/sdp/sdp_int.h"

static const char *const direction_names[] = {
	[SDP_SENDRECV] = "sendrecv",
	[SDP_SENDONLY] = "sendonly",
	[SDP_RECVONLY] = "recvonly",
	[SDP_INACTIVE] = "inactive",
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

struct str sdp_word(struct str *s)
{
	size_t from = 0, to;
	struct str word;

	while (from < s->len && is_blank(s->at[from]))
		from++;
	for (to = from; to < s->len && !is_blank(s->at[to]); to++)
		;
	if (s->at == NULL)
		return STR("");
	word = str_of(s->at + from, to - from);
	*s = str_of(s->at + to, s->len - to);
	return word;
}

struct str sdp_attribute(struct str *params, struct str value)
{
	*params = value;
	return str_trim(str_cut(params, ':'));
}

bool sdp_is_one_of(struct str name, const char *const list[], unsigned int count)
{
	for (unsigned int i = 0; i < count; i++) {
		if (str_equal_nocase(name, str_from(list[i])))
			return true;
	}
	return false;
}

bool sdp_direction_parse(enum sdp_direction *out, struct str name)
{
	for (unsigned int i = 0; i < sizeof(direction_names) / sizeof(direction_names[0]); i++) {
		if (str_equal_nocase(name, str_from(direction_names[i]))) {
			*out = (enum sdp_direction)i;
			return true;
		}
	}
	return false;
}

const char *sdp_direction_name(enum sdp_direction d)
{
	return direction_names[d];
}
