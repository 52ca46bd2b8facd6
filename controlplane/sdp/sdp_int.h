// SPDX-License-Identifier: BSD-3-Clause
// What the files of this folder share.
#pragma once

#include "controlplane/sdp/sdp.h"

// ---- token.c

// Cuts the next word off *s, at blanks; an empty word when nothing is left.
struct str sdp_word(struct str *s);
// The name of an a= line's value; *params is what follows the colon, none without one.
struct str sdp_attribute(struct str *params, struct str value);
// Whether a name is in a list, case folded.
#define SDP_IS_ONE_OF(name, list) sdp_is_one_of(name, list, sizeof(list) / sizeof((list)[0]))
bool sdp_is_one_of(struct str name, const char *const list[], unsigned int count);
// Reads one of the four direction names. Returns false for any other attribute.
bool sdp_direction_parse(enum sdp_direction *out, struct str name);
const char *sdp_direction_name(enum sdp_direction d);

// ---- parse.c

// An address of a c= line or a=rtcp.
struct sdp_host {
	bool present;
	struct tg_ip ip; // unset: name or held
	struct str name;
	bool held;
	struct str text; // as written, without TTL
};

// Reads "IN IP4 host[/ttl]". Returns 0 or -EINVAL.
int sdp_host_parse(struct sdp_host *out, struct str value);

// ---- types.c

enum sdp_typed {
	SDP_TYPED_OTHER, // speaks of no payload type
	SDP_TYPED_GONE,	 // of one that the line no longer has
	SDP_TYPED_PUT,	 // written
};

// Writes the formats of an m= line.
void sdp_types_put(struct strbuf *b, const struct sdp_types *types);
// Writes an a= line's value with the new number of the payload type that it speaks of.
enum sdp_typed sdp_types_edit(struct strbuf *b, struct str value, const struct sdp_types *types);

// The number in a=fmtp of a type that repeats another one, "apt=96" (RFC 4588 §8.1): *number is where it
// stands in params. Returns 0 or -ENOENT.
int sdp_apt(uint8_t *pt, struct str *number, struct str params);

// ---- leak.c

#define SDP_HIDDEN_MAX 16

// Hosts of one body that no other line of it may repeat towards the other leg.
struct sdp_hidden {
	struct str host[SDP_HIDDEN_MAX];
	unsigned int count;
};

void sdp_hidden_collect(struct sdp_hidden *out, const struct sdp *sdp);
// True when a line shows a collected host, or any address literal at all.
bool sdp_hidden_shows(const struct sdp_hidden *hidden, const struct sdp_line *line);
