// SPDX-License-Identifier: BSD-3-Clause
#include "tests/unit/controlplane/call/applicant.h"

#include <criterion/criterion.h>

void applicant_init(struct applicant *a)
{
	rig_init(&a->rig);
	a->arena = arena_new(1 << 16);
}

void applicant_fini(struct applicant *a)
{
	arena_free(a->arena);
	rig_fini(&a->rig);
}

struct admission *applicant_says(struct applicant *a, enum rig_who who, const char *text)
{
	arena_reset(a->arena);
	cr_assert_eq(sip_msg_parse(&a->msg, a->arena, str_from(text)), SIP_FAULT_NONE, "%s", text);
	a->request = (struct request){
		.engine = a->rig.engine, .flow = &a->rig.flow[who], .msg = &a->msg};
	a->admission = (struct admission){.r = &a->request, .conf = a->rig.engine->conf};
	return &a->admission;
}
