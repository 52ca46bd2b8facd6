// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/reg/token.h"

#include <errno.h>
#include <stdlib.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "controlplane/base/hmac.h"

#define CIPHER_KEY_BYTES 16
#define SEAL_BYTES 10
#define PREFIX_BYTES 3

struct token_keys {
	struct hmac *seal;
	EVP_CIPHER_CTX *hide;
	EVP_CIPHER_CTX *show;
};

static const char alphabet[33] = "abcdefghijklmnopqrstuvwxyz234567";

// ---- keys

// Of label and text, told apart by a NUL.
static int mac_of(
	uint8_t out[static HMAC_BYTES], struct hmac *hmac, struct str label, struct str text)
{
	return hmac_make(hmac, out, (const struct str[]){label, str_of("", 1), text}, 3);
}

// One block at a time, so that there is nothing to chain.
static EVP_CIPHER_CTX *cipher_new(const uint8_t key[static CIPHER_KEY_BYTES], bool hides)
{
	EVP_CIPHER_CTX *cipher = EVP_CIPHER_CTX_new();

	if (cipher != NULL
		&& EVP_CipherInit_ex(cipher, EVP_aes_128_ecb(), NULL, key, NULL, hides) == 1
		&& EVP_CIPHER_CTX_set_padding(cipher, 0) == 1)
		return cipher;
	EVP_CIPHER_CTX_free(cipher);
	return NULL;
}

static int make_keys(struct token_keys *keys, const uint8_t secret[static TOKEN_SECRET_BYTES])
{
	struct hmac *of_secret = hmac_new(secret, TOKEN_SECRET_BYTES);
	uint8_t key[HMAC_BYTES];

	if (of_secret == NULL)
		return -ENOMEM;
	if (mac_of(key, of_secret, STR("token cipher"), STR("")) == 0) {
		keys->hide = cipher_new(key, true);
		keys->show = cipher_new(key, false);
	}
	if (mac_of(key, of_secret, STR("token seal"), STR("")) == 0)
		keys->seal = hmac_new(key, sizeof(key));
	OPENSSL_cleanse(key, sizeof(key));
	hmac_free(of_secret);
	return keys->seal != NULL && keys->hide != NULL && keys->show != NULL ? 0 : -ENOMEM;
}

struct token_keys *token_keys_new(const uint8_t secret[static TOKEN_SECRET_BYTES])
{
	struct token_keys *keys = calloc(1, sizeof(*keys));

	if (keys == NULL || make_keys(keys, secret) == 0)
		return keys;
	token_keys_free(keys);
	return NULL;
}

void token_keys_free(struct token_keys *keys)
{
	if (keys == NULL)
		return;
	hmac_free(keys->seal);
	EVP_CIPHER_CTX_free(keys->hide);
	EVP_CIPHER_CTX_free(keys->show);
	free(keys);
}

uint64_t token_digest(struct token_keys *keys, struct str text)
{
	uint8_t digest[HMAC_BYTES] = {0};
	uint64_t out;

	mac_of(digest, keys->seal, STR("digest"), text);
	memcpy(&out, digest, sizeof(out));
	return out;
}

// ---- text: PREFIX base32(octets seal), RFC 4648 §6 in lower case, without padding

struct kind {
	struct str prefix;
	size_t octets;
	size_t length;
};

static const struct kind binding_kind = {{"tgb", PREFIX_BYTES}, sizeof(uint64_t), TOKEN_BYTES},
			 hidden_kind = {
				 {"tgt", PREFIX_BYTES}, TOKEN_HIDDEN_BYTES, TOKEN_HIDDEN_LENGTH};

static void put_base32(struct strbuf *b, const uint8_t *octets, size_t len)
{
	unsigned int bits = 0;
	uint32_t held = 0;

	for (size_t i = 0; i < len; i++) {
		held = held << 8 | octets[i];
		for (bits += 8; bits >= 5; bits -= 5)
			strbuf_put_char(b, alphabet[held >> (bits - 5) & 31]);
	}
	if (bits > 0)
		strbuf_put_char(b, alphabet[held << (5 - bits) & 31]);
}

