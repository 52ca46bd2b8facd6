// SPDX-License-Identifier: BSD-3-Clause
#include "tests/unit/controlplane/media/media_world.h"

#include <criterion/criterion.h>

TestSuite(compose, .init = world_init, .fini = world_fini);

static void assert_sent(enum media_side side, const char *sdp)
{
	struct str sent = media_session_sent(world.session, side);

	cr_assert(str_equal(sent, str_from(sdp)), "%.*s instead of\n%s", STR_FMT(sent), sdp);
}

static unsigned long long version_of(struct str sdp)
{
	unsigned long long version;

	cr_assert_eq(sscanf(sdp.at, "v=0\r\no=- %*u %llu", &version), 1);
	return version;
}

Test(compose, nothing_is_sent_before_the_first_offer)
{
	for (unsigned int side = 0; side < 2; side++) {
		cr_assert(str_is_none(media_session_sent(world.session, side)));
		cr_assert(str_is_none(media_session_heard(world.session, side)));
	}
}

Test(compose, D3_what_a_side_has_from_us_can_be_asked_for)
{
	char to_a[1024], to_b[1024];

	cr_assert_eq(world_offer(MEDIA_A, SDP_A), MEDIA_OK);
	strcpy(to_b, world.sdp);
	assert_sent(MEDIA_B, to_b);
	cr_assert(str_is_none(media_session_sent(world.session, MEDIA_A)));
	cr_assert(str_equal(media_session_heard(world.session, MEDIA_A), STR(SDP_A)), "pending");
	cr_assert_eq(world_answer(MEDIA_B, SDP_B, true), MEDIA_OK);
	strcpy(to_a, world.sdp);
	assert_sent(MEDIA_A, to_a);
	assert_sent(MEDIA_B, to_b);
	cr_assert(str_equal(media_session_heard(world.session, MEDIA_A), STR(SDP_A)));
	cr_assert(str_equal(media_session_heard(world.session, MEDIA_B), STR(SDP_B)));
	cr_assert_eq(world_offer(MEDIA_B, SDP_B "a=sendonly\r\n"), MEDIA_OK);
	assert_sent(MEDIA_A, world.sdp);
	assert_sent(MEDIA_B, to_b);
	cr_assert(str_equal(media_session_heard(world.session, MEDIA_B), STR(SDP_B)),
		"not agreed yet");
}

Test(compose, D3_after_a_refusal_a_refresh_says_the_old_with_a_new_version)
{
	unsigned long long refused;
	struct str sent;

	world_answered_call();
	cr_assert_eq(world_offer(MEDIA_B, SDP_B "a=sendonly\r\n"), MEDIA_OK);
	refused = version_of(str_from(world.sdp));
	media_offer_refused(world.session);
	world_run(2);
	sent = media_session_sent(world.session, MEDIA_A);
	cr_assert_eq(str_find_nocase(sent, STR("sendonly")), sent.len);
	cr_assert_eq(version_of(sent), refused + 1);
	sent = media_session_sent(world.session, MEDIA_A);
	cr_assert_eq(version_of(sent), refused + 1, "once");
}

Test(compose, D4_a_refresh_shows_what_was_refused_since)
{
	struct str sent;

	cr_assert_eq(world_offer(MEDIA_A, SDP_A "m=video 4200 RTP/AVP 34\r\n"), MEDIA_OK);
	cr_assert_eq(world_answer(MEDIA_B, SDP_B "m=video 0 RTP/AVP 34\r\n", true), MEDIA_OK);
	sent = media_session_sent(world.session, MEDIA_B);
	cr_assert_lt(str_find_nocase(sent, STR("m=video 0 ")), sent.len);
	cr_assert_eq(version_of(sent), 2);
}
