// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/auth/digest.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdlib.h>

#include "controlplane/base/hex.h"
#include "controlplane/base/random.h"

#define PIECES_MAX 6

static const struct {
	struct str name;
	unsigned int bytes;
} hashes[] = {
#define X(name, text, bytes) {STR(text), bytes},
	DIGEST_HASHES(X)
#undef X
};

static const char *const library_names[DIGEST_HASH_COUNT] = {
	[DIGEST_HASH_SHA512_256] = "SHA512-256",
	[DIGEST_HASH_SHA256] = "SHA256",
	[DIGEST_HASH_MD5] = "MD5",
};

static const struct {
	struct str name;
	enum digest_hash hash;
	bool is_sess;
} algorithms[] = {
#define X(name, text, hash, is_sess) {STR(text), DIGEST_HASH_##hash, is_sess},
	DIGEST_ALGORITHMS(X)
#undef X
};

struct digest {
	EVP_MD_CTX *context[DIGEST_HASH_COUNT];
	uint64_t count;
};

// ---- names

const char *digest_algorithm_name(unsigned int algorithm)
{
	return algorithm < DIGEST_ALGORITHM_COUNT ? algorithms[algorithm].name.at : NULL;
}

enum digest_hash digest_algorithm_hash(enum digest_algorithm algorithm)
{
	return algorithms[algorithm].hash;
}

bool digest_algorithm_is_sess(enum digest_algorithm algorithm)
{
	return algorithm < DIGEST_ALGORITHM_COUNT && algorithms[algorithm].is_sess;
}

enum digest_algorithm digest_algorithm_find(struct str name)
{
	unsigned int i = 0;

	while (i < DIGEST_ALGORITHM_COUNT && !str_equal_nocase(name, algorithms[i].name))
		i++;
	return (enum digest_algorithm)i;
}

const char *digest_hash_name(unsigned int hash)
{
	return hash < DIGEST_HASH_COUNT ? hashes[hash].name.at : NULL;
}

unsigned int digest_hash_bytes(enum digest_hash hash)
{
	return hashes[hash].bytes;
}

enum digest_hash digest_hash_find(struct str name)
{
	unsigned int i = 0;

	while (i < DIGEST_HASH_COUNT && !str_equal_nocase(name, hashes[i].name))
		i++;
	return (enum digest_hash)i;
}

// ---- hashes

// To be started again without a hash being fetched or memory taken.
static EVP_MD_CTX *new_context(const char *name)
{
	EVP_MD *md = EVP_MD_fetch(NULL, name, NULL);
	EVP_MD_CTX *context = EVP_MD_CTX_new();

	if (md == NULL || context == NULL || EVP_DigestInit_ex2(context, md, NULL) != 1) {
		EVP_MD_CTX_free(context);
		context = NULL;
	}
	EVP_MD_free(md);
	return context;
}

struct digest *digest_new(void)
{
	struct digest *digest = calloc(1, sizeof(*digest));

	for (unsigned int i = 0; digest != NULL && i < DIGEST_HASH_COUNT; i++) {
		digest->context[i] = new_context(library_names[i]);
		if (digest->context[i] == NULL) {
			digest_free(digest);
			return NULL;
		}
	}
	return digest;
}

void digest_free(struct digest *digest)
{
	for (unsigned int i = 0; digest != NULL && i < DIGEST_HASH_COUNT; i++)
		EVP_MD_CTX_free(digest->context[i]);
	free(digest);
}

uint64_t digest_count(const struct digest *digest)
{
	return digest->count;
}

// H of the pieces with colons between. Should the library fail, nothing matches what comes out.
static void make(struct digest *digest, enum digest_hash hash, const struct str *pieces,
	unsigned int count, uint8_t out[static DIGEST_BYTES_MAX])
{
	EVP_MD_CTX *context = digest->context[hash];
	int ok = EVP_DigestInit_ex2(context, NULL, NULL);

	for (unsigned int i = 0; i < count; i++) {
		if (i > 0)
			ok &= EVP_DigestUpdate(context, ":", 1);
		if (pieces[i].len > 0)
			ok &= EVP_DigestUpdate(context, pieces[i].at, pieces[i].len);
	}
	ok &= EVP_DigestFinal_ex(context, out, NULL);
	if (ok != 1)
		random_take(out, DIGEST_BYTES_MAX);
	digest->count++;
}

// Likewise in hex.
static struct str make_hex(struct digest *digest, enum digest_hash hash, const struct str *pieces,
	unsigned int count, char out[static DIGEST_HEX_MAX])
{
	uint8_t octets[DIGEST_BYTES_MAX];

	make(digest, hash, pieces, count, octets);
	hex_write(out, octets, hashes[hash].bytes);
	OPENSSL_cleanse(octets, sizeof(octets));
	return str_of(out, 2 * hashes[hash].bytes);
}

void digest_make_ha1(struct digest *digest, enum digest_hash hash, struct digest_ha1 *out,
	const struct str user_realm_password[static 3])
{
	make(digest, hash, user_realm_password, 3, out->bytes);
}

unsigned int digest_response(struct digest *digest, const struct digest_credentials *credentials,
	struct str method, const struct digest_ha1 *ha1, char out[static DIGEST_HEX_MAX])
{
	enum digest_hash hash = digest_algorithm_hash(credentials->algorithm);
	char a1_text[DIGEST_HEX_MAX], a2_text[DIGEST_HEX_MAX];
	const struct str target[] = {method, credentials->uri};
	struct str a1 = str_of(a1_text, 2 * hashes[hash].bytes);
	struct str a2, response;

	hex_write(a1_text, ha1->bytes, hashes[hash].bytes);
	if (digest_algorithm_is_sess(credentials->algorithm)) {
		const struct str session[] = {a1, credentials->nonce, credentials->cnonce};

		a1 = make_hex(digest, hash, session, 3, a1_text);
	}
	a2 = make_hex(digest, hash, target, 2, a2_text);
	if (credentials->qop == DIGEST_QOP_NONE) {
		const struct str pieces[] = {a1, credentials->nonce, a2};

		response = make_hex(digest, hash, pieces, 3, out);
	} else {
		const struct str pieces[PIECES_MAX] = {a1, credentials->nonce, credentials->nc,
			credentials->cnonce, STR("auth"), a2};

		response = make_hex(digest, hash, pieces, PIECES_MAX, out);
	}
	OPENSSL_cleanse(a1_text, sizeof(a1_text));
	return (unsigned int)response.len;
}

bool digest_is_right(struct digest *digest, const struct digest_credentials *credentials,
	struct str method, const struct digest_ha1 *ha1)
{
	char want[DIGEST_HEX_MAX], said[DIGEST_HEX_MAX];
	unsigned int len = digest_response(digest, credentials, method, ha1, want);
	bool right;

	if (credentials->response.len != len)
		return false;
	for (unsigned int i = 0; i < len; i++) {
		char c = credentials->response.at[i];

		said[i] = (char)(c >= 'A' && c <= 'F' ? c | 0x20 : c);
	}
	right = CRYPTO_memcmp(said, want, len) == 0;
	OPENSSL_cleanse(want, sizeof(want));
	return right;
}
