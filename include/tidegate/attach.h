// SPDX-License-Identifier: BSD-3-Clause
// How a control plane takes hold of a running dataplane, over a SOCK_SEQPACKET Unix socket.
//
//	control plane                         dataplane
//	   connect  ─────────────────────────►  one at a time: a second one gets -EBUSY
//	   tg_attach_hello ──────────────────►  checks magic and ABI version
//	   ◄────────────────── tg_attach_reply + SCM_RIGHTS {memfd, wake control, wake dataplane}
//	   ... maps, takes up its rings ...
//	   close (or death) ─────────────────►  detached: streams stay, SIP is dropped and counted
//
// Both descriptors to wake are eventfds: the dataplane writes the first when a ring it publishes
// says so, the control plane the second.
#pragma once

#include <assert.h>
#include <stdint.h>

#define TG_ATTACH_MAGIC 0x74676174u // "tgat"
#define TG_ATTACH_SOCKET "/run/tidegate/dataplane.sock"
#define TG_ATTACH_DESCRIPTORS 3

enum tg_attach_descriptor {
	TG_ATTACH_FD_SEGMENT,
	TG_ATTACH_FD_WAKE_CONTROL,
	TG_ATTACH_FD_WAKE_DATAPLANE,
};

struct tg_attach_hello {
	uint32_t magic;
	uint32_t abi_version;
	uint32_t pid;
	uint32_t sig_threads; // how many the control plane runs; must not exceed the segment's
};

struct tg_attach_reply {
	uint32_t magic;
	uint32_t abi_version; // the dataplane's
	int32_t status; // 0; -EPROTO: versions differ; -EBUSY: another one is attached; -EINVAL
	uint32_t epoch;
	uint64_t segment_bytes;
};

static_assert(sizeof(struct tg_attach_hello) == 16);
static_assert(sizeof(struct tg_attach_reply) == 24);
