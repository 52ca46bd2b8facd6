// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/auth/digest.h"

#include <criterion/criterion.h>

#include "controlplane/base/hex.h"

static struct digest *digest;

static void init(void)
{
	digest = digest_new();
	cr_assert_not_null(digest);
}

static void fini(void)
{
	digest_free(digest);
}

TestSuite(digest, .init = init, .fini = fini);

struct sample {
	const char *user, *realm, *password;
	const char *method;
	const char *credentials;
};

static bool is_right(const struct sample *sample, const char *password)
{
	const struct str secret[] = {
		str_from(sample->user), str_from(sample->realm), str_from(password)};
	struct digest_credentials credentials;
	struct digest_ha1 ha1;

	cr_assert_eq(digest_parse(&credentials, str_from(sample->credentials)), 0, "%s",
		sample->credentials);
	digest_make_ha1(digest, digest_algorithm_hash(credentials.algorithm), &ha1, secret);
	return digest_is_right(digest, &credentials, str_from(sample->method), &ha1);
}

static void expect(const struct sample *sample)
{
	cr_assert(is_right(sample, sample->password), "%s", sample->credentials);
	cr_assert_not(is_right(sample, "another"), "%s", sample->credentials);
}

Test(digest, F17_the_example_of_rfc_2617_section_3_5)
{
	expect(&(struct sample){"Mufasa", "testrealm@host.com", "Circle Of Life", "GET",
		"Digest username=\"Mufasa\", realm=\"testrealm@host.com\", "
		"nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\", uri=\"/dir/index.html\", qop=auth, "
		"nc=00000001, cnonce=\"0a4f113b\", response=\"6629fae49393a05397450978507c4ef1\", "
		"opaque=\"5ccc069c403ebaf9f0171e9517f40e41\""});
}

#define RFC_7616                                                                                 \
	"Digest username=\"Mufasa\", realm=\"http-auth@example.org\", uri=\"/dir/index.html\", " \
	"nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", nc=00000001, "                  \
	"cnonce=\"f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ\", qop=auth, "                    \
	"opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\", "

Test(digest, F18_the_examples_of_rfc_7616_section_3_9_1)
{
	expect(&(struct sample){"Mufasa", "http-auth@example.org", "Circle of Life", "GET",
		RFC_7616 "algorithm=MD5, response=\"8ca523f5e9506fed4657c9700eebdbec\""});
	expect(&(struct sample){"Mufasa", "http-auth@example.org", "Circle of Life", "GET",
		RFC_7616 "algorithm=SHA-256, response="
			 "\"753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1\""});
}

// As erratum 4897 has it: the RFC cut SHA-512 short instead. The username is a hash of what is hashed.
Test(digest, F18_the_example_of_rfc_7616_section_3_9_2)
{
	expect(&(struct sample){"J\xc3\xa4s\xc3\xb8n Doe", "api@example.org", "Secret, or not?",
		"GET",
		"Digest username=\"793263caabb707a56211940d90411ea4a575adeccb7e360aeb624ed06ece9b0b"
		"\", realm=\"api@example.org\", uri=\"/doe.json\", algorithm=SHA-512-256, "
		"nonce=\"5TsQWLVdgBdmrQ0XsxbDODV+57QdFR34I9HAbC/RVvkK\", nc=00000001, "
		"cnonce=\"NTg6RKcb9boFIAS3KrFK9BGeh+iDa/sm6jUMp2wds69v\", qop=auth, userhash=true, "
		"response=\"3798d4131c277846293534c3edc11bd8a5e4cdcbff78b05db9d95eeb1cec68a5\""});
}

// H(HA1:nonce:HA2), as RFC 2069 had it; here with the algorithm unsaid and a response in capitals.
Test(digest, F16_without_qop)
{
	expect(&(struct sample){"bob", "biloxi.com", "zanzibar", "INVITE",
		"Digest username=\"bob\", realm=\"biloxi.com\", "
		"nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\", uri=\"sip:bob@biloxi.com\", "
		"response=\"BF57E4E0D0BFFC0FBAEDCE64D59ADD5E\""});
}

// What the method or the digest-uri is enters the hash.
Test(digest, F17_a_response_is_of_one_request)
{
	struct sample sample = {"bob", "biloxi.com", "zanzibar", "REGISTER",
		"Digest username=\"bob\", realm=\"biloxi.com\", "
		"nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\", uri=\"sip:bob@biloxi.com\", "
		"response=\"bf57e4e0d0bffc0fbaedce64d59add5e\""};

	cr_assert_not(is_right(&sample, sample.password));
	sample.method = "INVITE";
	cr_assert(is_right(&sample, sample.password));
	sample.credentials = "Digest username=\"bob\", realm=\"biloxi.com\", "
			     "nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\", "
			     "uri=\"sip:carol@biloxi.com\", "
			     "response=\"bf57e4e0d0bffc0fbaedce64d59add5e\"";
	cr_assert_not(is_right(&sample, sample.password));
}

// Values from another implementation (Python's hashlib, by the formulas of RFC 7616 §3.4.2).
Test(digest, F18_sessions)
{
	static const struct {
		const char *algorithm, *response;
	} cases[] = {
		{"MD5-sess", "72cb48f4f5113ea1d3247837ef22380e"},
		{"sha-256-SESS",
			"28da0de9af19cb58a3a3467a8afa97512dc8739b69856ac7e188c620d8dee0b7"},
		{"SHA-512-256-sess",
			"3fcb13964f0c5a328068533925df302c2ffefaf28a27fcdd24343d05e2f02c6f"},
	};

	for (unsigned int i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char text[512];

		snprintf(text, sizeof(text),
			"Digest username=\"bob\", realm=\"biloxi.com\", nonce=\"n0nce\", "
			"uri=\"sip:biloxi.com\", qop=auth, nc=0000000a, cnonce=\"cn0nce\", "
			"algorithm=%s, response=\"%s\"",
			cases[i].algorithm, cases[i].response);
		expect(&(struct sample){"bob", "biloxi.com", "zanzibar", "REGISTER", text});
	}
}

Test(digest, names)
{
	for (unsigned int i = 0; i < DIGEST_ALGORITHM_COUNT; i++)
		cr_assert_eq(digest_algorithm_find(str_from(digest_algorithm_name(i))), i);
	for (unsigned int i = 0; i < DIGEST_HASH_COUNT; i++)
		cr_assert_eq(digest_hash_find(str_from(digest_hash_name(i))), i);
	cr_assert_eq(digest_algorithm_find(STR("sha-256")), DIGEST_SHA256);
	cr_assert_eq(digest_algorithm_find(STR("SHA-1")), DIGEST_ALGORITHM_COUNT);
	cr_assert_eq(digest_hash_find(STR("MD5-sess")), DIGEST_HASH_COUNT);
	cr_assert_null(digest_algorithm_name(DIGEST_ALGORITHM_COUNT));
	cr_assert_null(digest_hash_name(DIGEST_HASH_COUNT));
}

Test(digest, hex)
{
	const uint8_t octets[] = {0x00, 0x9a, 0xff};
	uint8_t back[3];
	char text[6];

	hex_write(text, octets, 3);
	cr_assert_arr_eq(text, "009aff", 6);
	cr_assert_eq(hex_read(back, 3, STR("009AfF")), 0);
	cr_assert_arr_eq(back, octets, 3);
	cr_assert_eq(hex_read(back, 3, STR("009af")), -EINVAL);
	cr_assert_eq(hex_read(back, 3, STR("009afg")), -EINVAL);
	cr_assert_eq(hex_read(back, 3, STR("00@aff")), -EINVAL);
}
