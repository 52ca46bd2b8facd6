// SPDX-License-Identifier: BSD-3-Clause
// How each command's result looks to a person.
#pragma once

#include <stdio.h>

#include <jansson.h>

struct show_options {
	unsigned int width;
	int verbose;
};

typedef void show_h(FILE *out, const json_t *result, const struct show_options *options);

// ---- show_call.c
show_h show_calls;
show_h show_call;
show_h show_subscriptions;
show_h show_trace;
// ---- show_stream.c
show_h show_streams;
show_h show_stream;
// Each stream of an array, after an empty line, as "show call" has them.
void show_put_streams(FILE *out, const json_t *streams, unsigned int width);
// ---- show_system.c
show_h show_peers;
show_h show_stats;
show_h show_config;
show_h show_version;
// ---- show_guard.c
show_h show_sources;
show_h show_bans;
show_h show_connections;
show_h show_ban;
show_h show_unban;
// ---- show_registration.c
show_h show_registrations;
show_h show_kick;
// ---- show_user.c
show_h show_user_add;
show_h show_user_remove;
show_h show_user_list;
show_h show_user_check;
// ---- show.c
show_h show_hangup;
show_h show_reload;
show_h show_drain;
show_h show_log;
// "3 calls", or how to see more. what is in the singular.
void show_count(FILE *out, const json_t *result, const char *what);
