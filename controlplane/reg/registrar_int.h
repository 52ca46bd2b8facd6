// SPDX-License-Identifier: BSD-3-Clause
// What the files of the registrar share: registrar.c judges the message and its contacts and applies what is
// granted, registrar_room.c judges whether there is room, registrar_answer.c says it.
#pragma once

#include "controlplane/reg/contact.h"
#include "controlplane/reg/registrar.h"

// What is to become of one Contact.
struct registrar_plan {
	struct binding said; // expires_s 0: it goes
	uint64_t id;	     // of the binding it is about; 0: of none yet
	uint64_t put_id;     // it was given
	bool repeats;	     // one before it in the message: nothing
};

struct registrar_work {
	const struct registrar_request *request;
	const struct registrar_rules *rules;
	struct location *location;
	struct registrar_answer *answer;
	struct strbuf *text;
	struct str path;
	struct str user_agent;
	bool wants_outbound; // and has the option
	bool wants_gruu;
	bool has_outbound; // agreed on, for one contact at least
	uint32_t default_s;
	uint32_t too_brief_s;	   // what is the least instead
	unsigned int oldest_count; // which make room
	struct contacts *contacts;
	struct registrar_plan *plan;
	uint64_t *oldest;
};

static inline bool registrar_is_trial(const struct registrar_work *w)
{
	return w->request->parts != NULL && w->request->parts->is_trial;
}

// ---- registrar_room.c

// Whether the AOR and the location take what is planned; w->oldest becomes what has to go for it.
enum registrar_verdict registrar_find_room(struct registrar_work *w);

// ---- registrar_answer.c

// Fills in w->answer.
void registrar_tell(struct registrar_work *w, enum registrar_verdict verdict);
