// SPDX-License-Identifier: BSD-3-Clause
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "controlplane/sip/stack_int.h"
#include "controlplane/sip/txn.h"
#include "include/tidegate/cmd.h"

#define TIMESTAMP_BYTES 128

enum part {
	PART_VIAS,
	PART_RECORD_ROUTES,
	PART_FROM,
	PART_TO,
	PART_CALL_ID,
	PART_METHOD,
	PART_TIMESTAMP,
	PART_COUNT,
};

struct txn_kept {
	uint32_t cseq;
	uint32_t end[PART_COUNT]; // of each part in text
	bool has_to_tag;
	uint8_t method;
	char tag[SIP_TOKEN_BYTES]; // of our answers, "" before
	char text[];
};

static struct str part(const struct txn_kept *kept, enum part which)
{
	uint32_t begin = which > 0 ? kept->end[which - 1] : 0;

	return str_of(kept->text + begin, kept->end[which] - begin);
}

// RFC 3261 §12.1.1: they go back where a dialog may come of it
static void put_record_routes(struct strbuf *b, const struct sip_msg *m)
{
	if (m->method != SIP_INVITE && m->method != SIP_SUBSCRIBE && m->method != SIP_REFER)
		return;
	for (unsigned int i = 0; i < m->hdr_count; i++) {
		if (m->hdr[i].id != SIP_HDR_RECORD_ROUTE)
			continue;
		strbuf_put(b, STR("Record-Route: "));
		strbuf_put(b, m->hdr[i].value);
		strbuf_put(b, STR("\r\n"));
	}
}

static int keep_request(struct txn *txn, struct sip_stack *stack, const struct net_flow *flow,
	const struct sip_msg *m)
{
	struct strbuf b = stack_out(stack);
	uint32_t end[PART_COUNT];

	stack_write_vias(stack, &b, m, flow);
	end[PART_VIAS] = (uint32_t)b.len;
	put_record_routes(&b, m);
	end[PART_RECORD_ROUTES] = (uint32_t)b.len;
	strbuf_put(&b, sip_msg_header(m, SIP_HDR_FROM)->value);
	end[PART_FROM] = (uint32_t)b.len;
	strbuf_put(&b, sip_msg_header(m, SIP_HDR_TO)->value);
	end[PART_TO] = (uint32_t)b.len;
	strbuf_put(&b, m->call_id);
	end[PART_CALL_ID] = (uint32_t)b.len;
	strbuf_put(&b, m->method_name);
	end[PART_METHOD] = (uint32_t)b.len;
	if (sip_msg_header(m, SIP_HDR_TIMESTAMP) != NULL)
		strbuf_put(&b, sip_msg_header(m, SIP_HDR_TIMESTAMP)->value);
	end[PART_TIMESTAMP] = (uint32_t)b.len;
	txn->kept = b.failed ? NULL : malloc(sizeof(*txn->kept) + b.len);
	if (txn->kept == NULL)
		return -ENOMEM;
	txn->kept->cseq = m->cseq;
	txn->kept->has_to_tag = !str_is_none(m->to_tag);
	txn->kept->method = (uint8_t)m->method;
	txn->kept->tag[0] = '\0';
	memcpy(txn->kept->end, end, sizeof(end));
	memcpy(txn->kept->text, b.at, b.len);
	return 0;
}

// RFC 3261 §8.2.6.1: what the client wrote, and for how many seconds we had its request
static void write_timestamp(struct strbuf *b, struct str value, uint64_t delay_ms)
{
	struct str rest = value;

	strbuf_put(b, str_cut(&rest, ' '));
	if (delay_ms > 0)
		strbuf_printf(b, " %" PRIu64 ".%03" PRIu64, delay_ms / 1000, delay_ms % 1000);
}

static void add_timestamp(struct sip_extra *extra, struct strbuf *b, const struct txn *txn)
{
	struct str value = part(txn->kept, PART_TIMESTAMP);

	if (value.len == 0)
		return;
	write_timestamp(b, value, txn->slow_ms);
	if (!b->failed)
		*extra = (struct sip_extra){SIP_HDR_TIMESTAMP, strbuf_str(b)};
}

