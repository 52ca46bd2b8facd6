// SPDX-License-Identifier: BSD-3-Clause
#include <errno.h>
#include <stdlib.h>

#include "controlplane/sip/stack_int.h"
#include "controlplane/sip/txn.h"

// RFC 3261 §18.1.1: where the path's MTU is not known
#define LARGE_BYTES 1300

static struct str wire_line(struct str *rest)
{
	struct str line = str_cut(rest, '\n');

	if (line.len > 0)
		line.len--;
	return line;
}

static struct str wire_of(const struct txn *txn)
{
	return str_of(txn->wire, txn->wire_len);
}

static void put_line(struct strbuf *b, struct str line)
{
	strbuf_put(b, line);
	strbuf_put(b, STR("\r\n"));
}

static void put_cseq(struct strbuf *b, struct str line, struct str method)
{
	strbuf_put(b, STR("CSeq:"));
	str_cut(&line, ' ');
	strbuf_put_char(b, ' ');
	strbuf_put(b, str_cut(&line, ' '));
	strbuf_put_char(b, ' ');
	put_line(b, method);
}

// Writes what ACK and CANCEL take from their INVITE as we wrote it: Request-URI, Via, Route, From,
// To unless another is given, Call-ID and the number of CSeq (RFC 3261 §9.1, §17.1.1.3). The caller adds
// what follows CSeq.
static void derive(struct strbuf *b, struct str invite, struct str method, struct str to)
{
	static const struct str copied[] = {
		{"Via: ", 5}, {"Route: ", 7}, {"From: ", 6}, {"To: ", 4}, {"Call-ID: ", 9}};
	struct str line = wire_line(&invite);

	str_cut(&line, ' ');
	strbuf_put(b, method);
	strbuf_put_char(b, ' ');
	put_line(b, line);
	while (line = wire_line(&invite), !str_starts_nocase(line, STR("CSeq: "))) {
		if (!str_is_none(to) && str_starts_nocase(line, STR("To: "))) {
			strbuf_put(b, STR("To: "));
			put_line(b, to);
			continue;
		}
		for (size_t i = 0; i < sizeof(copied) / sizeof(copied[0]); i++) {
			if (str_starts_nocase(line, copied[i]))
				put_line(b, line);
		}
	}
	strbuf_put(b, STR("Max-Forwards: 70\r\n"));
	put_cseq(b, line, method);
}

static void put_end(struct strbuf *b)
{
	strbuf_put(b, STR("Content-Length: 0\r\n\r\n"));
}

void stack_set_via_protocol(char *wire, size_t len, const char *protocol)
{
	struct str mark = STR("\r\nVia: SIP/2.0/");
	char *at = memmem(wire, len, mark.at, mark.len);

	if (at != NULL)
		memcpy(at + mark.len, protocol, 3);
}

static int start(struct sip_stack *stack, struct txn *txn)
{
	int rc = txn_conn_join(stack, txn);

	if (rc < 0)
		return rc;
	txn_expire(stack, txn, txn_64_t1_ms(txn));
	if (!txn_is_reliable(txn))
		txn_repeat(stack, txn, txn->timers.t1_ms);
	rc = txn_send(stack, txn, false);
	return rc == -EAGAIN ? 0 : rc;
}

static int launch(struct txn **out, struct sip_stack *stack, const struct txn_params *params,
	const struct sip_client *client, struct str message)
{
	struct txn *txn;
	int rc = txn_new(&txn, stack, params);

	if (rc < 0)
		return rc;
	txn->owner = client->owner;
	txn->label = client->label;
	rc = txn_keep(txn, message);
	if (rc == 0)
		rc = start(stack, txn);
	if (rc < 0) {
		txn_free(stack, txn);
		return rc;
	}
	*out = txn;
	return 0;
}

// RFC 3261 §18.1.1: by TCP, where that fails at once by UDP.
static int launch_large(struct txn **out, struct sip_stack *stack, const struct txn_params *params,
	const struct sip_client *client, struct strbuf *b)
{
	struct txn_params by_tcp = *params;
	struct net_flow flow = client->flow;
	int rc;

	flow.protocol = TRANSPORT_TCP;
	flow.connection = 0;
	by_tcp.flow = &flow;
	stack_set_via_protocol(b->at, b->len, "TCP");
	rc = launch(out, stack, &by_tcp, client, strbuf_str(b));
	if (client->never_large_by_udp)
		return rc;
	if (rc == 0)
		(*out)->falls_back = true;
	if (rc != -EHOSTUNREACH && rc != -ENOTCONN)
		return rc;
	stack_set_via_protocol(b->at, b->len, "UDP");
	counter_add(&stack->counters.fallbacks, 1);
	return launch(out, stack, params, client, strbuf_str(b));
}

