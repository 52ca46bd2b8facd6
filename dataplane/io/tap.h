// SPDX-License-Identifier: BSD-3-Clause
// The kernel interface of a port whose device the kernel does not see: a TAP of the same MAC. What
// is not ours goes to it, what the kernel writes to it leaves by the device:
//
//	worker ── tap_push ─► to_kernel ─► main: tap_write ─► kernel
//	worker ◄─ tap_take ── from_kernel ◄─ main: tap_read ◄─ kernel
//
// A worker makes no system call for it, and what does not fit is dropped: a flood of what is the
// kernel's takes time from main only, and a bounded share.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include <rte_mbuf.h>
#include <rte_mempool.h>
#include <rte_ring.h>

#define TAP_SLOTS 512

struct tap {
	int fd; // -1: there is no TAP
	struct rte_ring *to_kernel;
	struct rte_ring *from_kernel;
	bool carrier;  // as the kernel was told. main: rw
	uint32_t told; // main was told of to_kernel and has not looked yet. Workers and main: rw
};

// Opens the TAP of this name; makes it when there is none, and then it goes with tap_close.
// Returns 0; -EINVAL: an interface of that name is no TAP of one queue; -EBUSY: another process has
// it; another -errno. Main.
int tap_open(struct tap *tap, const char *iface);
// Gives it the device's MAC and MTU, sets it up and makes its rings. Returns 0 or -errno. Main.
int tap_start(struct tap *tap, const char *iface, const uint8_t mac[static 6], uint16_t mtu);
// Frees what lies in the rings, too. A tap of fd -1 is legal. Main, once the workers have ended.
void tap_close(struct tap *tap);

// Lets the kernel see whether the device is plugged in. Main.
void tap_set_carrier(struct tap *tap, bool carrier);

// Takes over n packets for the kernel; those that do not fit are freed. Returns how many were. Sets
// *tell when main is to be woken. Any worker.
unsigned int tap_push(struct tap *tap, struct rte_mbuf **mbufs, unsigned int n, bool *tell);
// Fills mbufs with at most max packets of the kernel, which are the caller's from then on. Returns
// how many. One worker.
unsigned int tap_take(struct tap *tap, struct rte_mbuf **mbufs, unsigned int max);

// Each hands on a bounded number of packets. tap_write returns whether some are left; what tap_read
// leaves keeps the descriptor ready. Main.
bool tap_write(struct tap *tap);
void tap_read(struct tap *tap, struct rte_mempool *pool);
