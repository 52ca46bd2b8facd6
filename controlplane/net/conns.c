// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/net/conns.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "controlplane/base/idpool.h"
#include "controlplane/base/log.h"
#include "controlplane/base/metrics.h"
#include "controlplane/net/conn_sources.h"
#include "controlplane/net/framer.h"

#define LIVES CONN_END_COUNT // why of a connection that has not ended

struct conn {
	struct table_node node; // by where it leads
	uint64_t id;
	const struct conn_carrier *carrier;
	void *socket;
	struct net_flow flow;
	struct framer framer;
	struct timer idle;
	struct timer busy; // connecting, an unfinished message, or the end that waits
	struct tg_mono began, active;
	struct conn_source *source; // of a stranger that connected, as long as it is one
	uint64_t received, sent;
	uint8_t why; // enum conn_end, or LIVES
	bool is_open;
	bool is_ours;
};

struct conns {
	struct timer_wheel *wheel;
	const struct conn_carrier *carrier[TRANSPORT_COUNT];
	struct conns_user user;
	struct conns_limits limits;
	uint32_t capacity; // limits.max at first
	struct transport transport;
	struct idpool *ids;
	struct table table;
	struct conn_sources *sources;
	struct conns_counters counters;
	uint32_t strangers; // that connected
};

const char *conn_end_label(unsigned int end)
{
	static const char *const labels[] = {
#define X(name, label) label,
		CONN_ENDS(X)
#undef X
	};

	return end < CONN_END_COUNT ? labels[end] : NULL;
}

const char *conn_refusal_label(unsigned int refusal)
{
	static const char *const labels[] = {
#define X(name, label) label,
		CONN_REFUSALS(X)
#undef X
	};

	return refusal < CONN_REFUSAL_COUNT ? labels[refusal] : NULL;
}

static struct tg_mono now(const struct conns *conns)
{
	return timer_wheel_now(conns->wheel);
}

// ---- finding

static uint64_t hash_of(const struct net_flow *flow)
{
	struct {
		struct tg_addr local, remote;
		uint8_t realm, protocol, zero[2];
	} way = {flow->local, flow->remote, flow->realm, flow->protocol, {0}};

	return str_hash(str_of(&way, sizeof(way)));
}

static bool matches(const struct table_node *node, const void *key)
{
	const struct conn *conn = caa_container_of(node, struct conn, node);
	struct net_flow way = *(const struct net_flow *)key;

	way.connection = conn->id;
	return conn->why == LIVES && net_flow_equal(&way, &conn->flow);
}

static struct conn *find(const struct conns *conns, uint64_t id)
{
	struct conn *conn = id != 0 ? idpool_find(conns->ids, id) : NULL;

	return conn != NULL && conn->why == LIVES ? conn : NULL;
}

static struct conn *find_way(const struct conns *conns, const struct net_flow *flow)
{
	struct table_node *node = table_find(&conns->table, hash_of(flow), matches, flow);

	return node != NULL ? caa_container_of(node, struct conn, node) : NULL;
}

// ---- ending

static void log_end(const struct conn *conn, enum conn_end why)
{
	bool is_failure = conn->is_ours && !conn->is_open;
	char remote[TG_ADDR_TEXT_BYTES];

	LOG(is_failure ? LOG_WARN : LOG_DEBUG, "connection-end",
		"connection=%" PRIx64 " remote=%s why=%s ours=%d", conn->id,
		tg_addr_write(&conn->flow.remote, remote), conn_end_label(why), conn->is_ours);
}

static void forget(struct conns *conns, struct conn *conn)
{
	timer_cancel(conns->wheel, &conn->idle);
	timer_cancel(conns->wheel, &conn->busy);
	table_remove(&conns->table, &conn->node);
	idpool_remove(conns->ids, conn->id);
	conns->strangers -= conn->source != NULL;
	conn_sources_give(conns->sources, conn->source);
	counter_add(&conns->counters.open[conn->is_ours], (uint64_t)-1);
	framer_fini(&conn->framer);
	free(conn);
}

