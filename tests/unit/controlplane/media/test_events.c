// SPDX-License-Identifier: BSD-3-Clause
#include "tests/unit/controlplane/media/media_world.h"

#include <criterion/criterion.h>

#include <errno.h>

TestSuite(events, .init = world_init, .fini = world_fini);

static void happens(unsigned int stream, enum tg_event_type type)
{
	struct tg_event event = {.type = type};

	fake_dp_event(&world.dp, stream, &event);
}

Test(events, J12_an_idle_call_is_told)
{
	world_answered_call();
	happens(0, TG_EVENT_MEDIA_IDLE);
	cr_assert_eq(world.idle, 1);
	cr_assert_eq(media_counters(world.media)->idle, 1);
}

Test(events, J12_the_callback_may_free)
{
	world_answered_call();
	world.free_when_told = true;
	happens(0, TG_EVENT_MEDIA_IDLE);
	cr_assert_null(world.session);
	world_run(1);
	cr_assert_eq(fake_dp_stream_count(&world.dp), 0);
}

Test(events, J12_one_talking_stream_keeps_the_call)
{
	cr_assert_eq(world_offer(MEDIA_A, SDP_A "m=video 4200 RTP/AVP 34\r\n"), MEDIA_OK);
	cr_assert_eq(world_answer(MEDIA_B, SDP_B "m=video 6200 RTP/AVP 34\r\n", true), MEDIA_OK);
	happens(0, TG_EVENT_MEDIA_IDLE);
	world_run(60000);
	happens(0, TG_EVENT_MEDIA_IDLE);
	cr_assert_eq(world.idle, 0);
	world_run(90001);
	happens(1, TG_EVENT_MEDIA_IDLE);
	cr_assert_eq(world.idle, 0, "the first was heard meanwhile");
	world_run(20000);
	happens(0, TG_EVENT_MEDIA_IDLE);
	cr_assert_eq(world.idle, 1);
}

Test(events, J12_silence_before_the_answer_and_on_hold_is_no_fault)
{
	cr_assert_eq(world_offer(MEDIA_A, SDP_A), MEDIA_OK);
	happens(0, TG_EVENT_MEDIA_IDLE);
	cr_assert_eq(world_answer(MEDIA_B, SDP_B, false), MEDIA_OK);
	happens(0, TG_EVENT_MEDIA_IDLE);
	cr_assert_eq(world_answer(MEDIA_B, SDP_B, true), MEDIA_OK);
	cr_assert_eq(world_offer(MEDIA_A, SDP_A "a=sendonly\r\n"), MEDIA_OK);
	cr_assert_eq(world_answer(MEDIA_B, SDP_B "a=recvonly\r\n", true), MEDIA_OK);
	happens(0, TG_EVENT_MEDIA_IDLE);
	cr_assert_eq(world.idle, 0);
	cr_assert_eq(world_offer(MEDIA_A, SDP_A), MEDIA_OK);
	cr_assert_eq(world_answer(MEDIA_B, SDP_B, true), MEDIA_OK);
	happens(0, TG_EVENT_MEDIA_IDLE);
	cr_assert_eq(world.idle, 1);
}

Test(events, others_are_counted)
{
	struct tg_event stranger = {.type = TG_EVENT_MEDIA_IDLE, .cookie = 12345};

	world_answered_call();
	happens(0, TG_EVENT_LATCHED);
	happens(0, TG_EVENT_SOURCE_REFUSED);
	happens(0, TG_EVENT_SSRC_CHANGED);
	happens(0, TG_EVENT_LIMITER_TRIPPED);
	happens(0, TG_EVENT_STREAM_EXPIRED);
	world.dp.dp.on_event(world.dp.dp.arg, &stranger);
	cr_assert_eq(media_counters(world.media)->latches, 1);
	cr_assert_eq(media_counters(world.media)->sources_refused, 1);
	cr_assert_eq(media_counters(world.media)->ssrc_changes, 1);
	cr_assert_eq(media_counters(world.media)->limiter_trips, 1);
	cr_assert_eq(media_counters(world.media)->expired, 1);
	cr_assert_eq(world.idle, 0);
}

