// SPDX-License-Identifier: BSD-3-Clause
// The Contact headers of a REGISTER (RFC 3261 §10.2.1, §20.10; RFC 5626 §4.2; behaviour A45). Any thread.
#pragma once

#include "controlplane/sip/msg.h"

#define CONTACTS_MAX 64		    // of one REGISTER
#define CONTACT_URI_BYTES_MAX 1024  // without its headers
#define CONTACT_TEXT_BYTES_MAX 1024 // of the parameters that are told back, and of an instance
#define CONTACTS_TEXT_BYTES_MAX 8192
#define CONTACT_UNREADABLE_EXPIRES_S 3600 // what counts for an expiry that is no number (§10.2.1.1)

struct contact {
	struct sip_uri
		uri; // of its text the headers are cut off: they would go into our requests (A23)
	struct str params;   // ";name=value;name" of what is not below nor ours to say; none
	struct str instance; // +sip.instance without its quotes; none
	uint32_t reg_id;     // 0: none, also without an instance (RFC 5626 §6)
	uint16_t q;	     // 0 .. LOCATION_Q_MAX
	bool has_expires;
	uint32_t expires_s;
};

struct contacts {
	struct contact contact[CONTACTS_MAX];
	unsigned int count;
	bool is_all; // "*", and nothing else
	char text[CONTACTS_TEXT_BYTES_MAX];
};

// Views into the message and into *out. Returns 0; -EINVAL for one that is no Contact, with a parameter that
// is none, also a q, a reg-id or an instance that is none; for "*" beside others; -E2BIG above the bounds.
int contacts_read(struct contacts *out, const struct sip_msg *msg);
// The Expires header. Returns false when there is none.
bool contacts_expires(uint32_t *expires_s, const struct sip_msg *msg);
