// SPDX-License-Identifier: BSD-3-Clause
// A binding as a record of the store (STORE_BINDING), and back. Compact, of a version, the same on every
// machine; the realm by its name, for its index may be another after a reload.
//
//	octet 0      version
//	      1      flags: outbound, ALG
//	      2, 3   nat, protocol
//	      4 ..   local port and address, remote port and address (2 + 16 each), q (2), cseq (4),
//	             reg_id (4), since and refreshed (8 each, microseconds of the wall clock)
//	      66 ..  length (2; 0xffff: none) and octets of: realm, contact, params, instance, call_id,
//	             user_agent, path
//
// Numbers are little-endian. The AOR and the id are the key, the end is the record's.
//
// Nothing that is read is trusted: the store may have been written by another version, by another node or
// by an intruder. What goes into SIP messages has no control character, or the record is refused.
// No state: any thread.
#pragma once

#include "controlplane/conf/conf.h"
#include "controlplane/reg/location.h"
#include "controlplane/store/store.h"

// The key under which a binding lies. A view of its AOR.
struct store_key binding_record_key(const struct binding *binding);
// When it ends, for store_put: seconds of the wall clock.
uint64_t binding_record_expires_s(const struct binding *binding, struct tg_wall now);
// Appends the record; out has at most STORE_VALUE_MAX octets. Returns 0; -EMSGSIZE when it does not fit,
// -EINVAL when its realm is none of conf's. What is in out after an error is worth nothing.
int binding_record_write(
	struct strbuf *out, const struct binding *binding, const struct conf *conf);
// Views into the record. The id of a connection (TCP, ..) is 0, for none outlives the process that had it;
// trust is that of a registered source, the DSCP that of conf's realm; rtt_us is 0. Returns 0; -EBADMSG
// when it is no record of this version or holds what no binding can; -ENOENT when conf has no such realm;
// -ETIMEDOUT when it has ended.
int binding_record_read(struct binding *out, const struct store_record *record,
	const struct conf *conf, struct tg_wall now);