Test(events, hostile_types_are_passed_over)
{
	world_answered_call();
	happens(0, (enum tg_event_type)UINT32_MAX);
	happens(0, TG_EVENT_COMPLETION);
	cr_assert_eq(world.idle + world.lost, 0);
}

Test(events, a_cookie_of_an_earlier_run_means_nothing)
{
	struct tg_event event = {.type = TG_EVENT_MEDIA_IDLE};

	world_answered_call();
	event.cookie = world_spec(0)->cookie;
	event.ref = (struct tg_stream_ref){0, 999};
	world.dp.dp.on_event(world.dp.dp.arg, &event);
	cr_assert_eq(world.idle, 0);
}

Test(events, live_calls_are_put_back_after_a_restart)
{
	struct tg_stream_spec before;

	world_answered_call();
	before = *world_spec(0);
	fake_dp_set_up(&world.dp, false);
	cr_assert_eq(world.lost, 0);
	cr_assert_eq(fake_dp_stream_count(&world.dp), 0);
	world.dp.pools = world.dp.listeners = 0;
	fake_dp_set_up(&world.dp, true);
	world_run(1);
	cr_assert_eq(world.dp.pools, 3, "configured anew");
	cr_assert_eq(world.dp.listeners, 1);
	cr_assert_eq(fake_dp_stream_count(&world.dp), 1);
	cr_assert_arr_eq(&before, world_spec(0), sizeof(before));
	cr_assert_eq(world.lost, 0);
	cr_assert_eq(world_offer(MEDIA_A, SDP_A), MEDIA_OK, "and the call goes on");
	cr_assert_eq(world_answer(MEDIA_B, SDP_B, true), MEDIA_OK);
}

Test(events, what_cannot_be_put_back_is_lost)
{
	world_answered_call();
	fake_dp_set_up(&world.dp, false);
	fake_dp_set_up(&world.dp, true);
	world.dp.fail_next = -ENOSPC;
	world.free_when_told = true;
	world_run(1);
	cr_assert_eq(world.lost, 1);
	cr_assert_eq(world_pool(0).in_use, 0);
}

Test(events, a_dataplane_that_still_has_it_is_taken_up_again)
{
	struct fake_dp_stream *s;

	world_answered_call();
	s = fake_dp_stream(&world.dp, 0);
	fake_dp_set_up(&world.dp, false);
	s->live = true;
	memset(&s->spec, 0, sizeof(s->spec));
	fake_dp_set_up(&world.dp, true);
	world.dp.fail_next = -EADDRINUSE; // the ADD
	world_run(1);
	cr_assert_eq(world.lost, 0);
	cr_assert_eq(fake_dp_stream_count(&world.dp), 1);
	cr_assert_str_eq("audio", world.session->line[0].stream->kind);
	cr_assert_eq(world_spec(0)->side[1].remote[TG_RTP].port, 6000);
}

Test(events, it_may_go_again_while_calls_are_put_back)
{
	world_answered_call();
	fake_dp_set_up(&world.dp, false);
	fake_dp_set_up(&world.dp, true);
	fake_dp_set_up(&world.dp, false);
	cr_assert_eq(world.lost, 0);
	fake_dp_set_up(&world.dp, true);
	world_run(1);
	cr_assert_eq(fake_dp_stream_count(&world.dp), 1);
	cr_assert_eq(world.media->readding, 0);
}

Test(events, a_call_that_ends_while_it_is_put_back_leaves_nothing)
{
	world_answered_call();
	fake_dp_set_up(&world.dp, false);
	fake_dp_set_up(&world.dp, true);
	media_session_free(world.session);
	world.session = NULL;
	world_run(1);
	cr_assert_eq(fake_dp_stream_count(&world.dp), 0);
	cr_assert_eq(world.media->readding, 0);
	cr_assert_eq(world_pool(0).in_use, 0);
}