static void end(struct conns *conns, struct conn *conn, enum conn_end why)
{
	struct net_flow flow = conn->flow;

	log_end(conn, why);
	counter_add(&conns->counters.ended[why], 1);
	// who cannot be framed is told so by a last answer
	conn->carrier->close(conn->carrier->arg, conn->socket, why == CONN_END_FRAMING);
	forget(conns, conn);
	conns->user.ended(conns->user.arg, &flow);
}

static void on_busy(struct timer *timer, void *arg)
{
	struct conn *conn = caa_container_of(timer, struct conn, busy);

	if (conn->why != LIVES)
		end(arg, conn, (enum conn_end)conn->why);
	else
		end(arg, conn, conn->is_open ? CONN_END_UNFINISHED : CONN_END_NO_ANSWER);
}

static void arm_busy(struct conns *conns, struct conn *conn, uint32_t ms)
{
	timer_arm(conns->wheel, &conn->busy, ms, on_busy, conns);
}

// From within a send nobody is told: it ends in the next millisecond, and takes nothing any more.
static void end_soon(struct conns *conns, struct conn *conn, enum conn_end why)
{
	conn->why = (uint8_t)why;
	arm_busy(conns, conn, 1);
}

// One timer, not moved at each message: it looks how long it was quiet when it fires.
static void on_idle(struct timer *timer, void *arg)
{
	struct conn *conn = caa_container_of(timer, struct conn, idle);
	struct conns *conns = arg;
	uint64_t quiet_ms = tg_mono_ms_between(conn->active, now(conns));

	if (conns->limits.idle_ms != 0 && quiet_ms >= conns->limits.idle_ms)
		end(conns, conn, CONN_END_IDLE);
	else
		timer_arm(conns->wheel, &conn->idle, conns->limits.idle_ms - quiet_ms, on_idle,
			conns);
}

// ---- beginning

static struct conn *add(struct conns *conns, const struct net_flow *flow, bool is_ours)
{
	struct conn *conn;

	if (idpool_count(conns->ids) >= conns->limits.max)
		return NULL;
	conn = calloc(1, sizeof(*conn));
	if (conn == NULL)
		return NULL;
	conn->why = LIVES;
	conn->is_ours = is_ours;
	conn->carrier = conns->carrier[flow->protocol];
	conn->flow = *flow;
	conn->began = conn->active = now(conns);
	if (idpool_insert(&conn->id, conns->ids, conn) < 0) {
		free(conn);
		return NULL;
	}
	conn->flow.connection = conn->id;
	if (table_insert(&conns->table, hash_of(flow), &conn->node) < 0) {
		idpool_remove(conns->ids, conn->id);
		free(conn);
		return NULL;
	}
	counter_add(&conns->counters.open[is_ours], 1);
	if (conns->limits.idle_ms != 0)
		timer_arm(conns->wheel, &conn->idle, conns->limits.idle_ms, on_idle, conns);
	return conn;
}

static int connect_to(struct conns *conns, struct net_flow *flow)
{
	struct conn *conn;
	int rc;

	if (conns->carrier[flow->protocol] == NULL)
		return -ENOTCONN;
	conn = add(conns, flow, true);
	if (conn == NULL)
		return -EHOSTUNREACH;
	counter_add(&conns->counters.opened[1], 1);
	conn->flow.dscp = 0;
	rc = conn->carrier->connect(conn->carrier->arg, &conn->socket, conn->id, &conn->flow);
	if (rc < 0) {
		enum conn_end why = rc == -ECONNREFUSED ? CONN_END_REFUSED : CONN_END_UNREACHABLE;

		log_end(conn, why);
		counter_add(&conns->counters.ended[why], 1);
		forget(conns, conn);
		return -EHOSTUNREACH;
	}
	arm_busy(conns, conn, conns->limits.connect_ms);
	flow->connection = conn->id;
	return 0;
}

