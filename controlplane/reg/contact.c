// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/reg/contact.h"

#include <errno.h>

#include "controlplane/reg/location.h"
#include "controlplane/sip/lex.h"

#define REG_ID_MAX 0x7fffffff // RFC 5626 §4.2

// RFC 3261 §20.19: up to 2^32 - 1
static uint32_t read_expires(struct str value)
{
	uint64_t seconds;
	int rc = str_to_u64(&seconds, value, UINT32_MAX);

	if (rc == -ERANGE)
		return UINT32_MAX;
	return rc == 0 ? (uint32_t)seconds : CONTACT_UNREADABLE_EXPIRES_S;
}

bool contacts_expires(uint32_t *expires_s, const struct sip_msg *msg)
{
	const struct sip_hdr *hdr = sip_msg_header(msg, SIP_HDR_EXPIRES);

	if (hdr != NULL)
		*expires_s = read_expires(hdr->value);
	return hdr != NULL;
}

// ---- parameters we know

static int on_expires(struct contact *c, struct str value)
{
	c->has_expires = true;
	c->expires_s = read_expires(value);
	return 0;
}

// RFC 3261 §25.1: qvalue; more than three decimals are cut
static int on_q(struct contact *c, struct str value)
{
	struct str decimals = value, whole = str_cut(&decimals, '.');
	uint64_t ones, fraction = 0;

	if (whole.len != 1 || str_to_u64(&ones, whole, 1) < 0)
		return -EINVAL;
	for (size_t i = 0; i < decimals.len; i++) {
		if (decimals.at[i] < '0' || decimals.at[i] > '9')
			return -EINVAL;
	}
	for (size_t i = 0; i < 3; i++)
		fraction = fraction * 10
			+ (i < decimals.len ? (uint64_t)(decimals.at[i] - '0') : 0);
	c->q = (uint16_t)(ones * LOCATION_Q_MAX + fraction);
	return c->q <= LOCATION_Q_MAX ? 0 : -EINVAL;
}

static int on_instance(struct contact *c, struct str value)
{
	if (value.len >= 2 && value.at[0] == '"' && value.at[value.len - 1] == '"')
		value = str_of(value.at + 1, value.len - 2);
	if (value.len == 0 || value.len > CONTACT_TEXT_BYTES_MAX
		|| str_index(value, '"') < value.len || str_index(value, '\\') < value.len)
		return -EINVAL;
	c->instance = value;
	return 0;
}

static int on_reg_id(struct contact *c, struct str value)
{
	uint64_t id;

	if (str_to_u64(&id, value, REG_ID_MAX) < 0 || id == 0)
		return -EINVAL;
	c->reg_id = (uint32_t)id;
	return 0;
}

// RFC 5627 §5.1: a client's idea of its GRUUs is ignored
static int on_gruu(struct contact *, struct str)
{
	return 0;
}

static const struct known {
	struct str name;
	int (*read)(struct contact *c, struct str value);
} known[] = {
	{{"expires", 7}, on_expires},
	{{"q", 1}, on_q},
	{{"+sip.instance", 13}, on_instance},
	{{"reg-id", 6}, on_reg_id},
	{{"pub-gruu", 8}, on_gruu},
	{{"temp-gruu", 9}, on_gruu},
	{{"temp-gruu-cookie", 16}, on_gruu},
};

static const struct known *find_known(struct str name)
{
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
		if (str_equal_nocase(known[i].name, name))
			return &known[i];
	}
	return NULL;
}

static bool is_quoted(struct str s)
{
	size_t at = 1;

	while (at < s.len && s.at[at] != '"')
		at += s.at[at] == '\\' ? 2 : 1;
	return at + 1 == s.len;
}

// More than RFC 3261 §25.1 lets stand (slashes, colons), but nothing that ends a parameter or a list: it is
// told back.
static bool is_value(struct str s)
{
	if (s.len > 0 && s.at[0] == '"')
		return is_quoted(s);
	for (size_t i = 0; i < s.len; i++) {
		if (s.at[i] == ' ' || s.at[i] == '\t' || strchr("<>\",", s.at[i]) != NULL)
			return false;
	}
	return s.len > 0;
}

static int read_param(struct contact *c, struct str param, struct strbuf *others)
{
	struct str value = param, name = str_trim(str_cut(&value, '='));
	const struct known *found = find_known(name);

	if (found != NULL)
		return found->read(c, str_trim(value));
	if (!sip_is_token(name) || (!str_is_none(value) && !is_value(str_trim(value))))
		return -EINVAL;
	strbuf_put_char(others, ';');
	strbuf_put(others, param);
	return 0;
}

static int read_params(struct contact *c, struct str params, struct strbuf *text)
{
	size_t from = text->len;
	struct str param;

	while (sip_param_next(&param, &params)) {
		if (read_param(c, param, text) < 0)
			return -EINVAL;
	}
	if (text->failed || text->len - from > CONTACT_TEXT_BYTES_MAX)
		return -E2BIG;
	if (text->len > from)
		c->params = str_of(text->at + from, text->len - from);
	if (c->instance.len == 0)
		c->reg_id = 0;
	return 0;
}

// ---- all of them

static int read_contact(struct contact *c, struct str element, struct strbuf *text)
{
	struct sip_name_addr address;

	*c = (struct contact){.q = LOCATION_Q_MAX};
	if (sip_name_addr_parse(&address, element) < 0 || sip_uri_parse(&c->uri, address.uri) < 0)
		return -EINVAL;
	if (!str_is_none(c->uri.headers))
		c->uri.text.len = (size_t)(c->uri.headers.at - 1 - c->uri.text.at);
	if (c->uri.text.len > CONTACT_URI_BYTES_MAX)
		return -E2BIG;
	return read_params(c, address.params, text);
}

int contacts_read(struct contacts *out, const struct sip_msg *msg)
{
	struct strbuf text = strbuf_on(out->text, sizeof(out->text));
	struct sip_list list = sip_list_of(msg, SIP_HDR_CONTACT);
	struct str element;
	int rc = 0;

	out->count = 0;
	out->is_all = false;
	while (rc == 0 && sip_list_next(&element, &list)) {
		if (out->count == CONTACTS_MAX)
			rc = -E2BIG;
		else if (out->is_all)
			rc = -EINVAL;
		else if (!str_equal(element, STR("*")))
			rc = read_contact(&out->contact[out->count++], element, &text);
		else if (out->count > 0)
			rc = -EINVAL;
		else
			out->is_all = true;
	}
	return rc;
}
