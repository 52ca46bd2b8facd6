// SPDX-License-Identifier: BSD-3-Clause
// Any order of offers, answers, losses and hang-ups, with any SDP: each operation is told of once, and
// when the call is gone no stream, port or timer is left.
//
// Steps end with a NUL. The first character says what is done, the rest is an SDP:
//	A B offer   a b early answer   y z final answer   c confirmation   r refused offer
//	R S another caller, another callee takes its place
//	f the next command fails   d u the dataplane goes, comes   i a stream is idle   m moves
//	t time passes   p the dataplane pauses   g it goes on
#include <errno.h>
#include <stdlib.h>

#include "controlplane/media/session.h"
#include "tests/mock/fake_dp.h"

static const char yaml[] = "realms:\n"
			   "  - name: access\n"
			   "    sip: [{address: \"192.0.2.1:5060\"}]\n"
			   "    media: [{address: \"192.0.2.1\", ports: \"10000-10007\"}]\n"
			   "    rtcp_mux: on\n"
			   "    codecs: {deny: [G729], order: [PCMA]}\n"
			   "  - name: core\n"
			   "    codecs: {deny: [GSM]}\n"
			   "    unknown_media: pass\n"
			   "    sip: [{address: \"198.51.100.1:5060\"}]\n"
			   "    media: [{address: \"198.51.100.1\", ports: \"20000-20019\"}]\n";

static struct conf *conf;
static struct fake_dp dp;
static struct timer_wheel *wheel;
static struct media *media;
static struct media_session *session;
static unsigned int asked, told;

static void on_ready(
	void * /*arg*/, uint64_t call, uint32_t tag, enum media_failure failure, struct str sdp)
{
	if (call != 1 || tag != told || (failure != MEDIA_OK && !str_is_none(sdp)))
		abort();
	told++;
}

static void on_lost_or_idle(void * /*arg*/, uint64_t /*call*/)
{
	media_session_free(session);
	session = NULL;
}

static void on_attach(void *, bool)
{
}

static void on_source(void *, const struct tg_event *)
{
}

static const struct media_user user = {.on_ready = on_ready,
	.on_attach = on_attach,
	.on_source = on_source,
	.on_idle = on_lost_or_idle,
	.on_lost = on_lost_or_idle};

static void set_up(void)
{
	struct media_params params = {.dp = &dp.dp, .user = &user, .sessions_max = 4};
	struct conf_error err;

	if (conf_parse(&conf, str_from(yaml), "fuzz.yaml", &err) < 0)
		abort();
	wheel = params.wheel = timer_wheel_new((struct tg_mono){TG_NS_PER_S});
	fake_dp_init(&dp);
	media = media_new(&params);
	if (media == NULL || media_configure(media, conf) < 0)
		abort();
}

static void pass_ms(uint64_t ms)
{
	fake_dp_run(&dp);
	timer_wheel_advance(wheel, tg_mono_add_ms(timer_wheel_now(wheel), ms));
	fake_dp_run(&dp);
}

static void move(const char *sdp_at, size_t len)
{
	struct tg_ip ip = tg_ip_v4(htonl(0xcb007100 | (len != 0 ? (uint8_t)sdp_at[0] : 0)));

	media_session_set_signalling(session, MEDIA_A, &ip);
}

static void happen(char what, struct str sdp)
{
	struct tg_event event = {.type = TG_EVENT_MEDIA_IDLE};

	switch (what) {
	case 'f':
		dp.fail_next = sdp.len % 2 != 0 ? -EADDRINUSE : -ENOSPC;
		break;
	case 'd':
	case 'u':
		fake_dp_set_up(&dp, what == 'u');
		break;
	case 'i':
		fake_dp_event(&dp, sdp.len != 0 ? (unsigned int)sdp.at[0] % 4 : 0, &event);
		break;
	case 't':
		pass_ms(sdp.len * 100);
		break;
	case 'p':
	case 'g':
		dp.paused = what == 'p';
		break;
	}
}

static struct media_leg leg_of(uint8_t realm)
{
	return (struct media_leg){.realm = realm,
		.latch = realm == 0 ? TG_LATCH_SIGNALLING : TG_LATCH_OFF,
		.rule = &conf->realms[realm].media_rule};
}

static void retarget(enum media_side side, uint8_t realm)
{
	struct media_leg leg = leg_of(realm);

	if (media_session_retarget(session, side, &leg) == -ENOMEM)
		abort();
}

// Whoever asks gets an SDP that can be read, or none.
static void ask(void)
{
	static struct sdp sdp;

	for (unsigned int side = 0; side < 2; side++) {
		struct str sent = media_session_sent(session, side);
		int rc = str_is_none(sent) ? 0 : sdp_parse(&sdp, sent);
		struct str heard;

		// What we add may make it too large for us to read.
		if (rc < 0 && rc != -E2BIG)
			abort();
		heard = media_session_heard(session, side);
		if (!str_is_none(heard) && sdp_parse(&sdp, heard) < 0)
			abort();
	}
}

static void take_step(char what, struct str sdp)
{
	happen(what, sdp);
	if (session == NULL)
		return;
	switch (what) {
	case 'A':
	case 'B':
		media_offer(session, what == 'A' ? MEDIA_A : MEDIA_B, sdp, asked++);
		break;
	case 'a':
	case 'b':
		media_answer(session, what == 'a' ? MEDIA_A : MEDIA_B, sdp, false, asked++);
		break;
	case 'y':
	case 'z':
		media_answer(session, what == 'y' ? MEDIA_A : MEDIA_B, sdp, true, asked++);
		break;
	case 'c':
		media_confirm(session, asked++);
		break;
	case 'r':
		media_offer_refused(session);
		break;
	case 'R':
	case 'S':
		retarget(what == 'R' ? MEDIA_A : MEDIA_B, sdp.len % 2);
		break;
	case 'm':
		move(sdp.at, sdp.len);
		break;
	}
	if (told > asked)
		abort();
	ask();
	if (sdp.len % 3 != 0)
		pass_ms(2);
}

static void begin_call(void)
{
	struct media_session_params params = {
		.call = 1,
		.leg = {leg_of(0), leg_of(1)},
		.idle_ms = 1000,
	};

	asked = told = 0;
	if (media_session_new(&session, media, &params) < 0)
		abort();
}

static void end_call(void)
{
	struct media_pool_view pool;
	unsigned int cursor = 0;

	dp.paused = false;
	dp.fail_next = 0;
	fake_dp_set_up(&dp, true);
	if (session != NULL) {
		for (unsigned int i = 0; session != NULL && i <= asked; i++)
			pass_ms(2);
		// It may have been lost just now.
		if (session != NULL && told != asked)
			abort();
	}
	media_session_free(session);
	session = NULL;
	pass_ms(100);
	if (fake_dp_stream_count(&dp) != 0 || media_counters(media)->streams != 0
		|| timer_wheel_count(wheel) != 0)
		abort();
	while (media_pool_next(media, &cursor, &pool)) {
		if (pool.in_use != 0)
			abort();
	}
	pass_ms(100000);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct str left = str_of(data, len);

	if (media == NULL)
		set_up();
	begin_call();
	while (left.len != 0) {
		struct str step = str_cut(&left, '\0');

		if (step.len != 0)
			take_step(step.at[0], str_of(step.at + 1, step.len - 1));
	}
	end_call();
	return 0;
}
