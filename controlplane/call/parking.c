// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/call/parking.h"

#include <errno.h>
#include <stdlib.h>

struct parked {
	struct table_node node;
	struct cds_list_head link;
	struct engine *engine;
	struct timer timer;
	uint64_t txn;
	struct net_flow flow;
	size_t len;
	char message[];
};

static uint64_t hash_of(uint64_t txn)
{
	return str_hash(str_of(&txn, sizeof(txn)));
}

static bool is_of(const struct table_node *node, const void *txn)
{
	return caa_container_of(node, struct parked, node)->txn == *(const uint64_t *)txn;
}

// From now on its memory is the caller's.
static void leave(struct parked *parked)
{
	timer_cancel(parked->engine->params.wheel, &parked->timer);
	table_remove(&parked->engine->parked, &parked->node);
	cds_list_del(&parked->link);
}

static void end(struct parked *parked, struct sip_response_out *out)
{
	char tag[SIP_TOKEN_BYTES];

	sip_token(tag);
	sip_respond(parked->engine->stack, parked->txn, str_from(tag), out);
	leave(parked);
	free(parked);
}

static void on_limit(struct timer * /*timer*/, void *arg)
{
	struct sip_extra extra = {SIP_HDR_RETRY_AFTER, CALL_RETRY_AFTER_S};

	end(arg, &(struct sip_response_out){.status = 503, .extra = &extra, .extra_count = 1});
}

int parking_take(const struct request *r)
{
	struct engine *engine = r->engine;
	struct str raw = r->msg->raw;
	struct parked *parked = malloc(sizeof(*parked) + raw.len);
	int rc;

	if (parked == NULL)
		return -ENOMEM;
	*parked = (struct parked){
		.engine = engine, .txn = r->txn, .flow = *r->flow, .len = raw.len};
	memcpy(parked->message, raw.at, raw.len);
	rc = table_insert(&engine->parked, hash_of(r->txn), &parked->node);
	if (rc < 0) {
		free(parked);
		return rc;
	}
	cds_list_add_tail(&parked->link, &engine->waiting);
	timer_arm(engine->params.wheel, &parked->timer, PARKING_LIMIT_MS, on_limit, parked);
	return 0;
}

static struct parked *find(const struct engine *engine, uint64_t txn)
{
	struct table_node *node = table_find(&engine->parked, hash_of(txn), is_of, &txn);

	return node != NULL ? caa_container_of(node, struct parked, node) : NULL;
}

// Handling it may make it wait again.
void parking_known(void *arg, uint64_t txn)
{
	struct engine *engine = arg;
	struct parked *parked = find(engine, txn);

	if (parked == NULL)
		return;
	leave(parked);
	sip_stack_resume(
		engine->stack, parked->txn, &parked->flow, str_of(parked->message, parked->len));
	free(parked);
}

// RFC 3261 §9.2
bool parking_cancel(struct engine *engine, uint64_t txn)
{
	struct parked *parked = find(engine, txn);

	if (parked == NULL)
		return false;
	end(parked, &(struct sip_response_out){.status = 487});
	return true;
}

void parking_free_all(struct engine *engine)
{
	while (!cds_list_empty(&engine->waiting)) {
		struct parked *parked = cds_list_first_entry(&engine->waiting, struct parked, link);

		leave(parked);
		free(parked);
	}
}
