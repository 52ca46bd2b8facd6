// SPDX-License-Identifier: BSD-3-Clause
#include "tests/scenario/check.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "controlplane/call/call.h"
#include "controlplane/call/subscription.h"
#include "controlplane/reg/registrar.h"

static uint64_t ports_in_use(struct world *w)
{
	struct media_pool_view pool;
	unsigned int cursor = 0;
	uint64_t pairs = 0;

	while (media_pool_next(engine_media(w->engine), &cursor, &pool))
		pairs += pool.in_use;
	return pairs;
}

static uint64_t ports_in_quarantine(struct world *w)
{
	struct media_pool_view pool;
	unsigned int cursor = 0;
	uint64_t pairs = 0;

	while (media_pool_next(engine_media(w->engine), &cursor, &pool))
		pairs += pool.in_quarantine;
	return pairs;
}

static uint64_t dataplane_streams(struct world *w)
{
	return fake_dp_stream_count(&w->dp);
}

static uint64_t dataplane_configs(struct world *w)
{
	return w->dp.configs;
}

static uint64_t bans(struct world *w)
{
	return guard_counters(engine_guard(w->engine))->bans;
}

static uint64_t connections(struct world *w)
{
	const struct conns_counters *c = conns_counters(w->conns);

	return c->open[0] + c->open[1];
}

static uint64_t refused_by_rate(struct world *w)
{
	return conns_counters(w->conns)->strangers;
}

static uint64_t connected(struct world *w)
{
	return w->sockets.attempts;
}

static uint64_t transferred(struct world *w)
{
	return engine_counters(w->engine)->transferred;
}

static uint64_t bindings(struct world *w)
{
	return location_counters(engine_location(w->engine))->bindings;
}

static const struct question {
	const char *name;
	uint64_t (*ask)(struct world *w);
} asked[] = {
	{"ports_in_use", ports_in_use},
	{"ports_in_quarantine", ports_in_quarantine},
	{"dataplane_streams", dataplane_streams},
	{"dataplane_configs", dataplane_configs},
	{"bans", bans},
	{"connections", connections},
	{"connected", connected},
	{"refused_by_rate", refused_by_rate},
	{"transferred", transferred},
	{"bindings", bindings},
};

#define ENGINE(field)                                           \
	{                                                       \
#field, offsetof(struct engine_counters, field) \
	}
#define SIP(field)                                                 \
	{                                                          \
#field, offsetof(struct sip_stack_counters, field) \
	}
#define MEDIA(field)                                           \
	{                                                      \
#field, offsetof(struct media_counters, field) \
	}

struct word {
	const char *name;
	size_t offset;
};

static const struct word engine_words[] = {
	ENGINE(calls),
	ENGINE(attempts),
	ENGINE(answered),
	ENGINE(dialogs),
	ENGINE(relays),
	ENGINE(relayed),
	ENGINE(subscriptions),
	ENGINE(subscribed),
};
static const struct word sip_words[] = {
	SIP(transactions),
	SIP(retransmissions_in),
	SIP(retransmissions_out),
	SIP(stray_responses),
	SIP(stray_acks),
	SIP(timeouts),
	SIP(no_acks),
	SIP(table_full),
	SIP(silenced),
	SIP(larger),
	SIP(fallbacks),
	SIP(send_failures),
};
static const struct word media_words[] = {
	MEDIA(sessions),
	MEDIA(streams),
	MEDIA(latches),
	MEDIA(sources_refused),
	MEDIA(idle),
	MEDIA(one_way),
	MEDIA(two_way),
	MEDIA(policed),
	MEDIA(unreachable),
	MEDIA(unmapped),
};

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static int find_word(
	const void *base, const struct word *words, size_t count, const char *name, uint64_t *out)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(words[i].name, name) != 0)
			continue;
		memcpy(out, (const char *)base + words[i].offset, sizeof(*out));
		return 0;
	}
	return -ENOENT;
}

static int find_fault(struct world *w, const char *label, uint64_t *out)
{
	for (unsigned int f = SIP_FAULT_NONE + 1; f < SIP_FAULT_COUNT; f++) {
		if (strcmp(sip_fault_label(f), label) != 0)
			continue;
		*out = engine_sip_counters(w->engine)->faults[f];
		return 0;
	}
	return -ENOENT;
}

static int find_ended(struct world *w, const char *label, uint64_t *out)
{
	for (unsigned int c = 0; c < CALL_CAUSE_COUNT; c++) {
		if (strcmp(call_cause_label(c), label) != 0)
			continue;
		*out = engine_counters(w->engine)->ended[c];
		return 0;
	}
	return -ENOENT;
}

static int find_refused(struct world *w, const char *label, uint64_t *out)
{
	for (unsigned int r = 0; r < CALL_REFUSAL_COUNT; r++) {
		if (strcmp(call_refusal_label(r), label) != 0)
			continue;
		*out = engine_counters(w->engine)->refused[r];
		return 0;
	}
	return -ENOENT;
}

