// SPDX-License-Identifier: BSD-3-Clause
#include <errno.h>

#include "controlplane/call/call_int.h"
#include "controlplane/sip/topology.h"

#define HOST_BYTES (TG_IP_TEXT_BYTES + 2)

static struct str host_of(char text[static HOST_BYTES], const struct tg_addr *addr)
{
	struct strbuf b = strbuf_on(text, HOST_BYTES);
	char ip[TG_IP_TEXT_BYTES];
	bool v6 = !tg_ip_is_v4(&addr->ip);

	strbuf_put(&b, v6 ? STR("[") : STR(""));
	strbuf_put(&b, str_from(tg_ip_write(&addr->ip, ip)));
	strbuf_put(&b, v6 ? STR("]") : STR(""));
	return strbuf_str(&b);
}

static struct str user_param(const struct sip_uri *uri)
{
	if (uri->scheme == SIP_SCHEME_TEL)
		return STR("phone");
	return sip_param(uri->params, "user");
}

// RFC 3966 §5.1.1: visual separators carry no meaning; §19.1.6: parameters of a tel URI become part of
// the user part.
static void put_user(struct strbuf *b, const struct sip_uri *uri)
{
	bool phone = str_equal_nocase(user_param(uri), STR("phone"));
	struct str rest = uri->user;
	struct str number = str_cut(&rest, ';');

	for (size_t i = 0; i < number.len; i++) {
		if (!phone || memchr("-.()", number.at[i], 4) == NULL)
			strbuf_put_char(b, number.at[i]);
	}
	if (uri->scheme == SIP_SCHEME_TEL)
		rest = uri->params;
	if (!str_is_none(rest)) {
		strbuf_put_char(b, ';');
		strbuf_put(b, rest);
	}
}

// port 0: none is said
static void put_uri(struct strbuf *b, const struct sip_uri *uri, struct str host, uint16_t port)
{
	struct str user = user_param(uri);

	strbuf_put(b, STR("sip:"));
	if (!str_is_none(uri->user)) {
		put_user(b, uri);
		strbuf_put_char(b, '@');
	}
	strbuf_put(b, host);
	if (port != 0 && port != SIP_PORT) {
		strbuf_put_char(b, ':');
		strbuf_put_u64(b, port);
	}
	if (user.len > 0) {
		strbuf_put(b, STR(";user="));
		strbuf_put(b, user);
	}
}

void identity_put_target(struct strbuf *b, const struct sip_uri *uri, const struct tg_addr *peer)
{
	char host[HOST_BYTES];

	put_uri(b, uri, host_of(host, peer), peer->port);
}

void identity_put_uri(struct strbuf *b, struct str text, const struct tg_addr *host)
{
	struct sip_uri uri;

	if (sip_uri_parse(&uri, text) < 0 || uri.scheme == SIP_SCHEME_OTHER)
		return;
	if (uri.scheme == SIP_SCHEME_TEL)
		strbuf_put(b, text);
	else
		identity_put_target(b, &uri, host);
}

void identity_put_name_at(struct strbuf *b, const struct sip_name_addr *name, struct str host)
{
	struct sip_uri uri = {0};

	if (!str_is_none(name->display)) {
		strbuf_put(b, name->display);
		strbuf_put_char(b, ' ');
	}
	strbuf_put_char(b, '<');
	if (sip_uri_parse(&uri, name->uri) < 0)
		uri = (struct sip_uri){0};
	if (uri.scheme == SIP_SCHEME_TEL) {
		strbuf_put(b, uri.text);
	} else if (str_equal_nocase(uri.host, STR("anonymous.invalid"))) {
		strbuf_put(b, STR("sip:anonymous@anonymous.invalid"));
	} else {
		put_uri(b, &uri, host, 0);
	}
	strbuf_put_char(b, '>');
}

void identity_put_name(
	struct strbuf *b, const struct sip_name_addr *name, const struct tg_addr *host)
{
	char text[HOST_BYTES];

	identity_put_name_at(b, name, host_of(text, host));
}

int identity_write(struct dialog_uac *uac, struct strbuf *b, const struct identity *who,
	const struct target *target)
{
	struct sip_name_addr from, to;
	struct sip_uri asked;
	char host[HOST_BYTES];
	size_t ends[2];

	if (sip_name_addr_parse(&from, who->from) < 0 || sip_name_addr_parse(&to, who->to) < 0
		|| sip_uri_parse(&asked, who->uri) < 0)
		return -EINVAL;
	identity_put_name(b, &from, &target->listener->advertised);
	ends[0] = b->len;
	identity_put_name_at(b, &to,
		target->peer != NULL ? host_of(host, &target->peer->address)
				     : str_from(target->phone->domain->name));
	ends[1] = b->len;
	if (target->peer != NULL)
		identity_put_target(b, &asked, &target->peer->address);
	else
		strbuf_put(b, target->phone->contact);
	if (b->failed)
		return -EINVAL;
	uac->from_display_uri = str_of(b->at, ends[0]);
	uac->to_display_uri = str_of(b->at + ends[0], ends[1] - ends[0]);
	uac->target = str_of(b->at + ends[1], b->len - ends[1]);
	uac->path = target->phone != NULL ? target->phone->path : STR_NONE;
	if (target->routes != NULL)
		uac->path = str_from(target->routes);
	return 0;
}

struct str identity_phrase(struct str phrase)
{
	return phrase.len > 0 && !sip_names_host(phrase) ? phrase : STR_NONE;
}
