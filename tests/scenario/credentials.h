// SPDX-License-Identifier: BSD-3-Clause
// The steps about who may register: users, and what a phone answers to a challenge.
#pragma once

#include "tests/scenario/script.h"
#include "tests/scenario/world.h"

void step_users(struct world *w, const struct step *step);
void step_digest(struct world *w, const struct step *step);
