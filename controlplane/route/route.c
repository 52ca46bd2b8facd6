// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/route/route.h"

#include <errno.h>

#include "controlplane/base/hex.h"

static bool is_phone(const struct sip_uri *uri)
{
	return uri->scheme == SIP_SCHEME_TEL
		|| str_equal_nocase(sip_param(uri->params, "user"), STR("phone"));
}

int route_number(struct strbuf *out, const struct sip_uri *uri)
{
	struct str rest = uri->user;
	struct str user;
	bool phone = is_phone(uri);

	if (str_is_none(rest))
		return -ENOENT;
	user = str_cut(&rest, ';');
	for (size_t i = 0; i < user.len; i++) {
		int escaped = hex_escaped(user, i);
		char c = escaped < 0 ? user.at[i] : (char)escaped;

		i += escaped < 0 ? 0 : 2;
		if (!phone || (c != '-' && c != '.' && c != '(' && c != ')'))
			strbuf_put_char(out, c);
	}
	return out->failed ? -ENOBUFS : 0;
}

static bool fits(const struct conf *conf, const struct conf_route *route, uint8_t realm,
	const struct conf_peer *from, struct str number)
{
	struct str prefix = str_from(route->prefix);

	if (route->from_realm >= 0 && route->from_realm != realm)
		return false;
	if (route->from_peer >= 0 && from != &conf->peers[route->from_peer])
		return false;
	if (route->to_domain < 0 && &conf->peers[route->to_peer] == from)
		return false;
	return prefix.len <= number.len
		&& (prefix.len == 0 || memcmp(number.at, prefix.at, prefix.len) == 0);
}

const struct conf_route *route_find(
	const struct conf *conf, uint8_t realm, const struct conf_peer *from, struct str number)
{
	for (unsigned int i = 0; i < conf->route_count; i++) {
		if (fits(conf, &conf->routes[i], realm, from, number))
			return &conf->routes[i];
	}
	return NULL;
}

const struct conf_sip_listener *route_listener(
	const struct conf *conf, const struct conf_peer *peer)
{
	const struct conf_realm *realm = &conf->realms[peer->realm];
	bool wants_tcp = peer->transport == CONF_TRANSPORT_TCP || peer->tcp_for_large;

	for (unsigned int i = 0; i < realm->sip_count; i++) {
		const struct conf_sip_listener *sip = &realm->sip[i];

		if (tg_ip_is_v4(&sip->address.ip) == tg_ip_is_v4(&peer->address.ip)
			&& (sip->tcp || !wants_tcp))
			return sip;
	}
	return NULL;
}
