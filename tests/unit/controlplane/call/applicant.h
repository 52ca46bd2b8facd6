// SPDX-License-Identifier: BSD-3-Clause
// A request outside of dialogs that asks to be taken up, before anything was done about it: beside the rig,
// whose engine it stands before.
#pragma once

#include "controlplane/call/admission.h"
#include "controlplane/call/call_int.h"
#include "tests/unit/controlplane/call/rig.h"

struct applicant {
	struct rig rig;
	struct arena *arena;
	struct sip_msg msg;
	struct request request;
	struct admission admission;
};

void applicant_init(struct applicant *a);
void applicant_fini(struct applicant *a);
// Another message of who, a whole one. Returns &a->admission, not judged yet.
struct admission *applicant_says(struct applicant *a, enum rig_who who, const char *text);
