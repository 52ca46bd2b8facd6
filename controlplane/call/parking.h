// SPDX-License-Identifier: BSD-3-Clause
// Requests that wait until it is known who their sender is: the users' back end is elsewhere. Each waits with
// its octets and comes back to request_handle as if it had just arrived (sip_stack_resume).
//
// All functions belong to the signalling thread.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "controlplane/call/call_int.h"

#define PARKING_MAX 4096      // requests at once
#define PARKING_LIMIT_MS 4000 // then 503: before a phone gives up

// It waits; the back end knows it by its transaction. Returns 0, -ENOSPC when PARKING_MAX wait, or -ENOMEM.
int parking_take(const struct request *r);
// The back end has answered: for struct auth_params. arg is the engine; a transaction that does not wait is legal.
void parking_known(void *arg, uint64_t txn);
// The INVITE of that transaction was cancelled: it is answered 487. Returns false when it does not wait.
bool parking_cancel(struct engine *engine, uint64_t txn);
void parking_free_all(struct engine *engine);
