// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/reg/keepalive.h"

#include <inttypes.h>
#include <stdlib.h>

#include "controlplane/base/log.h"
#include "controlplane/base/metrics.h"
#include "controlplane/base/random.h"
#include "controlplane/base/table.h"
#include "controlplane/reg/ping.h"

#define TRIES_MAX 3
#define REPEAT_MS 2000 // the first time; twice that the second

struct pinged {
	struct table_node node; // by id
	struct cds_list_head all;
	struct timer timer;
	uint64_t id;
	uint64_t due_ms; // of the next ping
	struct tg_mono sent;
	struct keepalive_rule rule;
	uint32_t cseq;
	uint8_t tries; // of the present one
	uint8_t missed;
	bool is_awaited;
	bool has_answered; // on this flow
};

struct keepalive {
	struct keepalive_params params;
	struct table table;
	struct cds_list_head all;
	struct keepalive_counters counters;
};

static uint64_t now_ms(const struct keepalive *k)
{
	return tg_mono_ms(timer_wheel_now(k->params.wheel));
}

static struct tg_mono now(const struct keepalive *k)
{
	return k->params.now != NULL ? k->params.now(k->params.arg) : tg_mono_now();
}

// ---- which are pinged

static uint64_t hash_of(uint64_t id)
{
	return str_hash(str_of(&id, sizeof(id)));
}

static bool matches(const struct table_node *node, const void *key)
{
	return caa_container_of(node, struct pinged, node)->id == *(const uint64_t *)key;
}

static struct pinged *find(const struct keepalive *k, uint64_t id)
{
	struct table_node *node = table_find(&k->table, hash_of(id), matches, &id);

	return node != NULL ? caa_container_of(node, struct pinged, node) : NULL;
}

static struct pinged *make(struct keepalive *k, uint64_t id)
{
	struct pinged *p = calloc(1, sizeof(*p));

	if (p == NULL)
		return NULL;
	p->id = id;
	if (table_insert(&k->table, hash_of(id), &p->node) < 0) {
		counter_add(&k->counters.full, 1);
		free(p);
		return NULL;
	}
	cds_list_add_tail(&p->all, &k->all);
	counter_add(&k->counters.bindings, 1);
	return p;
}

static void forget(struct keepalive *k, struct pinged *p)
{
	if (p == NULL)
		return;
	timer_cancel(k->params.wheel, &p->timer);
	table_remove(&k->table, &p->node);
	cds_list_del(&p->all);
	counter_add(&k->counters.bindings, (uint64_t)-1);
	free(p);
}

// ---- when

static void on_timer(struct timer *timer, void *arg);

static void arm_at(struct keepalive *k, struct pinged *p, uint64_t at_ms)
{
	uint64_t at = at_ms < p->due_ms ? at_ms : p->due_ms;
	uint64_t present = now_ms(k);

	timer_arm(k->params.wheel, &p->timer, at > present ? at - present : 1, on_timer, k);
}

static uint64_t next_ms(const struct keepalive *k, const struct pinged *p)
{
	return now_ms(k) + p->rule.every_ms - random_below(p->rule.every_ms / 4 + 1);
}

static void begin(struct keepalive *k, struct pinged *p)
{
	p->is_awaited = p->has_answered = false;
	p->missed = 0;
	p->due_ms = now_ms(k) + random_below(p->rule.every_ms) + 1;
	arm_at(k, p, p->due_ms);
}

// ---- pinging

static void send_ping(struct keepalive *k, const struct pinged *p)
{
	char text[PING_BYTES_MAX];
	struct strbuf b = strbuf_on(text, sizeof(text));
	struct binding binding;
	struct tg_addr from;

	if (location_get(k->params.location, p->id, &binding) < 0)
		return;
	if (p->rule.kind == KEEPALIVE_CRLF) {
		strbuf_put(&b, STR("\r\n\r\n"));
	} else {
		k->params.advertised(k->params.arg, &binding.flow, &from);
		ping_write(&b, &binding, &from, p->cseq);
	}
	if (b.failed)
		return;
	counter_add(&k->counters.sent, 1);
	k->params.send(k->params.arg, &binding.flow, strbuf_str(&b));
}

static void ping(struct keepalive *k, struct pinged *p)
{
	p->due_ms = next_ms(k, p);
	p->is_awaited = p->rule.kind == KEEPALIVE_OPTIONS;
	p->tries = 1;
	p->cseq++;
	p->sent = now(k);
	arm_at(k, p, p->is_awaited ? now_ms(k) + REPEAT_MS : p->due_ms);
	send_ping(k, p);
}

