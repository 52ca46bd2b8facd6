// SPDX-License-Identifier: BSD-3-Clause
#include <stdlib.h>

#include "controlplane/call/call_int.h"
#include "controlplane/call/phone.h"
#include "controlplane/call/reach.h"
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

// ---- where they lead: only to whom our own routes would call for who redirects (I11)

static bool may_redirect(const struct leg *leg)
{
	return leg->peer != NULL ? leg->peer->follows_redirects
				 : leg->phone != NULL && leg->phone->domain->follows_redirects;
}

static uint8_t realm_of(const struct leg *leg)
{
	return leg->peer != NULL ? leg->peer->realm : leg->phone->flow.realm;
}

// Our address there, or a domain that is served there; of another name we know nothing.
static bool is_here(const struct call *call, const struct leg *leg, struct str host)
{
	struct tg_ip ip;

	return str_to_ip(&ip, host) == 0 ? tg_ip_equal(&ip, &leg->dialog.flow.local.ip)
					 : conf_domain_of(call->conf, realm_of(leg), host) != NULL;
}

// Of the number at our own address, or of a tel: URI; NULL for none.
static const struct conf_route *route_of(
	const struct call *call, const struct leg *leg, const struct sip_uri *uri)
{
	char text[ROUTE_NUMBER_BYTES];
	struct strbuf number = strbuf_on(text, sizeof(text));
	bool is_here_or_tel = uri->scheme == SIP_SCHEME_TEL
		|| (uri->scheme == SIP_SCHEME_SIP && is_here(call, leg, uri->host));

	return is_here_or_tel && route_number(&number, uri) == 0
		? route_find(call->conf, realm_of(leg), leg->peer, strbuf_str(&number))
		: NULL;
}

// A phone names no peer by its address: it knows none.
static const struct conf_peer *peer_at(
	const struct call *call, const struct leg *leg, const struct sip_uri *uri)
{
	struct tg_ip ip;

	return leg->peer != NULL && uri->scheme == SIP_SCHEME_SIP && str_to_ip(&ip, uri->host) == 0
			&& !is_here(call, leg, uri->host)
		? conf_peer_by_source(call->conf, leg->peer->realm, &ip)
		: NULL;
}

// But for the phone that redirects.
static void add_phones(struct hunt *hunt, const struct call *call, const struct leg *leg,
	const struct conf_domain *domain, const struct sip_uri *uri)
{
	reach_add_user(hunt,
		&(struct reach_query){
			.engine = call->engine,
			.conf = call->conf,
			.own = leg->phone != NULL ? leg->phone->binding : 0,
			.from = leg->peer,
			.uri = uri,
			.realm = realm_of(leg),
		},
		domain);
}

static void add(struct hunt *hunt, const struct call *call, const struct leg *leg,
	const struct sip_uri *uri)
{
	const struct conf_peer *peer = peer_at(call, leg, uri);
	const struct conf_route *route = peer == NULL ? route_of(call, leg, uri) : NULL;

	if (peer != NULL)
		hunt_add_uri(hunt, call->conf, peer, uri->text);
	else if (route != NULL && route->to_domain < 0)
		hunt_add_uri(hunt, call->conf, &call->conf->peers[route->to_peer], uri->text);
	else if (route != NULL)
		add_phones(hunt, call, leg, &call->conf->domains[route->to_domain], uri);
}

void redirect_follow(struct hunt *hunt, const struct call *call, const struct leg *leg,
	const struct sip_msg *response)
{
	struct contact contact[CONTACTS_MAX];
	struct hunt onward = {0};
	unsigned int count = 0;

	if (may_redirect(leg) && hunt->redirections < HUNT_REDIRECTIONS_MAX)
		count = read_contacts(contact, response);
	hunt->redirections++;
	for (unsigned int i = 0; i < count; i++)
		add(&onward, call, leg, &contact[i].uri);
	hunt_redirect(hunt, &onward);
}

// ---- when they are not followed

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
