// SPDX-License-Identifier: BSD-3-Clause
// The dataplane's end of the shared segment: makes it, lays it out, finds what lies in it.
//
// The directory in the segment is for the control plane; the dataplane keeps its own copy and never
// reads the shared one again.
#pragma once

#include <stdint.h>

#include "include/tidegate/shm.h"

struct segment_shape {
	unsigned int workers;	  // 1 .. TG_WORKERS_MAX
	unsigned int sig_threads; // 1 .. TG_SIG_THREADS_MAX
	uint32_t streams;	  // 1 .. TG_STREAMS_MAX
};

struct segment {
	struct segment_shape shape;
	struct tg_segment *shared;
	uint64_t bytes;
	uint64_t boot_id;
	int fd; // sealed memfd: its size can not change any more
	unsigned int sections;
	struct tg_section section[TG_SECTIONS_MAX];
};

// Makes and maps a segment; *out is owned by the caller until segment_free. Boot only.
// Returns 0; -EINVAL for a shape out of bounds; -ENOMEM or another -errno of memfd_create, mmap.
int segment_new(struct segment **out, const struct segment_shape *shape);
void segment_free(struct segment *seg);

// Writes header and directory anew: the control plane that left may have garbled them. Before each
// attach; the caller sees to it that no one is attached. Main lcore.
void segment_write_header(struct segment *seg, uint32_t epoch);

// One section's private entry; NULL when the layout has none.
const struct tg_section *segment_section(const struct segment *seg, enum tg_section_kind kind,
	unsigned int from, unsigned int to, unsigned int class);

// Empties a ring and takes up its producer's part: for when no consumer has it. Any thread that
// owns the producer's part.
struct tg_ring segment_producer(const struct segment *seg, enum tg_section_kind kind,
	unsigned int from, unsigned int to, unsigned int class);
// Takes up the consumer's part; what was in the ring is discarded. The thread that consumes.
struct tg_ring segment_consumer(
	const struct segment *seg, enum tg_section_kind kind, unsigned int from, unsigned int to);

struct tg_worker_stats *segment_worker_stats(const struct segment *seg);
struct tg_stream_stats *segment_stream_stats(const struct segment *seg);
// The TG_SOURCE_SETS * TG_SOURCE_WAYS rows of one worker.
struct tg_source *segment_sources(const struct segment *seg, unsigned int worker);
