// SPDX-License-Identifier: BSD-3-Clause
#include "include/tidegate/shm.h"

#include <criterion/criterion.h>

#include <stdlib.h>
#include <string.h>

#define MAPPED_BYTES (1u << 20)

static struct tg_segment *seg;

static void setup(void)
{
	seg = aligned_alloc(TG_CACHE_LINE, sizeof(*seg));
	memset(seg, 0, sizeof(*seg));
}

static void teardown(void)
{
	free(seg);
}

TestSuite(shm, .init = setup, .fini = teardown);

static const struct tg_section ring = {.kind = TG_SECTION_CMD_RING,
	.from = 3,
	.entries = 64,
	.entry_bytes = sizeof(struct tg_cmd)};
static const struct tg_section array = {.kind = TG_SECTION_STREAM_STATS,
	.entries = 100,
	.entry_bytes = sizeof(struct tg_stream_stats)};

static struct tg_section placed(struct tg_section s, uint64_t offset)
{
	s.offset = offset;
	return s;
}

#define START ((sizeof(struct tg_segment) + TG_CACHE_LINE - 1) / TG_CACHE_LINE * TG_CACHE_LINE)

Test(shm, finds_a_section_by_all_that_names_it)
{
	struct tg_section out, other = ring;

	seg->section[0] = placed(ring, START);
	seg->section[1] = placed(array, START + 65536);
	cr_assert_eq(tg_segment_find(&out, seg, MAPPED_BYTES, ring), 0);
	cr_assert_eq(out.offset, START);
	cr_assert_eq(out.entries, 64);
	cr_assert_eq(tg_segment_at(seg, &out), (uint8_t *)seg + START);
	cr_assert_eq(tg_segment_find(&out, seg, MAPPED_BYTES, array), 0);
	cr_assert_eq(out.offset, START + 65536);
	other.from = 4;
	cr_assert_eq(tg_segment_find(&out, seg, MAPPED_BYTES, other), -ENOENT);
	other = ring;
	other.to = 1;
	cr_assert_eq(tg_segment_find(&out, seg, MAPPED_BYTES, other), -ENOENT);
	other = ring;
	other.class = 1;
	cr_assert_eq(tg_segment_find(&out, seg, MAPPED_BYTES, other), -ENOENT);
}

Test(shm, directory_ends_at_the_first_empty_entry_or_at_its_size)
{
	struct tg_section out, noise = array;

	seg->section[1] = placed(ring, START);
	cr_assert_eq(tg_segment_find(&out, seg, MAPPED_BYTES, ring), -ENOENT);
	noise.from = 99;
	for (unsigned int i = 0; i < TG_SECTIONS_MAX; i++)
		seg->section[i] = placed(noise, START);
	cr_assert_eq(tg_segment_find(&out, seg, MAPPED_BYTES, ring), -ENOENT);
	seg->section[TG_SECTIONS_MAX - 1] = placed(ring, START);
	cr_assert_eq(tg_segment_find(&out, seg, MAPPED_BYTES, ring), 0);
}

Test(shm, does_not_believe_a_directory_that_lies)
{
	const uint32_t cmd = sizeof(struct tg_cmd);
	const uint64_t ring_bytes = tg_ring_bytes(64, cmd);
	const struct {
		uint32_t entries, entry_bytes;
		uint64_t offset;
		int result;
	} cases[] = {
		{64, cmd, START, 0},
		{64, cmd, (MAPPED_BYTES - ring_bytes) / 64 * 64, 0},
		{64, cmd, (MAPPED_BYTES - ring_bytes) / 64 * 64 + 64, -EPROTO},
		{64, cmd, 0, -EPROTO},
		{64, cmd, START - 64, -EPROTO},
		{64, cmd, START + 8, -EPROTO},
		{64, cmd, MAPPED_BYTES, -EPROTO},
		{64, cmd, MAPPED_BYTES + 64, -EPROTO},
		{64, cmd, UINT64_MAX - 63, -EPROTO},
		{64, cmd + 8, START, -EPROTO},
		{64, 8, START, -EPROTO},
		{63, cmd, START, -EPROTO},
		{0, cmd, START, -EPROTO},
		{1u << 31, cmd, START, -EPROTO},
		{UINT32_MAX, cmd, START, -EPROTO},
		{1u << 20, cmd, START, -EPROTO},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct tg_section out = {.offset = 77};

		seg->section[0] = placed(ring, cases[i].offset);
		seg->section[0].entries = cases[i].entries;
		seg->section[0].entry_bytes = cases[i].entry_bytes;
		cr_assert_eq(
			tg_segment_find(&out, seg, MAPPED_BYTES, ring), cases[i].result, "%zu", i);
		if (cases[i].result != 0)
			cr_assert_eq(out.offset, 77, "untouched on error");
	}
}

Test(shm, array_too_long_for_the_mapping_is_a_lie)
{
	static const uint32_t entries[] = {MAPPED_BYTES / 448, UINT32_MAX, 1u << 31};
	struct tg_section out;

	for (size_t i = 0; i < sizeof(entries) / sizeof(entries[0]); i++) {
		seg->section[0] = placed(array, START);
		seg->section[0].entries = entries[i];
		cr_assert_eq(tg_segment_find(&out, seg, MAPPED_BYTES, array), -EPROTO);
	}
}

Test(shm, directory_has_room_for_the_largest_configuration)
{
	const unsigned int w = TG_WORKERS_MAX, t = TG_SIG_THREADS_MAX;

	cr_assert_leq(t + (w + 1) * t + w * t * 2 + t * w + 2, TG_SECTIONS_MAX);
}