static struct tg_event source_event(enum tg_event_type type, uint8_t side, const char *from)
{
	struct tg_event event = {.type = type};

	event.source.side = side;
	event.source.count = 3;
	event.source.ssrc = 77;
	cr_assert_eq(tg_addr_parse(&event.source.addr, from), 0);
	return event;
}

static struct media_stream_view view_of(unsigned int i)
{
	struct media_stream_view view;

	cr_assert_eq(media_session_stream(world.session, i, &view), 0);
	return view;
}

Test(events, E9_I7_latches_and_strangers_are_the_streams_history)
{
	struct tg_event latched = source_event(TG_EVENT_LATCHED, 0, "203.0.113.5:62000");
	struct tg_event refused = source_event(TG_EVENT_SOURCE_REFUSED, 1, "192.0.2.66:9");
	const struct history *history;

	world_answered_call();
	cr_assert_null(view_of(0).history);
	fake_dp_event(&world.dp, 0, &latched);
	fake_dp_event(&world.dp, 0, &refused);
	fake_dp_event(&world.dp, 0, &refused);
	history = view_of(0).history;
	cr_assert_eq(history->latches, 1);
	cr_assert(tg_addr_equal(&history_latch_at(history, 0)->to, &latched.source.addr));
	cr_assert_eq(history->sources, 1);
	cr_assert_eq(history->source[0].packets, 6);
	cr_assert_eq(history->source[0].side, 1);
}

static struct tg_event silence_event(enum tg_event_type type, uint8_t side, bool heard)
{
	struct tg_event event = {.type = type};

	event.silence.side = side;
	event.silence.heard = heard;
	event.silence.silent_ms = 5000;
	return event;
}

Test(events, J16_a_silent_side_is_told_with_its_reason)
{
	struct tg_event one = silence_event(TG_EVENT_ONE_WAY, MEDIA_B, false);
	struct tg_event two = silence_event(TG_EVENT_TWO_WAY, MEDIA_B, true);

	world_answered_call();
	world_run(6000);
	fake_dp_event(&world.dp, 0, &one);
	cr_assert(view_of(0).silence.now);
	cr_assert_eq(view_of(0).silence.side, MEDIA_B);
	cr_assert_eq(view_of(0).silence.reason, ONE_WAY_NEVER);
	cr_assert_eq(tg_mono_ms_between(view_of(0).silence.since, media_now(world.media)), 5000);
	fake_dp_event(&world.dp, 0, &two);
	cr_assert_not(view_of(0).silence.now);
	one.silence.heard = true;
	fake_dp_event(&world.dp, 0, &one);
	cr_assert_eq(view_of(0).silence.reason, ONE_WAY_STOPPED);
	cr_assert_eq(view_of(0).silence.times, 2);
	fake_dp_stream(&world.dp, 0)->stats.side[MEDIA_B].unreachable = 1;
	fake_dp_event(&world.dp, 0, &one);
	cr_assert_eq(view_of(0).silence.reason, ONE_WAY_UNREACHABLE);
	cr_assert_eq(media_counters(world.media)->one_way, 3);
	cr_assert_eq(media_counters(world.media)->two_way, 1);
}

