// SPDX-License-Identifier: BSD-3-Clause
#include <ctype.h>
#include <errno.h>

#include "controlplane/obs/json_text.h"
#include "controlplane/obs/labels.h"
#include "controlplane/obs/listing.h"
#include "controlplane/reg/registrar.h"

#define AOR_BYTES 512

static const char *label_nat(unsigned int nat)
{
	static const char *const names[] = {
		[BINDING_DIRECT] = "none",
		[BINDING_PRIVATE] = "private",
		[BINDING_MOVED] = "moved",
	};

	return nat < sizeof(names) / sizeof(names[0]) ? names[nat] : "none";
}

static void add_flow(json_t *json, const struct net_flow *flow)
{
	struct conf *conf = conf_current();

	json_object_set_new(json, "transport", json_string(transport_param(flow->protocol)));
	json_object_set_new(json, "remote", json_addr(&flow->remote));
	json_object_set_new(json, "local", json_addr(&flow->local));
	json_object_set_new(json, "realm", json_string(label_realm(conf, flow->realm)));
	conf_put(conf);
}

static json_t *binding_json(const struct binding *b)
{
	json_t *json = json_pack("{s:I, s:o, s:o, s:I, s:s, s:b, s:o, s:o, s:o, s:I, s:f, s:b}",
		"id", (json_int_t)b->id, "aor", json_text(b->aor), "contact", json_text(b->contact),
		"expires_s", (json_int_t)b->expires_s, "nat", label_nat(b->nat), "alg_suspected",
		(int)b->is_alg, "user_agent", json_text(b->user_agent), "rtt_us",
		b->rtt_us != 0 ? json_integer((json_int_t)b->rtt_us) : json_null(), "instance",
		json_text(b->instance), "reg_id", (json_int_t)b->reg_id, "q",
		(double)b->q / LOCATION_Q_MAX, "outbound", (int)b->is_outbound);

	json_object_set_new(json, "since", json_wall(b->since));
	json_object_set_new(json, "refreshed", json_wall(b->refreshed));
	json_object_set_new(json, "path", json_text(b->path));
	add_flow(json, &b->flow);
	return json;
}

// ---- all of them

static bool step_registrations(struct listing *listing)
{
	uint32_t cursor = (uint32_t)listing->cursor;
	struct binding binding;

	if (!listing_has_room(listing)
		|| !location_next(engine_location(listing->obs->p.engine), &cursor, &binding))
		return false;
	listing->cursor = cursor;
	listing_add(listing, binding_json(&binding));
	return true;
}

static void end_registrations(struct listing *listing)
{
	const struct location *location = engine_location(listing->obs->p.engine);

	ctl_reply(listing->request,
		listing_result(listing, "registrations", location_counters(location)->bindings));
}

// ---- those of one

// As bindings have it: without scheme, the domain in lower case. Returns false after refusing.
static bool read_aor(struct strbuf *out, struct ctl_request *request)
{
	const char *text = ctl_arg_string(request, "aor");
	struct str aor = str_from(text), user;

	if (text == NULL)
		return false;
	if (str_starts_nocase(aor, STR("sip:")))
		aor = str_of(aor.at + 4, aor.len - 4);
	user = str_cut_last(&aor, '@');
	strbuf_put(out, user);
	strbuf_put_char(out, '@');
	for (size_t i = 0; i < aor.len; i++)
		strbuf_put_char(out, (char)tolower((uint8_t)aor.at[i]));
	if (user.len > 0 && aor.len > 0 && !out->failed)
		return true;
	ctl_refuse(request, "usage", "%s is no address of record; give one as alice@example.com",
		text);
	return false;
}

static json_t *attempt_json(const struct attempt *a)
{
	json_t *json;

	if (a == NULL)
		return json_null();
	json = json_pack("{s:o, s:I, s:i, s:s, s:o, s:o, s:I}", "when", json_wall(a->when),
		"ago_ms", (json_int_t)((tg_wall_now().us - a->when.us) / 1000), "status",
		(int)a->status, "verdict", a->verdict, "challenged",
		a->challenged.us != 0 ? json_wall(a->challenged) : json_null(), "user_agent",
		json_text(str_from(a->user_agent)), "registers", (json_int_t)a->count);
	add_flow(json, &a->flow);
	return json;
}

