// SPDX-License-Identifier: BSD-3-Clause
// Dialogs that follow a phone.
#include "controlplane/call/tie.h"

#include <criterion/criterion.h>

#include "controlplane/call/call_int.h"
#include "tests/unit/controlplane/call/rig.h"

static struct rig rig;
static struct dialog dialogs[3];
static struct tie ties[3];

Test(tie, E22_all_that_are_tied_follow_and_no_others)
{
	struct binding said;

	rig_init(&rig);
	said = rig_binding(&rig, RIG_PHONE, "sip:61@192.168.1.20");
	said.id = rig_bind(&rig, "61@example.com", &said);
	for (unsigned int i = 0; i < 3; i++)
		dialogs[i].flow = said.flow;
	tie_to(&ties[0], rig.engine, &dialogs[0], said.id);
	tie_to(&ties[1], rig.engine, &dialogs[1], said.id);
	tie_to(&ties[2], rig.engine, &dialogs[2], said.id + 1);
	tie_to(&ties[2], rig.engine, &dialogs[2], said.id);
	cr_expect_eq(tie_binding(&ties[0]), said.id);
	cr_expect_eq(tie_binding(&ties[2]), said.id + 1, "it is tied already");
	tie_cut(&ties[1], rig.engine);
	cr_expect_eq(tie_binding(&ties[1]), 0);
	tie_cut(&ties[1], rig.engine);
	said.flow.remote.port = 41001;
	cr_assert_eq(rig_bind(&rig, "61@example.com", &said), said.id);
	cr_expect_eq(dialogs[0].flow.remote.port, 41001);
	cr_expect_eq(dialogs[1].flow.remote.port, 40001);
	cr_expect_eq(dialogs[2].flow.remote.port, 40001);
	said.flow = rig.flow[RIG_CARRIER];
	cr_assert_eq(rig_bind(&rig, "61@example.com", &said), said.id);
	cr_expect_eq(dialogs[0].flow.remote.port, 41001, "not into another realm");
	location_remove(engine_location(rig.engine), said.id, LOCATION_EXPIRED);
	cr_expect_eq(dialogs[0].flow.remote.port, 41001, "the last flow stays");
	tie_cut(&ties[0], rig.engine);
	tie_cut(&ties[2], rig.engine);
	cr_expect_eq(rig.engine->knots.count, 0);
	rig_fini(&rig);
}

Test(tie, E22_who_asks_is_tied_to_its_own_binding_by_flow)
{
	struct binding said, other;

	rig_init(&rig);
	said = rig_binding(&rig, RIG_PHONE, "sip:61@192.168.1.20");
	other = rig_binding(&rig, RIG_PBX, "sip:62@203.0.113.50");
	said.id = rig_bind(&rig, "61@example.com", &said);
	other.id = rig_bind(&rig, "62@example.com", &other);
	dialogs[0].flow = said.flow;
	dialogs[0].remote = STR("<sip:62@EXAMPLE.com>");
	tie_to_asker(&ties[0], rig.engine, &dialogs[0]);
	cr_expect_eq(tie_binding(&ties[0]), said.id, "whatever From says, it comes from there");
	dialogs[1].flow = said.flow;
	dialogs[1].flow.remote.port++;
	dialogs[1].remote = STR("<sip:61@example.com>");
	tie_to_asker(&ties[1], rig.engine, &dialogs[1]);
	cr_expect_eq(tie_binding(&ties[1]), 0, "From alone proves nothing");
	tie_cut(&ties[0], rig.engine);
	rig_fini(&rig);
}
