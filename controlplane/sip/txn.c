// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/sip/txn.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "controlplane/base/log.h"
#include "controlplane/sip/stack_int.h"
#include "include/tidegate/cmd.h"

static const char *const kind_names[TXN_KIND_COUNT] = {
#define X(name) #name,
	TXN_KINDS(X)
#undef X
};

static const char *const state_names[TXN_STATE_COUNT] = {
#define X(name) #name,
	TXN_STATES(X)
#undef X
};

static const enum txn_state first_states[TXN_KIND_COUNT] = {
	[TXN_INVITE_CLIENT] = TXN_CALLING,
	[TXN_CLIENT] = TXN_TRYING,
	[TXN_INVITE_SERVER] = TXN_PROCEEDING,
	[TXN_SERVER] = TXN_TRYING,
};

// What it means when the expire timer fires. An Accepted server that was acked is done (Timer L).
static const enum sip_txn_end expiries[TXN_KIND_COUNT][TXN_STATE_COUNT] = {
	[TXN_INVITE_CLIENT] = {
		[TXN_CALLING] = SIP_TXN_TIMEOUT, // B
		[TXN_PROCEEDING] = SIP_TXN_TIMEOUT, // 64*T1 after CANCEL, RFC 3261 §9.1
		[TXN_COMPLETED] = SIP_TXN_DONE, // D
		[TXN_ACCEPTED] = SIP_TXN_DONE, // M
	},
	[TXN_CLIENT] = {
		[TXN_TRYING] = SIP_TXN_TIMEOUT, // F
		[TXN_PROCEEDING] = SIP_TXN_TIMEOUT, // F
		[TXN_COMPLETED] = SIP_TXN_DONE, // K
	},
	[TXN_INVITE_SERVER] = {
		[TXN_COMPLETED] = SIP_TXN_TIMEOUT, // H
		[TXN_CONFIRMED] = SIP_TXN_DONE, // I
		[TXN_ACCEPTED] = SIP_TXN_NO_ACK, // L
	},
	[TXN_SERVER] = {
		[TXN_TRYING] = SIP_TXN_TIMEOUT, // the peer's F has fired (RFC 4320 §4.2)
		[TXN_PROCEEDING] = SIP_TXN_TIMEOUT,
		[TXN_COMPLETED] = SIP_TXN_DONE, // J
	},
};

static bool matches(const struct table_node *node, const void *key)
{
	const struct txn *txn = caa_container_of(node, struct txn, node);

	return txn_key_equal(txn->key, *(const struct txn_key *)key);
}

struct txn *txn_find(const struct sip_stack *stack, struct txn_key key)
{
	struct table_node *node = table_find(&stack->table, key.a, matches, &key);

	return node != NULL ? caa_container_of(node, struct txn, node) : NULL;
}

struct txn *txn_get(const struct sip_stack *stack, uint64_t id)
{
	return idpool_find(stack->ids, id);
}

static bool has_room(const struct table *table, const struct txn_params *params)
{
	uint32_t kept = params->leaves_room ? table->capacity / 4 : 0;

	return table->count < table->capacity - kept;
}

int txn_new(struct txn **out, struct sip_stack *stack, const struct txn_params *params)
{
	struct txn *txn;

	if (!has_room(&stack->table, params)) {
		counter_add(&stack->counters.table_full, 1);
		return -ENOSPC;
	}
	txn = calloc(1, sizeof(*txn));
	if (txn == NULL)
		return -ENOMEM;
	txn->key = params->key;
	txn->flow = *params->flow;
	txn->timers = params->timers;
	txn->kind = params->kind;
	txn->state = first_states[params->kind];
	if (idpool_insert(&txn->id, stack->ids, txn) < 0)
		goto err;
	if (table_insert(&stack->table, txn->key.a, &txn->node) < 0)
		goto err;
	counter_add(&stack->counters.transactions, 1);
	*out = txn;
	return 0;
err:
	idpool_remove(stack->ids, txn->id);
	free(txn);
	return -ENOSPC;
}

void txn_free(struct sip_stack *stack, struct txn *txn)
{
	timer_cancel(stack->params.wheel, &txn->repeat);
	timer_cancel(stack->params.wheel, &txn->expire);
	txn_conn_leave(stack, txn);
	table_remove(&stack->table, &txn->node);
	idpool_remove(stack->ids, txn->id);
	counter_add(&stack->counters.transactions, (uint64_t)-1);
	txn_forget(txn);
	txn_server_forget(txn);
	free(txn->pending_cancel);
	free(txn);
}

