// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/call/tie.h"

#include <stdlib.h>

#include "controlplane/call/call_int.h"
#include "controlplane/call/phone.h"
#include "controlplane/call/reach.h"

struct knot {
	struct table_node node;
	uint64_t binding;
	struct cds_list_head ties;
};

static bool is_of(const struct table_node *node, const void *binding)
{
	return caa_container_of(node, struct knot, node)->binding == *(const uint64_t *)binding;
}

static struct knot *find(const struct engine *engine, uint64_t binding)
{
	struct table_node *node = table_find(&engine->knots, binding, is_of, &binding);

	return node != NULL ? caa_container_of(node, struct knot, node) : NULL;
}

static struct knot *make(struct engine *engine, uint64_t binding)
{
	struct knot *knot = calloc(1, sizeof(*knot));

	if (knot == NULL)
		return NULL;
	knot->binding = binding;
	CDS_INIT_LIST_HEAD(&knot->ties);
	if (table_insert(&engine->knots, binding, &knot->node) < 0) {
		free(knot);
		return NULL;
	}
	return knot;
}

void tie_to(struct tie *tie, struct engine *engine, struct dialog *dialog, uint64_t binding)
{
	struct knot *knot;

	if (tie->knot != NULL)
		return;
	knot = find(engine, binding);
	if (knot == NULL)
		knot = make(engine, binding);
	if (knot == NULL)
		return;
	tie->knot = knot;
	tie->dialog = dialog;
	cds_list_add_tail(&tie->link, &knot->ties);
}

void tie_to_asker(struct tie *tie, struct engine *engine, struct dialog *dialog)
{
	struct binding binding;

	if (reach_asker(&binding, engine, dialog->remote, &dialog->flow) == 0)
		tie_to(tie, engine, dialog, binding.id);
}

void tie_cut(struct tie *tie, struct engine *engine)
{
	struct knot *knot = tie->knot;

	if (knot == NULL)
		return;
	cds_list_del(&tie->link);
	*tie = (struct tie){0};
	if (!cds_list_empty(&knot->ties))
		return;
	table_remove(&engine->knots, &knot->node);
	free(knot);
}

uint64_t tie_binding(const struct tie *tie)
{
	return tie->knot != NULL ? tie->knot->binding : 0;
}

// A call also believes media from there. Into another realm nobody is followed, nor to another family.
static void move(struct engine *engine, struct dialog *dialog, const struct net_flow *flow)
{
	struct call *call = call_owning(engine, dialog->owner);

	if (!phone_is_alike(&dialog->flow, flow))
		return;
	if (call != NULL)
		leg_move(call, call->legs[dialog->leg], flow);
	else
		dialog->flow = *flow;
}

void tie_moved(struct engine *engine, const struct binding *binding)
{
	struct net_flow flow = binding->flow;
	struct knot *knot = find(engine, binding->id);
	struct tie *tie;

	if (knot == NULL)
		return;
	if (flow.realm < engine->conf->realm_count)
		flow.dscp = engine->conf->realms[flow.realm].sip_dscp;
	cds_list_for_each_entry (tie, &knot->ties, link)
		move(engine, tie->dialog, &flow);
}