Test(events, J16_a_private_address_without_latching_is_suspected)
{
	struct tg_event one = silence_event(TG_EVENT_ONE_WAY, MEDIA_B, false);

	cr_assert_eq(world_offer(MEDIA_A, SDP_A), MEDIA_OK);
	cr_assert_eq(world_answer(MEDIA_B, SDP_HEAD("10.0.0.5") "m=audio 6000 RTP/AVP 8\r\n", true),
		MEDIA_OK);
	fake_dp_event(&world.dp, 0, &one);
	cr_assert_eq(view_of(0).silence.reason, ONE_WAY_PRIVATE_ADDRESS);
	fake_dp_stream(&world.dp, 0)->stats.side[MEDIA_B].drop[TG_SIDE_DROP_PAYLOAD_TYPE] = 9;
	fake_dp_event(&world.dp, 0, &one);
	cr_assert_eq(view_of(0).silence.reason, ONE_WAY_OTHER_TYPE);
	fake_dp_stream(&world.dp, 0)->stats.side[MEDIA_B].drop[TG_SIDE_DROP_SSRC] = 9;
	fake_dp_event(&world.dp, 0, &one);
	cr_assert_eq(view_of(0).silence.reason, ONE_WAY_OTHER_SSRC);
	one.silence.refused = 7;
	fake_dp_event(&world.dp, 0, &one);
	cr_assert_eq(view_of(0).silence.reason, ONE_WAY_OTHER_SOURCE);
}

Test(events, J16_who_is_held_may_be_silent)
{
	struct tg_event one = silence_event(TG_EVENT_ONE_WAY, MEDIA_A, true);

	world_answered_call();
	fake_dp_event(&world.dp, 0, &one);
	cr_assert(view_of(0).silence.now);
	cr_assert_eq(world_offer(MEDIA_B, SDP_B "a=sendonly\r\n"), MEDIA_OK);
	cr_assert_eq(world_answer(MEDIA_A, SDP_A "a=recvonly\r\n", true), MEDIA_OK);
	cr_assert_not(view_of(0).silence.now, "over with the hold");
	fake_dp_event(&world.dp, 0, &one);
	cr_assert_not(view_of(0).silence.now, "sent before the hold");
	cr_assert_eq(media_counters(world.media)->one_way, 1);
}

Test(events, J18_J24_others_that_harm_are_counted)
{
	struct tg_event event = {.type = TG_EVENT_POLICED, .policed = {.dropped = 9, .side = 1}};

	world_answered_call();
	fake_dp_event(&world.dp, 0, &event);
	cr_assert_eq(media_counters(world.media)->policed, 1);
	event = (struct tg_event){.type = TG_EVENT_UNREACHABLE, .unreachable = {.type = 3}};
	fake_dp_event(&world.dp, 0, &event);
	cr_assert_eq(media_counters(world.media)->unreachable, 1);
}

Test(events, J15_a_stream_that_ends_is_rated_by_realm_and_peer)
{
	struct tg_side_stats *side;
	const struct tally_row *row;

	world_answered_call();
	side = &fake_dp_stream(&world.dp, 0)->stats.side[MEDIA_B];
	side->packets = 990;
	side->seq_max_ext = 999;
	side->loss_runs = 10;
	side->payload_type = 8;
	media_session_free(world.session);
	world.session = NULL;
	row = tally_find(media_tally(world.media), "core", "carrier");
	cr_assert_not_null(row);
	cr_assert_eq(row->grade[QUALITY_ACCEPTABLE], 1);
	cr_assert_eq(row->mos_milli_sum / 100, 43);
	cr_assert_eq(tally_find(media_tally(world.media), "access", "")->grade[QUALITY_UNKNOWN], 1);
}

Test(events, I3_I4_news_of_sources_and_of_the_dataplane_are_passed_on)
{
	struct tg_event event = {.type = TG_EVENT_SCANNER, .scanner = {.pattern = 3}};

	world.dp.dp.on_event(world.dp.dp.arg, &event);
	cr_assert_eq(world.source.type, TG_EVENT_SCANNER);
	cr_assert_eq(world.source.scanner.pattern, 3);
	event = (struct tg_event){.type = TG_EVENT_LIMITER_TRIPPED, .limiter = {.dropped = 9}};
	world.dp.dp.on_event(world.dp.dp.arg, &event);
	cr_assert_eq(world.source.type, TG_EVENT_LIMITER_TRIPPED);
	cr_assert_eq(world.source.limiter.dropped, 9);
	fake_dp_set_up(&world.dp, false);
	cr_assert_not(world.attached);
	fake_dp_set_up(&world.dp, true);
	cr_assert(world.attached);
}
