// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/signalling.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "controlplane/base/log.h"
#include "controlplane/base/thread.h"
#include "controlplane/call/conns_user.h"
#include "controlplane/call/engine.h"
#include "controlplane/dataplane_view.h"
#include "controlplane/media/dp_ring.h"
#include "controlplane/net/attach.h"
#include "controlplane/net/tcp.h"
#include "controlplane/net/udp.h"

#define SIG_THREADS 1
#define SIG_THREAD 0
#define DESCRIPTORS_ELSE 512

struct signalling {
	struct loop *loop;
	struct dp_ring *ring;
	struct udp *udp;
	struct conns *conns;
	struct tcp *tcp;
	struct transport_switch transports;
	struct dataplane_view *view;
	struct trace *trace;
	struct engine *engine;
	struct attach *attach;
	pthread_t thread;
	bool is_running;
};

static void on_message(void *arg, const struct net_flow *flow, struct str message)
{
	const struct signalling *s = arg;

	engine_receive(s->engine, flow, message);
}

static void on_trust(void *arg, uint64_t connection)
{
	const struct signalling *s = arg;

	conns_on_trust(s->conns, connection);
}

static int set_listeners(struct signalling *s, const struct conf *conf)
{
	struct kernel_udp_listener listener[TG_LISTENERS_MAX];
	unsigned int count = 0;

	for (unsigned int r = 0; r < conf->realm_count; r++) {
		const struct conf_realm *realm = &conf->realms[r];

		for (unsigned int i = 0; i < realm->sip_count && count < TG_LISTENERS_MAX; i++)
			listener[count++] = (struct kernel_udp_listener){
				realm->sip[i].address, (uint8_t)r};
	}
	return udp_set_listeners(s->udp, listener, count);
}

static void configure_conns(struct signalling *s, const struct conf *conf)
{
	struct conns_listener listener[TG_LISTENERS_MAX];
	struct conns_limits limits = engine_conns_limits(conf);
	unsigned int count = engine_conns_listeners(listener, conf);

	conns_configure(s->conns, &limits, listener, count);
	tcp_listen(s->tcp, listener, count);
}

// Each connection takes one; the rest is for all else. Later the process may not raise it any more.
static void reserve_descriptors(const struct conf *conf)
{
	rlim_t want = (rlim_t)conf->connections.max + DESCRIPTORS_ELSE;
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur >= want)
		return;
	limit.rlim_cur = want;
	if (limit.rlim_max < want)
		limit.rlim_max = want;
	if (setrlimit(RLIMIT_NOFILE, &limit) == 0)
		return;
	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
	LOG(LOG_WARN, "descriptors-too-few", "limit=%ju connections_max=%u",
		(uintmax_t)limit.rlim_max, conf->connections.max);
}

static bool make_conns(struct signalling *s, const struct conf *conf)
{
	struct conns_user user = engine_conns_user(&s->engine);

	s->conns = conns_new(&(struct conns_params){
		.wheel = loop_wheel(s->loop),
		.user = &user,
		.limits = engine_conns_limits(conf),
	});
	if (s->conns != NULL)
		s->tcp = tcp_new(s->loop, s->conns);
	return s->tcp != NULL;
}

static bool make_parts(struct signalling *s, const struct signalling_params *params)
{
	const struct conf *conf = params->conf;

	s->ring = dp_ring_new(SIG_THREAD);
	s->udp = udp_new(&(struct udp_params){s->loop, SIG_THREAD, on_message, s});
	s->trace = trace_new(conf->trace_bytes);
	if (s->ring == NULL || s->udp == NULL || s->trace == NULL || set_listeners(s, conf) < 0
		|| !make_conns(s, conf))
		return false;
	transport_switch_init(&s->transports);
	s->transports.by[TRANSPORT_UDP] = udp_transport(s->udp);
	s->transports.by[TRANSPORT_TCP] = conns_transport(s->conns);
	s->view = dataplane_view_new(dp_ring_dp(s->ring));
	s->engine = engine_new(&(struct engine_params){
		.wheel = loop_wheel(s->loop),
		.transport = &s->transports.transport,
		.dp = dp_ring_dp(s->ring),
		.trace = s->trace,
		.sig_thread = SIG_THREAD,
		.users = params->users,
		.store = params->store,
		.secret = params->secret,
		.on_trust = on_trust,
		.arg = s,
	});
	return s->view != NULL && s->engine != NULL;
}

static bool start_attaching(struct signalling *s, const struct conf *conf)
{
	s->attach = attach_new(&(struct attach_params){
		.loop = s->loop,
		.path = conf->attach_socket,
		.sig_threads = SIG_THREADS,
		.client = {dp_ring_client(s->ring), udp_client(s->udp),
			dataplane_view_client(s->view)},
	});
	return s->attach != NULL;
}

struct signalling *signalling_new(const struct signalling_params *params)
{
	struct signalling *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return NULL;
	s->loop = params->loop;
	reserve_descriptors(params->conf);
	if (!make_parts(s, params) || !start_attaching(s, params->conf)) {
		signalling_free(s);
		return NULL;
	}
	configure_conns(s, params->conf);
	return s;
}

void signalling_free(struct signalling *s)
{
	if (s == NULL)
		return;
	// first the way to the dataplane: what it relays goes on without us
	attach_free(s->attach);
	conns_free(s->conns);
	tcp_free(s->tcp);
	engine_free(s->engine);
	dataplane_view_free(s->view);
	udp_free(s->udp);
	dp_ring_free(s->ring);
	trace_free(s->trace);
	free(s);
}

static void *run(void *arg)
{
	struct signalling *s = arg;

	pthread_setname_np(pthread_self(), "signalling");
	rcu_register_thread();
	loop_run(s->loop);
	rcu_unregister_thread();
	return NULL;
}

int signalling_start(struct signalling *s)
{
	int rc = thread_start(&s->thread, run, s);

	s->is_running = rc == 0;
	return rc;
}

void signalling_stop(struct signalling *s)
{
	if (!s->is_running)
		return;
	loop_stop(s->loop);
	pthread_join(s->thread, NULL);
	s->is_running = false;
}

struct conns *signalling_conns(const struct signalling *s)
{
	return s->conns;
}

struct engine *signalling_engine(const struct signalling *s)
{
	return s->engine;
}

void signalling_configure(void *arg)
{
	struct signalling *s = arg;
	struct conf *conf = conf_current();

	if (set_listeners(s, conf) < 0)
		LOG(LOG_ERROR, "listeners-not-set", "error=\"out of memory\"");
	engine_configure(s->engine);
	configure_conns(s, conf);
	conf_put(conf);
}

void signalling_dataplane(void *arg, struct obs_dataplane *out)
{
	const struct signalling *s = arg;

	dataplane_view_copy(s->view, out);
}

bool signalling_sources(
	void *arg, struct obs_source_cursor *cursor, struct tg_source *out, unsigned int *count)
{
	const struct signalling *s = arg;

	return dataplane_view_sources(s->view, cursor, out, count);
}
