// SPDX-License-Identifier: BSD-3-Clause
// Takes up a changed configuration file while calls run (behaviour L1): all of it or nothing.
#pragma once

#include <jansson.h>

#include "controlplane/conf/conf.h"

struct obs;

// text says what is wrong, or is NULL when the signalling thread has taken the new configuration up.
// Management thread.
typedef void reload_done_h(void *arg, const char *text);

// Reads the file the process was started with, checks it, publishes it and has the engine take it
// up. A file with a fault changes nothing. One reload at a time. done runs once; it may run before
// this returns. Management thread.
void reload_start(struct obs *obs, reload_done_h *done, void *arg);
// The same, for SIGHUP: what happened goes to the log.
void reload_on_signal(struct obs *obs);
// Names of the settings in which now differs from what the process started with and which only a
// restart can apply: an array of strings.
json_t *reload_restart_needed(const struct conf *started, const struct conf *now);
