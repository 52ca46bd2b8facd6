// SPDX-License-Identifier: BSD-3-Clause
// The steps about connections; README.md beside this file tells them.
#pragma once

#include "tests/scenario/script.h"
#include "tests/scenario/world.h"

void step_connect(struct world *w, const struct step *step); // also refused
void step_close(struct world *w, const struct step *step);   // also reset
void step_closed(struct world *w, const struct step *step);
void step_door(struct world *w, const struct step *step);
void step_split(struct world *w, const struct step *step);
void step_pong(struct world *w, const struct step *step);
