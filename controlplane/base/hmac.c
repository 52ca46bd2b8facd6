// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/base/hmac.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <stdlib.h>

struct hmac {
	EVP_MAC_CTX *keyed;
};

static int set_key(EVP_MAC_CTX *mac, const void *key, size_t bytes)
{
	char digest[] = "SHA256";
	const OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
		OSSL_PARAM_construct_end(),
	};

	return EVP_MAC_init(mac, key, bytes, params);
}

struct hmac *hmac_new(const void *key, size_t bytes)
{
	struct hmac *hmac = calloc(1, sizeof(*hmac));
	EVP_MAC *algorithm = EVP_MAC_fetch(NULL, "HMAC", NULL);

	if (hmac != NULL && algorithm != NULL)
		hmac->keyed = EVP_MAC_CTX_new(algorithm);
	EVP_MAC_free(algorithm);
	if (hmac != NULL && hmac->keyed != NULL && set_key(hmac->keyed, key, bytes) == 1)
		return hmac;
	hmac_free(hmac);
	return NULL;
}

void hmac_free(struct hmac *hmac)
{
	if (hmac != NULL)
		EVP_MAC_CTX_free(hmac->keyed);
	free(hmac);
}

int hmac_make(struct hmac *hmac, uint8_t out[static HMAC_BYTES], const struct str *parts,
	unsigned int count)
{
	size_t len;
	int ok = EVP_MAC_init(hmac->keyed, NULL, 0, NULL);

	for (unsigned int i = 0; ok == 1 && i < count; i++)
		ok = EVP_MAC_update(hmac->keyed, (const uint8_t *)parts[i].at, parts[i].len);
	return ok == 1 && EVP_MAC_final(hmac->keyed, out, &len, HMAC_BYTES) == 1 ? 0 : -ENOMEM;
}
