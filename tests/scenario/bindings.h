// SPDX-License-Identifier: BSD-3-Clause
// Steps that put phones where a REGISTER would (README.md).
#pragma once

#include "tests/scenario/script.h"
#include "tests/scenario/world.h"

void step_bind(struct world *w, const struct step *step);
void step_unbind(struct world *w, const struct step *step);
void step_gruu(struct world *w, const struct step *step);
// The last REGISTER of an address as tgctl would show it.
void step_attempt(struct world *w, const struct step *step);
void step_token(struct world *w, const struct step *step);
