// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/obs/json_text.h"

#include <stdlib.h>

static json_t *escaped(struct str s)
{
	size_t cap = s.len * 4;
	struct strbuf b = strbuf_on(malloc(cap), cap);
	json_t *json = NULL;

	if (b.at == NULL)
		return NULL;
	for (size_t i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.at[i];

		if (c < 0x80)
			strbuf_put_char(&b, (char)c);
		else
			strbuf_printf(&b, "\\x%02x", c);
	}
	if (!b.failed)
		json = json_stringn(b.at, b.len);
	free(b.at);
	return json;
}

json_t *json_text(struct str s)
{
	json_t *json;

	if (str_is_none(s))
		return json_null();
	json = json_stringn(s.at, s.len);
	return json != NULL ? json : escaped(s);
}

json_t *json_ip(const struct tg_ip *ip)
{
	char text[TG_IP_TEXT_BYTES];

	return tg_ip_is_unset(ip) ? json_null() : json_string(tg_ip_write(ip, text));
}

json_t *json_addr(const struct tg_addr *addr)
{
	char text[TG_ADDR_TEXT_BYTES];

	return tg_ip_is_unset(&addr->ip) ? json_null() : json_string(tg_addr_write(addr, text));
}

void json_set_u64(json_t *object, const char *name, uint64_t value)
{
	json_object_set_new(object, name, json_integer((json_int_t)value));
}

json_t *json_wall(struct tg_wall when)
{
	time_t seconds = (time_t)(when.us / TG_US_PER_S);
	char text[40];
	struct tm tm;
	size_t len;

	gmtime_r(&seconds, &tm);
	len = strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(text + len, sizeof(text) - len, ".%06lluZ", when.us % TG_US_PER_S);
	return json_string(text);
}
