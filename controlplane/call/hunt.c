// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/call/hunt.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "controlplane/route/route.h"

// ---- peers

static void add(struct hunt *hunt, const struct conf *conf, const struct conf_peer *peer,
	const struct conf_peer *from)
{
	const struct conf_sip_listener *listener = route_listener(conf, peer);

	if (listener != NULL && peer != from && hunt->count < HUNT_TARGETS_MAX)
		hunt->target[hunt->count++] = (struct target){
			.peer = peer, .listener = listener, .group = hunt->groups};
}

void hunt_add_route(struct hunt *hunt, const struct conf *conf, const struct conf_route *route,
	const struct conf_peer *from)
{
	if (route->to_domain < 0)
		add(hunt, conf, &conf->peers[route->to_peer], from);
	for (unsigned int i = 0; i < route->fork_count; i++)
		add(hunt, conf, &conf->peers[route->forks[i]], from);
	for (unsigned int i = 0; i < route->alternative_count; i++) {
		hunt->groups++;
		add(hunt, conf, &conf->peers[route->alternatives[i]], from);
	}
}

// With a group of its own.
static void insert(struct hunt *hunt, const struct target *target, unsigned int at)
{
	memmove(&hunt->target[at + 1], &hunt->target[at],
		(hunt->count - at) * sizeof(hunt->target[0]));
	hunt->target[at] = *target;
	hunt->target[at].group = ++hunt->groups;
	hunt->count++;
}

void hunt_add_uri(
	struct hunt *hunt, const struct conf *conf, const struct conf_peer *peer, struct str uri)
{
	const struct conf_sip_listener *listener = route_listener(conf, peer);
	char *copy;

	if (listener == NULL || hunt->count == HUNT_TARGETS_MAX)
		return;
	copy = str_dup(uri);
	if (copy != NULL)
		insert(hunt, &(struct target){.peer = peer, .listener = listener, .uri = copy},
			hunt->count);
}

// ---- phones

// The one whose other flow a binding is (RFC 5626 §7); NULL when it is a phone of its own.
static struct phone *same_instance(
	const struct hunt *hunt, unsigned int from, const struct binding *binding)
{
	for (unsigned int i = from; binding->reg_id != 0 && i < hunt->count; i++) {
		struct phone *phone = hunt->target[i].phone;

		if (phone->has_several_flows && str_equal(phone->instance, binding->instance))
			return phone;
	}
	return NULL;
}

static void append(struct phone *phone, struct phone *other)
{
	while (phone->next != NULL)
		phone = phone->next;
	phone->next = other;
}

// The place behind those that it is to be called with, or at the end; *group is theirs, or a new one.
static unsigned int place_of(
	struct hunt *hunt, unsigned int from, const struct phone *phone, uint8_t *group)
{
	unsigned int at = from, together = 0;

	for (unsigned int i = from; i < hunt->count; i++) {
		const struct phone *other = hunt->target[i].phone;

		if (other->q != phone->q || !phone_is_alike(&other->flow, &phone->flow))
			continue;
		together = *group == hunt->target[i].group ? together + 1 : 1;
		*group = hunt->target[i].group;
		at = i + 1;
	}
	if (together > 0 && together < HUNT_TOGETHER_MAX)
		return at;
	*group = ++hunt->groups;
	return hunt->count;
}

static void add_phone(struct hunt *hunt, unsigned int from, struct phone *phone,
	const struct conf_sip_listener *listener)
{
	uint8_t group = 0;
	unsigned int at = place_of(hunt, from, phone, &group);

	insert(hunt, &(struct target){.listener = listener, .phone = phone}, at);
	hunt->target[at].group = group;
}

void hunt_add_phones(struct hunt *hunt, const struct conf *conf, const struct conf_domain *domain,
	const struct binding *binding, unsigned int count)
{
	unsigned int from = hunt->count;

	for (unsigned int i = 0; i < count; i++) {
		const struct conf_realm *realm;
		const struct conf_sip_listener *listener = phone_listener(
			conf, &binding[i].flow, &realm);
		struct phone *first = same_instance(hunt, from, &binding[i]);
		struct phone *phone;

		if (listener == NULL || (first == NULL && hunt->count == HUNT_TARGETS_MAX))
			continue;
		phone = phone_new(&binding[i], domain);
		if (phone == NULL)
			continue;
		phone->flow.realm = (uint8_t)(realm - conf->realms);
		if (first != NULL)
			append(first, phone);
		else
			add_phone(hunt, from, phone, listener);
	}
	hunt->groups++;
}

bool hunt_insert_flow(struct hunt *hunt, const struct conf *conf, struct phone *phone)
{
	const struct conf_realm *realm;
	const struct conf_sip_listener *listener = phone_listener(conf, &phone->flow, &realm);

	if (listener == NULL || hunt->count == HUNT_TARGETS_MAX)
		return false;
	insert(hunt, &(struct target){.listener = listener, .phone = phone}, hunt->next);
	return true;
}

// ---- redirections, and the end

static void forget(struct target *target)
{
	free(target->uri);
	free(target->routes);
	phone_free(target->phone);
}

static bool was_called(const struct hunt *hunt, const struct target *target)
{
	for (unsigned int i = 0; target->uri != NULL && i < hunt->count; i++) {
		if (hunt->target[i].peer == target->peer && hunt->target[i].uri != NULL
			&& strcmp(hunt->target[i].uri, target->uri) == 0)
			return true;
	}
	return false;
}

void hunt_redirect(struct hunt *hunt, struct hunt *other)
{
	unsigned int at = hunt->next;
	uint8_t before = hunt->groups;

	for (unsigned int i = 0; i < other->count; i++) {
		uint8_t group = (uint8_t)(before + other->target[i].group);

		if (hunt->count == HUNT_TARGETS_MAX || was_called(hunt, &other->target[i])) {
			forget(&other->target[i]);
			continue;
		}
		insert(hunt, &other->target[i], at);
		hunt->target[at++].group = group;
	}
	hunt->groups = (uint8_t)(before + other->groups);
	*other = (struct hunt){0};
}

bool hunt_has_more(const struct hunt *hunt)
{
	return hunt->next < hunt->count;
}

void hunt_forget(struct hunt *hunt)
{
	for (unsigned int i = 0; i < hunt->count; i++)
		forget(&hunt->target[i]);
	*hunt = (struct hunt){0};
}

// ---- their turn

int hunt_make(struct leg **first, struct hunt *hunt, hunt_make_h *make, void *arg)
{
	struct leg *made = NULL;
	unsigned int group = 0;
	int rc = -EBUSY;

	// a peer that has all the calls it may have is passed over
	while (hunt_has_more(hunt) && (made == NULL || hunt->target[hunt->next].group == group)) {
		const struct target *target = &hunt->target[hunt->next++];
		struct leg *leg;
		int err = make(&leg, arg, target);

		group = target->group;
		if (err == 0 && made == NULL)
			made = leg;
		if (err < 0)
			rc = err;
	}
	if (made == NULL)
		return rc;
	*first = made;
	return 0;
}

unsigned int hunt_rank(uint16_t status)
{
	// 6xx first, then the lowest class; in 4xx what tells how to go on
	static const uint16_t telling[] = {401, 407, 415, 420, 484};
	unsigned int class = status / 100;

	if (class == 6)
		return 0;
	for (size_t i = 0; i < sizeof(telling) / sizeof(telling[0]); i++) {
		if (status == telling[i])
			return 10 * class;
	}
	return 10 * class + (status == 408 ? 2 : 1);
}
