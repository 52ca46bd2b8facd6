// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/ctl/segment.h"

#include <sys/mman.h>
#include <sys/random.h>

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

#define CMD_SLOTS 1024
#define EVENT_SLOTS 4096
#define PUNT_SLOTS 1024
#define TX_SLOTS 1024

static void add_section(struct segment *seg, struct tg_section s)
{
	uint64_t bytes = (uint64_t)s.entries * s.entry_bytes;

	assert(seg->sections < TG_SECTIONS_MAX);
	if (s.kind <= TG_SECTION_TX_RING)
		bytes = tg_ring_bytes(s.entries, s.entry_bytes);
	s.offset = seg->bytes;
	seg->section[seg->sections++] = s;
	seg->bytes += (bytes + TG_CACHE_LINE - 1) / TG_CACHE_LINE * TG_CACHE_LINE;
}

static void add_thread_sections(struct segment *seg, uint16_t thread)
{
	add_section(seg,
		(struct tg_section){.kind = TG_SECTION_CMD_RING,
			.from = thread,
			.entries = CMD_SLOTS,
			.entry_bytes = sizeof(struct tg_cmd)});
	for (uint16_t from = 0; from <= seg->shape.workers; from++)
		add_section(seg,
			(struct tg_section){.kind = TG_SECTION_EVENT_RING,
				.from = from,
				.to = thread,
				.entries = EVENT_SLOTS,
				.entry_bytes = sizeof(struct tg_event)});
	for (uint16_t worker = 0; worker < seg->shape.workers; worker++) {
		for (uint16_t class = 0; class < TG_PUNT_CLASSES; class ++)
			add_section(seg,
				(struct tg_section){.kind = TG_SECTION_PUNT_RING,
					.from = worker,
					.to = thread,
					.class = class,
					.entries = PUNT_SLOTS,
					.entry_bytes = TG_PUNT_SLOT_BYTES});
		add_section(seg,
			(struct tg_section){.kind = TG_SECTION_TX_RING,
				.from = thread,
				.to = worker,
				.entries = TX_SLOTS,
				.entry_bytes = TG_PUNT_SLOT_BYTES});
	}
}

static void lay_out(struct segment *seg)
{
	seg->bytes = sizeof(struct tg_segment);
	for (unsigned int thread = 0; thread < seg->shape.sig_threads; thread++)
		add_thread_sections(seg, (uint16_t)thread);
	add_section(seg,
		(struct tg_section){.kind = TG_SECTION_WORKER_STATS,
			.entries = seg->shape.workers,
			.entry_bytes = sizeof(struct tg_worker_stats)});
	add_section(seg,
		(struct tg_section){.kind = TG_SECTION_STREAM_STATS,
			.entries = seg->shape.streams,
			.entry_bytes = sizeof(struct tg_stream_stats)});
	for (uint16_t worker = 0; worker < seg->shape.workers; worker++)
		add_section(seg,
			(struct tg_section){.kind = TG_SECTION_SOURCES,
				.from = worker,
				.entries = TG_SOURCE_SETS * TG_SOURCE_WAYS,
				.entry_bytes = sizeof(struct tg_source)});
}

