// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/sip/stack.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "controlplane/base/log.h"
#include "controlplane/base/random.h"
#include "controlplane/sip/stack_int.h"
#include "controlplane/sip/via.h"

// libosip2 makes about 100 octets of each parameter, of which a datagram holds thousands.
#define ARENA_BYTES (4u << 20)
#define RETRY_AFTER_S 5
#define TAG_BYTES 17

static const struct sip_label nobody;

struct sip_stack *sip_stack_new(const struct sip_stack_params *params)
{
	struct sip_stack *stack = calloc(1, sizeof(*stack));

	if (stack == NULL)
		return NULL;
	stack->params = *params;
	stack->user = *params->user;
	stack->arena = arena_new(ARENA_BYTES);
	stack->ids = idpool_new(params->transactions_max);
	if (stack->arena == NULL || stack->ids == NULL
		|| table_init(&stack->table, params->transactions_max) < 0
		|| table_init(&stack->conns, params->transactions_max) < 0) {
		if (stack->table.buckets != NULL)
			table_fini(&stack->table);
		arena_free(stack->arena);
		idpool_free(stack->ids);
		free(stack);
		return NULL;
	}
	return stack;
}

void sip_stack_free(struct sip_stack *stack)
{
	uint32_t cursor = 0;
	struct txn *txn;

	if (stack == NULL)
		return;
	while ((txn = idpool_next(stack->ids, &cursor)) != NULL)
		txn_free(stack, txn);
	table_fini(&stack->table);
	table_fini(&stack->conns);
	idpool_free(stack->ids);
	arena_free(stack->arena);
	free(stack);
}

const struct sip_stack_counters *sip_stack_counters(const struct sip_stack *stack)
{
	return &stack->counters;
}

struct str stack_branch(char out[static STACK_BRANCH_BYTES])
{
	memcpy(out, STACK_COOKIE, sizeof(STACK_COOKIE) - 1);
	sip_token(out + sizeof(STACK_COOKIE) - 1);
	return str_of(out, STACK_BRANCH_BYTES - 1);
}

struct net_flow stack_reply_flow(const struct net_flow *flow, const struct sip_msg *request)
{
	struct net_flow reply = *flow;

	if (transport_is_reliable(flow))
		reply.remote.port = request->via.port != 0 ? request->via.port : SIP_PORT;
	return reply;
}

void stack_write_vias(const struct sip_stack *stack, struct strbuf *b,
	const struct sip_msg *request, const struct net_flow *flow)
{
	bool force_rport = stack->params.force_rport(stack->params.arg, flow->realm);

	sip_via_write_lines(b, request, flow, force_rport);
}

static const struct conf_policy *policy_of(
	const struct sip_stack *stack, const struct net_flow *flow)
{
	return stack->params.policy != NULL ? stack->params.policy(stack->params.arg, flow) : NULL;
}

struct sip_edge stack_edge(struct sip_stack *stack, const struct net_flow *flow)
{
	return (struct sip_edge){
		policy_of(stack, flow), &stack->counters.headers_dropped[flow->realm]};
}

static void trace(struct sip_stack *stack, const struct net_flow *flow, struct sip_label label,
	const struct trace_entry *part)
{
	struct trace_entry entry = *part;

	entry.call = label.call;
	entry.leg = label.leg;
	entry.local = flow->local;
	entry.remote = flow->remote;
	trace_add(stack->params.trace, &entry);
}

void stack_trace_arrival(struct sip_stack *stack, struct sip_label label, bool is_retransmission)
{
	struct arrival *arrival = &stack->arrival;

	if (!arrival->is_untraced)
		return;
	arrival->is_untraced = false;
	trace(stack, arrival->flow, label,
		&(struct trace_entry){
			.when = arrival->when,
			.incoming = true,
			.retransmission = is_retransmission,
			.message = arrival->message,
		});
}

int stack_send(struct sip_stack *stack, const struct net_flow *flow, struct sip_label label,
	struct str message, bool is_retransmission)
{
	const struct transport *transport = stack->params.transport;
	struct net_flow way = *flow;
	int rc = transport_is_reliable(flow) ? transport_open(transport, &way) : 0;

