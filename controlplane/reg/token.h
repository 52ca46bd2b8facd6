// SPDX-License-Identifier: BSD-3-Clause
// Names of bindings that go out to others and come back: in a Path or a Contact of ours (RFC 5626 §5.2), in a
// temporary GRUU. Letters and digits only, and nobody else can make one (behaviour E16).
//
//	"tgb" base32(id, 80 bits of HMAC-SHA-256)	"tgt" base32(AES(16 octets), 80 bits of HMAC)
#pragma once

#include <stdint.h>

#include "controlplane/base/str.h"

#define TOKEN_SECRET_BYTES 32
#define TOKEN_BYTES 32	       // characters of a binding's
#define TOKEN_HIDDEN_BYTES 16  // what a hidden one bears
#define TOKEN_HIDDEN_LENGTH 45 // its characters

struct token_keys;

// From a secret of getrandom(2): whoever has the same reads what the other wrote, so that one that is kept
// lets tokens outlive a restart. Copies it. NULL when memory is out. One thread at a time uses the keys.
struct token_keys *token_keys_new(const uint8_t secret[static TOKEN_SECRET_BYTES]);
// Wipes them. NULL is legal.
void token_keys_free(struct token_keys *keys);

// Appends the token of a binding. b has failed when memory is out.
void token_write(struct strbuf *b, struct token_keys *keys, uint64_t binding);
// All of text. Returns 0; -ENOENT when it is no token; -EBADMSG when it looks like one that we did not
// write. *binding is untouched then.
int token_read(uint64_t *binding, struct token_keys *keys, struct str text);

// Likewise of octets that nobody else may read. Equal octets make equal tokens.
void token_write_hidden(
	struct strbuf *b, struct token_keys *keys, const uint8_t octets[static TOKEN_HIDDEN_BYTES]);
int token_read_hidden(
	uint8_t octets[static TOKEN_HIDDEN_BYTES], struct token_keys *keys, struct str text);

// 64 bits that tell texts apart and tell nothing of them, the same for the same secret.
uint64_t token_digest(struct token_keys *keys, struct str text);
