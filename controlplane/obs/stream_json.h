// SPDX-License-Identifier: BSD-3-Clause
// The streams of a call with their numbers, as JSON.
#pragma once

#include <jansson.h>

#include "controlplane/call/engine.h"

// RTP packets that did not come, by RFC 3550 A.3 with duplicates left out; 0 before the first one.
uint64_t stream_lost(const struct tg_side_stats *side);
// One stream of a session, or NULL when there is no i-th one. Signalling thread.
json_t *stream_json(
	const struct engine *engine, const struct media_session *session, unsigned int i);
// An array of all of them; empty when session is NULL.
json_t *stream_json_all(const struct engine *engine, const struct media_session *session);
