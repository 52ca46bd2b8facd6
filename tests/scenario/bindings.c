// SPDX-License-Identifier: BSD-3-Clause
#include "tests/scenario/bindings.h"

#include <stdlib.h>

#include "controlplane/reg/gruu.h"
#include "controlplane/reg/location.h"
#include "controlplane/reg/token.h"

static struct net_flow flow_of(const struct world *w, const struct endpoint *e)
{
	const struct fake_socket *socket = e->protocol == TRANSPORT_UDP
		? NULL
		: fake_sockets_find(&w->sockets, &e->remote);

	if (socket != NULL)
		return socket->flow;
	return (struct net_flow){
		.local = e->local,
		.remote = e->remote,
		.realm = e->realm,
		.protocol = e->protocol,
	};
}

static void read_option(struct binding *out, struct str option)
{
	struct str value = option;
	struct str name = str_cut(&value, '=');

	if (str_equal(name, STR("q")))
		out->q = (uint16_t)(atof(value.at) * LOCATION_Q_MAX + 0.5);
	else if (str_equal(name, STR("instance")))
		out->instance = value;
	else if (str_equal(name, STR("reg-id")))
		out->reg_id = (uint32_t)atol(value.at);
	else if (str_equal(name, STR("expires")))
		out->expires_s = (uint32_t)atol(value.at);
	else if (str_equal(name, STR("path")))
		out->path = value;
}

// bind NAME AOR CONTACT [OPTION=VALUE...]
void step_bind(struct world *w, const struct step *step)
{
	const struct endpoint *e = step->words > 3 ? world_endpoint(w, step->word[1]) : NULL;
	struct binding said = {.q = LOCATION_Q_MAX, .expires_s = 3600};
	uint64_t id;

	if (e == NULL) {
		world_fail(w, "bind NAME AOR CONTACT [OPTION=VALUE...]");
		return;
	}
	said.aor = str_from(step->word[2]);
	said.contact = str_from(step->word[3]);
	said.call_id = STR("bound");
	said.flow = flow_of(w, e);
	for (unsigned int i = 4; i < step->words; i++)
		read_option(&said, str_from(step->word[i]));
	if (location_put(engine_location(w->engine), &id, &said) < 0)
		world_fail(w, "there is no room for it");
	world_settle(w);
}

// unbind AOR: all of it.
void step_unbind(struct world *w, const struct step *step)
{
	struct location *location = engine_location(w->engine);
	struct str aor = str_from(step->words > 1 ? step->word[1] : "");
	struct binding found;

	while (location_find(location, aor, &found, 1) > 0)
		location_remove(location, found.id, LOCATION_REMOVED);
	world_settle(w);
}

// gruu VARIABLE AOR [temporary]
void step_gruu(struct world *w, const struct step *step)
{
	char text[512] = "";
	struct strbuf b = strbuf_on(text, sizeof(text) - 1);
	struct binding found;

	if (step->words < 3
		|| location_find(engine_location(w->engine), str_from(step->word[2]), &found, 1)
			== 0) {
		world_fail(w, "gruu VARIABLE AOR [temporary]");
		return;
	}
	if (step->words > 3)
		gruu_write_temporary(&b, engine_tokens(w->engine), &found);
	else
		gruu_write_public(&b, &found);
	vars_set(&w->vars, str_from(step->word[1]), strbuf_str(&b));
}

// token VARIABLE AOR
void step_token(struct world *w, const struct step *step)
{
	char text[TOKEN_BYTES + 1] = "";
	struct strbuf b = strbuf_on(text, sizeof(text) - 1);
	struct binding found;

	if (step->words < 3
		|| location_find(engine_location(w->engine), str_from(step->word[2]), &found, 1)
			== 0) {
		world_fail(w, "token VARIABLE AOR");
		return;
	}
	token_write(&b, engine_tokens(w->engine), found.id);
	vars_set(&w->vars, str_from(step->word[1]), strbuf_str(&b));
}

void step_attempt(struct world *w, const struct step *step)
{
	const struct attempt *a = step->words > 3
		? attempts_find(engine_attempts(w->engine), str_from(step->word[1]))
		: NULL;

	if (a == NULL)
		world_fail(w, "no REGISTER of it is remembered");
	else if (a->status != atoi(step->word[2]) || strcmp(a->verdict, step->word[3]) != 0)
		world_fail(w, "it was answered %u %s", a->status, a->verdict);
}
