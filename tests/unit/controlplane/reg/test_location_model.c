// SPDX-License-Identifier: BSD-3-Clause
// A model in plain arrays beside a location, over many random steps.
#include "controlplane/reg/location.h"

#include "tests/unit/controlplane/reg/rig.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#include "controlplane/base/metrics.h"

TestSuite(location_model, .init = rig_init, .fini = rig_fini);

enum {
	AORS = 4,
	CONTACTS = 4,
};

struct model {
	uint64_t id;
	uint64_t due_s;
	unsigned int port;
};

static void check_model(struct model model[AORS][CONTACTS], uint64_t now_s)
{
	uint64_t all = 0, used = 0;
	struct binding found;

	for (unsigned int a = 0; a < AORS; a++) {
		unsigned int count = 0;
		char aor[16];

		for (unsigned int c = 0; c < CONTACTS; c++) {
			struct model *m = &model[a][c];

			if (m->id == 0)
				continue;
			count++;
			cr_assert_eq(location_get(rig.location, m->id, &found), 0);
			cr_assert_eq(found.expires_s, m->due_s - now_s);
			cr_assert_eq(found.flow.remote.port, m->port);
			cr_assert_eq(
				location_find_flow(rig.location, STR_NONE, &found.flow, &found), 0);
		}
		snprintf(aor, sizeof(aor), "%u@h", a);
		cr_assert_eq(location_find(rig.location, str_from(aor), NULL, 0), count);
		all += count;
		used += count > 0;
	}
	cr_assert_eq(counter_get(&location_counters(rig.location)->bindings), all);
	cr_assert_eq(counter_get(&location_counters(rig.location)->aors), used);
	cr_assert_eq(timer_wheel_count(rig.wheel), all);
}

static void step(struct model *m, const char *aor, const char *contact, uint64_t now_s)
{
	struct binding said = rig_binding(contact);
	char remote[32];

	if (rand() % 3 == 0 && m->id != 0) {
		cr_assert_eq(location_remove(rig.location, m->id, LOCATION_REMOVED), 0);
		m->id = 0;
		return;
	}
	m->port = 5000 + (unsigned int)rand() % 3;
	snprintf(remote, sizeof(remote), "192.0.2.10:%u", m->port);
	said.flow = rig_flow(remote);
	said.aor = str_from(aor);
	said.expires_s = 1 + (uint32_t)rand() % 20;
	m->due_s = now_s + said.expires_s;
	cr_assert_eq(location_put(rig.location, &m->id, &said), 0);
}

Test(location_model, F1_random_steps_agree_with_a_model)
{
	struct model model[AORS][CONTACTS] = {0};
	uint64_t now_s = 0;

	srand(1);
	for (unsigned int i = 0; i < 20000; i++) {
		unsigned int a = (unsigned int)rand() % AORS, c = (unsigned int)rand() % CONTACTS;
		char aor[16], contact[16];

		snprintf(aor, sizeof(aor), "%u@h", a);
		snprintf(contact, sizeof(contact), "sip:%u@h", c);
		step(&model[a][c], aor, contact, now_s);
		if (rand() % 4 == 0) {
			timer_wheel_advance(
				rig.wheel, tg_mono_add_ms(timer_wheel_now(rig.wheel), TG_MS_PER_S));
			now_s++;
			for (unsigned int k = 0; k < AORS * CONTACTS; k++) {
				struct model *m = &model[k / CONTACTS][k % CONTACTS];

				if (m->due_s == now_s)
					m->id = 0;
			}
		}
		rig.changes = 0;
		if (i % 16 == 0)
			check_model(model, now_s);
	}
}
