// SPDX-License-Identifier: BSD-3-Clause
// The one door to liburcu: the memb flavour, its lists, its queue and its hash table.
//
// Threads that read what another thread publishes (configuration, routes) call rcu_register_thread
// once and hold rcu_read_lock for a few lines, never across a callback.
#pragma once

#define RCU_MEMBARRIER
#include <urcu/urcu-memb.h>
// the flavour comes before its users
#include <urcu/hlist.h>
#include <urcu/list.h>
#include <urcu/rculfhash.h>
#include <urcu/wfcqueue.h>