static int find_registered(struct world *w, const char *label, uint64_t *out)
{
	for (unsigned int v = 0; v < REGISTRAR_VERDICT_COUNT; v++) {
		if (strcmp(registrar_verdict_label(v), label) != 0)
			continue;
		*out = engine_counters(w->engine)->registered[v];
		return 0;
	}
	return -ENOENT;
}

static int find_unrelayed(struct world *w, const char *label, uint64_t *out)
{
	for (unsigned int r = 0; r < CALL_REFUSAL_COUNT; r++) {
		if (strcmp(call_refusal_label(r), label) != 0)
			continue;
		*out = engine_counters(w->engine)->unrelayed[r];
		return 0;
	}
	return -ENOENT;
}

static int find_unsubscribed(struct world *w, const char *label, uint64_t *out)
{
	for (unsigned int e = 0; e < SUBSCRIPTION_END_COUNT; e++) {
		if (strcmp(subscription_end_label(e), label) != 0)
			continue;
		*out = engine_counters(w->engine)->unsubscribed[e];
		return 0;
	}
	return -ENOENT;
}

static int find_closed(struct world *w, const char *label, uint64_t *out)
{
	for (unsigned int e = 0; e < CONN_END_COUNT; e++) {
		if (strcmp(conn_end_label(e), label) != 0)
			continue;
		*out = conns_counters(w->conns)->ended[e];
		return 0;
	}
	return -ENOENT;
}

static int find_binding_change(struct world *w, const char *label, uint64_t *out)
{
	for (unsigned int c = 0; c < LOCATION_CHANGE_COUNT; c++) {
		if (strcmp(location_change_label(c), label) != 0)
			continue;
		*out = location_counters(engine_location(w->engine))->changes[c];
		return 0;
	}
	return -ENOENT;
}

static int find_headers_dropped(struct world *w, const char *realm, uint64_t *out)
{
	struct conf *conf = conf_current();
	int index = conf_realm_index(conf, realm);

	conf_put(conf);
	if (index < 0)
		return -ENOENT;
	*out = engine_sip_counters(w->engine)->headers_dropped[index];
	return 0;
}

int check_counter(struct world *w, const char *name, uint64_t *out)
{
	for (size_t i = 0; i < COUNT(asked); i++) {
		if (strcmp(asked[i].name, name) == 0) {
			*out = asked[i].ask(w);
			return 0;
		}
	}
	if (strncmp(name, "faults.", 7) == 0)
		return find_fault(w, name + 7, out);
	if (strncmp(name, "ended.", 6) == 0)
		return find_ended(w, name + 6, out);
	if (strncmp(name, "headers_dropped.", 16) == 0)
		return find_headers_dropped(w, name + 16, out);
	if (strncmp(name, "refused.", 8) == 0)
		return find_refused(w, name + 8, out);
	if (strncmp(name, "registered.", 11) == 0)
		return find_registered(w, name + 11, out);
	if (strncmp(name, "unrelayed.", 10) == 0)
		return find_unrelayed(w, name + 10, out);
	if (strncmp(name, "unsubscribed.", 13) == 0)
		return find_unsubscribed(w, name + 13, out);
	if (strncmp(name, "bindings.", 9) == 0)
		return find_binding_change(w, name + 9, out);
	if (strncmp(name, "closed.", 7) == 0)
		return find_closed(w, name + 7, out);
	if (find_word(engine_counters(w->engine), engine_words, COUNT(engine_words), name, out) == 0
		|| find_word(engine_sip_counters(w->engine), sip_words, COUNT(sip_words), name, out)
			== 0
		|| find_word(media_counters(engine_media(w->engine)), media_words,
			   COUNT(media_words), name, out)
			== 0)
		return 0;
	return -ENOENT;
}

static void write_addr(char *out, size_t len, const struct tg_addr *addr)
{
	char text[TG_ADDR_TEXT_BYTES];

	snprintf(out, len, "%s", tg_ip_is_unset(&addr->ip) ? "none" : tg_addr_write(addr, text));
}

static void write_payload_types(char *out, size_t len, const struct tg_side_spec *side)
{
	size_t at = 0;

	out[0] = '\0';
	for (unsigned int pt = 0; pt < 128; pt++)
		if (tg_types_has(side->payload_types, pt))
			at += (size_t)snprintf(out + at, len - at, "%s%u", at > 0 ? "," : "", pt);
}

static void write_clocks(char *out, size_t len, const struct tg_side_spec *side)
{
	static const uint32_t hz[TG_CLOCK_COUNT] = TG_CLOCK_HZ;
	size_t at = 0;

	out[0] = '\0';
	for (unsigned int pt = 96; pt < 128; pt++) {
		enum tg_clock clock = tg_side_clock(side, (uint8_t)pt);

		if (clock != TG_CLOCK_8000)
			at += (size_t)snprintf(
				out + at, len - at, "%s%u/%u", at > 0 ? "," : "", pt, hz[clock]);
	}
}