bool txn_client_fall_back(struct sip_stack *stack, struct txn *txn)
{
	int rc;

	if (!txn->falls_back || (txn->state != TXN_CALLING && txn->state != TXN_TRYING))
		return false;
	txn->falls_back = false;
	txn->flow.protocol = TRANSPORT_UDP;
	txn->flow.connection = 0;
	stack_set_via_protocol(txn->wire, txn->wire_len, "UDP");
	if (txn->pending_cancel != NULL)
		stack_set_via_protocol(txn->pending_cancel, strlen(txn->pending_cancel), "UDP");
	counter_add(&stack->counters.fallbacks, 1);
	rc = start(stack, txn);
	return rc == 0;
}

bool stack_is_large(const struct sip_client *client, const struct strbuf *b)
{
	return client->flow.protocol == TRANSPORT_UDP && b->len > LARGE_BYTES;
}

int sip_request(struct sip_stack *stack, uint64_t *txn, const struct sip_client *client,
	struct sip_request_out *out)
{
	struct strbuf b = stack_out(stack);
	char branch[STACK_BRANCH_BYTES];
	struct tg_addr sent_by = {0};
	struct txn_params params = {
		.kind = out->method == SIP_INVITE ? TXN_INVITE_CLIENT : TXN_CLIENT,
		.flow = &client->flow,
		.timers = client->timers,
	};
	struct txn *made;
	int rc;

	stack->params.advertised(stack->params.arg, &client->flow, &sent_by);
	out->sent_by = &sent_by;
	out->protocol = client->flow.protocol;
	out->branch = stack_branch(branch);
	params.key = txn_key_of_client(out->branch, sip_request_method(out));
	out->edge = stack_edge(stack, &client->flow);
	sip_request_write(&b, out);
	if (b.failed)
		rc = -EMSGSIZE;
	else if (stack_is_large(client, &b) && client->tcp_when_large)
		rc = launch_large(&made, stack, &params, client, &b);
	else if (stack_is_large(client, &b) && client->never_large_by_udp)
		rc = -EFBIG;
	else
		rc = launch(&made, stack, &params, client, strbuf_str(&b));
	// they lie on this stack
	out->sent_by = NULL;
	out->branch = STR_NONE;
	if (rc < 0)
		return rc;
	counter_add(&stack->counters.requests_out[out->method], 1);
	*txn = made->id;
	return 0;
}

static struct str branch_of(struct str wire)
{
	struct str branch;

	str_cut(&wire, '\n');
	branch = wire_line(&wire);
	branch = sip_param(branch, "branch");
	return branch;
}

// RFC 3261 §9.1: a transaction of its own; the INVITE then has 64*T1 to get its final.
static int send_cancel(struct sip_stack *stack, struct txn *invite, struct str cancel)
{
	struct sip_client client = {.label = invite->label};
	struct txn *txn;
	int rc = launch(&txn, stack,
		&(struct txn_params){
			.kind = TXN_CLIENT,
			.key = txn_key_of_client(branch_of(wire_of(invite)), STR("CANCEL")),
			.flow = &invite->flow,
			.timers = invite->timers,
		},
		&client, cancel);

	if (rc == 0)
		txn->is_internal = true;
	else
		rc = stack_send(stack, &invite->flow, invite->label, cancel, false);
	counter_add(&stack->counters.requests_out[SIP_CANCEL], 1);
	txn_expire(stack, invite, txn_64_t1_ms(invite));
	return rc;
}

// Without memory for it, it is written when it is due, bare.
static void send_held_cancel(struct sip_stack *stack, struct txn *txn)
{
	struct strbuf b = stack_out(stack);

	if (txn->pending_cancel != NULL) {
		send_cancel(stack, txn, str_from(txn->pending_cancel));
		free(txn->pending_cancel);
		txn->pending_cancel = NULL;
		return;
	}
	derive(&b, wire_of(txn), STR("CANCEL"), STR_NONE);
	put_end(&b);
	if (!b.failed)
		send_cancel(stack, txn, strbuf_str(&b));
}

// RFC 3326 §2: there may be one for each protocol
static void put_reasons(
	struct strbuf *b, const struct sip_edge *edge, struct str own, const struct sip_msg *source)
{
	if (!str_is_none(own)) {
		sip_write_reason(b, own);
		return;
	}
	for (unsigned int i = 0; source != NULL && i < source->hdr_count; i++) {
		const struct sip_hdr *hdr = &source->hdr[i];

		if (hdr->id == SIP_HDR_REASON && sip_crosses(edge, source, hdr))
			sip_write_reason(b, hdr->value);
	}
}

int sip_cancel(
	struct sip_stack *stack, uint64_t txn_id, struct str reason, const struct sip_msg *source)
{
	struct txn *txn = txn_get(stack, txn_id);
	struct strbuf b = stack_out(stack);
	struct sip_edge edge;