static int choose(void *arg, struct net_flow *flow)
{
	struct conns *conns = arg;
	struct conn *conn = find(conns, flow->connection);

	if (conn == NULL && (flow->is_bound || flow->trusted != TG_TRUST_TRUNK))
		return -ENOTCONN;
	if (conn == NULL) {
		flow->connection = 0;
		conn = find_way(conns, flow);
	}
	if (conn == NULL)
		return connect_to(conns, flow);
	flow->connection = conn->id;
	flow->local = conn->flow.local;
	flow->remote = conn->flow.remote;
	flow->protocol = conn->flow.protocol;
	return 0;
}

static int refuse(struct conns *conns, enum conn_refusal why)
{
	counter_add(&conns->counters.refused[why], 1);
	return -EPERM;
}

// A quarter of the connections is kept for peers and for ours.
static int admit(struct conns *conns, struct conn_source **source, const struct net_flow *flow)
{
	enum tg_trust_level level = conns->user.trust(conns->user.arg, flow);
	uint32_t max = conns->limits.max, live = idpool_count(conns->ids);
	int rc;

	*source = NULL;
	if (level == TG_TRUST_BANNED)
		return refuse(conns, CONN_REFUSAL_IS_BANNED);
	if (live >= max || (level == TG_TRUST_STRANGER && conns->strangers >= max - (max + 3) / 4))
		return refuse(conns, CONN_REFUSAL_MAX);
	if (level != TG_TRUST_STRANGER)
		return 0;
	rc = conn_sources_take(source, conns->sources, &flow->remote.ip, conns->limits.per_source);
	if (rc < 0)
		return refuse(
			conns, rc == -EDQUOT ? CONN_REFUSAL_PER_SOURCE : CONN_REFUSAL_NO_MEMORY);
	return 0;
}

// Who is no stranger any more leaves its place to others, and takes it again when it is one.
static void set_level(struct conns *conns, struct conn *conn, enum tg_trust_level level)
{
	conn->flow.trusted = (uint8_t)level;
	if (conn->is_ours || (level == TG_TRUST_STRANGER) == (conn->source != NULL))
		return;
	conns->strangers -= conn->source != NULL;
	conn_sources_give(conns->sources, conn->source);
	conn->source = NULL;
	if (level == TG_TRUST_STRANGER)
		conn_sources_take(&conn->source, conns->sources, &conn->flow.remote.ip, UINT32_MAX);
	conns->strangers += conn->source != NULL;
}

void conns_on_trust(struct conns *conns, uint64_t id)
{
	struct conn *conn = find(conns, id);

	if (conn != NULL)
		set_level(conns, conn, conns->user.trust(conns->user.arg, &conn->flow));
}

uint64_t conns_accept(struct conns *conns, void *socket, const struct net_flow *flow)
{
	struct conn_source *source;
	struct conn *conn;

	if (admit(conns, &source, flow) < 0)
		return 0;
	conn = add(conns, flow, false);
	if (conn == NULL) {
		conn_sources_give(conns->sources, source);
		refuse(conns, CONN_REFUSAL_NO_MEMORY);
		return 0;
	}
	conn->socket = socket;
	conn->is_open = true;
	conn->source = source;
	conns->strangers += source != NULL;
	counter_add(&conns->counters.opened[0], 1);
	arm_busy(conns, conn, conns->limits.unfinished_ms);
	return conn->id;
}

void conns_on_open(struct conns *conns, uint64_t id)
{
	struct conn *conn = find(conns, id);

	if (conn == NULL)
		return;
	conn->is_open = true;
	timer_cancel(conns->wheel, &conn->busy);
}

void conns_on_end(struct conns *conns, uint64_t id, enum conn_end why)
{
	struct conn *conn = idpool_find(conns->ids, id);

	if (conn != NULL)
		end(conns, conn, why);
}

// ---- sending