	if (rc == 0)
		rc = transport->send(transport->arg, &way, message);
	if (rc < 0)
		counter_add(&stack->counters.send_failures, 1);
	if (is_retransmission)
		counter_add(&stack->counters.retransmissions_out, 1);
	if (stack->params.trace != NULL)
		trace(stack, &way, label,
			&(struct trace_entry){
				.when = tg_wall_now(),
				.retransmission = is_retransmission,
				.message = message,
			});
	return rc;
}

static struct str raw_value(const struct sip_msg *msg, enum sip_hdr_id id)
{
	const struct sip_hdr *hdr = sip_msg_header(msg, id);

	return hdr != NULL ? hdr->value : STR_NONE;
}

// RFC 3261 §8.2.7: without state the same request must get the same tag
static struct str to_with_tag(const struct sip_msg *msg, struct strbuf *b)
{
	struct str to = raw_value(msg, SIP_HDR_TO);

	if (str_is_none(msg->to.uri) || !str_is_none(msg->to_tag))
		return to;
	strbuf_put(b, to);
	strbuf_printf(b, ";tag=%016" PRIx64, str_hash(msg->via.text));
	return b->failed ? to : strbuf_str(b);
}

void stack_send_once(
	struct sip_stack *stack, const struct stack_answer *answer, struct strbuf *message)
{
	const struct net_flow *flow = answer->flow;
	bool is_stranger = flow->trusted == TG_TRUST_STRANGER && !answer->is_challenge;
	// of a connection the source is no forged one
	bool amplifies = is_stranger && !transport_is_reliable(flow);

	if (is_stranger && stack->params.is_silent(stack->params.arg, flow->realm)) {
		counter_add(&stack->counters.silenced, 1);
		return;
	}
	if (amplifies && message->len > answer->request_bytes)
		sip_shorten(message);
	if (amplifies && message->len > answer->request_bytes) {
		counter_add(&stack->counters.larger, 1);
		return;
	}
	counter_add(&stack->counters.responses_out[answer->status / 100], 1);
	stack_send(stack, flow, answer->label, strbuf_str(message), false);
}

// Answers without a transaction: for what is faulty, unmatched, or too much.
static void answer(struct sip_stack *stack, const struct net_flow *flow, const struct sip_msg *msg,
	struct sip_response_out *out)
{
	size_t cap = raw_value(msg, SIP_HDR_TO).len + sizeof(";tag=") + TAG_BYTES;
	struct strbuf to = strbuf_on(arena_alloc(stack->arena, cap), cap);
	char via_text[STACK_OUT_BYTES / 2];
	struct strbuf vias = strbuf_on(via_text, sizeof(via_text));
	struct net_flow reply = stack_reply_flow(flow, msg);
	struct strbuf b = stack_out(stack);

	if (to.at == NULL)
		return;
	stack_write_vias(stack, &vias, msg, flow);
	out->vias = strbuf_str(&vias);
	out->from = raw_value(msg, SIP_HDR_FROM);
	out->to = to_with_tag(msg, &to);
	out->call_id = raw_value(msg, SIP_HDR_CALL_ID);
	out->cseq_text = raw_value(msg, SIP_HDR_CSEQ);
	out->edge = stack_edge(stack, flow);
	sip_response_write(&b, out);
	if (b.failed || vias.failed)
		return;
	stack_send_once(stack,
		&(struct stack_answer){
			&reply, nobody, out->status, stack->arrival.message.len, false},
		&b);
}

static void on_fault(struct sip_stack *stack, const struct net_flow *flow,
	const struct sip_msg *msg, enum sip_fault fault)
{
	struct sip_response_out out = {0};
	char remote[TG_ADDR_TEXT_BYTES];

	counter_add(&stack->counters.faults[fault], 1);
	if (stack->params.guard != NULL && flow->trusted == TG_TRUST_STRANGER
		&& fault != SIP_FAULT_MEMORY)
		guard_report(stack->params.guard, GUARD_MALFORMED, &flow->remote.ip);
	LOG(LOG_INFO, "sip-fault", "fault=%s remote=%s", sip_fault_label(fault),
		tg_addr_write(&flow->remote, remote));
	out.status = sip_fault_status(fault, &out.reason);
	if (!msg->is_request || msg->method == SIP_ACK || out.status == 0
		|| str_is_none(msg->via.host))
		return;
	answer(stack, flow, msg, &out);
}

