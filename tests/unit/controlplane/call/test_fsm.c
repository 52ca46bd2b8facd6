// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/call/fsm.h"

#include <criterion/criterion.h>

Test(fsm, somebody_thought_about_every_cell)
{
	for (unsigned int s = 0; s < CALL_STATE_COUNT; s++)
		for (unsigned int e = 0; e < CALL_EVENT_COUNT; e++)
			cr_expect_neq(fsm_kind((enum call_state)s, (enum call_event)e),
				CELL_UNDEFINED, "state %u, event %s", s,
				fsm_event_text((enum call_event)e));
}

Test(fsm, what_ends_stays_ended)
{
	for (unsigned int e = 0; e < CALL_EVENT_COUNT; e++)
		cr_expect_eq(fsm_next(CALL_ENDING, (enum call_event)e), CALL_ENDING);
}

Test(fsm, states_only_move_forward)
{
	for (unsigned int s = 0; s < CALL_STATE_COUNT; s++)
		for (unsigned int e = 0; e < CALL_EVENT_COUNT; e++)
			// but to call the next ones when the first have failed
			if (e != CALL_EV_B_NEXT)
				cr_expect_geq(fsm_next((enum call_state)s, (enum call_event)e), s);
}

Test(fsm, the_way_of_a_good_call)
{
	static const struct {
		enum call_state from;
		enum call_event event;
		enum call_state to;
	} way[] = {
		{CALL_OFFERING, CALL_EV_OFFER_READY, CALL_PROCEEDING},
		{CALL_PROCEEDING, CALL_EV_B_PROVISIONAL, CALL_EARLY},
		{CALL_PROCEEDING, CALL_EV_B_ANSWER, CALL_ANSWERED},
		{CALL_EARLY, CALL_EV_B_ANSWER, CALL_ANSWERED},
		{CALL_ANSWERED, CALL_EV_A_ACK, CALL_CONFIRMED},
		{CALL_CONFIRMED, CALL_EV_A_BYE, CALL_ENDING},
		{CALL_CONFIRMED, CALL_EV_B_BYE, CALL_ENDING},
	};

	for (size_t i = 0; i < sizeof(way) / sizeof(way[0]); i++)
		cr_expect_eq(fsm_next(way[i].from, way[i].event), way[i].to, "step %zu", i);
}

Test(fsm, every_live_state_can_be_hung_up)
{
	for (unsigned int s = 0; s < CALL_STATE_COUNT; s++)
		cr_expect_eq(fsm_next((enum call_state)s, CALL_EV_HANGUP), CALL_ENDING);
}
