// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/reg/nat.h"

static bool is_private(const struct tg_ip *ip)
{
	return tg_ip_is_private(ip) || tg_ip_is_unset(ip);
}

static uint16_t port_of(const struct sip_uri *uri)
{
	if (uri->port != 0)
		return uri->port;
	return uri->scheme == SIP_SCHEME_SIPS ? SIP_PORT + 1 : SIP_PORT;
}

static bool is_invalid_name(struct str host)
{
	return str_equal_nocase(host, STR("invalid"))
		|| (host.len > 8
			&& str_equal_nocase(str_of(host.at + host.len - 8, 8), STR(".invalid")));
}

enum binding_nat nat_of(const struct sip_uri *contact, const struct net_flow *flow)
{
	struct tg_ip ip;

	if (str_to_ip(&ip, contact->host) < 0)
		return is_invalid_name(contact->host) ? BINDING_PRIVATE : BINDING_MOVED;
	if (tg_ip_equal(&ip, &flow->remote.ip)
		&& (transport_is_reliable(flow) || port_of(contact) == flow->remote.port))
		return BINDING_DIRECT;
	if (is_private(&ip) && !tg_ip_equal(&ip, &flow->remote.ip))
		return BINDING_PRIVATE;
	return BINDING_MOVED;
}

enum says {
	SAYS_OTHER,
	SAYS_PRIVATE,
	SAYS_SOURCE,
};

static enum says says_of(struct str host, const struct tg_ip *source)
{
	struct tg_ip ip;

	if (str_to_ip(&ip, host) < 0)
		return SAYS_OTHER;
	if (tg_ip_equal(&ip, source))
		return SAYS_SOURCE;
	return is_private(&ip) ? SAYS_PRIVATE : SAYS_OTHER;
}

bool nat_shows_alg(
	const struct sip_msg *msg, const struct sip_uri *contact, const struct net_flow *flow)
{
	const struct tg_ip *source = &flow->remote.ip;
	enum says in_contact = says_of(contact->host, source),
		  in_via = says_of(msg->via.host, source), in_call_id;
	struct str host = msg->call_id;

	str_cut(&host, '@');
	in_call_id = says_of(host, source);
	if (is_private(source) || msg->via_count > 1)
		return false;
	return (in_contact == SAYS_PRIVATE || in_via == SAYS_PRIVATE)
		&& (in_contact == SAYS_SOURCE || in_via == SAYS_SOURCE
			|| in_call_id == SAYS_SOURCE);
}