static int write_to(struct conns *conns, struct conn *conn, struct str bytes)
{
	const struct conn_carrier *carrier = conn->carrier;
	size_t queued = carrier->queued(carrier->arg, conn->socket);

	if (queued + bytes.len > conns->limits.queue_bytes) {
		end_soon(conns, conn, CONN_END_FULL);
		return -ENOTCONN;
	}
	if (carrier->write(carrier->arg, conn->socket, bytes) < 0) {
		end_soon(conns, conn, CONN_END_MEMORY);
		return -ENOTCONN;
	}
	return 0;
}

static int send_message(void *arg, const struct net_flow *flow, struct str message)
{
	struct conns *conns = arg;
	struct net_flow way = *flow;
	struct conn *conn;
	int rc = choose(conns, &way);

	if (rc < 0)
		return rc;
	conn = find(conns, way.connection);
	if (conn->flow.dscp != flow->dscp) {
		conn->flow.dscp = flow->dscp;
		conn->carrier->mark(conn->carrier->arg, conn->socket, flow->dscp);
	}
	rc = write_to(conns, conn, message);
	if (rc < 0)
		return rc;
	conn->active = now(conns);
	conn->sent++;
	counter_add(&conns->counters.sent, 1);
	return 0;
}

// ---- receiving

static void blame(struct conns *conns, struct conn *conn, enum conn_end why)
{
	if (conn->flow.trusted == TG_TRUST_STRANGER)
		conns->user.blame(conns->user.arg, &conn->flow, why);
	end(conns, conn, why);
}

static void answer_ping(struct conns *conns, struct conn *conn)
{
	counter_add(&conns->counters.pings, 1);
	write_to(conns, conn, STR("\r\n"));
}

static void deliver(struct conns *conns, struct conn *conn, struct str message)
{
	struct net_flow flow = conn->flow;

	conn->received++;
	counter_add(&conns->counters.received, 1);
	conns->user.receive(conns->user.arg, &flow, message);
}

// A message, or a ping (none). Returns false when it ended the connection.
static bool take_one(struct conns *conns, struct conn *conn, struct str message)
{
	unsigned int verdict = CONN_PASSES;

	if (conn->flow.trusted == TG_TRUST_STRANGER)
		verdict = conns->user.judge(conns->user.arg, &conn->flow, message);
	if (verdict < CONN_END_COUNT) {
		blame(conns, conn, (enum conn_end)verdict);
		return false;
	}
	if (verdict == CONN_REFUSED)
		counter_add(&conns->counters.strangers, 1);
	else if (str_is_none(message))
		answer_ping(conns, conn);
	else
		deliver(conns, conn, message);
	return true;
}

// A message has its time from its first octet on, and so has the first message from the beginning.
static void watch_unfinished(struct conns *conns, struct conn *conn, bool is_news)
{
	if (is_news) {
		conn->active = now(conns);
		timer_cancel(conns->wheel, &conn->busy);
	}
	if (framer_is_partial(&conn->framer) && !timer_is_armed(&conn->busy))
		arm_busy(conns, conn, conns->limits.unfinished_ms);
}

static bool take_all(struct conns *conns, struct conn *conn)
{
	bool is_news = false;

	while (conn->why == LIVES) {
		struct str message;
		enum framer_result result = framer_next(&conn->framer, &message);

		if (result == FRAMER_MORE) {
			watch_unfinished(conns, conn, is_news);
			return true;
		}
		if (result == FRAMER_TOO_LONG || result == FRAMER_GARBAGE) {
			blame(conns, conn, CONN_END_GARBAGE);
			return false;
		}
		if (!take_one(conns, conn, result == FRAMER_PING ? STR_NONE : message))
			return false;
		is_news = true;
		if (result == FRAMER_BROKEN) {
			end(conns, conn, CONN_END_FRAMING);
			return false;
		}
	}
	return false;
}

bool conns_on_bytes(struct conns *conns, uint64_t id, struct str bytes)
{
	struct conn *conn = find(conns, id);

	if (conn == NULL)
		return false;
	set_level(conns, conn, conns->user.trust(conns->user.arg, &conn->flow));
	if (conn->flow.trusted == TG_TRUST_BANNED) {
		end(conns, conn, CONN_END_BANNED);
		return false;
	}
	if (framer_put(&conn->framer, bytes) < 0) {
		end(conns, conn, CONN_END_MEMORY);
		return false;
	}
	return take_all(conns, conn);
}

