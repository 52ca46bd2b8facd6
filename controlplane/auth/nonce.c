// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/auth/nonce.h"

#include <endian.h>
#include <openssl/crypto.h>
#include <stdlib.h>

#include "controlplane/base/hmac.h"
#include "controlplane/base/random.h"

#define ISSUED_BYTES 6
#define RANDOM_BYTES 8
#define TOLD_BYTES (ISSUED_BYTES + RANDOM_BYTES)
#define MAC_BYTES 16
#define NONCE_BYTES (TOLD_BYTES + MAC_BYTES)

static_assert(NONCE_BYTES * 4 == NONCE_TEXT_BYTES * 3, "no padding");

struct nonces {
	struct hmac *hmac;
};

struct nonces *nonces_new(const uint8_t key[static NONCE_KEY_BYTES])
{
	struct nonces *nonces = calloc(1, sizeof(*nonces));

	if (nonces == NULL)
		return NULL;
	nonces->hmac = hmac_new(key, NONCE_KEY_BYTES);
	if (nonces->hmac != NULL)
		return nonces;
	nonces_free(nonces);
	return NULL;
}

void nonces_free(struct nonces *nonces)
{
	if (nonces != NULL)
		hmac_free(nonces->hmac);
	free(nonces);
}

// Should the library fail, nobody can make what comes out.
static void make_mac(struct nonces *nonces, uint8_t out[static MAC_BYTES], const uint8_t *told,
	const struct tg_ip *source, struct str realm)
{
	struct tg_ip network = tg_ip_network(source);
	const struct str parts[] = {
		str_of(told, TOLD_BYTES), str_of(network.byte, sizeof(network.byte)), realm};
	uint8_t whole[HMAC_BYTES];

	if (hmac_make(nonces->hmac, whole, parts, 3) == 0)
		memcpy(out, whole, MAC_BYTES);
	else
		random_take(out, MAC_BYTES);
}

// ---- text

static const char digits[64] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

static void write_text(char *out, const uint8_t octets[static NONCE_BYTES])
{
	for (unsigned int i = 0; i < NONCE_BYTES; i += 3) {
		uint32_t bits = (uint32_t)octets[i] << 16 | octets[i + 1] << 8 | octets[i + 2];

		for (int shift = 18; shift >= 0; shift -= 6)
			*out++ = digits[bits >> shift & 63];
	}
}

static int digit_value(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '-' ? 62 : c == '_' ? 63 : -1;
}

static int read_text(uint8_t octets[static NONCE_BYTES], struct str text)
{
	if (text.len != NONCE_TEXT_BYTES)
		return -EINVAL;
	for (unsigned int i = 0; i < NONCE_TEXT_BYTES; i += 4) {
		uint32_t bits = 0;

		for (unsigned int k = i; k < i + 4; k++) {
			int value = digit_value(text.at[k]);

			if (value < 0)
				return -EINVAL;
			bits = bits << 6 | (uint32_t)value;
		}
		*octets++ = (uint8_t)(bits >> 16);
		*octets++ = (uint8_t)(bits >> 8);
		*octets++ = (uint8_t)bits;
	}
	return 0;
}

// ---- nonces

void nonces_write(struct nonces *nonces, char out[static NONCE_TEXT_BYTES], uint64_t now_ms,
	const struct tg_ip *source, struct str realm)
{
	uint64_t issued_be = htobe64(now_ms << 8 * (8 - ISSUED_BYTES));
	uint8_t octets[NONCE_BYTES];

	memcpy(octets, &issued_be, ISSUED_BYTES);
	random_take(octets + ISSUED_BYTES, RANDOM_BYTES);
	make_mac(nonces, octets + TOLD_BYTES, octets, source, realm);
	write_text(out, octets);
}

enum nonce_state nonces_check(
	struct nonces *nonces, struct nonce *out, struct str text, const struct nonce_check *check)
{
	uint8_t octets[NONCE_BYTES], mac[MAC_BYTES];
	uint64_t issued_be = 0;

	if (read_text(octets, text) < 0)
		return NONCE_FOREIGN;
	make_mac(nonces, mac, octets, &check->source, check->realm);
	if (CRYPTO_memcmp(mac, octets + TOLD_BYTES, MAC_BYTES) != 0)
		return NONCE_FOREIGN;
	memcpy(&issued_be, octets, ISSUED_BYTES);
	out->issued_ms = be64toh(issued_be) >> 8 * (8 - ISSUED_BYTES);
	memcpy(&out->random, octets + ISSUED_BYTES, RANDOM_BYTES);
	if (out->issued_ms > check->now_ms)
		return out->issued_ms - check->now_ms > NONCE_AHEAD_MS ? NONCE_STALE : NONCE_FRESH;
	return check->now_ms - out->issued_ms >= check->life_ms ? NONCE_STALE : NONCE_FRESH;
}