	if (txn == NULL || txn->kind != TXN_INVITE_CLIENT)
		return -ESTALE;
	if (txn->is_cancelled || (txn->state != TXN_CALLING && txn->state != TXN_PROCEEDING))
		return -EALREADY;
	derive(&b, wire_of(txn), STR("CANCEL"), STR_NONE);
	edge = stack_edge(stack, &txn->flow);
	put_reasons(&b, &edge, reason, source);
	put_end(&b);
	if (b.failed)
		return -EMSGSIZE;
	txn->is_cancelled = true;
	if (txn->state == TXN_CALLING)
		txn->pending_cancel = str_dup(strbuf_str(&b));
	else
		send_cancel(stack, txn, strbuf_str(&b));
	return 0;
}

// From now on only the head is of use: for ACK and CANCEL.
static void forget_body(struct txn *txn)
{
	struct str end = STR("\r\n\r\n");
	const char *at = memmem(txn->wire, txn->wire_len, end.at, end.len);
	uint32_t len = at != NULL ? (uint32_t)(at - txn->wire + end.len) : txn->wire_len;
	char *head = len < txn->wire_len ? realloc(txn->wire, len) : NULL;

	if (head != NULL) {
		txn->wire = head;
		txn->wire_len = len;
	}
}

static void on_invite_1xx(struct sip_stack *stack, struct txn *txn)
{
	if (txn->state == TXN_PROCEEDING)
		return;
	txn_settle(stack, txn, TXN_PROCEEDING, UINT32_MAX);
	forget_body(txn);
	if (txn->is_cancelled)
		send_held_cancel(stack, txn);
}

// RFC 6026 §8.4
static void on_invite_2xx(struct sip_stack *stack, struct txn *txn, const struct sip_msg *response)
{
	txn->final_tag = str_hash(response->to_tag);
	txn_forget(txn);
	txn_settle(stack, txn, TXN_ACCEPTED, txn_64_t1_ms(txn));
}

// RFC 3261 §17.1.1.3
static void acknowledge(struct sip_stack *stack, struct txn *txn, const struct sip_msg *response)
{
	struct strbuf b = stack_out(stack);

	derive(&b, wire_of(txn), STR("ACK"), sip_msg_header(response, SIP_HDR_TO)->value);
	put_end(&b);
	if (b.failed || txn_keep(txn, strbuf_str(&b)) < 0) {
		// else the INVITE would go out again when the response repeats
		txn_forget(txn);
		return;
	}
	counter_add(&stack->counters.requests_out[SIP_ACK], 1);
	txn_send(stack, txn, false);
}

static void on_invite_failure(
	struct sip_stack *stack, struct txn *txn, const struct sip_msg *response)
{
	acknowledge(stack, txn, response);
	txn_settle(stack, txn, TXN_COMPLETED, txn_is_reliable(txn) ? 0 : txn_64_t1_ms(txn));
}

static bool invite_on_response(
	struct sip_stack *stack, struct txn *txn, const struct sip_msg *response)
{
	bool is_2xx = response->status >= 200 && response->status < 300;

	switch ((enum txn_state)txn->state) {
	case TXN_CALLING:
	case TXN_PROCEEDING:
		if (response->status < 200)
			on_invite_1xx(stack, txn);
		else if (is_2xx)
			on_invite_2xx(stack, txn, response);
		else
			on_invite_failure(stack, txn, response);
		return true;
	case TXN_COMPLETED:
		if (response->status >= 300)
			txn_send(stack, txn, true);
		return false;
	case TXN_ACCEPTED:
		return is_2xx;
	case TXN_TRYING:
	case TXN_CONFIRMED:
	case TXN_STATE_COUNT:
		break;
	}
	return false;
}

static bool other_on_response(
	struct sip_stack *stack, struct txn *txn, const struct sip_msg *response)
{
	if (txn->state == TXN_COMPLETED)
		return false;
	if (response->status < 200) {
		txn_set_state(txn, TXN_PROCEEDING);
		return true;
	}
	txn_forget(txn);
	txn_settle(stack, txn, TXN_COMPLETED, txn_is_reliable(txn) ? 0 : txn->timers.t4_ms);
	return true;
}

bool txn_client_is_repeat(const struct txn *txn, const struct sip_msg *response)
{
	if (txn->state == TXN_ACCEPTED)
		return response->status < 200 || str_hash(response->to_tag) == txn->final_tag;
	return txn->state == TXN_COMPLETED;
}

void txn_client_on_response(
	struct sip_stack *stack, struct txn *txn, const struct sip_msg *response)
{
	bool is_news = txn->kind == TXN_INVITE_CLIENT ? invite_on_response(stack, txn, response)
						      : other_on_response(stack, txn, response);

	if (is_news && !txn->is_internal)
		stack->user.on_response(stack->user.arg, txn->id, txn->owner, response);
}
