// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/obs/listing.h"

#include <errno.h>
#include <stdlib.h>

bool listing_has_room(const struct listing *listing)
{
	return json_array_size(listing->rows) < listing->limit;
}

void listing_add(struct listing *listing, json_t *row)
{
	json_array_append_new(listing->rows, row);
}

json_t *listing_take_rows(struct listing *listing)
{
	json_t *rows = listing->rows;

	listing->rows = NULL;
	return rows;
}

json_t *listing_result(struct listing *listing, const char *name, uint64_t live)
{
	json_int_t shown = (json_int_t)json_array_size(listing->rows);

	return json_pack("{s:o, s:I, s:I}", name, listing_take_rows(listing), "shown", shown,
		"live", (json_int_t)live);
}

static void finish(struct listing *listing)
{
	if (listing->is_long)
		listing->obs->long_listing = false;
	listing->kind->end(listing);
	json_decref(listing->rows);
	free(listing);
}

static void on_slice(struct letter *letter)
{
	struct listing *listing = caa_container_of(letter, struct listing, letter);

	for (unsigned int i = 0; i < listing->kind->steps_a_slice; i++) {
		if (!listing->kind->step(listing)) {
			finish(listing);
			return;
		}
	}
	mailbox_send(loop_mailbox(listing->obs->p.signalling), letter, on_slice);
}

int listing_limit(uint64_t *limit, const struct ctl_request *request, uint64_t absent)
{
	const json_t *arg = json_object_get(ctl_args(request), "limit");

	*limit = absent;
	if (arg == NULL)
		return 0;
	if (json_is_integer(arg) && json_integer_value(arg) >= 0)
		*limit = (uint64_t)json_integer_value(arg);
	else if (!json_is_string(arg)
		|| str_to_u64(limit, str_from(json_string_value(arg)), UINT32_MAX) < 0)
		return -EINVAL;
	if (*limit == 0)
		*limit = UINT64_MAX;
	return 0;
}

int listing_start(
	struct obs *obs, struct ctl_request *request, const struct listing_kind *kind, void *state)
{
	struct listing *listing;
	uint64_t limit;

	if (listing_limit(&limit, request, LISTING_LIMIT_DEFAULT) < 0) {
		ctl_refuse(request, "usage", "limit must be a number, 0 for all");
		return -EINVAL;
	}
	if (limit > LISTING_LONG && obs->long_listing) {
		ctl_refuse(request, "refused",
			"another listing of more than %u rows is running; try again", LISTING_LONG);
		return -EBUSY;
	}
	listing = calloc(1, sizeof(*listing));
	if (listing != NULL)
		listing->rows = json_array();
	if (listing == NULL || listing->rows == NULL) {
		free(listing);
		ctl_refuse(request, "refused", "out of memory");
		return -ENOMEM;
	}
	listing->obs = obs;
	listing->request = request;
	listing->kind = kind;
	listing->limit = limit;
	listing->state = state;
	listing->is_long = limit > LISTING_LONG;
	if (listing->is_long)
		obs->long_listing = true;
	on_slice(&listing->letter);
	return 0;
}
