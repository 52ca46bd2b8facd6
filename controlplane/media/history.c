// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/media/history.h"

#include <stddef.h>

void history_add_latch(
	struct history *history, struct tg_mono when, const struct tg_event_source *event)
{
	history->latch[history->latches++ % HISTORY_LATCHES] = (struct history_latch){
		.when = when,
		.from = event->previous,
		.to = event->addr,
		.ssrc = event->ssrc,
		.side = event->side,
		.component = event->component,
		.reason = event->reason,
	};
}

// The one it was before, or a free one, or the one that was quiet for longest.
static struct history_source *place_for(
	struct history *history, const struct tg_event_source *event)
{
	struct history_source *oldest = &history->source[0];

	for (unsigned int i = 0; i < history->sources; i++) {
		struct history_source *s = &history->source[i];

		if (tg_addr_equal(&s->addr, &event->addr) && s->side == event->side
			&& s->component == event->component)
			return s;
		if (s->last.ns < oldest->last.ns)
			oldest = s;
	}
	if (history->sources < HISTORY_SOURCES)
		oldest = &history->source[history->sources++];
	*oldest = (struct history_source){
		.addr = event->addr, .side = event->side, .component = event->component};
	return oldest;
}

void history_add_source(
	struct history *history, struct tg_mono when, const struct tg_event_source *event)
{
	struct history_source *s = place_for(history, event);

	s->packets += event->count;
	s->last = when;
}

const struct history_latch *history_latch_at(const struct history *history, unsigned int n)
{
	unsigned int kept = history->latches < HISTORY_LATCHES ? history->latches : HISTORY_LATCHES;

	if (n >= kept)
		return NULL;
	return &history->latch[(history->latches - kept + n) % HISTORY_LATCHES];
}

const char *history_reason_label(uint8_t reason)
{
	static const char *const labels[] = {
		[TG_LATCHED_FIRST] = "first",
		[TG_LATCHED_RENEGOTIATED] = "renegotiated",
		[TG_LATCHED_CONTINUED] = "continued",
	};

	return reason < sizeof(labels) / sizeof(labels[0]) ? labels[reason] : "unknown";
}
