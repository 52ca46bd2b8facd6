// SPDX-License-Identifier: BSD-3-Clause
// The dialog of one leg: identifiers, sequence numbers, route set and remote target (RFC 3261 §12).
// A leg owns its dialog. Text is copied into one block, so that it outlives the message.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "controlplane/base/str.h"
#include "controlplane/base/table.h"
#include "controlplane/net/transport.h"
#include "controlplane/sip/msg.h"
#include "controlplane/sip/owner.h"
#include "controlplane/sip/write.h"

#define DIALOG_ROUTES_MAX 16

enum dialog_state {
	DIALOG_NONE, // UAC: request sent, no tagged answer yet
	DIALOG_EARLY,
	DIALOG_CONFIRMED,
	DIALOG_TERMINATED,
};

struct dialog {
	struct table_node node; // in a dialog_table, by Call-ID and local tag
	enum dialog_state state;
	bool is_uac;
	struct str call_id;
	struct str local; // our From (UAC) or To (UAS) value without tag
	struct str remote;
	struct str local_tag;
	struct str remote_tag; // none until known
	uint32_t local_cseq;   // of our last request
	uint32_t remote_cseq;  // of the peer's last request
	uint32_t invite_cseq;  // of our last INVITE, for ACK
	struct str remote_target;
	struct str routes[DIALOG_ROUTES_MAX];
	unsigned int route_count;
	struct str contact;   // our Contact value on this leg
	struct net_flow flow; // how requests reach the peer
	struct sip_owner owner;
	uint8_t leg; // of the owner
	// dialog.c's memory behind the views above
	void *text;
	void *target_text;
};

struct dialog_table {
	struct table table;
};

// Room for capacity dialogs. Returns 0 or -ENOMEM.
int dialog_table_init(struct dialog_table *table, uint32_t capacity);
// The table must be empty.
void dialog_table_fini(struct dialog_table *table);
// The dialog a request belongs to: Call-ID, To-tag ours, From-tag the peer's (C3). A request without
// From-tag matches a dialog whose peer had none (RFC 2543, C59).
struct dialog *dialog_find(const struct dialog_table *table, const struct sip_msg *request);
// Likewise by names alone.
struct dialog *dialog_find_named(const struct dialog_table *table, struct str call_id,
	struct str local_tag, struct str remote_tag);
// One whose peer has not said its tag yet, for a NOTIFY that comes before the 2xx (RFC 6665 §4.4.1); its
// owner decides.
struct dialog *dialog_find_half(const struct dialog_table *table, const struct sip_msg *request);
// Likewise for a response to an INVITE of ours: From-tag ours. The To-tag may differ (B30, forks).
struct dialog *dialog_find_by_response(
	const struct dialog_table *table, const struct sip_msg *response);

struct dialog_uac {
	struct str from_display_uri; // From value without tag
	struct str to_display_uri;
	struct str target; // Request-URI
	struct str path;   // routes of what begins it, as a Path says them (RFC 3327 §5.3); none
	struct net_flow flow;
	struct tg_addr advertised; // for Contact
	uint32_t first_cseq;
};

// We send the INVITE: own Call-ID, tag and Contact token. Inserts it in the table.
// Returns 0, -ENOMEM, -ENOSPC, or -EINVAL for a path of more than DIALOG_ROUTES_MAX routes.
int dialog_init_uac(struct dialog *d, struct dialog_table *table, const struct dialog_uac *params);
// We received the INVITE: Call-ID and remote tag from it, route set from its Record-Route, target
// from its Contact; own tag and Contact token. Returns 0, -ENOMEM, -ENOSPC, or -EINVAL when it has no
// usable Contact or more than DIALOG_ROUTES_MAX routes. The state is DIALOG_EARLY; whoever sends the
// 2xx sets DIALOG_CONFIRMED.
int dialog_init_uas(struct dialog *d, struct dialog_table *table, const struct sip_msg *invite,
	const struct net_flow *flow, const struct tg_addr *advertised);
// Takes it out of the table and frees its text. Legal on a zeroed one and on one whose init failed.
void dialog_fini(struct dialog *d, struct dialog_table *table);

// A response to a request of ours. Of the INVITE, or SUBSCRIBE, that makes it, a tagged 1xx or the 2xx brings remote
// tag, route set reversed (C5) and remote target; an untagged 1xx changes nothing (C48). Of later ones
// only a 2xx that refreshes the target counts (C7). Returns 0; -ESRCH when it bears another To-tag than
// the dialog has (a fork): but the first 2xx decides, and takes over the early dialog of another fork
// (C40); -EINVAL for more than DIALOG_ROUTES_MAX routes; or -ENOMEM. A 2xx without Contact keeps the
// old target.
int dialog_on_response(struct dialog *d, const struct sip_msg *response);
// That NOTIFY makes the dialog: tag, route set and target are its sender's. Returns 0, -EINVAL without a
// Contact or for more than DIALOG_ROUTES_MAX routes, or -ENOMEM.
int dialog_on_notify(struct dialog *d, const struct sip_msg *notify);
// A request came inside it; one of INVITE, UPDATE ... brings a new remote target (C7). Returns 0,
// -EBADMSG when its CSeq is lower than the last (C4): 500; or -ENOMEM.
int dialog_on_request(struct dialog *d, const struct sip_msg *request);

// The route set that a message brings: its Record-Route, reversed for who sent the request (RFC 3261
// §12.1.1, §12.1.2). Views into the message. Returns 0, or -EINVAL for more than DIALOG_ROUTES_MAX.
int dialog_read_routes(struct str routes[static DIALOG_ROUTES_MAX], unsigned int *count,
	const struct sip_msg *msg, bool reversed);
// What requests go to by a Contact's URI: without its headers (A23). None when it is none.
struct str dialog_target(struct str contact);

// Fills uri, routes, from, to, call_id, cseq and max_forwards of a request inside the dialog; from
// and to are written into scratch. ACK takes the CSeq of our last INVITE, others the next one.
void dialog_request(struct dialog *d, enum sip_method method, struct sip_request_out *out,
	struct strbuf *scratch);
