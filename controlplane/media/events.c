// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/media/media_int.h"

#include <inttypes.h>
#include <stdlib.h>

#include "controlplane/base/log.h"
#include "controlplane/base/metrics.h"

#define READD_WINDOW 256 // streams on their way back at a time

static struct stream *stream_of(const struct media *media, const struct tg_event *event)
{
	struct stream *s = idpool_find(media->streams, event->cookie);

	// The cookie may be of an earlier control plane.
	if (s == NULL || s->session == NULL || s->ref.index != event->ref.index
		|| s->ref.generation != event->ref.generation)
		return NULL;
	return s;
}

static char leg_of(uint8_t side)
{
	return side == MEDIA_A ? 'a' : 'b';
}

static const char *component_of(uint8_t component)
{
	return component == TG_RTP ? "rtp" : "rtcp";
}

static void log_source(enum log_level level, const char *what, const struct stream *s,
	const struct tg_event_source *source)
{
	char text[TG_ADDR_TEXT_BYTES];

	LOG(level, what, "call=%" PRIu64 " side=%c component=%s source=%s ssrc=%08x",
		s->session->call, leg_of(source->side), component_of(source->component),
		tg_addr_write(&source->addr, text), source->ssrc);
}

// Every stream in use is open both ways and was reported idle within its last idle time: what is
// held may be silent (C20), and one talking stream keeps the call.
static bool is_idle(const struct media_session *session, uint64_t now_ms)
{
	unsigned int idle = 0;

	for (unsigned int i = 0; i < session->line_count; i++) {
		const struct stream *s = session->line[i].stream;

		if (s == NULL)
			continue;
		if (!s->both_ways || s->idle_until_ms <= now_ms)
			return false;
		idle++;
	}
	return session->answered && idle != 0;
}

static void on_media_idle(struct media *media, struct stream *s)
{
	const struct media_user *user = media->params.user;
	uint64_t now_ms = tg_mono_ms(media_now(media));

	// The report repeats each idle time; half of one is grace for its way.
	s->idle_until_ms = now_ms + s->session->idle_ms + s->session->idle_ms / 2;
	if (!is_idle(s->session, now_ms))
		return;
	counter_add(&media->counters.idle, 1);
	user->on_idle(user->arg, s->session->call);
}

static struct history *history_of(struct stream *s)
{
	if (s->history == NULL)
		s->history = calloc(1, sizeof(*s->history));
	return s->history;
}

static void on_latched(struct media *media, struct stream *s, const struct tg_event_source *source)
{
	struct history *history = history_of(s);

	if (history != NULL)
		history_add_latch(history, media_now(media), source);
	log_source(LOG_DEBUG, "media-latched", s, source);
}

static void on_refused(struct media *media, struct stream *s, const struct tg_event_source *source)
{
	struct history *history = history_of(s);

	if (history != NULL)
		history_add_source(history, media_now(media), source);
	log_source(LOG_INFO, "media-source-refused", s, source);
}

static enum one_way_reason guess(const struct stream *s, const struct tg_event_silence *silence)
{
	const struct dp *dp = s->session->media->params.dp;
	const struct tg_side_spec *spec = &s->spec.side[silence->side];
	struct tg_stream_stats stats;
	const struct tg_side_stats *side = &stats.side[silence->side];

	if (dp->stats(dp, s->ref, &stats) < 0)
		stats = (struct tg_stream_stats){0};
	return one_way_guess(&(struct one_way_facts){
		.heard = silence->heard != 0,
		.unreachable = side->unreachable != 0,
		.refused = silence->refused,
		.other_ssrc = side->drop[TG_SIDE_DROP_SSRC],
		.other_type = side->drop[TG_SIDE_DROP_PAYLOAD_TYPE],
		.private = tg_ip_is_private(&spec->remote[TG_RTP].ip),
		.latches = spec->latch == TG_LATCH_SIGNALLING || spec->latch == TG_LATCH_ANY,
	});
}

static struct tg_mono ago(struct tg_mono now, uint64_t ms)
{
	return (struct tg_mono){now.ns > ms * TG_NS_PER_MS ? now.ns - ms * TG_NS_PER_MS : 0};
}

static void on_one_way(
	struct media *media, struct stream *s, const struct tg_event_silence *silence)
{
	const struct tg_side_spec *spec = &s->spec.side[silence->side];
	char local[TG_ADDR_TEXT_BYTES], remote[TG_ADDR_TEXT_BYTES];

	// It was put on hold while the report was on its way.
	if (!s->both_ways)
		return;
	counter_add(&media->counters.one_way, 1);
	s->silence.now = true;
	s->silence.side = silence->side;
	s->silence.reason = guess(s, silence);
	s->silence.since = ago(media_now(media), silence->silent_ms);
	s->silence.times++;
	LOG(LOG_WARN, "media-one-way",
		"call=%" PRIu64 " silent=%c for_ms=%u local=%s remote=%s heard=%s refused=%" PRIu64
		" reason=%s text=\"%s\"",
		s->session->call, leg_of(silence->side), silence->silent_ms,
		tg_addr_write(&spec->local, local), tg_addr_write(&spec->remote[TG_RTP], remote),
		silence->heard ? "before" : "never", silence->refused,
		one_way_label(s->silence.reason), one_way_text(s->silence.reason));
}

