// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/sdp/sdp_int.h"

#include <errno.h>

// Attributes that begin with the payload type they speak of.
static const char *const typed[] = {"fmtp", "imageattr", "rtcp-fb", "rtpmap"};

void sdp_types_put(struct strbuf *b, const struct sdp_types *types)
{
	for (unsigned int i = 0; i < types->count; i++) {
		if (i != 0)
			strbuf_put_char(b, ' ');
		strbuf_put_u64(b, types->to[types->order[i]]);
	}
}

static bool has(const struct sdp_types *types, uint64_t pt)
{
	for (unsigned int i = 0; i < types->count; i++) {
		if (types->order[i] == pt)
			return true;
	}
	return false;
}

int sdp_apt(uint8_t *pt, struct str *number, struct str params)
{
	while (!str_is_none(params) && params.len != 0) {
		struct str value = str_trim(str_cut(&params, ';'));
		struct str key = str_trim(str_cut(&value, '='));
		uint64_t n;

		*number = str_trim(value);
		if (str_equal_nocase(key, STR("apt"))
			&& str_to_u64(&n, *number, SDP_PAYLOAD_TYPES - 1) == 0) {
			*pt = (uint8_t)n;
			return 0;
		}
	}
	return -ENOENT;
}

// Where the number inside is another one from now on the rest stays.
static void put_params(struct strbuf *b, struct str params, const struct sdp_types *types)
{
	struct str number;
	uint8_t pt;

	if (sdp_apt(&pt, &number, params) == 0) {
		strbuf_put(b, str_of(params.at, (size_t)(number.at - params.at)));
		strbuf_put_u64(b, types->to[pt]);
		params.len -= (size_t)(number.at + number.len - params.at);
		params.at = number.at + number.len;
	}
	strbuf_put(b, params);
}

enum sdp_typed sdp_types_edit(struct strbuf *b, struct str value, const struct sdp_types *types)
{
	struct str params;
	struct str name = sdp_attribute(&params, value);
	uint64_t pt;

	if (!SDP_IS_ONE_OF(name, typed)
		|| str_to_u64(&pt, sdp_word(&params), SDP_PAYLOAD_TYPES - 1) < 0)
		return SDP_TYPED_OTHER;
	if (!has(types, pt))
		return SDP_TYPED_GONE;
	strbuf_put(b, STR("a="));
	strbuf_put(b, name);
	strbuf_put_char(b, ':');
	strbuf_put_u64(b, types->to[pt]);
	put_params(b, params, types);
	strbuf_put(b, STR("\r\n"));
	return SDP_TYPED_PUT;
}