static void on_ack(struct sip_stack *stack, const struct net_flow *flow, const struct sip_msg *msg)
{
	struct txn *txn = txn_find(stack, txn_key_of_request(msg, flow));

	// one that acknowledges a 2xx ought to have a branch of its own, but not all do
	if (txn == NULL || txn->state == TXN_ACCEPTED) {
		stack->user.on_ack(stack->user.arg, flow, msg);
		return;
	}
	stack_trace_arrival(stack, txn->label, txn->state == TXN_CONFIRMED);
	if (txn->state == TXN_PROCEEDING)
		counter_add(&stack->counters.stray_acks, 1);
	txn_server_on_ack(stack, txn);
}

static void on_repeat(struct sip_stack *stack, struct txn *txn)
{
	counter_add(&stack->counters.retransmissions_in, 1);
	stack_trace_arrival(stack, txn->label, true);
	txn_server_on_repeat(stack, txn);
}

// Phones that registered at once fill the table at once, until their Timer J lets go of it: those that found no
// room come again spread over as long (F31).
static uint32_t retry_after_s(const struct sip_stack *stack, const struct sip_msg *msg)
{
	uint32_t spread_s = 64 * stack->params.timers.t1_ms / 1000;

	return RETRY_AFTER_S + (msg->method == SIP_REGISTER ? random_below(spread_s + 1) : 0);
}

static void refuse_busy(
	struct sip_stack *stack, const struct net_flow *flow, const struct sip_msg *msg)
{
	char text[16];
	struct strbuf b = strbuf_on(text, sizeof(text));
	struct sip_extra retry = {.id = SIP_HDR_RETRY_AFTER};

	strbuf_put_u64(&b, retry_after_s(stack, msg));
	retry.value = strbuf_str(&b);
	answer(stack, flow, msg,
		&(struct sip_response_out){.status = 503, .extra = &retry, .extra_count = 1});
}

// The CANCEL's own transaction, so that its 200 can be replayed; without one where none is to be had.
static void confirm_cancel(struct sip_stack *stack, const struct net_flow *flow,
	const struct sip_msg *msg, const struct txn *invite)
{
	struct sip_response_out out = {.status = 200};
	char tag[SIP_TOKEN_BYTES];
	struct txn *txn;

	if (txn_server_new(&txn, stack, flow, msg) < 0) {
		answer(stack, flow, msg, &out);
		return;
	}
	txn->is_internal = true;
	txn->label = invite->label;
	// RFC 3261 §9.2: the tag of the INVITE's answers
	if (txn_server_tag(invite).len > 0)
		memcpy(tag, txn_server_tag(invite).at, txn_server_tag(invite).len + 1);
	else
		sip_token(tag);
	sip_respond(stack, txn->id, str_from(tag), &out);
}

// RFC 3261 §9.2. The source is in the key: nobody else can cancel (B21).
static void on_cancel(
	struct sip_stack *stack, const struct net_flow *flow, const struct sip_msg *msg)
{
	struct txn *invite = txn_find(stack, txn_key_of_cancelled(msg, flow));

	if (invite == NULL) {
		answer(stack, flow, msg, &(struct sip_response_out){.status = 481});
		return;
	}
	stack_trace_arrival(stack, invite->label, false);
	confirm_cancel(stack, flow, msg, invite);
	if (!txn_server_is_pending(invite) || invite->is_cancelled)
		return;
	invite->is_cancelled = true;
	stack->user.on_cancel(stack->user.arg, invite->id, msg);
}

static void on_new_request(
	struct sip_stack *stack, const struct net_flow *flow, const struct sip_msg *msg)
{
	struct txn *txn;

