// SPDX-License-Identifier: BSD-3-Clause
#include "tests/unit/controlplane/call/scarce.h"

#include <stdlib.h>

void *__real_malloc(size_t bytes);
void *__real_calloc(size_t count, size_t bytes);
void *__real_realloc(void *memory, size_t bytes);
void *__wrap_malloc(size_t bytes);
void *__wrap_calloc(size_t count, size_t bytes);
void *__wrap_realloc(void *memory, size_t bytes);

static unsigned int fails_in;
static int (*send_really)(void *arg, const struct net_flow *flow, struct str message);

static bool fails(void)
{
	return fails_in > 0 && --fails_in == 0;
}

void *__wrap_malloc(size_t bytes)
{
	return fails() ? NULL : __real_malloc(bytes);
}

void *__wrap_calloc(size_t count, size_t bytes)
{
	return fails() ? NULL : __real_calloc(count, bytes);
}

void *__wrap_realloc(void *memory, size_t bytes)
{
	return fails() ? NULL : __real_realloc(memory, bytes);
}

void scarce_in(unsigned int allocations)
{
	fails_in = allocations;
}

static int send_message(void *arg, const struct net_flow *flow, struct str message)
{
	unsigned int saved = fails_in;
	int rc;

	fails_in = 0;
	rc = send_really(arg, flow, message);
	fails_in = saved;
	return rc;
}

void scarce_spare(struct transport *transport)
{
	send_really = transport->send;
	transport->send = send_message;
}
