// SPDX-License-Identifier: BSD-3-Clause
// URIs and the name-addr form around them, as views into the text they stand in. libosip2 judges the
// whole message (msg.c), but the URIs it keeps are unescaped C strings, which %00 cuts short (A24).
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "controlplane/base/str.h"

#define SIP_PORT 5060 // where a URI or a Via names none

enum sip_scheme {
	SIP_SCHEME_SIP,
	SIP_SCHEME_SIPS,
	SIP_SCHEME_TEL,
	SIP_SCHEME_OTHER,
};

struct sip_uri {
	enum sip_scheme scheme;
	struct str text;    // the whole URI as it was written
	struct str user;    // still escaped, no password; the number of a tel URI; none when absent
	struct str host;    // IPv6 without brackets; none unless sip or sips
	uint16_t port;	    // 0: absent
	struct str params;  // after the first ';', without it; none when absent
	struct str headers; // after '?'; never copied into a message (A23)
};

// All of text. Of schemes other than sip, sips and tel only scheme and text are set. Returns 0, or
// -EINVAL for white space, a broken escape, host or port; *out is untouched then. Views into text.
int sip_uri_parse(struct sip_uri *out, struct str text);
// The value of a parameter in a ";name=value;flag" list; at != NULL and len 0 for a flag; none when
// absent. Names compare without case.
struct str sip_param(struct str params, const char *name);
// The next `name=value` or `flag` of such a list, trimmed; *rest starts as the list. Returns false at
// its end. Semicolons inside quotes do not split.
bool sip_param_next(struct str *param, struct str *rest);

// `"Display" <uri>;params` or `uri;params`.
struct sip_name_addr {
	struct str display; // with its quotes; none when absent
	struct str uri;
	struct str params; // header parameters, without the first ';'
};

// Returns 0, or -EINVAL; *out is untouched then. Views into text.
int sip_name_addr_parse(struct sip_name_addr *out, struct str text);