	if (txn_server_new(&txn, stack, flow, msg) < 0) {
		refuse_busy(stack, flow, msg);
		return;
	}
	stack->arrival.txn = txn->id;
	stack->user.on_request(stack->user.arg, txn->id, flow, msg);
}

static void on_request(
	struct sip_stack *stack, const struct net_flow *flow, const struct sip_msg *msg)
{
	struct txn *txn;

	counter_add(&stack->counters.requests_in[msg->method], 1);
	if (msg->method == SIP_ACK) {
		on_ack(stack, flow, msg);
		return;
	}
	txn = txn_find(stack, txn_key_of_request(msg, flow));
	if (txn != NULL)
		on_repeat(stack, txn);
	else if (msg->method == SIP_CANCEL)
		on_cancel(stack, flow, msg);
	else
		on_new_request(stack, flow, msg);
}

static bool is_ours(struct sip_stack *stack, const struct net_flow *flow, const struct sip_msg *msg)
{
	struct tg_addr advertised = {0};

	stack->params.advertised(stack->params.arg, flow, &advertised);
	return msg->via_count == 1 && sip_via_is_ours(&msg->via, &advertised);
}

static void on_response(
	struct sip_stack *stack, const struct net_flow *flow, const struct sip_msg *msg)
{
	struct txn *txn = NULL;
	bool ours = is_ours(stack, flow, msg);
	bool is_repeat;

	counter_add(&stack->counters.responses_in[msg->status / 100], 1);
	if (ours)
		txn = txn_find(stack, txn_key_of_client(msg->via.branch, msg->method_name));
	if (txn == NULL) {
		counter_add(&stack->counters.stray_responses, 1);
		if (ours && msg->method == SIP_INVITE && msg->status / 100 == 2)
			stack->user.on_stray_2xx(stack->user.arg, flow, msg);
		return;
	}
	is_repeat = txn_client_is_repeat(txn, msg);
	if (is_repeat)
		counter_add(&stack->counters.retransmissions_in, 1);
	stack_trace_arrival(stack, txn->label, is_repeat);
	txn_client_on_response(stack, txn, msg);
}

static void arrive(struct sip_stack *stack, const struct net_flow *flow, struct str message)
{
	stack->arrival = (struct arrival){.flow = flow, .message = message};
	if (stack->params.trace == NULL)
		return;
	stack->arrival.when = tg_wall_now();
	stack->arrival.is_untraced = true;
}

static enum sip_fault parse(struct sip_msg *out, struct sip_stack *stack,
	const struct net_flow *flow, struct str message)
{
	enum sip_fault fault;

	arena_reset(stack->arena);
	fault = transport_is_reliable(flow) ? sip_msg_parse_framed(out, stack->arena, message)
					    : sip_msg_parse(out, stack->arena, message);
	out->policy = policy_of(stack, flow);
	return fault;
}

typedef void take_h(
	struct sip_stack *stack, const struct net_flow *flow, const struct sip_msg *msg);

static void receive(
	struct sip_stack *stack, const struct net_flow *flow, struct str message, take_h *take)
{
	enum sip_fault fault;
	struct sip_msg msg;

	arrive(stack, flow, message);
	fault = parse(&msg, stack, flow, message);
	if (fault != SIP_FAULT_NONE)
		on_fault(stack, flow, &msg, fault);
	else
		take(stack, flow, &msg);
	stack_trace_arrival(stack, nobody, false);
	stack->arrival = (struct arrival){0};
}

static void take(struct sip_stack *stack, const struct net_flow *flow, const struct sip_msg *msg)
{
	if (msg->is_request)
		on_request(stack, flow, msg);
	else
		on_response(stack, flow, msg);
}

void sip_stack_receive(struct sip_stack *stack, const struct net_flow *flow, struct str message)
{
	receive(stack, flow, message, take);
}

static void refuse(struct sip_stack *stack, const struct net_flow *flow, const struct sip_msg *msg)
{
	if (msg->is_request && msg->method != SIP_ACK)
		refuse_busy(stack, flow, msg);
}

int sip_stack_resume(
	struct sip_stack *stack, uint64_t txn_id, const struct net_flow *flow, struct str message)
{
	struct sip_msg msg;