static void count_end(struct sip_stack *stack, enum sip_txn_end why)
{
	switch (why) {
	case SIP_TXN_DONE:
	case SIP_TXN_UNREACHABLE: // counted as it was sent
		break;
	case SIP_TXN_TIMEOUT:
		counter_add(&stack->counters.timeouts, 1);
		break;
	case SIP_TXN_NO_ACK:
		counter_add(&stack->counters.no_acks, 1);
		break;
	}
}

void txn_end(struct sip_stack *stack, struct txn *txn, enum sip_txn_end why)
{
	uint64_t id = txn->id;
	struct sip_owner owner = txn->owner;
	bool is_told = why != SIP_TXN_DONE && !txn->is_internal;

	count_end(stack, why);
	txn_free(stack, txn);
	if (is_told)
		stack->user.on_end(stack->user.arg, id, owner, why);
}

// RFC 3262 §3: the transaction stays, for its final.
static void on_no_prack(struct sip_stack *stack, struct txn *txn)
{
	txn->awaits_prack = false;
	timer_cancel(stack->params.wheel, &txn->repeat);
	stack->user.on_no_prack(stack->user.arg, txn->id, txn->owner);
}

static void on_expire(struct timer *timer, void *arg)
{
	struct txn *txn = caa_container_of(timer, struct txn, expire);
	enum sip_txn_end why = expiries[txn->kind][txn->state];

	if (txn->awaits_prack) {
		on_no_prack(arg, txn);
		return;
	}
	if (why == SIP_TXN_NO_ACK && txn->is_acked)
		why = SIP_TXN_DONE;
	txn_end(arg, txn, why);
}

void txn_set_state(struct txn *txn, enum txn_state state)
{
	LOG(LOG_DEBUG, "txn-state", "txn=%" PRIx64 " kind=%s from=%s to=%s", txn->id,
		kind_names[txn->kind], state_names[txn->state], state_names[state]);
	txn->state = (uint8_t)state;
}

void txn_expire(struct sip_stack *stack, struct txn *txn, uint32_t expire_ms)
{
	if (expire_ms == UINT32_MAX)
		timer_cancel(stack->params.wheel, &txn->expire);
	else
		timer_arm(stack->params.wheel, &txn->expire, expire_ms, on_expire, stack);
}

void txn_settle(struct sip_stack *stack, struct txn *txn, enum txn_state state, uint32_t expire_ms)
{
	txn_set_state(txn, state);
	if (state != TXN_PROCEEDING)
		txn_conn_leave(stack, txn);
	timer_cancel(stack->params.wheel, &txn->repeat);
	txn_expire(stack, txn, expire_ms);
}

// A and a reliable 1xx double for ever, the others up to T2; in Proceeding E is always T2.
static uint32_t next_interval_ms(const struct txn *txn)
{
	uint32_t doubled = 2 * txn->interval_ms;

	if (txn->kind == TXN_INVITE_CLIENT || txn->awaits_prack)
		return doubled;
	if (txn->state == TXN_PROCEEDING || doubled > txn->timers.t2_ms)
		return txn->timers.t2_ms;
	return doubled;
}

static void on_repeat(struct timer *timer, void *arg)
{
	struct txn *txn = caa_container_of(timer, struct txn, repeat);
	struct sip_stack *stack = arg;
	int rc;

	if (txn->repeats_left == 0 || --txn->repeats_left != 0)
		txn_repeat(stack, txn, next_interval_ms(txn));
	rc = txn_send(stack, txn, true);
	if (rc < 0 && rc != -EAGAIN && txn_is_client(txn))
		txn_end(stack, txn, SIP_TXN_UNREACHABLE);
}

void txn_repeat(struct sip_stack *stack, struct txn *txn, uint32_t first_ms)
{
	txn->interval_ms = first_ms;
	timer_arm(stack->params.wheel, &txn->repeat, first_ms, on_repeat, stack);
}

int txn_keep(struct txn *txn, struct str message)
{
	char *wire = realloc(txn->wire, message.len);

	if (wire == NULL)
		return -ENOMEM;
	memcpy(wire, message.at, message.len);
	txn->wire = wire;
	txn->wire_len = (uint32_t)message.len;
	return 0;
}

void txn_forget(struct txn *txn)
{
	free(txn->wire);
	txn->wire = NULL;
	txn->wire_len = 0;
}

int txn_send(struct sip_stack *stack, struct txn *txn, bool is_retransmission)
{
	if (txn->wire_len == 0)
		return 0;
	return stack_send(
		stack, &txn->flow, txn->label, str_of(txn->wire, txn->wire_len), is_retransmission);
}
