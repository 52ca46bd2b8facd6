// SPDX-License-Identifier: BSD-3-Clause
// What the phones of a measurement say when they register: each of a user of its own of example.com, behind a NAT.
#pragma once

#include <stdint.h>
#include <stdio.h>

#include "controlplane/auth/digest.h"

#define REGISTER_BYTES 2048   // of any of them
#define CREDENTIALS_BYTES 512 // likewise of its header

// Lines of a file of users (auth/users_table.h), one a phone.
void register_put_users(FILE *out, struct digest *digest, uint32_t phones);
// A REGISTER, credentials being a whole header line or "". Returns its length.
size_t register_write(
	char out[static REGISTER_BYTES], uint32_t phone, uint32_t cseq, const char *credentials);
// The header line that answers a 401. Returns 0, or -EBADMSG when it offers no nonce.
int register_answer(char out[static CREDENTIALS_BYTES], struct digest *digest, uint32_t phone,
	const char *challenge);
