// SPDX-License-Identifier: BSD-3-Clause
// Who watches the bindings of an AOR (reg_event.h), from its subscription on: what it is told, when, and how it ends.
//
//	bindings.h ── changed ──► soon ──► NOTIFY, all bindings ──► 2xx: the next one, if something changed meanwhile
//	SUBSCRIBE ── tell, end ──────────►                       └► else, or nothing: it watches no more
//
// All functions belong to the signalling thread.
#pragma once

#include "controlplane/call/admission.h"
#include "controlplane/call/subscription.h"

struct reg_watch {
	struct table_node node; // of engine->reg_watches_by_aor
	uint64_t id;
	struct engine *engine;
	struct conf *conf; // the settings it began with (L1)
	struct subscription_leg leg;
	struct timer expiry, soon;
	struct tg_mono began, ends;
	struct reginfo_gone *gone; // since it was told last
	unsigned int gone_count;
	uint32_t version;   // of the next NOTIFY
	uint64_t notify;    // that is under way; 0: none
	bool is_changed;    // since it was sent
	const char *reason; // it ends; NULL: it does not
	bool is_over;	    // that was told
	char *said_event;   // value of Event as it was said
	char aor[];
};

// Of an admitted SUBSCRIBE, with the dialog that it makes. Returns 0, -ENOSPC, -ENOMEM or -EINVAL.
int reg_watch_new(struct reg_watch **out, const struct admission *a, struct str aor);
// So long from now. At its end it is told that.
void reg_watch_arm(struct reg_watch *w, uint32_t expires_s);
// Its bindings, at once or after the NOTIFY that is under way. w may be gone then, and after the next.
void reg_watch_tell(struct reg_watch *w);
// Likewise for the last time: reason is that of Subscription-State (RFC 6665 §4.1.3).
void reg_watch_end(struct reg_watch *w, const char *reason);
// Forgets all without a message.
void reg_watch_free_all(struct engine *engine);

// Of transactions that one owns.
void reg_watch_on_response(
	struct engine *engine, uint64_t id, uint64_t txn, const struct sip_msg *response);
void reg_watch_on_end(struct engine *engine, uint64_t id, uint64_t txn, enum sip_txn_end why);
// For bindings_on_change.
void reg_watch_on_change(
	struct engine *engine, const struct binding *binding, enum location_change change);
// As engine_subscription_next.
bool reg_watch_next(const struct engine *engine, uint32_t *cursor, struct subscription_view *out);
