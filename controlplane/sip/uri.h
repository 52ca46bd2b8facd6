// SPDX-License-Identifier: BSD-3-Clause
// URIs and the name-addr form around them, as views. Parsing is libosip2's; see uri.c for what is
// checked after it.
#pragma once

#include <stdint.h>

#include "controlplane/base/str.h"

enum sip_scheme {
	SIP_SCHEME_SIP,
	SIP_SCHEME_SIPS,
	SIP_SCHEME_TEL,
	SIP_SCHEME_OTHER,
};

struct sip_uri {
	enum sip_scheme scheme;
	struct str text;    // the whole URI as it was written
	struct str user;    // still escaped; none when there is no user part
	struct str host;    // IPv6 without brackets
	uint16_t port;	    // 0: absent
	struct str params;  // after the first ';', without it; none when absent
	struct str headers; // after '?'; never copied into a message (A23)
};

// Returns 0, or -EINVAL. Views point into text.
int sip_uri_parse(struct sip_uri *out, struct str text);
// The value of a parameter in a ";name=value;flag" list; at != NULL and len 0 for a flag; none when
// absent. Names compare without case.
struct str sip_param(struct str params, const char *name);

// `"Display" <uri>;params` or `uri;params`.
struct sip_name_addr {
	struct str display; // with its quotes; none when absent
	struct str uri;
	struct str params; // header parameters, without the first ';'
};

int sip_name_addr_parse(struct sip_name_addr *out, struct str text);
