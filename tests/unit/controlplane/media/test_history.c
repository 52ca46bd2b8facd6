// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/media/history.h"

#include <criterion/criterion.h>

static struct tg_event_source event(unsigned int port, uint32_t count)
{
	struct tg_event_source e = {
		.ssrc = port, .side = 1, .count = count, .reason = TG_LATCHED_CONTINUED};

	cr_assert_eq(tg_addr_parse(&e.addr, "192.0.2.1:1"), 0);
	e.previous = e.addr;
	e.addr.port = (uint16_t)port;
	return e;
}

static struct tg_mono at(unsigned int s)
{
	return (struct tg_mono){s * TG_NS_PER_S};
}

Test(history, E9_the_last_latches_are_kept_in_order)
{
	struct history h = {0};

	cr_assert_null(history_latch_at(&h, 0));
	for (unsigned int i = 1; i <= HISTORY_LATCHES + 3; i++) {
		struct tg_event_source e = event(i, 0);
		unsigned int kept = i < HISTORY_LATCHES ? i : HISTORY_LATCHES;

		history_add_latch(&h, at(i), &e);
		cr_assert_eq(h.latches, i);
		cr_assert_null(history_latch_at(&h, kept));
		for (unsigned int n = 0; n < kept; n++) {
			const struct history_latch *latch = history_latch_at(&h, n);

			cr_assert_eq(latch->to.port, i - kept + 1 + n);
			cr_assert_eq(latch->when.ns, at(i - kept + 1 + n).ns);
			cr_assert_eq(latch->from.port, 1);
			cr_assert_eq(latch->ssrc, latch->to.port);
			cr_assert_eq(latch->side, 1);
			cr_assert_eq(latch->reason, TG_LATCHED_CONTINUED);
		}
	}
}

Test(history, E9_refused_sources_are_summed_and_the_quietest_gives_way)
{
	struct history h = {0};
	struct tg_event_source e = event(1, 5);

	history_add_source(&h, at(1), &e);
	history_add_source(&h, at(20), &e);
	cr_assert_eq(h.sources, 1);
	cr_assert_eq(h.source[0].packets, 10);
	cr_assert_eq(h.source[0].last.ns, at(20).ns);
	e.side = 0;
	history_add_source(&h, at(3), &e);
	cr_assert_eq(h.sources, 2, "of another side");
	for (unsigned int i = 2; i < HISTORY_SOURCES; i++) {
		e = event(i, 1);
		history_add_source(&h, at(10 + i), &e);
	}
	cr_assert_eq(h.sources, HISTORY_SOURCES);
	e = event(99, 7);
	history_add_source(&h, at(30), &e);
	cr_assert_eq(h.sources, HISTORY_SOURCES);
	cr_assert_eq(h.source[1].addr.port, 99, "in place of the quietest");
	cr_assert_eq(h.source[1].packets, 7);
	cr_assert_eq(h.source[0].packets, 10);
}

Test(history, reasons_have_names)
{
	cr_assert_str_eq(history_reason_label(TG_LATCHED_FIRST), "first");
	cr_assert_str_eq(history_reason_label(TG_LATCHED_RENEGOTIATED), "renegotiated");
	cr_assert_str_eq(history_reason_label(200), "unknown");
}
