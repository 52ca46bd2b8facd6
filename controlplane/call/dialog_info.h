// SPDX-License-Identifier: BSD-3-Clause
// The body of Event: dialog (RFC 4235), as the other side of a call knows what it tells of (C31). Whoever
// watches a phone by way of us learns of its dialogs by names that it can use in an INVITE with Replaces: those
// of the dialog that is our own on the watcher's side of the call.
//
//	<dialog id="1" call-id="X" local-tag="a" remote-tag="b" direction="recipient">
//	  <local><identity>sip:20@10.0.0.5</identity><target uri="sip:20@10.0.0.5:5062"/></local>
//
// The text is scanned for the few attributes and elements it is about; every other octet stays, but for the
// SDP in <session-description>, which is left out.
#pragma once

#include <stdbool.h>

#include "controlplane/base/str.h"
#include "include/tidegate/addr.h"

#define DIALOG_INFO STR("application/dialog-info+xml")

// A dialog as the entity that is watched knows it, or as it is to be told.
struct dialog_info_names {
	struct str call_id;
	struct str local_tag; // of the entity
	struct str remote_tag;
};

struct dialog_info_map {
	// The names of the same call's other leg. False: it is none of ours, and its names, which may tell a
	// host, become others that mean nothing, always the same.
	bool (*find)(void *arg, struct dialog_info_names *names);
	void *arg;
	struct tg_addr host; // takes the place of all hosts of URIs
};

// Appends body with names and URIs mapped. b->failed when it does not fit. XML that cannot be understood is
// copied up to where it ends to make sense, and no further: nothing unread crosses. Returns false then.
bool dialog_info_write(struct strbuf *b, struct str body, const struct dialog_info_map *map);
