// SPDX-License-Identifier: BSD-3-Clause
// Cuts a stream of octets into whole SIP messages (RFC 3261 §7.5, §18.3). Octets in, messages out; no
// sockets, no clock.
//
//	at     begin            begin + head            begin + size      end       cap
//	├ gone ┼ start line, headers, empty line ┼ body of Content-Length ┼ more ... ┤
//	                   ▲ looked: up to here there is no empty line
//
// Each octet is looked at a bounded number of times, however it is cut into segments (A10). What ends
// a head is what ends it for sip/scan.c: an empty line, its CR may be missing. While nothing is begun
// no memory is held.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "controlplane/base/str.h"

#define FRAMER_HEAD_BYTES_MAX 32768 // start line, headers and the empty line
#define FRAMER_MESSAGE_BYTES_MAX 65535

enum framer_result {
	FRAMER_MORE, // nothing whole is there
	FRAMER_MESSAGE,
	FRAMER_PING, // CRLFCRLF between messages, once or several times (RFC 5626 §3.5.1)
	// Framing is lost; nothing but FRAMER_MORE comes of this stream any more:
	FRAMER_BROKEN,	 // no usable Content-Length: *message is the head, for an answer (A9)
	FRAMER_TOO_LONG, // no end of the head in FRAMER_HEAD_BYTES_MAX
	FRAMER_GARBAGE,	 // no message begins so
};

// Zeroed: at the beginning of a stream.
struct framer {
	char *at;
	uint32_t cap, begin, looked, end;
	uint32_t size;	 // of the message, once its head is whole; else 0
	uint8_t crlf;	 // octets of CRLFCRLF that were seen
	uint8_t verdict; // what ended it, or FRAMER_MORE
};

// Frees what it holds.
void framer_fini(struct framer *framer);
// Adds what arrived; framer_next is called until it says FRAMER_MORE before more is put. Views that
// framer_next gave are gone. Returns 0 or -ENOMEM.
int framer_put(struct framer *framer, struct str bytes);
// The next of what was put. *message is set with FRAMER_MESSAGE and FRAMER_BROKEN, and valid until
// the next call.
enum framer_result framer_next(struct framer *framer, struct str *message);
// True when a message is begun and not whole.
bool framer_is_partial(const struct framer *framer);
