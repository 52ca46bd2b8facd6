// SPDX-License-Identifier: BSD-3-Clause
#include <criterion/criterion.h>

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "dataplane/ctl/segment.h"

Test(segment, refuses_shapes_out_of_bounds)
{
	static const struct segment_shape cases[] = {
		{0, 1, 1},
		{TG_WORKERS_MAX + 1, 1, 1},
		{1, 0, 1},
		{1, TG_SIG_THREADS_MAX + 1, 1},
		{1, 1, 0},
		{1, 1, TG_STREAMS_MAX + 1},
	};
	struct segment *seg = NULL;

	for (unsigned int i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		cr_assert_eq(segment_new(&seg, &cases[i]), -EINVAL, "case %u", i);
		cr_assert_null(seg);
	}
}

static int compare_offsets(const void *a, const void *b)
{
	const struct tg_section *x = a;
	const struct tg_section *y = b;

	return (x->offset > y->offset) - (x->offset < y->offset);
}

static uint64_t section_bytes(const struct tg_section *s)
{
	return s->kind <= TG_SECTION_TX_RING ? tg_ring_bytes(s->entries, s->entry_bytes)
					     : (uint64_t)s->entries * s->entry_bytes;
}

Test(segment, sections_lie_apart_and_within)
{
	static const struct segment_shape shapes[] = {
		{1, 1, 1}, {3, 2, 100}, {TG_WORKERS_MAX, TG_SIG_THREADS_MAX, 16}};

	for (unsigned int i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++) {
		struct segment *seg = NULL;
		uint64_t end = sizeof(struct tg_segment);

		cr_assert_eq(segment_new(&seg, &shapes[i]), 0);
		qsort(seg->section, seg->sections, sizeof(seg->section[0]), compare_offsets);
		for (unsigned int s = 0; s < seg->sections; s++) {
			cr_assert_geq(seg->section[s].offset, end, "shape %u section %u", i, s);
			cr_assert_eq(seg->section[s].offset % TG_CACHE_LINE, 0);
			end = seg->section[s].offset + section_bytes(&seg->section[s]);
		}
		cr_assert_leq(end, seg->bytes);
		segment_free(seg);
	}
}

// As a control plane looks for them, by the shared directory only.
Test(segment, every_section_is_found_by_the_peer)
{
	const struct segment_shape shape = {2, 3, 10};
	static const struct tg_section wanted[] = {
		{.kind = TG_SECTION_CMD_RING, .from = 2, .entry_bytes = sizeof(struct tg_cmd)},
		{.kind = TG_SECTION_EVENT_RING,
			.from = 2,
			.to = 2,
			.entry_bytes = sizeof(struct tg_event)},
		{.kind = TG_SECTION_PUNT_RING,
			.from = 1,
			.to = 2,
			.class = TG_PUNT_TRUSTED,
			.entry_bytes = TG_PUNT_SLOT_BYTES},
		{.kind = TG_SECTION_TX_RING, .from = 2, .to = 1, .entry_bytes = TG_PUNT_SLOT_BYTES},
		{.kind = TG_SECTION_WORKER_STATS, .entry_bytes = sizeof(struct tg_worker_stats)},
		{.kind = TG_SECTION_STREAM_STATS, .entry_bytes = sizeof(struct tg_stream_stats)},
		{.kind = TG_SECTION_SOURCES, .from = 1, .entry_bytes = sizeof(struct tg_source)},
	};
	struct segment *seg = NULL;
	struct tg_section found;

	cr_assert_eq(segment_new(&seg, &shape), 0);
	for (unsigned int i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++)
		cr_assert_eq(tg_segment_find(&found, seg->shared, seg->bytes, wanted[i]), 0,
			"section %u", i);
	cr_assert_eq(tg_segment_find(&found, seg->shared, seg->bytes,
			     (struct tg_section){.kind = TG_SECTION_CMD_RING,
				     .from = 3,
				     .entry_bytes = sizeof(struct tg_cmd)}),
		-ENOENT);
	segment_free(seg);
}

Test(segment, size_is_sealed)
{
	struct segment *seg = NULL;

	cr_assert_eq(segment_new(&seg, &(struct segment_shape){1, 1, 1}), 0);
	cr_assert_neq(ftruncate(seg->fd, 4096), 0);
	cr_assert_neq(ftruncate(seg->fd, (off_t)seg->bytes + 4096), 0);
	segment_free(seg);
}

Test(segment, garbled_header_and_rings_are_restored)
{
	struct segment *seg = NULL;
	struct tg_ring ring;
	uint64_t boot_id;

	cr_assert_eq(segment_new(&seg, &(struct segment_shape){1, 1, 1}), 0);
	boot_id = seg->shared->boot_id;
	memset(seg->shared, 0xff, seg->bytes);
	segment_write_header(seg, 5);
	cr_assert_eq(seg->shared->magic, TG_SEGMENT_MAGIC);
	cr_assert_eq(seg->shared->epoch, 5);
	cr_assert_eq(seg->shared->boot_id, boot_id);
	cr_assert_eq(memcmp(seg->shared->section, seg->section, sizeof(seg->section)), 0);
	ring = segment_producer(seg, TG_SECTION_EVENT_RING, 0, 0, 0);
	cr_assert_not_null(tg_ring_reserve(&ring));
	ring = segment_consumer(seg, TG_SECTION_CMD_RING, 0, 0);
	cr_assert_null(tg_ring_peek(&ring));
	cr_assert_not(ring.dead);
	segment_free(seg);
}
