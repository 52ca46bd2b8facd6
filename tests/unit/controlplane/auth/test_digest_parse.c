// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/auth/digest.h"

#include <criterion/criterion.h>

#include <errno.h>

static struct digest_credentials credentials;

static int parse(const char *text)
{
	memset(&credentials, 0xa5, sizeof(credentials));
	return digest_parse(&credentials, str_from(text));
}

#define RESPONSE "response=\"b6194033119482068b09dc2688172baf\""
#define PLAIN "Digest username=\"u\", realm=\"r\", nonce=\"n\", uri=\"sip:r\", " RESPONSE

static bool is(struct str s, const char *text)
{
	return str_equal(s, str_from(text));
}

// As a gateway's phone answered a challenge with neither qop nor algorithm.
Test(digest_parse, F16_credentials_without_qop_and_algorithm)
{
	cr_assert_eq(parse("Digest username=\"151\", realm=\"10.135.0.1\", "
			   "nonce=\"WWdAiVlnPjECocBoyYtBDshUs+RxMS+3\", "
			   "uri=\"sip:001234567890@10.135.0.1:5060;user=phone\", " RESPONSE),
		0);
	cr_assert(is(credentials.username, "151"));
	cr_assert(is(credentials.realm, "10.135.0.1"));
	cr_assert(is(credentials.nonce, "WWdAiVlnPjECocBoyYtBDshUs+RxMS+3"));
	cr_assert(is(credentials.uri, "sip:001234567890@10.135.0.1:5060;user=phone"));
	cr_assert(is(credentials.response, "b6194033119482068b09dc2688172baf"));
	cr_assert(str_is_none(credentials.cnonce));
	cr_assert_eq(credentials.algorithm, DIGEST_MD5);
	cr_assert_eq(credentials.qop, DIGEST_QOP_NONE);
}

// Names in any case, blanks everywhere, empty elements, and quotes where none or some should be.
Test(digest_parse, F17_credentials_with_qop_in_any_dress)
{
	cr_assert_eq(
		parse(" dIGEST\tUserName = \"u\" ,, REALM=r,\r\n nonce=\"n,=\"  ,uri=sip:r;x=y,"
		      "qop=\"auth\", NC=\"0000001F\", cnonce=c, algorithm=\"sha-256\", "
		      "opaque=\"\", opaque=\"\", x=1, "
		      "response=753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"
		      ","),
		0);
	cr_assert(is(credentials.username, "u"));
	cr_assert(is(credentials.realm, "r"));
	cr_assert(is(credentials.nonce, "n,="));
	cr_assert(is(credentials.uri, "sip:r;x=y"));
	cr_assert(is(credentials.nc, "0000001F"));
	cr_assert_eq(credentials.nc_value, 31);
	cr_assert_eq(credentials.qop, DIGEST_QOP_AUTH);
	cr_assert_eq(credentials.algorithm, DIGEST_SHA256);
}

Test(digest_parse, F17_what_is_escaped_is_read)
{
	cr_assert_eq(parse("Digest username=\"a\\\"b\\\\c\", realm=\"\\r\", nonce=\"n\", "
			   "uri=\"sip:r\", " RESPONSE),
		0);
	cr_assert(is(credentials.username, "a\"b\\c"), "%.*s", STR_FMT(credentials.username));
	cr_assert(is(credentials.realm, "r"));
}

Test(digest_parse, F28_other_schemes_are_not_ours)
{
	static const char *const cases[] = {"", "Basic dTpw", "Digestive username=\"u\"", "Dig"};

	for (unsigned int i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		cr_assert_eq(parse(cases[i]), -ENOENT, "%s", cases[i]);
	cr_assert_eq(parse("Digest"), -EINVAL);
	cr_assert(str_is_none(credentials.realm));
}

// Each lacks something, has it twice, or has it in another form; whose it is can be told.
Test(digest_parse, F17_malformed_credentials_are_refused)
{
	static const char *const cases[] = {
		"Digest realm=\"r\", nonce=\"n\", uri=\"sip:r\", " RESPONSE,
		"Digest realm=\"r\", username=\"u\", uri=\"sip:r\", " RESPONSE,
		"Digest realm=\"r\", username=\"u\", nonce=\"n\", " RESPONSE,
		"Digest realm=\"r\", username=\"u\", nonce=\"n\", uri=\"sip:r\"",
		PLAIN ", username=\"u\"",
		PLAIN ", NONCE=\"n\"",
		PLAIN ", qop=auth, qop=auth",
		PLAIN ", algorithm=MD5, algorithm=MD5",
		PLAIN ", x",
		PLAIN ", =x",
		PLAIN ", a b=x",
		PLAIN ", x=\"",
		PLAIN ", x=\"\\\"",
		PLAIN ", x=\"a\"b",
		PLAIN ", x=a\"b\"",
		PLAIN " x=a",
		PLAIN ", x=\"\x01\"",
		PLAIN ", qop=auth",
		PLAIN ", qop=auth, nc=00000001",
		PLAIN ", qop=auth, cnonce=\"c\"",
		PLAIN ", qop=auth, cnonce=\"c\", nc=1",
		PLAIN ", qop=auth, cnonce=\"c\", nc=0000000g",
		PLAIN ", qop=auth, cnonce=\"c\", nc=000000001",
		PLAIN ", algorithm=SHA-256",
		PLAIN ", algorithm=MD5-sess",
		"Digest realm=\"r\", username=\"u\", nonce=\"n\", uri=\"sip:r\", response=\"\"",
		"Digest realm=\"r\", username=\"u\", nonce=\"n\", uri=\"sip:r\", "
		"response=\"z6194033119482068b09dc2688172baf\"",
	};

	cr_assert_eq(parse(PLAIN), 0);
	for (unsigned int i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		cr_assert_eq(parse(cases[i]), -EINVAL, "%s", cases[i]);
		cr_assert(is(credentials.realm, "r"), "%s", cases[i]);
	}
}

// They may be right, but were not offered: that is for the judge to say.
Test(digest_parse, F18_what_is_unknown_is_no_fault_of_form)
{
	cr_assert_eq(parse(PLAIN ", algorithm=SHA-3"), 0);
	cr_assert_eq(credentials.algorithm, DIGEST_ALGORITHM_COUNT);
	cr_assert_eq(parse(PLAIN ", qop=auth-int, nc=00000001, cnonce=\"c\""), 0);
	cr_assert_eq(credentials.qop, DIGEST_QOP_OTHER);
}

static int parse_long(size_t padding, char c)
{
	static char text[2 * DIGEST_TEXT_MAX];
	size_t len = sizeof(PLAIN ", x=\"") - 1;

	memcpy(text, PLAIN ", x=\"", len);
	memset(text + len, c, padding);
	text[len + padding] = '"';
	return digest_parse(&credentials, str_of(text, len + padding + 1));
}

Test(digest_parse, F17_length_is_bounded)
{
	size_t room = DIGEST_TEXT_MAX - sizeof(PLAIN ", x=\"");
	char text[DIGEST_TEXT_MAX];

	cr_assert_eq(parse_long(room, 'x'), 0);
	cr_assert_eq(parse_long(room + 1, 'x'), -EINVAL);
	snprintf(text, sizeof(text), "%s, cnonce=\"%0*d\\\"\"", PLAIN, DIGEST_ESCAPED_MAX - 2, 0);
	cr_assert_eq(parse(text), 0);
	snprintf(text, sizeof(text), "%s, cnonce=\"%0*d\\\"\"", PLAIN, DIGEST_ESCAPED_MAX - 1, 0);
	cr_assert_eq(parse(text), -EINVAL);
}
