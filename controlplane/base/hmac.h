// SPDX-License-Identifier: BSD-3-Clause
// HMAC-SHA-256 (RFC 2104), keyed once: to make one costs no key schedule. One thread at a time.
#pragma once

#include "controlplane/base/str.h"

#define HMAC_BYTES 32

struct hmac;

// Copies the key. NULL when memory or the library's HMAC are out.
struct hmac *hmac_new(const void *key, size_t bytes);
// Wipes it. NULL is legal.
void hmac_free(struct hmac *hmac);
// Of the parts one behind the other: what tells them apart is theirs. Returns 0 or -ENOMEM; *out may be touched
// then.
int hmac_make(struct hmac *hmac, uint8_t out[static HMAC_BYTES], const struct str *parts,
	unsigned int count);
