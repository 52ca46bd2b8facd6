// SPDX-License-Identifier: BSD-3-Clause
// Passwords: how they come in, what they prove, and which are no good (F30).
#pragma once

#include <stddef.h>

#include "tools/tgctl/client.h"

#define PASSWORD_BYTES_MAX 256
#define PASSWORD_CHARACTERS_MIN 16
#define PASSWORD_HASHES 3
#define PASSWORD_HEX_MAX 64

// What HA1 is made by, as the file of users names it.
struct password_hash {
	const char *name;
	const char *library;
	unsigned int digits;
};

extern const struct password_hash password_hashes[PASSWORD_HASHES]; // MD5, SHA-256, SHA-512-256

// Asks on the terminal, without echo, a second time when it is to be set; without one it is the first
// line of standard input. Returns 0, or -1 with *reply filled. The caller wipes out.
int password_read(char out[static PASSWORD_BYTES_MAX], int is_new, struct client_reply *reply);
// What is wrong with it for user@domain, to follow "the password"; NULL when it will do.
const char *password_fault(const char *password, const char *user, const char *domain);
// The nth password that somebody would try first for that user; NULL behind the last.
const char *password_guess(unsigned int n, const char *user, const char *domain);
// H(user:realm:password) in hex, with a NUL.
void password_write_ha1(char out[static PASSWORD_HEX_MAX + 1], const struct password_hash *hash,
	const char *user, const char *realm, const char *password);
