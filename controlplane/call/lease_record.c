// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/call/lease_record.h"

#include <errno.h>

#include "controlplane/sip/uri.h"
#include "controlplane/store/fields.h"

#define VERSION 1
#define FLAG_CREDENTIALS 1u

// ---- the clock of a process means nothing to the next one

static uint64_t wall_us(const struct lease_moment *now, struct tg_mono at)
{
	return at.ns > now->mono.ns ? now->wall.us + (at.ns - now->mono.ns) / TG_NS_PER_US
				    : now->wall.us;
}

static struct tg_mono mono_at(const struct lease_moment *now, uint64_t us)
{
	uint64_t left_us = us > now->wall.us ? us - now->wall.us : 0;

	return (struct tg_mono){now->mono.ns + left_us * TG_NS_PER_US};
}

uint64_t lease_record_expires_s(const struct lease *lease, const struct lease_moment *now)
{
	return wall_us(now, lease->ends) / TG_US_PER_S;
}

int lease_record_write(
	struct strbuf *out, const struct lease *lease, const struct lease_moment *now)
{
	fields_put_number(out, VERSION, 1);
	fields_put_number(out, lease->needs_credentials ? FLAG_CREDENTIALS : 0, 1);
	fields_put_number(out, wall_us(now, lease->due), 8);
	fields_put_number(out, wall_us(now, lease->ends), 8);
	fields_put_text(out, lease->peer);
	fields_put_text(out, lease->name);
	fields_put_text(out, lease->routes);
	return out->failed ? -EMSGSIZE : 0;
}

// More than an Expires can say is no lease.
static uint64_t take_time(struct fields *fields, const struct lease_moment *now)
{
	return fields_take_number(fields, 8, now->wall.us + UINT32_MAX * TG_US_PER_S);
}

int lease_record_read(
	struct lease *out, const struct store_record *record, const struct lease_moment *now)
{
	struct fields fields = {.rest = record->value};
	struct lease lease = {.binding = record->key.id};
	struct sip_name_addr name;
	uint64_t due_us, ends_us;

	if (fields_take_number(&fields, 1, UINT8_MAX) != VERSION)
		return -EBADMSG;
	lease.needs_credentials = fields_take_number(&fields, 1, FLAG_CREDENTIALS) != 0;
	due_us = take_time(&fields, now);
	ends_us = take_time(&fields, now);
	lease.peer = fields_take_text(&fields);
	lease.name = fields_take_text(&fields);
	lease.routes = fields_take_text(&fields);
	if (fields.is_bad || fields.rest.len != 0 || due_us > ends_us || lease.peer.len == 0
		|| sip_name_addr_parse(&name, lease.name) < 0)
		return -EBADMSG;
	if (ends_us <= now->wall.us)
		return -ETIMEDOUT;
	lease.due = mono_at(now, due_us);
	lease.ends = mono_at(now, ends_us);
	*out = lease;
	return 0;
}
