// SPDX-License-Identifier: BSD-3-Clause
// Whose turn it is, and whose refusal counts.
#include <criterion/criterion.h>
#include <errno.h>

#include "controlplane/call/hunt.h"
#include "controlplane/call/leg.h"

static struct leg legs[HUNT_TARGETS_MAX];
static unsigned int made;
static struct conf_peer full;

// One that has all the calls it may have cannot be called.
static int make(struct leg **out, void * /*arg*/, const struct target *target)
{
	if (target->peer == &full)
		return -EBUSY;
	*out = &legs[made++];
	return 0;
}

static int next(struct hunt *hunt)
{
	struct leg *first = NULL;
	int rc = hunt_make(&first, hunt, make, NULL);

	cr_expect_eq(first == NULL, rc < 0);
	return rc;
}

Test(hunt, C41_C42_the_first_group_then_one_after_the_other)
{
	struct hunt hunt = {.count = 5};

	for (unsigned int i = 2; i < hunt.count; i++)
		hunt.target[i].group = (uint8_t)(i - 1);
	hunt.target[2].peer = &full;
	cr_expect_eq(next(&hunt), 0);
	cr_expect_eq(made, 2);
	cr_expect_eq(next(&hunt), 0);
	cr_expect_eq(made, 3);
	cr_expect(hunt_has_more(&hunt));
	cr_expect_eq(next(&hunt), 0);
	cr_expect_eq(made, 4);
	cr_expect_not(hunt_has_more(&hunt));
}

Test(hunt, C42_when_all_are_full_the_last_reason_is_told)
{
	struct hunt hunt = {.count = 2};

	hunt.target[1].group = 1;
	hunt.target[0].peer = hunt.target[1].peer = &full;
	cr_expect_eq(next(&hunt), -EBUSY);
	cr_expect_eq(made, 0);
	cr_expect_not(hunt_has_more(&hunt));
}

// ---- phones

static const char realms[] = "realms:\n"
			     "  - name: access\n"
			     "    sip: [{address: \"203.0.113.1:5060\"}, {address: "
			     "\"[2001:db8::1]:5060\"}]\n"
			     "    media: [{address: \"203.0.113.1\", ports: \"20000-20099\"}]\n";
static struct conf *conf;
static struct hunt phones;

struct said {
	uint16_t q;
	const char *local;
	const char *instance;
	uint32_t reg_id;
};

#define V4 "203.0.113.1:5060"
#define V6 "[2001:db8::1]:5060"

static void add(const struct said *said, unsigned int count)
{
	struct conf_error err = {0};
	struct binding binding[HUNT_TARGETS_MAX + 4] = {0};

	cr_assert_eq(conf_parse(&conf, str_from(realms), "test", &err), 0, "%s", err.text);
	for (unsigned int i = 0; i < count; i++) {
		binding[i] = (struct binding){
			.id = i + 1,
			.contact = STR("sip:a@192.168.1.20"),
			.instance = str_from(said[i].instance),
			.reg_id = said[i].reg_id,
			.q = said[i].q,
		};
		cr_assert_eq(tg_addr_parse(&binding[i].flow.local, said[i].local), 0);
	}
	hunt_add_phones(&phones, conf, NULL, binding, count);
}

static void done(void)
{
	hunt_forget(&phones);
	conf_put(conf);
}

static void is_next(uint64_t binding, bool together)
{
	const struct target *target = &phones.target[phones.next++];

	cr_assert_leq(phones.next, phones.count);
	cr_expect_eq(target->phone->binding, binding, "%lu", target->phone->binding);
	cr_expect_eq(target > phones.target && target->group == target[-1].group, together);
}

Test(hunt, F8_C41_phones_of_one_q_at_once_as_far_as_media_can)
{
	static const struct said said[] = {
		{1000, V4, NULL, 0}, {1000, V6, NULL, 0}, {1000, V4, NULL, 0}, {500, V4, NULL, 0},
		{500, "203.0.113.99:5060", NULL, 0}, // no listener of ours
	};

	add(said, 5);
	is_next(1, false);
	is_next(3, true);
	is_next(2, false);
	is_next(4, false);
	cr_expect_not(hunt_has_more(&phones));
	done();
}

Test(hunt, E18_E15_one_flow_of_an_instance_and_the_others_behind_it)
{
	static const struct said said[] = {
		{1000, V4, "<urn:uuid:1>", 2}, {1000, V4, "<urn:uuid:2>", 1},
		{1000, V6, "<urn:uuid:1>", 1}, {500, V4, "<urn:uuid:1>", 3},
		{500, V4, "<urn:uuid:1>", 0}, // registered without outbound
	};
	struct phone *other;

	add(said, 5);
	is_next(1, false);
	is_next(2, true);
	is_next(5, false);
	other = phones.target[0].phone->next;
	cr_expect_eq(other->binding, 3);
	cr_expect_eq(other->next->binding, 4);
	phones.next = 1;
	cr_expect(hunt_insert_flow(&phones, conf, other));
	phones.target[0].phone->next = NULL;
	is_next(3, false);
	is_next(2, false);
	done();
}

Test(hunt, F8_no_more_at_once_than_a_call_has_legs)
{
	struct said said[HUNT_TARGETS_MAX + 2];
	unsigned int together = 1;

	for (unsigned int i = 0; i < HUNT_TARGETS_MAX + 2; i++)
		said[i] = (struct said){1000, V4, NULL, 0};
	add(said, HUNT_TARGETS_MAX + 2);
	cr_expect_eq(phones.count, HUNT_TARGETS_MAX);
	while (phones.target[together].group == phones.target[0].group)
		together++;
	cr_expect_eq(together, HUNT_TOGETHER_MAX);
	cr_expect_eq(phones.target[together].phone->binding, together + 1);
	done();
}

Test(hunt, C43_a_6xx_first_then_the_lowest_class)
{
	static const uint16_t falling[] = {603, 302, 401, 486, 408, 500};

	for (size_t i = 1; i < sizeof(falling) / sizeof(falling[0]); i++)
		cr_expect_lt(hunt_rank(falling[i - 1]), hunt_rank(falling[i]), "%u", falling[i]);
	cr_expect_eq(hunt_rank(407), hunt_rank(484));
}
