// SPDX-License-Identifier: BSD-3-Clause
// Makes secrets in a SIP message unreadable without changing its length (behaviour I17).
#pragma once

#include <stddef.h>

// Overwrites with '*' in place: the values of response, cnonce, rspauth and password and everything
// of schemes other than Digest in Authorization, Proxy-Authorization and Authentication-Info headers
// (RFC 3261 §20.7, also folded), inline keys of a=crypto (RFC 4568 §6.1), a=key-mgmt data (RFC 4567),
// a=ice-pwd (RFC 8839 §5.4) and k= lines (RFC 8866 §5.12). Works line by line wherever these stand,
// so also inside bodies of any kind. O(len).
void trace_mask(char *message, size_t len);

// Likewise the passwords of sip: and sips: URIs (RFC 3261 §19.1.1) anywhere in the text; trace_mask
// does so, too. O(len).
void trace_mask_passwords(char *text, size_t len);
