// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/call/lease_record.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#define HOUR_NS (3600ull * 1000 * 1000 * 1000)

static const struct lease_moment now = {{77 * HOUR_NS}, {1800000000 * TG_US_PER_S}};
// Another process, ten minutes later.
static const struct lease_moment later = {{HOUR_NS / 60}, {1800000600 * TG_US_PER_S}};

static const struct lease sample = {
	.binding = 7,
	.due = {77 * HOUR_NS + HOUR_NS / 2},
	.ends = {78 * HOUR_NS},
	.needs_credentials = true,
	.peer = STR("carrier"),
	.name = STR("\"A\" <sip:a@example.com>"),
	.routes = STR("<sip:one;lr>, <sip:two;lr>"),
};

static char octets[STORE_VALUE_MAX];

static struct store_record write(const struct lease *lease)
{
	struct strbuf out = strbuf_on(octets, sizeof(octets));

	cr_assert_eq(lease_record_write(&out, lease, &now), 0);
	return (struct store_record){.key = {STR("a@example.com"), lease->binding},
		.value = strbuf_str(&out),
		.expires_s = lease_record_expires_s(lease, &now)};
}

Test(lease_record, L3_F12_what_is_written_is_read_by_the_next_process)
{
	struct store_record record = write(&sample);
	struct lease read;

	cr_expect_eq(record.expires_s, 1800000000 + 3600);
	cr_assert_eq(lease_record_read(&read, &record, &later), 0);
	cr_expect_eq(read.binding, 7);
	cr_expect_eq(tg_mono_ms_between(later.mono, read.due), 20 * 60 * 1000);
	cr_expect_eq(tg_mono_ms_between(later.mono, read.ends), 50 * 60 * 1000);
	cr_expect(read.needs_credentials);
	cr_expect(str_equal(read.peer, sample.peer));
	cr_expect(str_equal(read.name, sample.name));
	cr_expect(str_equal(read.routes, sample.routes));
}

Test(lease_record, F13_none_is_none_and_what_was_due_is_due)
{
	struct lease lease = sample, read;
	struct store_record record;

	lease.routes = STR_NONE;
	lease.due = (struct tg_mono){1};
	lease.needs_credentials = false;
	record = write(&lease);
	cr_assert_eq(lease_record_read(&read, &record, &later), 0);
	cr_expect(str_is_none(read.routes));
	cr_expect_eq(read.due.ns, later.mono.ns);
	cr_expect_not(read.needs_credentials);
}

Test(lease_record, L3_what_has_ended_is_over)
{
	struct store_record record = write(&sample);
	struct lease_moment end = {{0}, {1800003600 * TG_US_PER_S}};
	struct lease read;

	cr_expect_eq(lease_record_read(&read, &record, &end), -ETIMEDOUT);
}

Test(lease_record, L3_what_is_no_record_is_refused)
{
	struct lease lease = sample, read;
	struct store_record record = write(&sample);
	size_t len = record.value.len;

	for (record.value.len = 0; record.value.len < len; record.value.len++)
		cr_expect_eq(lease_record_read(&read, &record, &now), -EBADMSG);
	octets[len] = 'x';
	record.value.len = len + 1;
	cr_expect_eq(lease_record_read(&read, &record, &now), -EBADMSG, "more than it should be");
	record.value.len = len;
	octets[0]++;
	cr_expect_eq(lease_record_read(&read, &record, &now), -EBADMSG, "of another version");
	octets[0]--;
	octets[1] = 2;
	cr_expect_eq(lease_record_read(&read, &record, &now), -EBADMSG, "a flag we do not know");
	octets[1] = 1;
	memset(octets + 10, 0xff, 8);
	cr_expect_eq(lease_record_read(&read, &record, &now), -EBADMSG, "it never ends");
	lease.due.ns = lease.ends.ns + TG_NS_PER_US;
	record = write(&lease);
	cr_expect_eq(lease_record_read(&read, &record, &now), -EBADMSG, "due when it is over");
	lease = sample;
	lease.name = STR("<sip:a@b>\r\nRoute: x");
	record = write(&lease);
	cr_expect_eq(lease_record_read(&read, &record, &now), -EBADMSG, "ends a line");
	lease.name = STR("<sip:a@b");
	record = write(&lease);
	cr_expect_eq(lease_record_read(&read, &record, &now), -EBADMSG, "no name");
	lease = sample;
	lease.peer = STR("");
	record = write(&lease);
	cr_expect_eq(lease_record_read(&read, &record, &now), -EBADMSG, "of nobody");
}
