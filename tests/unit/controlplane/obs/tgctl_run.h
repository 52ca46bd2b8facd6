// SPDX-License-Identifier: BSD-3-Clause
// tgctl, run as its user runs it, against the stage's socket.
#pragma once

#include <jansson.h>

extern char tgctl_output[65536]; // of the last run: what it printed, errors too

// Returns its exit status.
int tgctl_run(const char *args);
// Asserts its exit status, and that it printed what.
void tgctl_says(int status, const char *args, const char *what);
// Asserts that it succeeds with --json; the caller owns the answer.
json_t *tgctl_json(const char *args);
