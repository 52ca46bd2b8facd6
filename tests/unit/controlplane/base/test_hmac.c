// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/base/hmac.h"

#include <criterion/criterion.h>

#include "controlplane/base/hex.h"

static void check(struct hmac *hmac, struct str whole, const char *want)
{
	char text[2 * HMAC_BYTES + 1] = "";
	uint8_t out[HMAC_BYTES];

	// cut anywhere, and again by the same key
	for (size_t at = 0; at <= whole.len; at++) {
		const struct str parts[] = {
			str_of(whole.at, at), STR_NONE, str_of(whole.at + at, whole.len - at)};

		cr_assert_eq(hmac_make(hmac, out, parts, 3), 0);
		hex_write(text, out, sizeof(out));
		cr_assert_str_eq(text, want);
	}
}

// RFC 4231 §4.2, §4.3
Test(hmac, vectors)
{
	uint8_t key[20];
	struct hmac *hmac;

	memset(key, 0x0b, sizeof(key));
	hmac = hmac_new(key, sizeof(key));
	cr_assert_not_null(hmac);
	check(hmac, STR("Hi There"),
		"b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
	hmac_free(hmac);
	hmac = hmac_new("Jefe", 4);
	check(hmac, STR("what do ya want for nothing?"),
		"5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
	hmac_free(hmac);
	hmac_free(NULL);
}
