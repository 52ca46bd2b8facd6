// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/reg/ping.h"

#include <endian.h>

#include "controlplane/base/hex.h"

#define BRANCH "z9hG4bKping"
#define DIGITS 16      // of a word
#define LOOKED_AT 2048 // octets in which the topmost Via of an answer lies

static void put_hex(struct strbuf *b, uint64_t word)
{
	uint64_t word_be = htobe64(word);
	char text[DIGITS];

	hex_write(text, (const uint8_t *)&word_be, sizeof(word_be));
	strbuf_put(b, str_of(text, sizeof(text)));
}

static bool read_hex(uint64_t *out, const char *text)
{
	uint64_t word_be;

	if (hex_read((uint8_t *)&word_be, sizeof(word_be), str_of(text, DIGITS)) < 0)
		return false;
	*out = be64toh(word_be);
	return true;
}

uint64_t ping_proof(uint64_t id, uint32_t cseq)
{
	uint64_t words[2] = {id, cseq};

	return str_hash(str_of(words, sizeof(words)));
}

// ---- the request

static bool is_plain(struct str uri)
{
	for (size_t i = 0; i < uri.len; i++) {
		unsigned char c = (unsigned char)uri.at[i];

		if (c <= ' ' || c == '<' || c == '>' || c == '"' || c >= 0x7f)
			return false;
	}
	return uri.len != 0;
}

void ping_write(
	struct strbuf *b, const struct binding *binding, const struct tg_addr *from, uint32_t cseq)
{
	char us[TG_ADDR_TEXT_BYTES], phone[sizeof("sip:") + TG_ADDR_TEXT_BYTES] = "sip:";
	struct str uri = binding->contact, host = str_from(tg_addr_write(from, us));

	if (!is_plain(uri)) {
		tg_addr_write(&binding->flow.remote, phone + strlen("sip:"));
		uri = str_from(phone);
	}
	strbuf_put(b, STR("OPTIONS "));
	strbuf_put(b, uri);
	strbuf_put(b, STR(" SIP/2.0\r\nVia: SIP/2.0/"));
	strbuf_put(b, str_from(transport_name(binding->flow.protocol)));
	strbuf_put_char(b, ' ');
	strbuf_put(b, host);
	strbuf_put(b, STR(";rport;branch=" BRANCH));
	put_hex(b, binding->id);
	put_hex(b, ping_proof(binding->id, cseq));
	strbuf_put(b, STR("\r\nMax-Forwards: 70\r\nFrom: <sip:ping@"));
	strbuf_put(b, host);
	strbuf_put(b, STR(">;tag="));
	put_hex(b, binding->id);
	strbuf_put(b, STR("\r\nTo: <"));
	strbuf_put(b, uri);
	strbuf_put(b, STR(">\r\nCall-ID: "));
	put_hex(b, ping_proof(binding->id, 0));
	strbuf_put(b, STR("\r\nCSeq: "));
	strbuf_put_u64(b, cseq);
	strbuf_put(b, STR(" OPTIONS\r\nContent-Length: 0\r\n\r\n"));
}

// ---- the answer

static struct str topmost_via(struct str head)
{
	struct str line, name;

	do {
		line = str_cut(&head, '\n');
		name = str_trim(str_cut(&line, ':'));
		if (str_equal_nocase(name, STR("Via")) || str_equal_nocase(name, STR("v")))
			return line;
	} while (name.len > 0);
	return STR_NONE;
}

bool ping_is_answer(struct ping_token *out, struct str message)
{
	struct str head = str_of(message.at, message.len < LOOKED_AT ? message.len : LOOKED_AT);
	struct str via;
	const char *at;

	if (!str_starts_nocase(head, STR("SIP/2.0 ")))
		return false;
	via = topmost_via(head);
	at = via.len > 0 ? memmem(via.at, via.len, BRANCH, strlen(BRANCH)) : NULL;
	if (at == NULL || (size_t)(via.at + via.len - at) < strlen(BRANCH) + 2 * DIGITS)
		return false;
	at += strlen(BRANCH);
	return read_hex(&out->id, at) && read_hex(&out->proof, at + DIGITS);
}