static void write_types(char *out, size_t len, const struct tg_side_spec *side)
{
	size_t at = 0;

	out[0] = '\0';
	for (unsigned int i = 0; i < TG_TYPES_MAPPED_MAX && side->type[i].from != 0; i++)
		at += (size_t)snprintf(out + at, len - at, "%s%u>%u", at > 0 ? "," : "",
			side->type[i].from, side->type[i].to);
}

static int write_text(char *out, size_t len, const char *field, const struct tg_side_spec *s)
{
	static const char *const latch[] = {"off", "port", "signalling", "any"};
	char ip[TG_IP_TEXT_BYTES];

	if (strcmp(field, "local") == 0)
		write_addr(out, len, &s->local);
	else if (strcmp(field, "remote") == 0)
		write_addr(out, len, &s->remote[TG_RTP]);
	else if (strcmp(field, "rtcp") == 0)
		write_addr(out, len, &s->remote[TG_RTCP]);
	else if (strcmp(field, "signalling") == 0)
		snprintf(out, len, "%s", tg_ip_write(&s->signalling, ip));
	else if (strcmp(field, "latch") == 0)
		snprintf(out, len, "%s", s->latch < 4 ? latch[s->latch] : "?");
	else if (strcmp(field, "payload_types") == 0)
		write_payload_types(out, len, s);
	else if (strcmp(field, "clocks") == 0)
		write_clocks(out, len, s);
	else if (strcmp(field, "types") == 0)
		write_types(out, len, s);
	else
		return -ENOENT;
	return 0;
}

static int write_flag(char *out, size_t len, const char *field, const struct tg_side_spec *s)
{
	static const struct {
		const char *name;
		uint8_t flag;
	} flags[] = {
		{"receive", TG_SIDE_RECEIVE}, {"send", TG_SIDE_SEND}, {"opaque", TG_SIDE_OPAQUE}};

	for (size_t i = 0; i < COUNT(flags); i++) {
		if (strcmp(field, flags[i].name) != 0)
			continue;
		snprintf(out, len, "%s", s->flags & flags[i].flag ? "on" : "off");
		return 0;
	}
	return -ENOENT;
}

static int write_number(char *out, size_t len, const char *field, const struct tg_stream_spec *spec,
	const struct tg_side_spec *s)
{
	const struct {
		const char *name;
		uint32_t value;
	} numbers[] = {
		{"local_rtcp", s->local_rtcp_port},
		{"dscp", s->dscp},
		{"ssrc", s->ssrc},
		{"packets_per_s", s->packets.per_s},
		{"bytes_per_s", s->bytes.per_s},
		{"packet_bytes_max", s->packet_bytes_max},
		{"one_way_ms", spec->one_way_ms},
		{"keepalive_s", spec->keepalive_s[s == &spec->side[1]]},
	};

	for (size_t i = 0; i < COUNT(numbers); i++) {
		if (strcmp(field, numbers[i].name) != 0)
			continue;
		snprintf(out, len, "%u", numbers[i].value);
		return 0;
	}
	return -ENOENT;
}

static int write_field(char *out, size_t len, const char *field, const struct tg_stream_spec *spec,
	unsigned int side)
{
	const struct tg_side_spec *s = &spec->side[side];

	if (write_text(out, len, field, s) == 0 || write_flag(out, len, field, s) == 0)
		return 0;
	return write_number(out, len, field, spec, s);
}

void check_stream(struct world *w, const struct step *step)
{
	struct fake_dp_stream *s = step->words > 2
		? fake_dp_stream(&w->dp, (unsigned int)atoi(step->word[1]))
		: NULL;

	if (s == NULL) {
		world_fail(w, "no such stream; %u live", fake_dp_stream_count(&w->dp));
		return;
	}
	for (unsigned int i = 3; i < step->words; i++) {
		char have[512], *want = strchr(step->word[i], '=');
		char field[32];

		if (want == NULL)
			continue;
		snprintf(field, sizeof(field), "%.*s", (int)(want - step->word[i]), step->word[i]);
		if (write_field(have, sizeof(have), field, &s->spec, step->word[2][0] == 'b') < 0)
			world_fail(w, "stream has no field %s", field);
		else if (!pattern_match(want + 1, str_from(have), &w->vars))
			world_fail(w, "%s of side %s is %s", field, step->word[2], have);
	}
}

void check_clean(struct world *w)
{
	static const char *const zero[] = {"calls", "relays", "subscriptions", "dialogs",
		"transactions", "sessions", "streams", "ports_in_use", "dataplane_streams"};

	for (size_t i = 0; i < COUNT(zero); i++) {
		uint64_t value = 0;

		if (check_counter(w, zero[i], &value) < 0 || value != 0)
			world_fail(w, "at the end %s is %" PRIu64 ", not 0", zero[i], value);
	}
}
