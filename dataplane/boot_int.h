// SPDX-License-Identifier: BSD-3-Clause
// The steps of boot.c's table that have files of their own. Each start returns 0, or -1 after
// boot_fail; each stop is legal after any start, a failed one too. Main lcore only.
#pragma once

#include "dataplane/boot.h"

// Says on stderr, in one line, what is wrong and what to do. Returns -1.
__attribute__((format(printf, 1, 2))) int boot_fail(const char *fmt, ...);
void boot_stop_nothing(struct dataplane *dp);

// ---- boot_eal.c: DPDK's environment

// Fills in --memory when it was not given, and looks whether so much is there in huge pages.
int boot_check_memory(struct dataplane *dp);
int boot_start_eal(struct dataplane *dp);
void boot_stop_eal(struct dataplane *dp);

// ---- boot_attach.c: the socket for a control plane, and who gets which ring when one comes

int boot_open_attach(struct dataplane *dp);
void boot_close_attach(struct dataplane *dp);