// The first len octets that text stands for; it is long enough.
static int get_base32(uint8_t *octets, size_t len, struct str text)
{
	unsigned int bits = 0;
	uint32_t held = 0;

	for (size_t i = 0, at = 0; i < len; at++) {
		const char *digit = text.at[at] != '\0' ? strchr(alphabet, text.at[at]) : NULL;

		if (digit == NULL)
			return -EBADMSG;
		held = held << 5 | (uint32_t)(digit - alphabet);
		bits += 5;
		if (bits >= 8) {
			bits -= 8;
			octets[i++] = (uint8_t)(held >> bits);
		}
	}
	return 0;
}

static void write_kind(
	struct strbuf *b, struct token_keys *keys, const struct kind *kind, const uint8_t *octets)
{
	uint8_t sealed[TOKEN_HIDDEN_BYTES + HMAC_BYTES];

	memcpy(sealed, octets, kind->octets);
	if (mac_of(sealed + kind->octets, keys->seal, kind->prefix, str_of(octets, kind->octets))
		< 0)
		b->failed = true;
	strbuf_put(b, kind->prefix);
	put_base32(b, sealed, kind->octets + SEAL_BYTES);
}

// What was written can be only what we would write.
static int read_kind(
	uint8_t *octets, struct token_keys *keys, const struct kind *kind, struct str text)
{
	char written[TOKEN_HIDDEN_LENGTH];
	struct strbuf b = strbuf_on(written, sizeof(written));

	if (text.len != kind->length || memcmp(text.at, kind->prefix.at, PREFIX_BYTES) != 0)
		return -ENOENT;
	if (get_base32(
		    octets, kind->octets, str_of(text.at + PREFIX_BYTES, text.len - PREFIX_BYTES))
		< 0)
		return -EBADMSG;
	write_kind(&b, keys, kind, octets);
	return !b.failed && b.len == text.len && CRYPTO_memcmp(written, text.at, text.len) == 0
		? 0
		: -EBADMSG;
}

void token_write(struct strbuf *b, struct token_keys *keys, uint64_t binding)
{
	uint8_t octets[sizeof(binding)];

	memcpy(octets, &binding, sizeof(octets));
	write_kind(b, keys, &binding_kind, octets);
}

int token_read(uint64_t *binding, struct token_keys *keys, struct str text)
{
	uint8_t octets[sizeof(*binding)];
	int rc = read_kind(octets, keys, &binding_kind, text);

	if (rc == 0)
		memcpy(binding, octets, sizeof(octets));
	return rc;
}

void token_write_hidden(
	struct strbuf *b, struct token_keys *keys, const uint8_t octets[static TOKEN_HIDDEN_BYTES])
{
	uint8_t hidden[TOKEN_HIDDEN_BYTES] = {0};
	int len;

	if (EVP_CipherUpdate(keys->hide, hidden, &len, octets, TOKEN_HIDDEN_BYTES) != 1)
		b->failed = true;
	write_kind(b, keys, &hidden_kind, hidden);
}

int token_read_hidden(
	uint8_t octets[static TOKEN_HIDDEN_BYTES], struct token_keys *keys, struct str text)
{
	uint8_t hidden[TOKEN_HIDDEN_BYTES], shown[TOKEN_HIDDEN_BYTES];
	int rc = read_kind(hidden, keys, &hidden_kind, text), len;

	if (rc < 0)
		return rc;
	if (EVP_CipherUpdate(keys->show, shown, &len, hidden, TOKEN_HIDDEN_BYTES) != 1
		|| len != TOKEN_HIDDEN_BYTES)
		return -EBADMSG;
	memcpy(octets, shown, sizeof(shown));
	return 0;
}
