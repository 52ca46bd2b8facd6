// SPDX-License-Identifier: BSD-3-Clause
// Digest credentials (RFC 7616, RFC 8760): how they are written, and what they must have been made of.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "controlplane/base/str.h"

#define DIGEST_BYTES_MAX 32
#define DIGEST_HEX_MAX (2 * DIGEST_BYTES_MAX)
// Longer credentials are malformed.
#define DIGEST_TEXT_MAX 4096
#define DIGEST_ESCAPED_MAX 512

// X(NAME, "name", octets): what HA1 is made by.
#define DIGEST_HASHES(X)                 \
	X(SHA512_256, "SHA-512-256", 32) \
	X(SHA256, "SHA-256", 32)         \
	X(MD5, "MD5", 16)

enum digest_hash {
#define X(name, text, bytes) DIGEST_HASH_##name,
	DIGEST_HASHES(X)
#undef X
		DIGEST_HASH_COUNT,
};

// X(NAME, "name", HASH, is "-sess"): the strongest first, as they are offered (RFC 8760 §2.2).
#define DIGEST_ALGORITHMS(X)                                     \
	X(SHA512_256, "SHA-512-256", SHA512_256, false)          \
	X(SHA512_256_SESS, "SHA-512-256-sess", SHA512_256, true) \
	X(SHA256, "SHA-256", SHA256, false)                      \
	X(SHA256_SESS, "SHA-256-sess", SHA256, true)             \
	X(MD5, "MD5", MD5, false)                                \
	X(MD5_SESS, "MD5-sess", MD5, true)

enum digest_algorithm {
#define X(name, text, hash, is_sess) DIGEST_##name,
	DIGEST_ALGORITHMS(X)
#undef X
		DIGEST_ALGORITHM_COUNT,
};

// A set of algorithms is the sum of these.
#define DIGEST_BIT(algorithm) (1u << (algorithm))

enum digest_qop {
	DIGEST_QOP_NONE, // as of RFC 2069
	DIGEST_QOP_AUTH,
	DIGEST_QOP_OTHER, // auth-int, or what we do not know
};

// H(user:realm:password). Secret: never logged.
struct digest_ha1 {
	uint8_t bytes[DIGEST_BYTES_MAX]; // as many as the hash has
};

// Without quotes; views into the text parsed, those that had escapes into unescaped.
struct digest_credentials {
	struct str username;
	struct str realm;
	struct str nonce;
	struct str uri;
	struct str response;
	struct str cnonce;		 // none when absent
	struct str nc;			 // likewise
	enum digest_algorithm algorithm; // MD5 when absent; DIGEST_ALGORITHM_COUNT: unknown
	enum digest_qop qop;
	uint32_t nc_value;
	uint16_t unescaped_bytes;
	char unescaped[DIGEST_ESCAPED_MAX];
};

// "MD5" ... "SHA-512-256-sess"; NULL for what is none.
const char *digest_algorithm_name(unsigned int algorithm);
enum digest_hash digest_algorithm_hash(enum digest_algorithm algorithm);
bool digest_algorithm_is_sess(enum digest_algorithm algorithm);
// By name without case; DIGEST_ALGORITHM_COUNT when it is unknown.
enum digest_algorithm digest_algorithm_find(struct str name);
const char *digest_hash_name(unsigned int hash);
unsigned int digest_hash_bytes(enum digest_hash hash);
// By name without case; DIGEST_HASH_COUNT when it is unknown.
enum digest_hash digest_hash_find(struct str name);

// One value of Authorization or Proxy-Authorization. Unknown parameters are ignored; one that comes
// twice, or lacks, or is not of its form makes it malformed. Returns 0; -ENOENT for another scheme;
// -EINVAL, and then realm is what it said it was, none when it did not say. *out is not to be
// copied: its views may lie in itself.
int digest_parse(struct digest_credentials *out, struct str value);

// The hashes, fetched once, and their working memory. One thread.
struct digest;

// NULL when memory or the library's hashes are out.
struct digest *digest_new(void);
void digest_free(struct digest *digest);
// How many hashes were made so far.
uint64_t digest_count(const struct digest *digest);
void digest_make_ha1(struct digest *digest, enum digest_hash hash, struct digest_ha1 *out,
	const struct str user_realm_password[static 3]);
// The response that these credentials (of a known algorithm, with qop none or auth) must have for that
// method (RFC 7616 §3.4.1); of -sess by the nonce and the cnonce of this request. Written in hex;
// returns how many digits.
unsigned int digest_response(struct digest *digest, const struct digest_credentials *credentials,
	struct str method, const struct digest_ha1 *ha1, char out[static DIGEST_HEX_MAX]);
// Whether their response is that one. How long it takes tells nothing of it.
bool digest_is_right(struct digest *digest, const struct digest_credentials *credentials,
	struct str method, const struct digest_ha1 *ha1);
