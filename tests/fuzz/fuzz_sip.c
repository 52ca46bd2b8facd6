// SPDX-License-Identifier: BSD-3-Clause
// One datagram against the whole SIP stack: parsed, matched, answered, repeated. And its headers as those
// of an answer to an INVITE of ours.
#include <stdlib.h>

#include "controlplane/base/log.h"
#include "controlplane/base/rcu.h"
#include "controlplane/sip/dialog.h"
#include "controlplane/sip/stack.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct sip_stack *stack;
static struct timer_wheel *wheel;
static struct dialog_table dialogs;
static uint64_t now_ms = 1000;
static char our_via[256]; // line of our last INVITE

// Whatever leaves must be a message we would take ourselves.
static int check(void * /*arg*/, const struct net_flow * /*flow*/, struct str message)
{
	static struct arena *arena;
	enum sip_fault fault;
	struct sip_msg msg;

	if (arena == NULL)
		arena = arena_new(4u << 20);
	arena_reset(arena);
	fault = sip_msg_parse(&msg, arena, message);
	if (fault == SIP_FAULT_NONE && msg.is_request && msg.method == SIP_INVITE) {
		struct strbuf b = strbuf_on(our_via, sizeof(our_via) - 1);

		strbuf_put(&b, STR("Via: "));
		strbuf_put(&b, msg.via.text);
		strbuf_put(&b, STR("\r\n"));
		our_via[b.len] = '\0';
	}
	if (fault == SIP_FAULT_NOT_SIP || fault == SIP_FAULT_START_LINE || fault == SIP_FAULT_STATUS
		|| fault == SIP_FAULT_NO_VIA || fault == SIP_FAULT_CONTENT_LENGTH)
		abort();
	return 0;
}

static void on_request(
	void * /*arg*/, uint64_t txn, const struct net_flow *flow, const struct sip_msg *msg)
{
	struct sip_response_out out = {.status = msg->cseq % 2 == 0 ? 180 : 486, .source = msg};
	struct dialog d;

	if (msg->method == SIP_INVITE
		&& dialog_init_uas(&d, &dialogs, msg, flow, &flow->local) == 0) {
		dialog_on_request(&d, msg);
		dialog_fini(&d, &dialogs);
	}
	sip_respond(stack, txn, STR("t"), &out);
}

static void on_message(void * /*arg*/, const struct net_flow * /*flow*/, const struct sip_msg *msg)
{
	dialog_find(&dialogs, msg);
}

static void on_cancel(void * /*arg*/, uint64_t invite, const struct sip_msg * /*msg*/)
{
	struct sip_response_out out = {.status = 487};

	sip_respond(stack, invite, STR("t"), &out);
}

static void on_response(
	void * /*arg*/, uint64_t /*txn*/, struct sip_owner /*owner*/, const struct sip_msg *msg)
{
	dialog_find_by_response(&dialogs, msg);
}

static void on_no_prack(void * /*arg*/, uint64_t /*txn*/, struct sip_owner /*owner*/)
{
}

static void on_end(
	void * /*arg*/, uint64_t /*txn*/, struct sip_owner /*owner*/, enum sip_txn_end /*why*/)
{
}

static bool is_silent(void * /*arg*/, uint8_t /*realm*/)
{
	return false;
}

static bool force_rport(void * /*arg*/, uint8_t /*realm*/)
{
	return true;
}

static void advertised(void * /*arg*/, const struct net_flow *flow, struct tg_addr *out)
{
	*out = flow->local;
}

static void start(void)
{
	static const struct transport transport = {.send = check};
	static const struct sip_user user = {on_request, on_message, on_cancel, on_response,
		on_message, on_no_prack, on_end, NULL};

	rcu_register_thread();
	log_set_level(LOG_ERROR);
	sip_msg_setup();
	wheel = timer_wheel_new((struct tg_mono){now_ms * TG_NS_PER_MS});
	stack = sip_stack_new(&(struct sip_stack_params){.wheel = wheel,
		.transport = &transport,
		.transactions_max = 64,
		.timers = {500, 4000, 5000},
		.force_rport = force_rport,
		.is_silent = is_silent,
		.advertised = advertised,
		.user = &user});
	if (stack == NULL || dialog_table_init(&dialogs, 8) < 0)
		abort();
}

static void fuzz_answer(const struct net_flow *flow, const uint8_t *data, size_t size)
{
	static const char *const lines[] = {
		"SIP/2.0 180 x\r\n", "SIP/2.0 200 x\r\n", "SIP/2.0 486 x\r\n"};
	static char text[70000];
	struct strbuf b = strbuf_on(text, sizeof(text));
	struct sip_client client = {.flow = *flow, .timers = {500, 4000, 5000}};
	struct sip_request_out out = {.method = SIP_INVITE,
		.uri = STR("sip:c@h"),
		.from = STR("<sip:a@h>;tag=1"),
		.to = STR("<sip:c@h>"),
		.call_id = STR("c"),
		.cseq = 1};
	uint64_t txn;

	if (size == 0 || sip_request(stack, &txn, &client, &out) < 0)
		return;
	strbuf_put(&b, str_from(lines[data[0] % 3]));
	strbuf_put(&b, str_from(our_via));
	strbuf_put(&b, str_of(data, size));
	sip_stack_receive(stack, flow, strbuf_str(&b));
	sip_cancel(stack, txn, STR_NONE, NULL);
	sip_stack_receive(stack, flow, strbuf_str(&b));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct net_flow flow = {.remote = {.port = 5060}, .local = {.port = 5060}};

	if (stack == NULL)
		start();
	sip_stack_receive(stack, &flow, str_of(data, size));
	sip_stack_receive(stack, &flow, str_of(data, size));
	fuzz_answer(&flow, data, size);
	now_ms += 700;
	timer_wheel_advance(wheel, (struct tg_mono){now_ms * TG_NS_PER_MS});
	return 0;
}
