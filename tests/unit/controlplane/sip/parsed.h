// SPDX-License-Identifier: BSD-3-Clause
// A message for tests, written with plain line ends.
#pragma once

#include "controlplane/sip/msg.h"

struct parsed {
	struct arena *arena;
	struct sip_msg msg;
	enum sip_fault fault;
	char text[70000];
	size_t len;
};

// Makes CRLF of every LF of lines, adds the empty line where lines has none, and parses. Done again, it
// forgets the message before.
enum sip_fault parsed_from(struct parsed *p, const char *lines);
// Parses the octets as they are.
enum sip_fault parsed_raw(struct parsed *p, const void *bytes, size_t len);
// Likewise, as of a stream.
enum sip_fault parsed_framed(struct parsed *p, const void *bytes, size_t len);
void parsed_fini(struct parsed *p);
// s as a C string; one of eight static ones.
const char *text_of(struct str s);
