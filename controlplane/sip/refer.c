// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/sip/refer.h"

#include <ctype.h>
#include <errno.h>

#include "controlplane/base/hex.h"

// ---- Replaces

int sip_replaces_parse(struct sip_replaces *out, struct str text)
{
	struct str params = text;
	struct str call_id = str_trim(str_cut(&params, ';'));
	struct sip_replaces r = {
		.call_id = call_id,
		.to_tag = sip_param(params, "to-tag"),
		.from_tag = sip_param(params, "from-tag"),
		.early_only = !str_is_none(sip_param(params, "early-only")),
	};

	if (r.call_id.len == 0 || r.to_tag.len == 0 || r.from_tag.len == 0)
		return -EINVAL;
	*out = r;
	return 0;
}

void sip_replaces_write(struct strbuf *b, const struct sip_replaces *replaces)
{
	strbuf_put(b, replaces->call_id);
	strbuf_put(b, STR(";to-tag="));
	strbuf_put(b, replaces->to_tag);
	strbuf_put(b, STR(";from-tag="));
	strbuf_put(b, replaces->from_tag);
	if (replaces->early_only)
		strbuf_put(b, STR(";early-only"));
}

// ---- Refer-To

int sip_refer_to_parse(struct sip_uri *out, struct str value)
{
	struct sip_name_addr name;
	struct str method = STR_NONE;

	if (sip_name_addr_parse(&name, value) < 0 || sip_uri_parse(out, name.uri) < 0)
		return -EINVAL;
	if (out->scheme != SIP_SCHEME_SIP && out->scheme != SIP_SCHEME_TEL)
		return -EINVAL;
	if (out->scheme == SIP_SCHEME_SIP)
		method = sip_param(out->params, "method");
	return str_is_none(method) || str_equal(method, STR("INVITE")) ? 0 : -EINVAL;
}

// ---- headers of a URI

// What would end a line or a string has no place in a header (A24).
static void put_unescaped(struct strbuf *b, struct str s)
{
	for (size_t i = 0; i < s.len; i++) {
		int escaped = hex_escaped(s, i);
		char c = escaped < 0 ? s.at[i] : (char)escaped;

		i += escaped < 0 ? 0 : 2;
		if ((uint8_t)c < ' ' || c == 0x7f)
			b->failed = true;
		strbuf_put_char(b, c);
	}
}

bool sip_uri_header(struct strbuf *b, struct str headers, const char *name)
{
	while (!str_is_none(headers)) {
		struct str value = str_cut(&headers, '&');
		struct str own = str_cut(&value, '=');

		if (!str_equal_nocase(own, str_from(name)) || str_is_none(value))
			continue;
		put_unescaped(b, value);
		return true;
	}
	return false;
}

void sip_uri_escape(struct strbuf *b, struct str text)
{
	for (size_t i = 0; i < text.len; i++) {
		uint8_t c = (uint8_t)text.at[i];

		// RFC 3261 §25.1: unreserved
		if (isalnum(c) || (c != '\0' && strchr("-_.!~*'()", c) != NULL))
			strbuf_put_char(b, (char)c);
		else
			strbuf_printf(b, "%%%02X", c);
	}
}

// ---- the subscription of a REFER

static struct str first_word(struct str *params, const struct sip_msg *msg, enum sip_hdr_id id)
{
	const struct sip_hdr *hdr = sip_msg_header(msg, id);

	*params = hdr != NULL ? hdr->value : STR_NONE;
	return hdr != NULL ? str_trim(str_cut(params, ';')) : STR_NONE;
}

bool sip_is_refer_event(const struct sip_msg *request)
{
	struct str params;

	return str_equal_nocase(first_word(&params, request, SIP_HDR_EVENT), STR("refer"));
}

uint32_t sip_refer_id(const struct sip_msg *request)
{
	struct str params;
	uint64_t id = 0;

	first_word(&params, request, SIP_HDR_EVENT);
	if (str_is_none(params) || str_to_u64(&id, sip_param(params, "id"), UINT32_MAX) < 0)
		return 0;
	return (uint32_t)id;
}

bool sip_is_terminated(const struct sip_msg *notify)
{
	struct str params;

	return str_equal_nocase(
		first_word(&params, notify, SIP_HDR_SUBSCRIPTION_STATE), STR("terminated"));
}

bool sip_is_without_refer_sub(const struct sip_msg *msg)
{
	struct str params;

	return str_equal_nocase(first_word(&params, msg, SIP_HDR_REFER_SUB), STR("false"));
}

uint16_t sip_sipfrag_status(struct str *phrase, struct str body)
{
	struct str line = str_cut(&body, '\n');
	uint64_t status;

	if (!str_starts_nocase(line, STR("SIP/2.0 ")))
		return 0;
	line = str_trim(str_of(line.at + 8, line.len - 8));
	if (str_to_u64(&status, str_cut(&line, ' '), 699) < 0 || status < 100)
		return 0;
	*phrase = str_is_none(line) ? STR("") : str_trim(line);
	return (uint16_t)status;
}
