// SPDX-License-Identifier: BSD-3-Clause
// The bounded scan before the parser: cuts a datagram into start line, header lines and the rest,
// without grammar and without libosip2. One pass, at most SIP_HEADERS_MAX header lines.
#pragma once

#include "controlplane/base/arena.h"
#include "controlplane/base/str.h"
#include "controlplane/sip/hdr.h"
#include "controlplane/sip/msg.h"

struct sip_scan {
	struct str line;     // start line without its end
	struct sip_hdr *hdr; // in the arena; folded values joined by one SP (A3)
	unsigned int hdr_count;
	struct str rest; // behind the empty line: the body, before Content-Length is looked at
};

// CRLFs before the start line are skipped (A11), LF alone ends a line too. Returns SIP_FAULT_NONE;
// SIP_FAULT_NOT_SIP when the first line is none of SIP; SIP_FAULT_MEMORY; or, with everything that
// could be read in *out, SIP_FAULT_HEADER_COUNT or SIP_FAULT_HEADER_SYNTAX. Lines with control
// characters and lines without a name are left out.
enum sip_fault sip_scan(struct sip_scan *out, struct arena *arena, struct str datagram);