// RFC 4320 §4.1: by now the client repeats each T2, and only a provisional makes sense.
static void on_slow(struct timer *timer, void *arg)
{
	struct txn *txn = caa_container_of(timer, struct txn, repeat);
	struct sip_stack *stack = arg;
	char text[TIMESTAMP_BYTES];
	struct strbuf b = strbuf_on(text, sizeof(text));
	struct sip_extra timestamp = {0};
	struct sip_response_out out = {.status = 100, .extra = &timestamp};

	if (txn->flow.trusted == TG_TRUST_STRANGER
		&& stack->params.is_silent(stack->params.arg, txn->flow.realm))
		return;
	add_timestamp(&timestamp, &b, txn);
	out.extra_count = !str_is_none(timestamp.value);
	sip_respond(stack, txn->id, STR(""), &out);
}

// When the client's Timer E has grown to T2.
static uint32_t slow_after_ms(const struct txn *txn)
{
	uint32_t after_ms = 0;

	for (uint32_t e = txn->timers.t1_ms; e < txn->timers.t2_ms; e *= 2)
		after_ms += e;
	return after_ms;
}

static void await_answer(struct sip_stack *stack, struct txn *txn)
{
	txn_expire(stack, txn, txn_64_t1_ms(txn));
	txn->slow_ms = slow_after_ms(txn);
	timer_arm(stack->params.wheel, &txn->repeat, txn->slow_ms, on_slow, stack);
}

// A flood from forged sources may not keep a trusted peer from ending its calls, nor may the REGISTERs of all our
// phones at once, each of which lasts for Timer J (I2, F31).
static bool leaves_room(const struct net_flow *flow, const struct sip_msg *request)
{
	return flow->trusted == TG_TRUST_STRANGER || request->method == SIP_REGISTER;
}

int txn_server_new(struct txn **out, struct sip_stack *stack, const struct net_flow *flow,
	const struct sip_msg *request)
{
	struct net_flow reply = stack_reply_flow(flow, request);
	struct txn *txn;
	int rc = txn_new(&txn, stack,
		&(struct txn_params){
			.kind = request->method == SIP_INVITE ? TXN_INVITE_SERVER : TXN_SERVER,
			.key = txn_key_of_request(request, flow),
			.flow = &reply,
			.timers = stack->params.timers,
			.leaves_room = leaves_room(flow, request),
		});

	if (rc < 0)
		return rc;
	rc = keep_request(txn, stack, flow, request);
	if (rc < 0) {
		txn_free(stack, txn);
		return rc;
	}
	txn->request_bytes = (uint32_t)request->raw.len;
	if (txn->kind == TXN_SERVER)
		await_answer(stack, txn);
	*out = txn;
	return 0;
}

void txn_server_forget(struct txn *txn)
{
	free(txn->kept);
	txn->kept = NULL;
}

bool txn_server_is_pending(const struct txn *txn)
{
	return txn->kept != NULL;
}

struct str txn_server_tag(const struct txn *txn)
{
	return txn->kept != NULL ? str_from(txn->kept->tag) : STR("");
}

void txn_server_on_repeat(struct sip_stack *stack, struct txn *txn)
{
	txn_send(stack, txn, true);
}

// RFC 3261 §17.2.1: further ACKs are absorbed for Timer I
void txn_server_on_ack(struct sip_stack *stack, struct txn *txn)
{
	if (txn->state != TXN_COMPLETED)
		return;
	txn_forget(txn);
	txn_settle(stack, txn, TXN_CONFIRMED, txn_is_reliable(txn) ? 0 : txn->timers.t4_ms);
}

static void remember_tag(struct txn_kept *kept, struct str tag)
{
	if (tag.len == 0 || tag.len >= sizeof(kept->tag))
		return;
	memcpy(kept->tag, tag.at, tag.len);
	kept->tag[tag.len] = '\0';
}

static int write_response(struct strbuf *b, struct txn *txn, struct str to_tag,
	struct sip_response_out *out, struct strbuf *to)
{
	struct txn_kept *kept = txn->kept;

