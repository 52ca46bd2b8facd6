// SPDX-License-Identifier: BSD-3-Clause
// Where a call goes: the first route of the configuration that fits where it comes from and the number
// it is for.
#pragma once

#include "controlplane/base/str.h"
#include "controlplane/conf/conf.h"
#include "controlplane/sip/uri.h"

#define ROUTE_NUMBER_BYTES 256

// The number a URI is for, as prefixes are held against it: the user part without its parameters,
// escapes read, and of telephone numbers (tel:, user=phone) the visual separators left out (A27;
// RFC 3966 §5.1.1). Returns 0; -ENOENT when the URI has no user part; -ENOBUFS.
int route_number(struct strbuf *out, const struct sip_uri *uri);

// The route that calls for number take when they enter through that realm; from is the peer they
// come from, NULL for a stranger. NULL when none fits. Never one to the peer they come from.
const struct conf_route *route_find(
	const struct conf *conf, uint8_t realm, const struct conf_peer *from, struct str number);

// The SIP listener that calls to a peer leave from: of its realm, and of the family of its address,
// and with TCP where the peer takes that. NULL when there is none.
const struct conf_sip_listener *route_listener(
	const struct conf *conf, const struct conf_peer *peer);
