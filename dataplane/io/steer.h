// SPDX-License-Identifier: BSD-3-Clause
// The kernel-side program of one interface: attaches it, fills its maps, takes it away.
//
// With AF_XDP the DPDK driver has loaded and attached tg_redirect; its maps are found through the
// program. Without, tg_guard is put on the interface's ingress, behind the packet socket's tap.
// All functions: main lcore only.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/xdp/steer.h"
#include "include/tidegate/addr.h"

struct steer {
	unsigned int ifindex;
	bool xdp;
	int listeners_fd;
	int pools_fd;
	uint64_t *alive_ns;	  // mapped from the kernel; NULL with XDP
	struct bpf_object *guard; // NULL with XDP
};

// Removes what a killed dataplane left on the interface. Before EAL.
// Returns 0; -EBUSY: a program of somebody else is attached (xdp only); another -errno.
int steer_clean(unsigned int ifindex, bool xdp);

// Takes hold of the program and its maps; without XDP loads object_path and attaches the guard.
// After the port was started. Returns 0; -ENOENT: the program or a map is missing; another -errno.
int steer_open(struct steer *st, unsigned int ifindex, bool xdp, const char *object_path);
// Detaches the program. A zeroed or closed steer is legal.
void steer_close(struct steer *st);

// Of a closed steer, as a device has that the kernel does not see, the two do nothing.
//
// UDP to this address is ours from now on, or no more. Returns 0 or -errno.
int steer_listener_set(struct steer *st, const struct tg_addr *local, bool ours);
// The port ranges of this address that are ours; count 0: none. count <= STEER_RANGES_MAX.
// Returns 0 or -errno.
int steer_pool_set(struct steer *st, const struct tg_ip *local, const struct steer_range *range,
	unsigned int count);
// Each TG_BEAT_INTERVAL_MS: the guard works only while it hears this.
void steer_beat(struct steer *st, uint64_t mono_ns);
