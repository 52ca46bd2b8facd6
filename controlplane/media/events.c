// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/media/media_int.h"

#include <inttypes.h>

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

static void log_source(enum log_level level, const char *what, const struct stream *s,
	const struct tg_event_source *source)
{
	char text[TG_ADDR_TEXT_BYTES];

	LOG(level, what, "call=%" PRIu64 " side=%c component=%s source=%s ssrc=%08x",
		s->session->call, source->side == 0 ? 'a' : 'b',
		source->component == TG_RTP ? "rtp" : "rtcp", tg_addr_write(&source->addr, text),
		source->ssrc);
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
			log_source(LOG_DEBUG, "media-latched", s, &event->source);
		return;
	case TG_EVENT_SOURCE_REFUSED:
		counter_add(&media->counters.sources_refused, 1);
		if (s != NULL)
			log_source(LOG_INFO, "media-source-refused", s, &event->source);
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
		return;
	case TG_EVENT_STREAM_EXPIRED:
		counter_add(&media->counters.expired, 1);
		return;
	case TG_EVENT_ONE_WAY:
	case TG_EVENT_TWO_WAY:
	case TG_EVENT_POLICED:
	case TG_EVENT_UNREACHABLE:
	case TG_EVENT_SCANNER:
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

	if (!attached) {
		outbox_fail(&media->outbox);
		mark_lost(media);
		return;
	}
	media->readd_cursor = 0;
	if (media->conf != NULL && dp_config_send(media) < 0)
		return;
	events_readd(media);
}
