// SPDX-License-Identifier: BSD-3-Clause
// Draws the messages of a call as a SIP ladder: leg A | tidegate | leg B.
#pragma once

#include <stdio.h>

#include <jansson.h>

// messages is the array of the answer to "trace". With verbose every message follows in full.
void ladder_print(FILE *out, const json_t *messages, unsigned int width, int verbose);
