// SPDX-License-Identifier: BSD-3-Clause
// When two URIs mean the same (RFC 3261 §19.1.4, RFC 5954 §4, RFC 3966 §4; behaviour A25).
#pragma once

#include "controlplane/sip/uri.h"

// Parameters of more are not compared: such URIs are equal only when their texts are.
#define SIP_URI_COMPARED_MAX 32

// Escapes count as what they stand for, but for reserved characters; user parts with case, hosts and
// parameters without; IP addresses by value. Not transitive: parameters that only one has, other than
// transport, user, ttl, method and maddr, are ignored.
bool sip_uri_equal(const struct sip_uri *a, const struct sip_uri *b);
