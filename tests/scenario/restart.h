// SPDX-License-Identifier: BSD-3-Clause
// Steps that end the control plane and start it again (README.md), and what it finds then.
#pragma once

#include "tests/scenario/script.h"
#include "tests/scenario/world.h"

void step_store(struct world *w, const struct step *step);
void step_restart(struct world *w, const struct step *step);

// Of none: NULL.
struct store *lasting_store(const struct lasting *lasting);
const uint8_t *lasting_secret(const struct lasting *lasting);
// Removes its files. NULL is legal.
void lasting_free(struct lasting *lasting);
