// SPDX-License-Identifier: BSD-3-Clause
#include <stdlib.h>

#include "controlplane/call/call_int.h"
#include "controlplane/route/route.h"

#define CONTACTS_MAX 8
#define CONTACTS_BYTES 2048
#define Q_MAX 1000

struct contact {
	struct sip_uri uri;
	unsigned int q; // thousandths
};

// RFC 3261 §20.10: 0 to 1, three digits; 1 when absent
static unsigned int q_of(struct str params)
{
	struct str q = sip_param(params, "q");
	unsigned int value, scale = 100;

	if (q.len == 0)
		return Q_MAX;
	value = q.at[0] == '1' ? Q_MAX : 0;
	for (size_t i = 2; i < q.len && scale > 0; i++, scale /= 10) {
		if (q.at[i] >= '0' && q.at[i] <= '9')
			value += scale * (unsigned int)(q.at[i] - '0');
	}
	return value < Q_MAX ? value : Q_MAX;
}

// By falling q; of equal ones the first stays the first.
static unsigned int read_contacts(struct contact *out, const struct sip_msg *response)
{
	struct sip_list list = sip_list_of(response, SIP_HDR_CONTACT);
	struct sip_name_addr address;
	struct contact contact;
	unsigned int count = 0;
	struct str element;

	while (count < CONTACTS_MAX && sip_list_next(&element, &list)) {
		unsigned int at = count++;

		if (sip_name_addr_parse(&address, element) < 0
			|| sip_uri_parse(&contact.uri, address.uri) < 0) {
			count--;
			continue;
		}
		contact.q = q_of(address.params);
		for (; at > 0 && out[at - 1].q < contact.q; at--)
			out[at] = out[at - 1];
		out[at] = contact;
	}
	return count;
}

// Only what our own routes would call: the peer that has the address, or, at our own or as a tel: URI, the
// number's. Of a name we know nothing.
static const struct conf_peer *peer_of(
	const struct call *call, const struct leg *leg, const struct sip_uri *uri)
{
	const struct conf *conf = call->conf;
	const struct conf_route *route;
	char text[ROUTE_NUMBER_BYTES];
	struct strbuf number = strbuf_on(text, sizeof(text));
	struct tg_ip ip;

	if (uri->scheme == SIP_SCHEME_SIP) {
		if (str_to_ip(&ip, uri->host) < 0)
			return NULL;
		if (!tg_ip_equal(&ip, &leg->dialog.flow.local.ip))
			return conf_peer_by_source(conf, leg->peer->realm, &ip);
	} else if (uri->scheme != SIP_SCHEME_TEL) {
		return NULL;
	}
	if (route_number(&number, uri) < 0)
		return NULL;
	route = route_find(conf, leg->peer->realm, leg->peer, strbuf_str(&number));
	return route != NULL && route->to_domain < 0 ? &conf->peers[route->to_peer] : NULL;
}

void redirect_follow(struct hunt *hunt, const struct call *call, const struct leg *leg,
	const struct sip_msg *response)
{
	struct contact contact[CONTACTS_MAX];
	unsigned int count = 0, at = hunt->next;

	if (leg->peer != NULL && leg->peer->follows_redirects
		&& hunt->redirections < HUNT_REDIRECTIONS_MAX)
		count = read_contacts(contact, response);
	hunt->redirections++;
	for (unsigned int i = 0; i < count; i++) {
		const struct conf_peer *peer = peer_of(call, leg, &contact[i].uri);

		if (peer != NULL && hunt_insert(hunt, call->conf, peer, contact[i].uri.text, at))
			at++;
	}
}

char *redirect_contacts(const struct tg_addr *own, const struct sip_msg *response)
{
	struct contact contact[CONTACTS_MAX];
	unsigned int count = read_contacts(contact, response);
	char text[CONTACTS_BYTES];
	struct strbuf b = strbuf_on(text, sizeof(text));

	for (unsigned int i = 0; i < count; i++) {
		if (str_is_none(contact[i].uri.user))
			continue;
		strbuf_put(&b, b.len > 0 ? STR(", <") : STR("<"));
		identity_put_target(&b, &contact[i].uri, own);
		strbuf_put_char(&b, '>');
		if (contact[i].q < Q_MAX)
			strbuf_printf(&b, ";q=0.%03u", contact[i].q);
	}
	return b.len > 0 && !b.failed ? str_dup(strbuf_str(&b)) : NULL;
}