// ---- all of them

struct conns *conns_new(const struct conns_params *params)
{
	struct conns *conns = calloc(1, sizeof(*conns));

	if (conns == NULL)
		return NULL;
	conns->wheel = params->wheel;
	conns->user = *params->user;
	conns->limits = params->limits;
	conns->capacity = params->limits.max;
	conns->transport = (struct transport){.send = send_message, .open = choose, .arg = conns};
	conns->ids = idpool_new(params->limits.max);
	conns->sources = conn_sources_new(params->limits.max);
	if (conns->ids == NULL || conns->sources == NULL
		|| table_init(&conns->table, params->limits.max) < 0) {
		idpool_free(conns->ids);
		conn_sources_free(conns->sources);
		free(conns);
		return NULL;
	}
	return conns;
}

void conns_set_carrier(struct conns *conns, uint8_t protocol, const struct conn_carrier *carrier)
{
	conns->carrier[protocol] = carrier;
}

void conns_free(struct conns *conns)
{
	uint32_t cursor = 0;
	struct conn *conn;

	if (conns == NULL)
		return;
	while ((conn = idpool_next(conns->ids, &cursor)) != NULL) {
		conn->carrier->close(conn->carrier->arg, conn->socket, false);
		forget(conns, conn);
	}
	table_fini(&conns->table);
	conn_sources_free(conns->sources);
	idpool_free(conns->ids);
	free(conns);
}

const struct conns_listener *conns_listener_of(const struct conns_listener *want,
	const struct conns_listener *listeners, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++) {
		if (tg_addr_equal(&listeners[i].local, &want->local)
			&& listeners[i].protocol == want->protocol)
			return &listeners[i];
	}
	return NULL;
}

// The realm is a part of where it leads.
static void set_realm(struct conns *conns, struct conn *conn, uint8_t realm)
{
	if (conn->flow.realm == realm)
		return;
	table_remove(&conns->table, &conn->node);
	conn->flow.realm = realm;
	if (table_insert(&conns->table, hash_of(&conn->flow), &conn->node) < 0)
		LOG(LOG_ERROR, "connection-lost-in-table", "connection=%" PRIx64, conn->id);
}

void conns_configure(struct conns *conns, const struct conns_limits *limits,
	const struct conns_listener *listeners, unsigned int count)
{
	uint32_t cursor = 0;
	struct conn *conn;

	conns->limits = *limits;
	if (conns->limits.max > conns->capacity)
		conns->limits.max = conns->capacity;
	while ((conn = idpool_next(conns->ids, &cursor)) != NULL) {
		struct conns_listener own = {
			conn->flow.local, conn->flow.realm, conn->flow.protocol};
		const struct conns_listener *l = conns_listener_of(&own, listeners, count);

		if (l == NULL)
			end(conns, conn, CONN_END_LISTENER);
		else
			set_realm(conns, conn, l->realm);
	}
}

const struct transport *conns_transport(const struct conns *conns)
{
	return &conns->transport;
}

const struct conns_counters *conns_counters(const struct conns *conns)
{
	return &conns->counters;
}

bool conns_next(const struct conns *conns, uint32_t *cursor, struct conn_view *out)
{
	const struct conn *conn = idpool_next(conns->ids, cursor);

	if (conn == NULL)
		return false;
	*out = (struct conn_view){
		.id = conn->id,
		.flow = conn->flow,
		.is_open = conn->is_open,
		.is_ours = conn->is_ours,
		.age_ms = tg_mono_ms_between(conn->began, now(conns)),
		.idle_ms = tg_mono_ms_between(conn->active, now(conns)),
		.received = conn->received,
		.sent = conn->sent,
		.queued = conn->carrier->queued(conn->carrier->arg, conn->socket),
	};
	return true;
}
