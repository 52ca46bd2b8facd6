// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/media/tally.h"

#include <stdio.h>
#include <string.h>

const struct tally_row *tally_find(
	const struct quality_tally *tally, const char *realm, const char *peer)
{
	for (unsigned int i = 0; i < tally->count; i++) {
		if (strcmp(tally->row[i].realm, realm) == 0
			&& strcmp(tally->row[i].peer, peer) == 0)
			return &tally->row[i];
	}
	return NULL;
}

static struct tally_row *row_of(struct quality_tally *tally, const char *realm, const char *peer)
{
	const struct tally_row *have = tally_find(tally, realm, peer);
	struct tally_row *row;

	if (have != NULL)
		return &tally->row[have - tally->row];
	if (tally->count == TALLY_ROWS)
		return &tally->row[TALLY_ROWS - 1];
	row = &tally->row[tally->count++];
	snprintf(row->realm, sizeof(row->realm), "%s", realm);
	snprintf(row->peer, sizeof(row->peer), "%s", peer);
	return row;
}

void tally_add(struct quality_tally *tally, const char *realm, const char *peer,
	const struct quality *quality)
{
	static const uint32_t bounds[TALLY_BUCKETS] = TALLY_BOUNDS;
	struct tally_row *row = row_of(tally, realm, peer);
	uint32_t mos = (uint32_t)(quality->mos * 1000);
	unsigned int b = 0;

	row->grade[quality->grade]++;
	if (quality->grade == QUALITY_UNKNOWN)
		return;
	while (b < TALLY_BUCKETS - 1 && mos > bounds[b])
		b++;
	row->bucket[b]++;
	row->mos_milli_sum += mos;
}
