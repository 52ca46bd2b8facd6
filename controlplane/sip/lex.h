// SPDX-License-Identifier: BSD-3-Clause
// The smallest pieces of SIP text (RFC 3261 §25.1): tokens, hosts and what quotes protect.
#pragma once

#include <stdbool.h>

#include "controlplane/base/str.h"

// One octet or more, all of them token characters.
bool sip_is_token(struct str s);
// Holds no control character but HTAB: nothing that could end or forge a line.
bool sip_is_clean(struct str s);
// Index of the first octet of set that lies outside "quoted strings"; s.len when there is none.
// set holds commas, semicolons, '<' and quotes only. Returns 0, or -EINVAL when a quote is not closed.
int sip_index_unquoted(size_t *at, struct str s, const char *set);
// `host`, `host:port`, `[v6]:port`, with LWS around the colon: host without brackets, port 0 when
// absent. Returns 0, or -EINVAL when it is none.
int sip_hostport_parse(struct str *host, uint16_t *port, struct str text);
