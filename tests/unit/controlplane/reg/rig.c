// SPDX-License-Identifier: BSD-3-Clause
#include "tests/unit/controlplane/reg/rig.h"

#include <criterion/criterion.h>
#include <unistd.h>

#include "controlplane/base/rcu.h"

struct rig rig;

static void note(void * /*arg*/, const struct binding *binding, enum location_change change,
	const struct net_flow *was)
{
	struct rig_change *c = &rig.change[rig.changes++];

	cr_assert_leq(rig.changes, sizeof(rig.change) / sizeof(rig.change[0]));
	c->change = change;
	c->id = binding->id;
	c->expires_s = binding->expires_s;
	c->flow = binding->flow;
	if (was != NULL)
		c->was = *was;
}

void rig_make(uint32_t bindings_max)
{
	const struct location_user user = {note, NULL};

	rcu_register_thread();
	rig.changes = 0;
	rig.wheel = timer_wheel_new((struct tg_mono){1000 * TG_NS_PER_S});
	rig.location = location_new(rig.wheel, bindings_max, &user);
	cr_assert_not_null(rig.location);
}

void rig_init(void)
{
	rig_make(16);
}

void rig_fini(void)
{
	location_free(rig.location);
	timer_wheel_free(rig.wheel);
	rcu_unregister_thread();
}

void rig_pass(uint32_t seconds)
{
	struct tg_mono now = timer_wheel_now(rig.wheel);

	timer_wheel_advance(rig.wheel, tg_mono_add_ms(now, seconds * TG_MS_PER_S));
	usleep(2); // the wall clock has another microsecond
}

struct net_flow rig_flow(const char *remote)
{
	struct net_flow flow = {.realm = 1, .protocol = TRANSPORT_UDP};

	cr_assert_eq(tg_addr_parse(&flow.remote, remote), 0);
	cr_assert_eq(tg_addr_parse(&flow.local, "192.0.2.1:5060"), 0);
	return flow;
}

struct binding rig_binding(const char *contact)
{
	return (struct binding){
		.aor = STR(RIG_AOR),
		.contact = str_from(contact),
		.call_id = STR("a84b4c76e66710"),
		.cseq = 1,
		.q = LOCATION_Q_MAX,
		.expires_s = 60,
		.flow = rig_flow("192.0.2.10:5060"),
	};
}

uint64_t rig_put(const struct binding *said)
{
	uint64_t id = 0;

	cr_assert_eq(location_put(rig.location, &id, said), 0);
	cr_assert_neq(id, 0);
	usleep(2);
	return id;
}

const char *rig_contacts(const char *aor)
{
	static char text[2048];
	struct strbuf b = strbuf_on(text, sizeof(text) - 1);
	struct binding found[16];
	unsigned int count = location_find(rig.location, str_from(aor), found, 16);

	cr_assert_leq(count, 16);
	for (unsigned int i = 0; i < count; i++) {
		strbuf_put(&b, i > 0 ? STR(" ") : STR(""));
		strbuf_put(&b, found[i].contact);
	}
	cr_assert_not(b.failed);
	text[b.len] = '\0';
	return text;
}

const char *rig_told(void)
{
	static char text[1024];
	struct strbuf b = strbuf_on(text, sizeof(text) - 1);

	for (unsigned int i = 0; i < rig.changes; i++) {
		strbuf_put(&b, i > 0 ? STR(" ") : STR(""));
		strbuf_put(&b, str_from(location_change_label(rig.change[i].change)));
	}
	rig.changes = 0;
	text[b.len] = '\0';
	return text;
}
