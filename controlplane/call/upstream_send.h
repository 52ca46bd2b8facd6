// SPDX-License-Identifier: BSD-3-Clause
// A REGISTER of ours as it is written (RFC 3261 §10.2, RFC 3327 §5.1, RFC 5626 §4.2): the domain's names, a Call-ID
// of the address of record, and a Contact or a Path that leads to us. Signalling thread.
#pragma once

#include "controlplane/call/call_int.h"
#include "controlplane/reg/registrar.h"

struct upstream_contact {
	uint64_t id; // of the binding, which its token names
	struct str uri;
	struct str params;   // of a Contact that stays the phone's
	struct str instance; // none
	uint32_t reg_id;     // 0: none
	uint32_t expires_s;
	uint16_t q;
};

struct upstream_register {
	const struct conf *conf;
	const struct conf_domain *domain;
	const struct sip_msg *source; // headers of it cross; NULL: it is our own
	struct str aor;
	struct str to;	 // value, its host the domain
	struct str from; // likewise, without tag
	uint64_t number; // greater than that of any before
	uint64_t owner;	 // of the transaction
	uint32_t expires_s;
	bool is_all;	  // Contact: *
	bool is_outbound; // the phone supports RFC 5626
	const struct upstream_contact *contact;
	unsigned int contact_count; // of Contacts with a Path one at most is legal
};

// Returns 0; -EHOSTUNREACH when no listener of ours reaches the peer; -EMSGSIZE; or what sip_request does.
int upstream_send(uint64_t *txn, struct engine *engine, const struct upstream_register *said);
