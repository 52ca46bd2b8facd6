// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/call/grant.h"

#include <errno.h>

#include "controlplane/reg/contact.h"
#include "controlplane/sip/dialog.h"
#include "controlplane/sip/uri_equal.h"

static bool is_named(const struct grant_query *q, const struct sip_uri *uri,
	const struct registrar_part *part, const struct contact *contact)
{
	uint64_t id;

	if (q->by_path)
		return sip_uri_equal(uri, &contact->uri);
	return token_read(&id, q->keys, uri->user) == 0 && id == part->id;
}

static uint32_t read_expires(struct str text, uint32_t otherwise)
{
	uint64_t seconds;
	int rc = str_to_u64(&seconds, text, UINT32_MAX);

	if (rc == -ERANGE)
		return UINT32_MAX;
	return rc == 0 ? (uint32_t)seconds : otherwise;
}

// Of one Contact; 0: it is not there. RFC 3261 §10.2.4
static uint32_t granted_one(const struct grant_query *q, const struct registrar_part *part,
	const struct contact *contact)
{
	struct sip_list list = sip_list_of(q->response, SIP_HDR_CONTACT);
	uint32_t otherwise = q->asked_s;
	struct sip_name_addr name;
	struct str element;
	struct sip_uri uri;

	contacts_expires(&otherwise, q->response);
	while (sip_list_next(&element, &list)) {
		if (sip_name_addr_parse(&name, element) == 0 && sip_uri_parse(&uri, name.uri) == 0
			&& is_named(q, &uri, part, contact))
			return read_expires(sip_param(name.params, "expires"), otherwise);
	}
	return 0;
}

uint32_t grant_s(const struct grant_query *q)
{
	uint32_t least = q->asked_s;
	struct contacts contacts; // not cleared: they are large

	if (contacts_read(&contacts, q->request) < 0)
		return 0;
	for (unsigned int i = 0; i < q->parts->count; i++) {
		const struct registrar_part *part = &q->parts->part[i];
		uint32_t granted = part->id == 0 || part->ends
			? least
			: granted_one(q, part, &contacts.contact[i]);

		least = granted < least ? granted : least;
	}
	return least;
}

struct str grant_routes(struct strbuf *b, const struct sip_msg *response)
{
	struct sip_list list = sip_list_of(response, SIP_HDR_SERVICE_ROUTE);
	struct sip_name_addr name;
	unsigned int count = 0;
	struct str element;
	struct sip_uri uri;

	while (sip_list_next(&element, &list)) {
		if (sip_name_addr_parse(&name, element) < 0 || sip_uri_parse(&uri, name.uri) < 0
			|| uri.scheme > SIP_SCHEME_SIPS || ++count == DIALOG_ROUTES_MAX)
			return STR_NONE;
		strbuf_put(b, count > 1 ? STR(", ") : STR(""));
		strbuf_put(b, element);
	}
	return count > 0 && !b->failed ? strbuf_str(b) : STR_NONE;
}
