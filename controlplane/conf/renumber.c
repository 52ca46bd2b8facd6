// SPDX-License-Identifier: BSD-3-Clause
#include <errno.h>
#include <stdlib.h>

#include "controlplane/conf/conf_int.h"

struct numbers {
	uint8_t of[TG_REALMS_MAX]; // by the place in the file
	bool is_taken[TG_REALMS_MAX];
};

static bool keep_number(struct numbers *numbers, const struct conf *conf, unsigned int realm,
	const struct conf *before)
{
	int number = conf_realm_index(before, conf->realms[realm].name);

	if (number < 0 || (unsigned int)number >= conf->realm_count)
		return false;
	numbers->of[realm] = (uint8_t)number;
	numbers->is_taken[number] = true;
	return true;
}

static void choose(struct numbers *numbers, const struct conf *conf, const struct conf *before)
{
	bool is_new[TG_REALMS_MAX];
	unsigned int next = 0;

	for (unsigned int i = 0; i < conf->realm_count; i++)
		is_new[i] = !keep_number(numbers, conf, i, before);
	for (unsigned int i = 0; i < conf->realm_count; i++) {
		if (!is_new[i])
			continue;
		while (numbers->is_taken[next])
			next++;
		numbers->of[i] = (uint8_t)next++;
	}
}

int conf_renumber(struct conf *conf, const struct conf *before)
{
	struct numbers numbers = {0};
	struct conf_realm *realms;

	if (before == NULL)
		return 0;
	realms = calloc(conf->realm_count, sizeof(*realms));
	if (realms == NULL)
		return -ENOMEM;
	choose(&numbers, conf, before);
	for (unsigned int i = 0; i < conf->realm_count; i++)
		realms[numbers.of[i]] = conf->realms[i];
	free(conf->realms);
	conf->realms = realms;
	for (unsigned int i = 0; i < conf->peer_count; i++)
		conf->peers[i].realm = numbers.of[conf->peers[i].realm];
	for (unsigned int i = 0; i < conf->route_count; i++) {
		struct conf_route *route = &conf->routes[i];

		if (route->from_realm >= 0)
			route->from_realm = numbers.of[route->from_realm];
	}
	free(conf->peer_index.entry);
	conf->peer_index = (struct conf_peer_index){0};
	return conf_index_peers(conf);
}
