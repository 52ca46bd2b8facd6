// SPDX-License-Identifier: BSD-3-Clause
// A record of the store that says to be a lease: what is taken for one lies inside the record, has no octet that
// ends a line, has not ended, and reads the same when it is written again.
#include <stdlib.h>

#include "controlplane/call/lease_record.h"
#include "tests/fuzz/check_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

// But for a time that has passed: then it is now.
static void check_again(const struct lease *lease, const struct lease_moment *now)
{
	char octets[STORE_VALUE_MAX];
	struct strbuf text = strbuf_on(octets, sizeof(octets));
	struct store_record record = {.key.id = lease->binding};
	struct lease again;

	if (lease_record_write(&text, lease, now) < 0)
		return;
	record.value = strbuf_str(&text);
	if (lease_record_read(&again, &record, now) < 0 || again.due.ns != lease->due.ns
		|| again.ends.ns != lease->ends.ns || !str_equal(again.peer, lease->peer)
		|| !str_equal(again.name, lease->name) || !str_equal(again.routes, lease->routes))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct lease_moment now = {{77 * TG_NS_PER_S}, {1800000000 * TG_US_PER_S}};
	const struct store_record record = {.key.id = 7, .value = str_of(data, size)};
	struct lease lease;

	if (lease_record_read(&lease, &record, &now) < 0)
		return 0;
	if (lease.ends.ns <= now.mono.ns || lease.due.ns > lease.ends.ns || lease.binding != 7)
		abort();
	check_text(lease.peer, data, size);
	check_text(lease.name, data, size);
	check_text(lease.routes, data, size);
	check_again(&lease, &now);
	return 0;
}
