// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/call/reginfo.h"

#include <inttypes.h>

static void put_escaped(struct strbuf *b, struct str text)
{
	for (size_t i = 0; i < text.len; i++) {
		switch (text.at[i]) {
		case '&':
			strbuf_put(b, STR("&amp;"));
			break;
		case '<':
			strbuf_put(b, STR("&lt;"));
			break;
		case '>':
			strbuf_put(b, STR("&gt;"));
			break;
		case '"':
			strbuf_put(b, STR("&quot;"));
			break;
		default:
			strbuf_put_char(b, text.at[i]);
		}
	}
}

static void put_uri(struct strbuf *b, const struct reginfo *info, const struct binding *binding)
{
	char host[TG_ADDR_TEXT_BYTES];

	if (info->keys == NULL) {
		put_escaped(b, binding->contact);
		return;
	}
	strbuf_put(b, STR("sip:"));
	token_write(b, info->keys, binding->id);
	strbuf_put_char(b, '@');
	strbuf_put(b, str_from(tg_addr_write(info->own, host)));
}

// RFC 3680 §4.1
static void put_contact(struct strbuf *b, const struct reginfo *info, const struct binding *binding)
{
	bool is_refreshed = binding->refreshed.us != binding->since.us;

	strbuf_printf(b,
		"<contact id=\"%016" PRIx64
		"\" state=\"active\" event=\"%s\" expires=\"%u\" q=\"%u.%03u\"><uri>",
		binding->id, is_refreshed ? "refreshed" : "registered", binding->expires_s,
		binding->q / LOCATION_Q_MAX, binding->q % LOCATION_Q_MAX);
	put_uri(b, info, binding);
	strbuf_put(b, STR("</uri>"));
	if (binding->instance.len > 0) {
		strbuf_put(b, STR("<unknown-param name=\"+sip.instance\">&quot;"));
		put_escaped(b, binding->instance);
		strbuf_put(b, STR("&quot;</unknown-param>"));
	}
	strbuf_put(b, STR("</contact>\r\n"));
}

static const char *event_of(enum location_change why)
{
	switch (why) {
	case LOCATION_EXPIRED:
		return "expired";
	case LOCATION_REMOVED:
		return "unregistered";
	default:
		return "deactivated"; // it may register again
	}
}

static void put_gone(struct strbuf *b, const struct reginfo_gone *gone)
{
	strbuf_printf(b, "<contact id=\"%016" PRIx64 "\" state=\"terminated\" event=\"%s\"><uri>",
		gone->id, event_of(gone->why));
	put_escaped(b, str_from(gone->contact));
	strbuf_put(b, STR("</uri></contact>\r\n"));
}

static const char *state_of(const struct reginfo *info)
{
	if (info->count > 0)
		return "active";
	return info->version == 0 ? "init" : "terminated";
}

void reginfo_write(struct strbuf *b, const struct reginfo *info)
{
	strbuf_printf(b,
		"<?xml version=\"1.0\"?>\r\n"
		"<reginfo xmlns=\"urn:ietf:params:xml:ns:reginfo\" version=\"%u\" "
		"state=\"full\">\r\n"
		"<registration aor=\"sip:",
		info->version);
	put_escaped(b, info->aor);
	strbuf_printf(b, "\" id=\"%016" PRIx64 "\" state=\"%s\">\r\n", str_hash(info->aor),
		state_of(info));
	for (unsigned int i = 0; i < info->count; i++)
		put_contact(b, info, &info->binding[i]);
	for (const struct reginfo_gone *g = info->gone; g != NULL && info->keys == NULL;
		g = g->next)
		put_gone(b, g);
	strbuf_put(b, STR("</registration>\r\n</reginfo>\r\n"));
}
