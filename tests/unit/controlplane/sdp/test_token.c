// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/sdp/sdp_int.h"

#include <criterion/criterion.h>

Test(sdp_token, direction_names_read_back)
{
	for (enum sdp_direction d = SDP_SENDRECV; d <= SDP_INACTIVE; d++) {
		enum sdp_direction back = SDP_SENDRECV;

		cr_assert(sdp_direction_parse(&back, str_from(sdp_direction_name(d))));
		cr_assert_eq(back, d);
	}
	cr_assert_not(sdp_direction_parse(&(enum sdp_direction){0}, STR("sendrecvx")));
}

Test(sdp_token, words_are_cut_at_blanks)
{
	struct str s = STR("  IN \tIP4  x ");

	cr_assert(str_equal(sdp_word(&s), STR("IN")));
	cr_assert(str_equal(sdp_word(&s), STR("IP4")));
	cr_assert(str_equal(sdp_word(&s), STR("x")));
	cr_assert_eq(sdp_word(&s).len, 0);
	s = STR_NONE;
	cr_assert_eq(sdp_word(&s).len, 0);
}

Test(sdp_token, attributes_have_a_name_and_params)
{
	struct str params;

	cr_assert(str_equal(sdp_attribute(&params, STR("rtpmap:0 PCMU/8000")), STR("rtpmap")));
	cr_assert(str_equal(params, STR("0 PCMU/8000")));
	cr_assert(str_equal(sdp_attribute(&params, STR("sendrecv ")), STR("sendrecv")));
	cr_assert(str_is_none(params));
}
