// SPDX-License-Identifier: BSD-3-Clause
#include "tests/bench/register_text.h"

#include <errno.h>
#include <string.h>

#define USER_BYTES 16

static void make_ha1(
	struct digest_ha1 *ha1, char user[static USER_BYTES], struct digest *digest, uint32_t phone)
{
	snprintf(user, USER_BYTES, "u%07u", phone);
	digest_make_ha1(digest, DIGEST_HASH_MD5, ha1,
		(const struct str[3]){str_from(user), STR("example.com"), STR("secret")});
}

void register_put_users(FILE *out, struct digest *digest, uint32_t phones)
{
	struct digest_ha1 ha1;
	char user[USER_BYTES];

	for (uint32_t i = 0; i < phones; i++) {
		make_ha1(&ha1, user, digest, i);
		fprintf(out, "%s@example.com:MD5:", user);
		for (unsigned int k = 0; k < digest_hash_bytes(DIGEST_HASH_MD5); k++)
			fprintf(out, "%02x", ha1.bytes[k]);
		fputc('\n', out);
	}
}

size_t register_write(
	char out[static REGISTER_BYTES], uint32_t phone, uint32_t cseq, const char *credentials)
{
	return (size_t)snprintf(out, REGISTER_BYTES,
		"REGISTER sip:example.com SIP/2.0\r\n"
		"Via: SIP/2.0/UDP 192.168.1.20:5060;branch=z9hG4bK%u-%u;rport\r\n"
		"From: \"User\" <sip:u%07u@example.com>;tag=%u\r\n"
		"To: \"User\" <sip:u%07u@example.com>\r\n"
		"Call-ID: reg-%07u@192.168.1.20\r\n"
		"CSeq: %u REGISTER\r\n"
		"Contact: <sip:u%07u@192.168.1.20:5060;line=x1>;"
		"+sip.instance=\"<urn:uuid:0d9a008d-0355-0024-0004-%012u>\"\r\n"
		"%s"
		"Allow: INVITE, ACK, OPTIONS, CANCEL, BYE, UPDATE, INFO, NOTIFY, REFER, MESSAGE\r\n"
		"Max-Forwards: 70\r\n"
		"User-Agent: Yealink SIP-T46S 66.86.0.15\r\n"
		"Expires: 3600\r\n"
		"Content-Length: 0\r\n\r\n",
		phone, cseq, phone, cseq, phone, phone, cseq, phone, phone, credentials);
}

int register_answer(char out[static CREDENTIALS_BYTES], struct digest *digest, uint32_t phone,
	const char *challenge)
{
	const char *nonce = strstr(challenge, "nonce=\"");
	char user[USER_BYTES], response[DIGEST_HEX_MAX];
	struct digest_credentials c = {
		.realm = STR("example.com"),
		.uri = STR("sip:example.com"),
		.algorithm = DIGEST_MD5,
		.qop = DIGEST_QOP_AUTH,
		.nc = STR("00000001"),
		.cnonce = STR("0a4f113b"),
	};
	struct digest_ha1 ha1;
	unsigned int digits;
	struct str rest;

	if (nonce == NULL)
		return -EBADMSG;
	rest = str_from(nonce + strlen("nonce=\""));
	make_ha1(&ha1, user, digest, phone);
	c.username = str_from(user);
	c.nonce = str_cut(&rest, '"');
	digits = digest_response(digest, &c, STR("REGISTER"), &ha1, response);
	snprintf(out, CREDENTIALS_BYTES,
		"Authorization: Digest username=\"%s\", realm=\"example.com\", nonce=\"%.*s\", "
		"uri=\"sip:example.com\", response=\"%.*s\", algorithm=MD5, qop=auth, "
		"nc=00000001, cnonce=\"0a4f113b\"\r\n",
		user, STR_FMT(c.nonce), (int)digits, response);
	return 0;
}
