// SPDX-License-Identifier: BSD-3-Clause
#include "tests/unit/controlplane/reg/fake_location.h"

#include <errno.h>

struct fake_location fake_location;

static struct binding *find(uint64_t id)
{
	for (unsigned int i = 0; i < FAKE_BINDINGS; i++) {
		if (id != 0 && fake_location.binding[i].id == id)
			return &fake_location.binding[i];
	}
	return NULL;
}

int location_get(const struct location *, uint64_t id, struct binding *out)
{
	const struct binding *binding = find(id);

	if (binding == NULL)
		return -ENOENT;
	*out = *binding;
	return 0;
}

int location_set_rtt(struct location *, uint64_t id, uint32_t rtt_us)
{
	struct binding *binding = find(id);

	if (binding == NULL)
		return -ENOENT;
	binding->rtt_us = rtt_us;
	return 0;
}

int location_remove(struct location *, uint64_t id, enum location_change why)
{
	struct binding *binding = find(id), gone;

	if (binding == NULL)
		return -ENOENT;
	gone = *binding;
	*binding = (struct binding){0};
	fake_location.removed = id;
	fake_location.why = why;
	fake_location.removals++;
	if (fake_location.on_removed != NULL)
		fake_location.on_removed(&gone);
	return 0;
}
