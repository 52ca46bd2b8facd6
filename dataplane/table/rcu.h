// SPDX-License-Identifier: BSD-3-Clause
// The dataplane's one door to liburcu: the QSBR flavour, where a reader costs nothing.
//
// Workers are registered readers and call rcu_quiescent_state() once a loop (io/worker.c). The main
// lcore is the only writer of every table; it needs no registration to read them. What it takes
// out is freed by call_rcu, whose own thread waits for the grace periods and batches them.
#pragma once

#ifndef _LGPL_SOURCE
#define _LGPL_SOURCE
#endif

#include <urcu-qsbr.h>
#include <urcu/rculfhash.h>

#include <stddef.h>
#include <stdint.h>

// As caa_container_of, which clang's -Wcast-qual refuses.
#define rcu_container_of(ptr, type, member) ((type *)((uintptr_t)(ptr)-offsetof(type, member)))