	strbuf_put(to, part(kept, PART_TO));
	if (!kept->has_to_tag && to_tag.len > 0) {
		strbuf_put(to, STR(";tag="));
		strbuf_put(to, to_tag);
		remember_tag(kept, to_tag);
	}
	out->vias = part(kept, PART_VIAS);
	out->record_routes = out->status > 100 && out->status < 300 ? part(kept, PART_RECORD_ROUTES)
								    : STR("");
	out->from = part(kept, PART_FROM);
	out->to = strbuf_str(to);
	out->call_id = part(kept, PART_CALL_ID);
	out->cseq = kept->cseq;
	out->method = (enum sip_method)kept->method;
	out->method_name = part(kept, PART_METHOD);
	sip_response_write(b, out);
	return to->failed || !stack_fits(&txn->flow, b) ? -EMSGSIZE : 0;
}

static int write_once(
	struct strbuf *b, struct txn *txn, struct str to_tag, struct sip_response_out *out)
{
	char to_text[STACK_TO_BYTES];
	struct strbuf to = strbuf_on(to_text, sizeof(to_text));

	return write_response(b, txn, to_tag, out, &to);
}

// In place of a final that is too large to leave, the least that ends the transaction: a refusal without what
// came with it, and no success without what it promises. Returns its status.
static int write_least(struct strbuf *b, struct sip_stack *stack, struct txn *txn,
	struct str to_tag, const struct sip_response_out *out)
{
	bool is_success = out->status < 300;
	struct sip_response_out least = {
		.status = is_success ? 500 : out->status,
		.extra = out->extra,
		.extra_count = is_success ? 0 : out->extra_count,
		.edge = out->edge,
	};
	int rc;

	*b = stack_out(stack);
	rc = write_once(b, txn, to_tag, &least);
	if (rc < 0 && least.extra_count > 0) {
		*b = stack_out(stack);
		least.extra_count = 0;
		rc = write_once(b, txn, to_tag, &least);
	}
	return rc == 0 ? least.status : rc;
}

// Returns the status of what was written.
static int write_fitting(struct strbuf *b, struct sip_stack *stack, struct txn *txn,
	struct str to_tag, struct sip_response_out *out)
{
	int rc = write_once(b, txn, to_tag, out);

	if (rc == 0)
		return out->status;
	return out->status >= 200 ? write_least(b, stack, txn, to_tag, out) : rc;
}

static void on_invite_final(struct sip_stack *stack, struct txn *txn, uint16_t status)
{
	bool is_2xx = status < 300;

	txn_settle(stack, txn, is_2xx ? TXN_ACCEPTED : TXN_COMPLETED, txn_64_t1_ms(txn));
	// RFC 3261 §13.3.1.4: a 2xx is repeated over every transport
	if (is_2xx || !txn_is_reliable(txn))
		txn_repeat(stack, txn, txn->timers.t1_ms);
}

static void advance(struct sip_stack *stack, struct txn *txn, uint16_t status)
{
	txn->awaits_prack = false;
	if (status < 200) {
		txn_set_state(txn, TXN_PROCEEDING);
		return;
	}
	txn_server_forget(txn);
	if (txn->kind == TXN_INVITE_SERVER)
		on_invite_final(stack, txn, status);
	else
		txn_settle(stack, txn, TXN_COMPLETED, txn_is_reliable(txn) ? 0 : txn_64_t1_ms(txn));
}

int sip_respond(
	struct sip_stack *stack, uint64_t txn_id, struct str to_tag, struct sip_response_out *out)
{
	struct txn *txn = txn_get(stack, txn_id);
	struct strbuf b = stack_out(stack);
	int status, rc;

