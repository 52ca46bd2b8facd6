// SPDX-License-Identifier: BSD-3-Clause
// The one shared segment. The dataplane makes it (a sealed memfd) and passes it at attach.
//
//	| tg_segment: magic, abi, sizes, heartbeats, directory | section | section | ...
//
// A section is a ring or an array; the directory tells where each lies. The reader validates every
// entry against the size of its own mapping before it believes it (tg_segment_find).
#pragma once

#include <assert.h>
#include <errno.h>
#include <stddef.h>
#include <stdint.h>

#include "include/tidegate/cmd.h"
#include "include/tidegate/event.h"
#include "include/tidegate/limits.h"
#include "include/tidegate/punt.h"
#include "include/tidegate/ring.h"
#include "include/tidegate/source.h"
#include "include/tidegate/stats.h"

#define TG_SEGMENT_MAGIC 0x5449444547415445ull // "TIDEGATE"
#define TG_ABI_VERSION 5u

enum tg_section_kind {
	TG_SECTION_CMD_RING = 1, // from: signalling thread, to: 0 (main lcore)
	TG_SECTION_EVENT_RING,	 // from: 0 main lcore, 1 + n worker n; to: signalling thread
	TG_SECTION_PUNT_RING,	 // from: worker, to: signalling thread, class: enum tg_punt_class
	TG_SECTION_TX_RING,	 // from: signalling thread, to: worker
	TG_SECTION_WORKER_STATS, // array of struct tg_worker_stats
	TG_SECTION_STREAM_STATS, // array of struct tg_stream_stats, by tg_stream_ref.index
	TG_SECTION_SOURCES,	 // from: worker; array of struct tg_source
};

struct tg_section {
	uint16_t kind; // enum tg_section_kind; 0 ends the directory
	uint16_t from;
	uint16_t to;
	uint16_t class;
	uint32_t entries;     // ring slots or array length
	uint32_t entry_bytes; // slot or element size
	uint64_t offset;      // from the start of the segment, a multiple of 64
};

static_assert(sizeof(struct tg_section) == 24);

// With TG_WORKERS_MAX workers and TG_SIG_THREADS_MAX threads: 16 cmd, 17*16 event, 16*16*2 punt,
// 16*16 tx, 16 of sources and two arrays fit.
#define TG_SECTIONS_MAX 1088

struct tg_segment {
	uint64_t magic;
	uint32_t abi_version;
	uint32_t pid; // of the dataplane
	uint64_t total_bytes;
	uint64_t boot_id; // random, another one each time the dataplane starts
	uint32_t workers;
	uint32_t sig_threads;
	uint32_t streams_max;
	uint32_t epoch; // counts attached control planes; dataplane: rw, control plane: ro
	_Alignas(TG_CACHE_LINE) uint64_t
		dataplane_beat_ns; // dataplane: rw; CLOCK_MONOTONIC, each 100 ms
	_Alignas(TG_CACHE_LINE) uint64_t controlplane_beat_ns; // control plane: rw; likewise
	_Alignas(TG_CACHE_LINE) struct tg_section section[TG_SECTIONS_MAX];
};

#define TG_BEAT_INTERVAL_MS 100
#define TG_BEAT_LOST_MS 2000 // older than this: the peer hangs

// Finds a section and checks that it lies inside a mapping of mapped_bytes and has the wanted entry
// size. Copies the entry, so that later changes by the peer do not matter.
// Returns 0; -ENOENT when there is none; -EPROTO when the directory lies.
static inline int tg_segment_find(struct tg_section *out, const struct tg_segment *seg,
	uint64_t mapped_bytes, struct tg_section want)
{
	for (unsigned int i = 0; i < TG_SECTIONS_MAX; i++) {
		struct tg_section s = seg->section[i];
		uint64_t bytes = (uint64_t)s.entries * s.entry_bytes;

		if (s.kind == 0)
			return -ENOENT;
		if (s.kind != want.kind || s.from != want.from || s.to != want.to
			|| s.class != want.class)
			continue;
		if (s.kind <= TG_SECTION_TX_RING) {
			if (!tg_ring_shape_ok(s.entries, s.entry_bytes))
				return -EPROTO;
			bytes = tg_ring_bytes(s.entries, s.entry_bytes);
		}
		if (s.entry_bytes != want.entry_bytes || s.offset % TG_CACHE_LINE != 0
			|| s.offset < sizeof(*seg) || s.offset > mapped_bytes
			|| bytes > mapped_bytes - s.offset)
			return -EPROTO;
		*out = s;
		return 0;
	}
	return -ENOENT;
}

static inline void *tg_segment_at(struct tg_segment *seg, const struct tg_section *section)
{
	return (uint8_t *)seg + section->offset;
}