static void repeat(struct keepalive *k, struct pinged *p)
{
	counter_add(&k->counters.repeated, 1);
	p->tries++;
	arm_at(k, p, p->tries < TRIES_MAX ? now_ms(k) + 2 * REPEAT_MS : p->due_ms);
	send_ping(k, p);
}

static void lose(struct keepalive *k, struct pinged *p)
{
	uint64_t id = p->id;

	LOG(LOG_INFO, "binding-lost", "binding=%" PRIx64 " unanswered=%u", id, p->missed);
	counter_add(&k->counters.lost, 1);
	forget(k, p);
	location_remove(k->params.location, id, LOCATION_FLOW_LOST);
}

// Who never answered an OPTIONS may be one that never does.
static bool is_lost(struct keepalive *k, struct pinged *p)
{
	if (!p->is_awaited)
		return false;
	counter_add(&k->counters.unanswered, 1);
	p->missed += p->missed < UINT8_MAX;
	return p->has_answered && p->rule.lost_after != 0 && p->missed >= p->rule.lost_after;
}

static void on_timer(struct timer *timer, void *arg)
{
	struct pinged *p = caa_container_of(timer, struct pinged, timer);
	struct keepalive *k = arg;

	if (now_ms(k) < p->due_ms)
		repeat(k, p);
	else if (is_lost(k, p))
		lose(k, p);
	else
		ping(k, p);
}

static void on_answer(struct keepalive *k, struct pinged *p)
{
	uint64_t us = (now(k).ns - p->sent.ns) / TG_NS_PER_US;

	counter_add(&k->counters.answered, 1);
	p->is_awaited = false;
	p->has_answered = true;
	p->missed = 0;
	arm_at(k, p, p->due_ms);
	// of one that was repeated nobody knows which try was answered
	if (p->tries != 1)
		return;
	counter_add(&k->counters.rtts, 1);
	counter_add(&k->counters.rtt_us, us);
	location_set_rtt(k->params.location, p->id,
		us == 0			  ? 1
			: us < UINT32_MAX ? (uint32_t)us
					  : UINT32_MAX);
}

bool keepalive_on_message(struct keepalive *keepalive, struct str message)
{
	struct pinged *p;
	struct ping_token token;

	if (!ping_is_answer(&token, message))
		return false;
	p = find(keepalive, token.id);
	if (p != NULL && p->is_awaited && token.proof == ping_proof(p->id, p->cseq))
		on_answer(keepalive, p);
	else
		counter_add(&keepalive->counters.strays, 1);
	return true;
}

// ---- what the location tells

static bool is_wanted(const struct binding *binding, const struct keepalive_rule *rule)
{
	return rule->kind != KEEPALIVE_OFF && rule->every_ms != 0 && binding->nat != BINDING_DIRECT
		&& (rule->streams || !transport_is_reliable(&binding->flow));
}

static bool is_there(enum location_change change)
{
	return change == LOCATION_ADDED || change == LOCATION_REFRESHED || change == LOCATION_MOVED;
}

static void on_refreshed(struct keepalive *k, struct pinged *p)
{
	p->missed = 0;
	p->due_ms = next_ms(k, p);
	// one that is still awaited goes on being repeated, up to the last time
	if (!p->is_awaited || p->tries == TRIES_MAX)
		arm_at(k, p, p->due_ms);
}

void keepalive_on_change(struct keepalive *keepalive, const struct binding *binding,
	enum location_change change, const struct keepalive_rule *rule)
{
	struct pinged *p = find(keepalive, binding->id);
	bool is_new = p == NULL || change != LOCATION_REFRESHED || p->rule.kind != rule->kind;

	if (!is_there(change) || !is_wanted(binding, rule)) {
		forget(keepalive, p);
		return;
	}
	if (p == NULL)
		p = make(keepalive, binding->id);
	if (p == NULL)
		return;
	p->rule = *rule;
	if (is_new)
		begin(keepalive, p);
	else
		on_refreshed(keepalive, p);
}

// ---- all of them

struct keepalive *keepalive_new(const struct keepalive_params *params)
{
	struct keepalive *k = calloc(1, sizeof(*k));

	if (k == NULL)
		return NULL;
	k->params = *params;
	CDS_INIT_LIST_HEAD(&k->all);
	if (table_init(&k->table, params->max) < 0) {
		free(k);
		return NULL;
	}
	return k;
}

void keepalive_free(struct keepalive *keepalive)
{
	if (keepalive == NULL)
		return;
	while (!cds_list_empty(&keepalive->all))
		forget(keepalive, cds_list_first_entry(&keepalive->all, struct pinged, all));
	table_fini(&keepalive->table);
	free(keepalive);
}

const struct keepalive_counters *keepalive_counters(const struct keepalive *keepalive)
{
	return &keepalive->counters;
}