	if (txn == NULL || txn_is_client(txn))
		return -ESTALE;
	if (!txn_server_is_pending(txn))
		return -EALREADY;
	out->edge = stack_edge(stack, &txn->flow);
	status = write_fitting(&b, stack, txn, to_tag, out);
	rc = status > 0 ? txn_keep(txn, strbuf_str(&b)) : status;
	if (rc < 0 && out->status >= 200)
		txn_free(stack, txn);
	if (rc < 0)
		return rc;
	counter_add(&stack->counters.responses_out[status / 100], 1);
	out->vias = out->record_routes = out->from = out->to = out->call_id = STR_NONE;
	out->method_name = STR_NONE;
	advance(stack, txn, (uint16_t)status);
	txn_send(stack, txn, false);
	return status == out->status ? 0 : -EMSGSIZE;
}

int sip_respond_reliably(
	struct sip_stack *stack, uint64_t txn_id, struct str to_tag, struct sip_response_out *out)
{
	int rc = sip_respond(stack, txn_id, to_tag, out);
	struct txn *txn = txn_get(stack, txn_id);

	if (rc < 0 || txn == NULL)
		return rc;
	txn->awaits_prack = true;
	txn_repeat(stack, txn, txn->timers.t1_ms);
	txn_expire(stack, txn, txn_64_t1_ms(txn));
	return 0;
}

int sip_pracked(struct sip_stack *stack, uint64_t txn_id)
{
	struct txn *txn = txn_get(stack, txn_id);

	if (txn == NULL || !txn->awaits_prack)
		return -ESTALE;
	txn->awaits_prack = false;
	timer_cancel(stack->params.wheel, &txn->repeat);
	txn_expire(stack, txn, UINT32_MAX);
	return 0;
}

static bool is_larger(struct strbuf *b, const struct txn *txn)
{
	if (b->len > txn->request_bytes)
		sip_shorten(b);
	return b->len > txn->request_bytes;
}

int sip_respond_once(
	struct sip_stack *stack, uint64_t txn_id, struct str to_tag, struct sip_response_out *out)
{
	struct txn *txn = txn_get(stack, txn_id);
	struct strbuf b = stack_out(stack);
	char tag[SIP_TOKEN_BYTES];
	int rc;

	if (txn == NULL || txn_is_client(txn))
		return -ESTALE;
	if (!txn_server_is_pending(txn))
		return -EALREADY;
	if (str_is_none(to_tag)) {
		snprintf(tag, sizeof(tag), "%016" PRIx64, str_hash(part(txn->kept, PART_VIAS)));
		to_tag = str_from(tag);
	}
	out->edge = stack_edge(stack, &txn->flow);
	rc = write_once(&b, txn, to_tag, out);
	if (rc == 0 && out->status < 300 && !txn_is_reliable(txn) && is_larger(&b, txn)) {
		b = stack_out(stack);
		out->extra_count = 0;
		rc = write_once(&b, txn, to_tag, out);
	}
	if (rc == 0)
		stack_send_once(stack,
			&(struct stack_answer){&txn->flow, txn->label, out->status,
				txn->request_bytes, out->is_challenge},
			&b);
	out->vias = out->record_routes = out->from = out->to = out->call_id = STR_NONE;
	out->method_name = STR_NONE;
	txn_free(stack, txn);
	return rc;
}

void sip_repeat_at_most(struct sip_stack *stack, uint64_t txn_id, unsigned int repeats)
{
	struct txn *txn = txn_get(stack, txn_id);

	if (txn != NULL)
		txn->repeats_left = repeats;
}

int sip_acked(struct sip_stack *stack, uint64_t txn_id)
{
	struct txn *txn = txn_get(stack, txn_id);

	if (txn == NULL || txn->state != TXN_ACCEPTED || txn_is_client(txn))
		return -ESTALE;
	txn->is_acked = true;
	timer_cancel(stack->params.wheel, &txn->repeat);
	return 0;
}

struct sip_owner sip_txn_owner(const struct sip_stack *stack, uint64_t txn_id)
{
	const struct txn *txn = txn_get(stack, txn_id);

	return txn != NULL ? txn->owner : (struct sip_owner){0};
}

bool sip_txn_is_pending(const struct sip_stack *stack, uint64_t txn_id)
{
	const struct txn *txn = txn_get(stack, txn_id);

	return txn != NULL && !txn_is_client(txn) && txn_server_is_pending(txn);
}
