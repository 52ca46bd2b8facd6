// SPDX-License-Identifier: BSD-3-Clause
// A lease as a record of the store (STORE_LEASE), and back; its key is that of its binding.
//
//	octet 0      version
//	      1      flags: needs credentials
//	      2 ..   due, ends (8 each, microseconds of the wall clock)
//	      18 ..  peer, name, routes (store/fields.h)
//
// Nothing that is read is trusted. No state: any thread.
#pragma once

#include "controlplane/call/lease.h"
#include "controlplane/store/store.h"

// The same moment by both clocks.
struct lease_moment {
	struct tg_mono mono;
	struct tg_wall wall;
};

// When it ends, for store_put: seconds of the wall clock.
uint64_t lease_record_expires_s(const struct lease *lease, const struct lease_moment *now);
// Appends the record. Returns 0, or -EMSGSIZE when it does not fit.
int lease_record_write(
	struct strbuf *out, const struct lease *lease, const struct lease_moment *now);
// Views into the record. Returns 0; -EBADMSG when it is no record of this version or no lease; -ETIMEDOUT when
// it has ended.
int lease_record_read(
	struct lease *out, const struct store_record *record, const struct lease_moment *now);
