// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/route/trunk.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct trunk {
	char *name; // kept while it has calls
	uint32_t calls;
};

struct trunks {
	struct trunk *slot;
	uint32_t count;
};

struct trunks *trunks_new(void)
{
	return calloc(1, sizeof(struct trunks));
}

void trunks_free(struct trunks *trunks)
{
	if (trunks == NULL)
		return;
	for (uint32_t i = 0; i < trunks->count; i++)
		free(trunks->slot[i].name);
	free(trunks->slot);
	free(trunks);
}

static struct trunk *find(const struct trunks *trunks, const char *name)
{
	for (uint32_t i = 0; i < trunks->count; i++) {
		struct trunk *t = &trunks->slot[i];

		if (t->name != NULL && strcmp(t->name, name) == 0)
			return t;
	}
	return NULL;
}

static struct trunk *find_unused(struct trunks *trunks)
{
	struct trunk *grown;

	for (uint32_t i = 0; i < trunks->count; i++) {
		if (trunks->slot[i].name == NULL)
			return &trunks->slot[i];
	}
	grown = reallocarray(trunks->slot, trunks->count + 1, sizeof(*grown));
	if (grown == NULL)
		return NULL;
	trunks->slot = grown;
	grown[trunks->count] = (struct trunk){0};
	return &grown[trunks->count++];
}

static struct trunk *make(struct trunks *trunks, const char *name)
{
	struct trunk *t = find_unused(trunks);

	if (t != NULL)
		t->name = strdup(name);
	return t != NULL && t->name != NULL ? t : NULL;
}

int trunk_take(struct trunks *trunks, uint32_t *trunk, const struct conf_peer *peer)
{
	struct trunk *t = find(trunks, peer->name);

	if (t != NULL && peer->calls_max != 0 && t->calls >= peer->calls_max)
		return -EBUSY;
	if (t == NULL)
		t = make(trunks, peer->name);
	if (t == NULL)
		return -ENOMEM;
	t->calls++;
	*trunk = (uint32_t)(t - trunks->slot) + 1;
	return 0;
}

void trunk_give(struct trunks *trunks, uint32_t trunk)
{
	struct trunk *t;

	if (trunk == 0)
		return;
	t = &trunks->slot[trunk - 1];
	if (--t->calls > 0)
		return;
	free(t->name);
	t->name = NULL;
}

uint32_t trunk_calls(const struct trunks *trunks, const char *name)
{
	const struct trunk *t = find(trunks, name);

	return t != NULL ? t->calls : 0;
}