	if (!sip_txn_is_pending(stack, txn_id))
		return -ESTALE;
	if (parse(&msg, stack, flow, message) != SIP_FAULT_NONE)
		return -ENOMEM; // it was read before
	stack->user.on_request(stack->user.arg, txn_id, flow, &msg);
	return 0;
}

void sip_stack_refuse(struct sip_stack *stack, const struct net_flow *flow, struct str message)
{
	receive(stack, flow, message, refuse);
}

void sip_stack_lost(struct sip_stack *stack, uint64_t connection)
{
	struct txn *txn;

	while ((txn = txn_conn_first(stack, connection)) != NULL) {
		txn_conn_leave(stack, txn);
		if (!txn_client_fall_back(stack, txn))
			txn_end(stack, txn, SIP_TXN_UNREACHABLE);
	}
}

int sip_txn_own(
	struct sip_stack *stack, uint64_t txn_id, struct sip_owner owner, struct sip_label label)
{
	struct txn *txn = txn_get(stack, txn_id);

	if (stack->arrival.txn == txn_id)
		stack_trace_arrival(stack, label, false);
	if (txn == NULL)
		return -ESTALE;
	txn->owner = owner;
	txn->label = label;
	return 0;
}

void sip_label_arrival(struct sip_stack *stack, struct sip_label label)
{
	stack_trace_arrival(stack, label, false);
}

// By TCP, if there is a way that can be tried.
static int send_large(struct sip_stack *stack, struct net_flow *flow, struct sip_label label,
	struct strbuf *b, bool is_retransmission)
{
	int rc;

	flow->protocol = TRANSPORT_TCP;
	stack_set_via_protocol(b->at, b->len, "TCP");
	rc = transport_open(stack->params.transport, flow);
	if (rc == 0)
		rc = stack_send(stack, flow, label, strbuf_str(b), is_retransmission);
	if (rc == 0)
		return 0;
	flow->protocol = TRANSPORT_UDP;
	flow->connection = 0;
	stack_set_via_protocol(b->at, b->len, "UDP");
	counter_add(&stack->counters.fallbacks, 1);
	return stack_send(stack, flow, label, strbuf_str(b), is_retransmission);
}

int sip_send_ack(struct sip_stack *stack, const struct sip_client *client,
	struct sip_request_out *out, struct sip_kept *kept)
{
	struct strbuf b = stack_out(stack);
	struct net_flow flow = client->flow;
	char branch[STACK_BRANCH_BYTES];
	struct tg_addr sent_by = {0};
	bool is_large;
	int rc;

	stack->params.advertised(stack->params.arg, &client->flow, &sent_by);
	out->method = SIP_ACK;
	out->sent_by = &sent_by;
	out->protocol = client->flow.protocol;
	out->branch = stack_branch(branch);
	out->edge = stack_edge(stack, &client->flow);
	sip_request_write(&b, out);
	out->sent_by = NULL;
	out->branch = STR_NONE;
	if (b.failed)
		return -EMSGSIZE;
	counter_add(&stack->counters.requests_out[SIP_ACK], 1);
	is_large = client->tcp_when_large && stack_is_large(client, &b);
	rc = is_large ? send_large(stack, &flow, client->label, &b, false)
		      : stack_send(stack, &flow, client->label, strbuf_str(&b), false);
	if (kept != NULL) {
		strbuf_put(&kept->bytes, strbuf_str(&b));
		kept->connection = is_large ? flow.connection : 0;
	}
	return rc;
}

int sip_send_again(struct sip_stack *stack, const struct net_flow *flow, struct sip_label label,
	struct str bytes, uint64_t connection)
{
	struct strbuf b = stack_out(stack);
	struct net_flow way = *flow;

	if (connection == 0)
		return stack_send(stack, flow, label, bytes, true);
	strbuf_put(&b, bytes);
	way.connection = connection;
	way.is_bound = true; // another one may fail as the first did, and nobody would tell
	return b.failed ? -EMSGSIZE : send_large(stack, &way, label, &b, true);
}
