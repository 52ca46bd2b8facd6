// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/sdp/sdp_int.h"

#include <criterion/criterion.h>

static char text[256];

static struct sdp_types types_of(const char *order)
{
	struct sdp_types types = {0};

	for (unsigned int pt = 0; pt < SDP_PAYLOAD_TYPES; pt++)
		types.to[pt] = (uint8_t)pt;
	for (; *order != '\0'; order++)
		types.order[types.count++] = (uint8_t)(96 + *order - 'a');
	return types;
}

static enum sdp_typed edit(const char *value, const struct sdp_types *types)
{
	struct strbuf b = strbuf_on(text, sizeof(text) - 1);
	enum sdp_typed result = sdp_types_edit(&b, str_from(value), types);

	text[b.len] = '\0';
	return result;
}

Test(sdp_types, D7_D11_lines_of_a_type_change_with_it)
{
	static const struct {
		const char *value, *written;
		enum sdp_typed result;
	} cases[] = {
		{"rtpmap:96 opus/48000/2", "a=rtpmap:111 opus/48000/2\r\n", SDP_TYPED_PUT},
		{"fmtp:97 0-15", "a=fmtp:97 0-15\r\n", SDP_TYPED_PUT},
		{"fmtp:97 apt=96;rtx-time=3", "a=fmtp:97 apt=111;rtx-time=3\r\n", SDP_TYPED_PUT},
		{"fmtp:97 rtx-time=3; apt=96", "a=fmtp:97 rtx-time=3; apt=111\r\n", SDP_TYPED_PUT},
		{"fmtp:97 apt=x", "a=fmtp:97 apt=x\r\n", SDP_TYPED_PUT},
		{"rtcp-fb:98 nack", "", SDP_TYPED_GONE},
		{"rtcp-fb:* nack", "", SDP_TYPED_OTHER},
		{"imageattr:98 send *", "", SDP_TYPED_GONE},
		{"ptime:20", "", SDP_TYPED_OTHER},
		{"rtpmap:x", "", SDP_TYPED_OTHER},
		{"fmtp", "", SDP_TYPED_OTHER},
	};
	struct sdp_types types = types_of("ab");

	types.to[96] = 111;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		cr_assert_eq(edit(cases[i].value, &types), cases[i].result, "%s", cases[i].value);
		cr_assert_str_eq(text, cases[i].written);
	}
}

Test(sdp_types, formats_are_written_in_order)
{
	struct strbuf b = strbuf_on(text, sizeof(text) - 1);
	struct sdp_types types = types_of("cab");

	types.to[98] = 127;
	sdp_types_put(&b, &types);
	cr_assert(str_equal(strbuf_str(&b), STR("127 96 97")));
}

Test(sdp_types, a_repeated_type_is_named_by_apt_alone)
{
	struct sdp_types types = types_of("ab");

	types.to[96] = 111;
	cr_assert_eq(edit("fmtp:97 rtx-time=3000; APT = 96", &types), SDP_TYPED_PUT);
	cr_assert_str_eq(text, "a=fmtp:97 rtx-time=3000; APT = 111\r\n");
	cr_assert_eq(edit("fmtp:97 adapt=96", &types), SDP_TYPED_PUT);
	cr_assert_str_eq(text, "a=fmtp:97 adapt=96\r\n");
}
