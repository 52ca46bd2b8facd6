// SPDX-License-Identifier: BSD-3-Clause
// A stream of octets cut into messages: however it is cut into segments, the same comes of it, and the
// parser agrees on where each message ends.
#include <stdlib.h>

#include "controlplane/net/framer.h"
#include "controlplane/sip/msg.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct outcome {
	uint64_t hash;
	unsigned int results;
	size_t bytes; // of whole messages
};

static void add(struct outcome *o, enum framer_result result, struct str message)
{
	uint64_t parts[3] = {o->hash, result, str_hash(message)};

	// how many pings become one depends on the segments
	if (result == FRAMER_PING)
		return;
	o->hash = str_hash(str_of(parts, sizeof(parts)));
	o->results++;
	o->bytes += message.len;
}

static void check(struct str message)
{
	static struct arena *arena;
	struct sip_msg msg;

	if (arena == NULL) {
		sip_msg_setup();
		arena = arena_new(4u << 20);
	}
	arena_reset(arena);
	if (message.len > FRAMER_MESSAGE_BYTES_MAX)
		abort();
	// the body that the parser finds is what the framer has waited for
	if (sip_msg_parse_framed(&msg, arena, message) == SIP_FAULT_NONE
		&& msg.body.at + msg.body.len != message.at + message.len)
		abort();
}

static struct outcome cut(const uint8_t *data, size_t size, size_t piece)
{
	struct framer framer = {0};
	struct outcome o = {0};

	for (size_t at = 0; at < size; at += piece) {
		enum framer_result result;
		struct str message;

		if (framer_put(&framer, str_of(data + at, size - at < piece ? size - at : piece))
			< 0)
			abort();
		while (message = STR_NONE,
			(result = framer_next(&framer, &message)) != FRAMER_MORE) {
			add(&o, result, message);
			if (result == FRAMER_MESSAGE)
				check(message);
		}
	}
	framer_fini(&framer);
	return o;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct outcome whole = cut(data, size, size + 1);

	for (size_t piece = 1; piece < 64 && piece <= size; piece = 2 * piece + 1) {
		struct outcome cut_up = cut(data, size, piece);

		if (cut_up.hash != whole.hash || cut_up.results != whole.results)
			abort();
	}
	if (whole.bytes > size)
		abort();
	return 0;
}
