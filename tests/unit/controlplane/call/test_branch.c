// SPDX-License-Identifier: BSD-3-Clause
// Which of many finals the caller gets, and whom is called when.
#include "controlplane/call/branch.h"

#include <criterion/criterion.h>
#include <stdlib.h>

#include "controlplane/call/call_int.h"
#include "tests/unit/controlplane/call/rig.h"

static struct kept *kept_of(uint16_t status, struct sip_hdr *hdr, unsigned int count)
{
	struct kept *kept = calloc(1, sizeof(*kept));

	kept->msg.status = status;
	kept->msg.hdr = hdr;
	kept->msg.hdr_count = count;
	return kept;
}

static void refuse(struct call *call, uint16_t status, struct kept *kept)
{
	struct refusal **end = &call->refusals;
	struct refusal *r = calloc(1, sizeof(*r));

	r->status = status;
	r->kept = kept;
	while (*end != NULL)
		end = &(*end)->next;
	*end = r;
}

Test(branch, C43_the_best_of_two)
{
	static const struct {
		uint16_t first, second, best;
	} cases[] = {
		{486, 603, 603},
		{302, 600, 600},
		{486, 302, 302},
		{500, 486, 486},
		{486, 404, 486}, // the first of equal ones
		{404, 407, 407},
		{484, 401, 484},
		{408, 404, 404},
		{503, 408, 408},
		{404, 420, 420},
		{404, 415, 415},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct call call = {0};

		refuse(&call, cases[i].first, kept_of(cases[i].first, NULL, 0));
		refuse(&call, cases[i].second, kept_of(cases[i].second, NULL, 0));
		cr_expect_eq(branch_best(&call)->status, cases[i].best, "case %zu", i);
		branch_forget(&call);
		cr_expect_null(branch_best(&call));
	}
}

Test(branch, C43_what_was_not_received_is_no_final)
{
	struct call call = {0};

	refuse(&call, 408, NULL);
	cr_expect_null(branch_best(&call));
	refuse(&call, 486, kept_of(486, NULL, 0));
	cr_expect_eq(branch_best(&call)->status, 486);
	branch_forget(&call);
}

Test(branch, C43_challenges_of_all_but_no_more_than_fit)
{
	struct sip_hdr www[2] = {{.id = SIP_HDR_WWW_AUTHENTICATE, .value = STR("a")},
		{.id = SIP_HDR_WWW_AUTHENTICATE, .value = STR("b")}};
	struct sip_hdr proxy[2] = {{.id = SIP_HDR_REASON, .value = STR("x")},
		{.id = SIP_HDR_PROXY_AUTHENTICATE, .value = STR("c")}};
	struct sip_extra extra[3];
	struct call call = {0};

	refuse(&call, 401, kept_of(401, www, 2));
	refuse(&call, 408, NULL);
	refuse(&call, 407, kept_of(407, proxy, 2));
	cr_expect_eq(branch_challenges(&call, extra, 3, 404), 0);
	cr_expect_eq(branch_challenges(&call, extra, 3, 401), 3);
	cr_expect_eq(extra[2].id, SIP_HDR_PROXY_AUTHENTICATE);
	cr_expect(str_equal(extra[2].value, STR("c")));
	cr_expect_eq(branch_challenges(&call, extra, 2, 407), 2);
	branch_forget(&call);
}

Test(branch, C42_no_other_once_the_caller_has_an_offer)
{
	struct call call = {.hunt = {.count = 2, .next = 1}};

	cr_expect(branch_has_more(&call));
	call.settled = 7;
	cr_expect(branch_has_more(&call));
	call.is_late = true;
	cr_expect_not(branch_has_more(&call));
	call.settled = 0;
	cr_expect(branch_has_more(&call));
	call.hunt.next = 2;
	cr_expect_not(branch_has_more(&call));
}

Test(branch, C41_C42_together_or_in_turn)
{
	static struct rig rig;

	rig_init(&rig);
	rig.number = "711";
	rig_invite_as(&rig, RIG_PHONE, "", RIG_SDP_PHONE);
	rig_expect(&rig, RIG_CARRIER, "INVITE ");
	rig_expect(&rig, RIG_SECOND, "INVITE ");
	rig_expect(&rig, RIG_THIRD, "INVITE ");
	// the third has the one call that it may have
	rig.number = "721";
	rig.call_id = "b";
	rig_invite_as(&rig, RIG_PHONE, "", RIG_SDP_PHONE);
	rig_expect(&rig, RIG_CARRIER, "INVITE ");
	rig_expect_none(&rig, RIG_SECOND);
	rig_respond(&rig, "500 No", "ctag", "", NULL);
	rig_expect(&rig, RIG_SECOND, "INVITE ");
	rig_confirm(&rig, RIG_SECOND, "486 Busy");
	rig_expect_none(&rig, RIG_THIRD);
	cr_expect_eq(rig_calls(&rig), 1);
	cr_expect_eq(rig_ended(&rig, CALL_CAUSE_REFUSED), 1);
	rig_fini(&rig);
}