static void on_two_way(
	struct media *media, struct stream *s, const struct tg_event_silence *silence)
{
	if (!s->silence.now)
		return;
	counter_add(&media->counters.two_way, 1);
	s->silence.now = false;
	LOG(LOG_INFO, "media-two-way", "call=%" PRIu64 " heard=%c after_ms=%" PRIu64,
		s->session->call, leg_of(silence->side),
		tg_mono_ms_between(s->silence.since, media_now(media)));
}

static void on_policed(const struct stream *s, const struct tg_event_policed *policed)
{
	char text[TG_ADDR_TEXT_BYTES];

	LOG(LOG_WARN, "media-policed", "call=%" PRIu64 " side=%c source=%s dropped=%u over=%s",
		s->session->call, leg_of(policed->side), tg_addr_write(&policed->addr, text),
		policed->dropped, policed->by_bytes ? "bytes" : "packets");
}

static void on_unreachable(const struct stream *s, const struct tg_event_unreachable *u)
{
	char remote[TG_ADDR_TEXT_BYTES], told_by[TG_IP_TEXT_BYTES];

	LOG(LOG_WARN, "media-unreachable",
		"call=%" PRIu64 " side=%c component=%s remote=%s told_by=%s icmp_type=%u "
		"icmp_code=%u",
		s->session->call, leg_of(u->side), component_of(u->component),
		tg_addr_write(&u->remote, remote), tg_ip_write(&u->told_by.ip, told_by), u->type,
		u->code);
}

static void on_limiter(struct media *media, const struct tg_event_limiter *limiter)
{
	char text[TG_ADDR_TEXT_BYTES];

	counter_add(&media->counters.limiter_trips, 1);
	LOG(LOG_WARN, "sip-source-limited", "source=%s dropped=%u",
		tg_addr_write(&limiter->addr, text), limiter->dropped);
}

void events_on_event(void *arg, const struct tg_event *event)
{
	struct media *media = arg;
	struct stream *s = stream_of(media, event);

	switch ((enum tg_event_type)event->type) {
	case TG_EVENT_COMPLETION:
		return;
	case TG_EVENT_LATCHED:
		counter_add(&media->counters.latches, 1);
		if (s != NULL)
			on_latched(media, s, &event->source);
		return;
	case TG_EVENT_SOURCE_REFUSED:
		counter_add(&media->counters.sources_refused, 1);
		if (s != NULL)
			on_refused(media, s, &event->source);
		return;
	case TG_EVENT_MEDIA_IDLE:
		if (s != NULL)
			on_media_idle(media, s);
		return;
	case TG_EVENT_SSRC_CHANGED:
		counter_add(&media->counters.ssrc_changes, 1);
		return;
	case TG_EVENT_LIMITER_TRIPPED:
		on_limiter(media, &event->limiter);
		media->params.user->on_source(media->params.user->arg, event);
		return;
	case TG_EVENT_SCANNER:
		media->params.user->on_source(media->params.user->arg, event);
		return;
	case TG_EVENT_STREAM_EXPIRED:
		counter_add(&media->counters.expired, 1);
		return;
	case TG_EVENT_ONE_WAY:
		if (s != NULL && event->silence.side <= MEDIA_B)
			on_one_way(media, s, &event->silence);
		return;
	case TG_EVENT_TWO_WAY:
		if (s != NULL)
			on_two_way(media, s, &event->silence);
		return;
	case TG_EVENT_POLICED:
		counter_add(&media->counters.policed, 1);
		if (s != NULL)
			on_policed(s, &event->policed);
		return;
	case TG_EVENT_UNREACHABLE:
		counter_add(&media->counters.unreachable, 1);
		if (s != NULL)
			on_unreachable(s, &event->unreachable);
		return;
	}
}

void events_lost(struct media_session *session)
{
	const struct media_user *user = session->media->params.user;

	if (session->lost)
		return;
	session->lost = true;
	user->on_lost(user->arg, session->call);
}

void events_readd(struct media *media)
{
	struct media_session *session;

	if (!media_is_attached(media))
		return;
	while (media->readding < READD_WINDOW
		&& (session = idpool_next(media->sessions, &media->readd_cursor)) != NULL) {
		for (unsigned int i = 0; i < session->line_count; i++) {
			struct stream *s = session->line[i].stream;

			if (s != NULL && s->state == STREAM_LOST)
				stream_readd(s);
		}
	}
}

static void mark_lost(struct media *media)
{
	struct media_session *session;
	uint32_t cursor = 0;

	while ((session = idpool_next(media->sessions, &cursor)) != NULL) {
		session->lost = false;
		for (unsigned int i = 0; i < session->line_count; i++) {
			struct stream *s = session->line[i].stream;

			if (s != NULL && s->state == STREAM_LIVE)
				s->state = STREAM_LOST;
		}
	}
}

void events_on_attach(void *arg, bool attached)
{
	struct media *media = arg;
	const struct media_user *user = media->params.user;

	if (!attached) {
		outbox_fail(&media->outbox);
		mark_lost(media);
		user->on_attach(user->arg, false);
		return;
	}
	media->readd_cursor = 0;
	if (media->conf != NULL && dp_config_send(media) < 0)
		return;
	user->on_attach(user->arg, true);
	events_readd(media);
}
