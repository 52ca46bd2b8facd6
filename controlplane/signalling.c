// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/signalling.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

#include "controlplane/base/log.h"
#include "controlplane/call/engine.h"
#include "controlplane/dataplane_view.h"
#include "controlplane/media/dp_ring.h"
#include "controlplane/net/attach.h"
#include "controlplane/net/udp.h"

#define SIG_THREADS 1
#define SIG_THREAD 0

struct signalling {
	struct loop *loop;
	struct dp_ring *ring;
	struct udp *udp;
	struct dataplane_view *view;
	struct trace *trace;
	struct engine *engine;
	struct attach *attach;
	pthread_t thread;
	bool is_running;
};

static void on_datagram(void *arg, const struct net_flow *flow, struct str datagram)
{
	const struct signalling *s = arg;

	engine_receive(s->engine, flow, datagram);
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

static bool make_parts(struct signalling *s, const struct conf *conf)
{
	s->ring = dp_ring_new(SIG_THREAD);
	s->udp = udp_new(&(struct udp_params){s->loop, SIG_THREAD, on_datagram, s});
	s->trace = trace_new(conf->trace_bytes);
	if (s->ring == NULL || s->udp == NULL || s->trace == NULL || set_listeners(s, conf) < 0)
		return false;
	s->view = dataplane_view_new(dp_ring_dp(s->ring));
	s->engine = engine_new(&(struct engine_params){
		.wheel = loop_wheel(s->loop),
		.transport = udp_transport(s->udp),
		.dp = dp_ring_dp(s->ring),
		.trace = s->trace,
		.sig_thread = SIG_THREAD,
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

struct signalling *signalling_new(struct loop *loop, const struct conf *conf)
{
	struct signalling *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return NULL;
	s->loop = loop;
	if (!make_parts(s, conf) || !start_attaching(s, conf)) {
		signalling_free(s);
		return NULL;
	}
	return s;
}

void signalling_free(struct signalling *s)
{
	if (s == NULL)
		return;
	// first the way to the dataplane: what it relays goes on without us
	attach_free(s->attach);
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
	sigset_t all, before;
	int err;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	err = pthread_create(&s->thread, NULL, run, s);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	s->is_running = err == 0;
	return -err;
}

void signalling_stop(struct signalling *s)
{
	if (!s->is_running)
		return;
	loop_stop(s->loop);
	pthread_join(s->thread, NULL);
	s->is_running = false;
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
	conf_put(conf);
	engine_configure(s->engine);
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
