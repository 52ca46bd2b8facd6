// SPDX-License-Identifier: BSD-3-Clause
// The one door to liburcu: the memb flavour, its lists and its queue.
//
// Threads that read what another thread publishes (configuration, routes) call rcu_register_thread
// once and hold rcu_read_lock for a few lines, never across a callback.
#pragma once

#define URCU_API_MAP // rcu_read_lock and its like name the flavour that follows
#include <urcu/urcu-memb.h>
// the flavour comes before its users
#include <urcu/hlist.h>
#include <urcu/list.h>
#include <urcu/wfcqueue.h>

#include <stddef.h>
#include <stdint.h>

// liburcu's own goes by way of a pointer to const, which -Wcast-qual of clang refuses in user code.
#undef caa_container_of
#define caa_container_of(ptr, type, member) ((type *)((uintptr_t)(ptr)-offsetof(type, member)))
