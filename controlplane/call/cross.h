// SPDX-License-Identifier: BSD-3-Clause
// What of a request that crosses names a dialog, a URI or a host of one side, written for the other:
//
//	Refer-To      the user part at our own address, so that the transferee's INVITE comes to us;
//	              a Replaces in it names the dialog of the target's leg (C28)
//	Referred-By   the user part at our own address
//	Event: refer  id is the CSeq that the referrer's REFER had on its own leg (C26)
//	Require       and Supported: the tags that are honoured from end to end
//	sipfrag       its status line alone (C2)
//	dialog-info   dialogs and URIs of the other side (C31, dialog_info.h)
//	MWI           the account (mwi.h)
//
// All functions belong to the signalling thread.
#pragma once

#include <stdint.h>

#include "controlplane/base/str.h"
#include "controlplane/sip/msg.h"
#include "controlplane/sip/refer.h"
#include "controlplane/sip/write.h"

#define CROSS_BYTES 8192
#define CROSS_HEADERS_MAX 8
#define CROSS_REPLACES_BYTES 1024 // of the value of that header

struct call;
struct dialog_info_names;
struct engine;
struct leg;

struct cross {
	struct sip_extra extra[CROSS_HEADERS_MAX];
	unsigned int extra_count;
	struct str body_type, body; // in place of its own; none: that crosses as ever
	const char *fault;	    // NULL; else why it cannot cross: 400
	char text[CROSS_BYTES];	    // what the above points to
};

// Of a request that came from one leg of a call and goes to another. *out is filled whole.
void cross_request(struct cross *out, const struct call *call, const struct leg *from,
	const struct leg *to, const struct sip_msg *msg);

// Between whom a body crosses.
struct cross_sides {
	struct engine *engine;
	const char *from, *to; // realms
	struct tg_addr host;   // our own, as the other side knows it
};

// For struct dialog_info_map, arg is a struct cross_sides: the dialog of an entity at the far end of a leg, or of
// one that we stand for there, as the far end of the call's other leg would be told of it. False also when these
// are not in the two realms: of a third one nothing is told, nor could it be replaced from here.
bool cross_dialog_names(void *sides, struct dialog_info_names *names);
// The dialog-info or message summary in a message of any kind, as the other side may know it: *out is in the engine's
// memory for bodies; left as it is when msg bears another body. Returns 0; -EBADMSG when it cannot be read; -EMSGSIZE.
int cross_event_body(struct str *out, const struct sip_msg *msg, struct cross_sides *sides);
// Writes what from's peer calls a dialog in Replaces as the far end of that dialog's call knows its own. Returns
// the leg to that far end; NULL, and *replaces is as it was, when there is none or its peer has no tag yet.
const struct leg *cross_translate(struct sip_replaces *replaces, const struct leg *from);