static void show_one(struct ctl_request *request, const struct obs *obs)
{
	const struct engine *engine = obs->p.engine;
	struct binding found[LOCATION_PER_AOR_MAX];
	char text[AOR_BYTES];
	struct strbuf b = strbuf_on(text, sizeof(text));
	json_t *all = json_array();
	unsigned int count;
	struct str aor;

	if (!read_aor(&b, request)) {
		json_decref(all);
		return;
	}
	aor = strbuf_str(&b);
	count = location_find(engine_location(engine), aor, found, LOCATION_PER_AOR_MAX);
	for (unsigned int i = 0; i < count && i < LOCATION_PER_AOR_MAX; i++)
		json_array_append_new(all, binding_json(&found[i]));
	ctl_reply(request,
		json_pack("{s:o, s:o, s:o}", "aor", json_text(aor), "registrations", all,
			"last_register",
			attempt_json(attempts_find(engine_attempts(engine), aor))));
}

static void show_registrations(struct ctl_request *request, void *arg)
{
	static const struct listing_kind kind = {step_registrations, end_registrations, 64};

	if (json_object_get(ctl_args(request), "aor") != NULL)
		show_one(request, arg);
	else
		(void)listing_start(arg, request, &kind, NULL);
}

// ---- kick

// 0: all of the address. Returns -EINVAL after refusing.
static int read_id(uint64_t *id, struct ctl_request *request)
{
	const json_t *arg = json_object_get(ctl_args(request), "registration");

	*id = 0;
	if (arg == NULL)
		return 0;
	if (json_is_integer(arg) && json_integer_value(arg) > 0)
		*id = (uint64_t)json_integer_value(arg);
	else if (!json_is_string(arg)
		|| str_to_u64(id, str_from(json_string_value(arg)), UINT64_MAX) < 0 || *id == 0) {
		ctl_refuse(request, "usage",
			"registration must be a number that \"show registrations\" gives");
		return -EINVAL;
	}
	return 0;
}

static unsigned int remove_all(struct location *location, struct str aor, uint64_t id)
{
	struct binding found[LOCATION_PER_AOR_MAX];
	unsigned int count = location_find(location, aor, found, LOCATION_PER_AOR_MAX);
	uint64_t ids[LOCATION_PER_AOR_MAX];
	unsigned int chosen = 0, gone = 0;

	for (unsigned int i = 0; i < count && i < LOCATION_PER_AOR_MAX; i++) {
		if (id == 0 || found[i].id == id)
			ids[chosen++] = found[i].id;
	}
	for (unsigned int i = 0; i < chosen; i++)
		gone += location_remove(location, ids[i], LOCATION_KICKED) == 0;
	return gone;
}

static void kick(struct ctl_request *request, void *arg)
{
	const struct obs *obs = arg;
	char text[AOR_BYTES];
	struct strbuf aor = strbuf_on(text, sizeof(text));
	unsigned int gone;
	uint64_t id;

	if (!read_aor(&aor, request) || read_id(&id, request) < 0)
		return;
	gone = remove_all(engine_location(obs->p.engine), strbuf_str(&aor), id);
	if (gone == 0)
		ctl_refuse(request, "not-found",
			"it is not registered; \"show registrations %s\" says why that may be",
			json_string_value(json_object_get(ctl_args(request), "aor")));
	else
		ctl_reply(request,
			json_pack("{s:o, s:I}", "aor", json_text(strbuf_str(&aor)), "kicked",
				(json_int_t)gone));
}

void ctl_registrations_add(struct obs *obs)
{
	static const struct ctl_command commands[] = {
		{"show registrations", "[<aor>]", "who is registered; why an address is not",
			CTL_SIGNALLING, show_registrations, NULL},
		{"kick", "<aor> [<registration>]", "remove registrations of an address, all or one",
			CTL_SIGNALLING, kick, NULL},
	};

	obs_add_commands(obs, commands, sizeof(commands) / sizeof(commands[0]));
}
