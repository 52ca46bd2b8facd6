// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/sip/txn_key.h"

#include "controlplane/sip/via.h"

#define TEXT_BYTES 40960 // more than the head of a message holds

// Ends in a NUL, which no part of a message that was parsed can hold.
static void put(struct strbuf *b, struct str part)
{
	strbuf_put(b, part);
	strbuf_put_char(b, '\0');
}

static void put_number(struct strbuf *b, uint64_t number)
{
	strbuf_put(b, str_of(&number, sizeof(number)));
}

// The first octet is set apart for the second half.
static struct txn_key hash(struct strbuf *b)
{
	struct txn_key key;

	b->at[0] = 1;
	key.a = str_hash(strbuf_str(b));
	b->at[0] = 2;
	key.b = str_hash(strbuf_str(b));
	return key;
}

// A peer that opened another connection, from another port, is still the same.
static void put_flow(struct strbuf *b, const struct net_flow *flow)
{
	struct tg_addr remote = flow->remote;

	if (transport_is_reliable(flow))
		remote.port = 0;
	strbuf_put(b, str_of(&flow->local, sizeof(flow->local)));
	strbuf_put(b, str_of(&remote, sizeof(remote)));
	strbuf_put_char(b, (char)flow->realm);
	strbuf_put_char(b, (char)flow->protocol);
}

static struct txn_key server_key(
	const struct sip_msg *m, const struct net_flow *flow, struct str method)
{
	char text[TEXT_BYTES];
	struct strbuf b = strbuf_on(text, sizeof(text));
	bool rfc3261 = sip_via_is_rfc3261(&m->via);

	put(&b, rfc3261 ? STR(" 3261") : STR(" 2543"));
	put_flow(&b, flow);
	put(&b, method);
	if (rfc3261) {
		put(&b, m->via.branch);
		put(&b, m->via.host);
		put_number(&b, m->via.port);
	} else {
		put(&b, m->uri.text);
		put(&b, m->from_tag);
		put(&b, m->call_id);
		put_number(&b, m->cseq);
		put(&b, m->via.text);
	}
	return hash(&b);
}

struct txn_key txn_key_of_request(const struct sip_msg *request, const struct net_flow *flow)
{
	return server_key(
		request, flow, request->method == SIP_ACK ? STR("INVITE") : request->method_name);
}

struct txn_key txn_key_of_cancelled(const struct sip_msg *cancel, const struct net_flow *flow)
{
	return server_key(cancel, flow, STR("INVITE"));
}

struct txn_key txn_key_of_client(struct str branch, struct str method)
{
	char text[TEXT_BYTES];
	struct strbuf b = strbuf_on(text, sizeof(text));

	put(&b, STR(" client"));
	put(&b, branch);
	put(&b, method);
	return hash(&b);
}
