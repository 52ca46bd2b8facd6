// SPDX-License-Identifier: BSD-3-Clause
#include "tools/tgctl/password.h"

#include <criterion/criterion.h>

#include <string.h>

Test(password, F30_short_and_well_known_ones_are_at_fault)
{
	static const struct {
		const char *password, *fault;
	} cases[] = {
		{"a long enough password 7", NULL},
		{"kYdG3-pOq8z_W1rT", NULL},
		{"\xc3\xa4\xc3\xb6\xc3\xbc\xc3\x9f.kYdG3-pOq8", "fewer than 16 characters"},
		{"kYdG3-pOq8z_W1r", "fewer than 16 characters"},
		{"PassW0rd", "tries first"},
		{"adminadminadminadmin", "tries first"},
		{"12345678901234567890", "tries first"},
		{"1234567890123456", "tries first"},
		{"0123456789abcdef", "tries first"},
		{"aabbaabbaabbaabbaabb", "5 different"},
		{"alice", "own name"},
		{"AliceAliceAliceAlice", "own name"},
		{"alice@example.com", "own name"},
		{"example.comexample.com", "own name"},
	};

	for (unsigned int i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *fault = password_fault(cases[i].password, "alice", "example.com");

		if (cases[i].fault == NULL)
			cr_assert_null(fault, "%s %s", cases[i].password, fault);
		else
			cr_assert(fault != NULL && strstr(fault, cases[i].fault) != NULL, "%s %s",
				cases[i].password, fault != NULL ? fault : "none");
	}
}

// RFC 7616 §3.9.1 has what they are made of; and the sums of Python's hashlib.
Test(password, F18_ha1_by_each_hash)
{
	static const char *const want[PASSWORD_HASHES] = {
		"3d78807defe7de2157e2b0b6573a855f",
		"7987c64c30e25f1b74be53f966b49b90f2808aa92faf9a00262392d7b4794232",
		"fb174f5c3c7802721517cae13b98e2b8dae2e0118cb705d94ee29946319204ce",
	};
	char hex[PASSWORD_HEX_MAX + 1];

	for (unsigned int i = 0; i < PASSWORD_HASHES; i++) {
		password_write_ha1(hex, &password_hashes[i], "Mufasa", "http-auth@example.org",
			"Circle of Life");
		cr_assert_str_eq(hex, want[i]);
		cr_assert_eq(strlen(hex), password_hashes[i].digits);
	}
}