static int map(struct segment *seg)
{
	void *at;

	seg->fd = memfd_create("tidegate-segment", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	if (seg->fd < 0 || ftruncate(seg->fd, (off_t)seg->bytes) < 0
		|| fcntl(seg->fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) < 0)
		return -errno;
	at = mmap(NULL, seg->bytes, PROT_READ | PROT_WRITE, MAP_SHARED, seg->fd, 0);
	if (at == MAP_FAILED)
		return -errno;
	seg->shared = at;
	return 0;
}

void segment_write_header(struct segment *seg, uint32_t epoch)
{
	struct tg_segment *shared = seg->shared;
	uint64_t beat_ns = shared->dataplane_beat_ns;

	*shared = (struct tg_segment){
		.magic = TG_SEGMENT_MAGIC,
		.abi_version = TG_ABI_VERSION,
		.pid = (uint32_t)getpid(),
		.total_bytes = seg->bytes,
		.boot_id = seg->boot_id,
		.workers = seg->shape.workers,
		.sig_threads = seg->shape.sig_threads,
		.streams_max = seg->shape.streams,
		.epoch = epoch,
		.dataplane_beat_ns = beat_ns,
	};
	for (unsigned int i = 0; i < seg->sections; i++)
		shared->section[i] = seg->section[i];
}

int segment_new(struct segment **out, const struct segment_shape *shape)
{
	struct segment *seg;
	int rc;

	if (shape->workers == 0 || shape->workers > TG_WORKERS_MAX || shape->sig_threads == 0
		|| shape->sig_threads > TG_SIG_THREADS_MAX || shape->streams == 0
		|| shape->streams > TG_STREAMS_MAX)
		return -EINVAL;
	seg = calloc(1, sizeof(*seg));
	if (seg == NULL)
		return -ENOMEM;
	seg->shape = *shape;
	seg->fd = -1;
	lay_out(seg);
	rc = map(seg);
	if (rc == 0 && getrandom(&seg->boot_id, sizeof(seg->boot_id), 0) != sizeof(seg->boot_id))
		rc = -EIO;
	if (rc < 0) {
		segment_free(seg);
		return rc;
	}
	segment_write_header(seg, 0);
	*out = seg;
	return 0;
}

void segment_free(struct segment *seg)
{
	if (seg == NULL)
		return;
	if (seg->shared != NULL)
		munmap(seg->shared, seg->bytes);
	if (seg->fd >= 0)
		close(seg->fd);
	free(seg);
}

const struct tg_section *segment_section(const struct segment *seg, enum tg_section_kind kind,
	unsigned int from, unsigned int to, unsigned int class)
{
	for (unsigned int i = 0; i < seg->sections; i++) {
		const struct tg_section *s = &seg->section[i];

		if (s->kind == kind && s->from == from && s->to == to && s->class == class)
			return s;
	}
	return NULL;
}

struct tg_ring segment_producer(const struct segment *seg, enum tg_section_kind kind,
	unsigned int from, unsigned int to, unsigned int class)
{
	const struct tg_section *s = segment_section(seg, kind, from, to, class);
	struct tg_ring_shared *shared;

	assert(s != NULL);
	shared = tg_segment_at(seg->shared, s);
	__atomic_store_n(&shared->tail, 0, __ATOMIC_RELAXED);
	__atomic_store_n(&shared->waiting, 0, __ATOMIC_RELAXED);
	__atomic_store_n(&shared->head, 0, __ATOMIC_RELEASE);
	return tg_ring_producer(shared, s->entries, s->entry_bytes);
}

struct tg_ring segment_consumer(
	const struct segment *seg, enum tg_section_kind kind, unsigned int from, unsigned int to)
{
	const struct tg_section *s = segment_section(seg, kind, from, to, 0);

	assert(s != NULL);
	return tg_ring_consumer(tg_segment_at(seg->shared, s), s->entries, s->entry_bytes);
}

struct tg_worker_stats *segment_worker_stats(const struct segment *seg)
{
	const struct tg_section *s = segment_section(seg, TG_SECTION_WORKER_STATS, 0, 0, 0);

	return (struct tg_worker_stats *)tg_segment_at(seg->shared, s);
}

struct tg_stream_stats *segment_stream_stats(const struct segment *seg)
{
	const struct tg_section *s = segment_section(seg, TG_SECTION_STREAM_STATS, 0, 0, 0);

	return (struct tg_stream_stats *)tg_segment_at(seg->shared, s);
}

struct tg_source *segment_sources(const struct segment *seg, unsigned int worker)
{
	const struct tg_section *s = segment_section(seg, TG_SECTION_SOURCES, worker, 0, 0);

	assert(s != NULL);
	return (struct tg_source *)tg_segment_at(seg->shared, s);
}
