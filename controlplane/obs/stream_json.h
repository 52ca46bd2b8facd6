// SPDX-License-Identifier: BSD-3-Clause
// The streams of a call with their numbers, as JSON.
#pragma once

#include <jansson.h>

#include "controlplane/call/engine.h"

// A stream of a call with its numbers, or NULL when it has no i-th one. Signalling thread, as below.
json_t *stream_json(const struct engine *engine, const struct call_view *call, unsigned int i);
// Likewise with what the dataplane was told, and what happened to its addresses.
json_t *stream_json_whole(
	const struct engine *engine, const struct call_view *call, unsigned int i);
// An array of all streams of a call; empty when it has no media, and for NULL.
json_t *stream_json_all(const struct engine *engine, const struct call_view *call);
