// SPDX-License-Identifier: BSD-3-Clause
// What a registrar upstream grants by its 2xx (RFC 3261 §10.2.4, RFC 3608).
#pragma once

#include "controlplane/reg/registrar.h"

struct grant_query {
	const struct sip_msg *request; // of the phone
	const struct sip_msg *response;
	const struct registrar_parts *parts; // what the Contacts of request are about
	struct token_keys *keys;	     // of the names that it knows them by, unless by_path
	uint32_t asked_s;
	bool by_path; // it knows them by the Contacts of request
};

// The least of what was granted to those that do not end, never more than was asked for. 0: not all of it was.
uint32_t grant_s(const struct grant_query *q);
// The values of Service-Route, joined by commas, for requests that go there (RFC 3608 §6.1); none when there are
// none, or any that is none, or too many.
struct str grant_routes(struct strbuf *b, const struct sip_msg *response);
