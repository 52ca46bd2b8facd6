// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/call/refer.h"

#include "controlplane/call/call_int.h"
#include "controlplane/sip/refer.h"

void refer_add(struct call *call, const struct refer *refer)
{
	struct refers *all = &call->refers;

	all->refer[all->next] = *refer;
	all->refer[all->next].is_live = true;
	all->next = (all->next + 1) % REFERS_MAX;
}

// The i-th, the oldest first.
static struct refer *at(struct refers *all, unsigned int i)
{
	return &all->refer[(all->next + i) % REFERS_MAX];
}

void refer_drop(struct call *call, uint8_t from, uint32_t asked)
{
	for (unsigned int i = 0; i < REFERS_MAX; i++) {
		struct refer *refer = &call->refers.refer[i];

		if (refer->from == from && refer->asked == asked)
			refer->is_live = false;
	}
}

static bool is_named(const struct refer *refer, const struct leg *leg, uint32_t id)
{
	if (refer->to == leg->number)
		return id == 0 || refer->sent == id;
	return refer->from == leg->number && (id == 0 || refer->asked == id);
}

struct refer *refer_find(struct call *call, const struct leg *leg, uint32_t id)
{
	for (unsigned int i = 0; i < REFERS_MAX; i++) {
		struct refer *refer = at(&call->refers, i);

		if (refer->is_live && is_named(refer, leg, id))
			return refer;
	}
	return NULL;
}

uint32_t refer_id(const struct call *call, const struct leg *leg, uint32_t id)
{
	for (unsigned int i = 0; id != 0 && i < REFERS_MAX; i++) {
		const struct refer *refer = &call->refers.refer[i];

		if (refer->asked != 0 && is_named(refer, leg, id))
			return refer->to == leg->number ? refer->asked : refer->sent;
	}
	return id;
}

bool refer_allows(struct call *call, const struct leg *leg, const struct sip_msg *request)
{
	return (request->method == SIP_NOTIFY || request->method == SIP_SUBSCRIBE)
		&& sip_is_refer_event(request)
		&& refer_find(call, leg, sip_refer_id(request)) != NULL;
}

bool refer_any(const struct call *call)
{
	for (unsigned int i = 0; i < REFERS_MAX; i++) {
		if (call->refers.refer[i].is_live)
			return true;
	}
	return false;
}

void refer_forget(struct call *call, uint8_t leg)
{
	for (unsigned int i = 0; i < REFERS_MAX; i++) {
		struct refer *refer = &call->refers.refer[i];

		if (refer->from == leg || refer->to == leg)
			*refer = (struct refer){0};
	}
}

void refer_forget_all(struct call *call)
{
	call->refers = (struct refers){0};
}
