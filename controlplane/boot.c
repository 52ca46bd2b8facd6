// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/boot.h"

#include <event2/event.h>

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <malloc.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "controlplane/auth/users_file.h"
#include "controlplane/base/log.h"
#include "controlplane/base/metrics.h"
#include "controlplane/call/engine.h"
#include "controlplane/durable.h"
#include "controlplane/obs/ctl_socket.h"
#include "controlplane/obs/metrics_http.h"
#include "controlplane/obs/reload.h"
#include "controlplane/sandbox.h"
#include "controlplane/signalling.h"
#include "controlplane/sip/msg.h"
#include "include/tidegate/ctl.h"

#define SIGNALS 3
#define HEAP_STEP_BYTES (1 << 20)
#define HEAP_SPARE_BYTES (16 << 20)

struct boot {
	const char *conf_path;
	struct conf *conf;
	struct loop *management, *signalling_loop;
	struct durable *durable;
	struct signalling *signalling;
	struct obs *obs;
	struct ctl_socket *ctl;
	struct metrics_http *http;
	struct event *signal[SIGNALS];
};

struct boot_step {
	const char *name;
	int (*start)(struct boot *boot); // 0, or -1 after fail
	void (*stop)(struct boot *boot); // may be NULL
};

__attribute__((format(printf, 1, 2))) static int fail(const char *fmt, ...)
{
	va_list args;

	fputs("tidegate-controlplane: ", stderr);
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fputc('\n', stderr);
	return -1;
}

static int start_conf(struct boot *boot)
{
	enum log_level level;
	struct conf_error err;

	rcu_register_thread();
	if (conf_load(&boot->conf, boot->conf_path, &err) < 0) {
		rcu_unregister_thread();
		return fail("%s", err.text);
	}
	if (log_level_parse(&level, str_from(boot->conf->log_level)) == 0)
		log_set_level(level);
	conf_publish(conf_get(boot->conf));
	return 0;
}

static void stop_conf(struct boot *boot)
{
	conf_publish(NULL);
	conf_put(boot->conf);
	rcu_unregister_thread();
}

// glibc would give the signalling thread a heap of its own, which grows by a page and a system call at a
// time. The other thread hardly allocates: they share one, that grows and shrinks in large steps.
static void set_up_heap(void)
{
	mallopt(M_ARENA_MAX, 1);
	mallopt(M_TOP_PAD, HEAP_STEP_BYTES);
	mallopt(M_TRIM_THRESHOLD, HEAP_SPARE_BYTES);
}

static int start_libraries(struct boot *)
{
	signal(SIGPIPE, SIG_IGN);
	json_object_seed(0);
	sip_msg_setup();
	set_up_heap();
	return 0;
}

static void free_loops(struct boot *boot)
{
	loop_free(boot->signalling_loop);
	loop_free(boot->management);
}

static int make_loops(struct boot *boot)
{
	boot->management = loop_new();
	boot->signalling_loop = loop_new();
	if (boot->management != NULL && boot->signalling_loop != NULL)
		return 0;
	free_loops(boot);
	return fail("out of memory or descriptors");
}

static int open_durable(struct boot *boot)
{
	struct store_error err;

	return durable_open(&boot->durable, boot->conf, boot->signalling_loop, &err) == 0
		? 0
		: fail("%s", err.text);
}

static void close_durable(struct boot *boot)
{
	durable_free(boot->durable);
}

// While root may still read it; later the group of node.user has to.
static int load_users(struct users *out, const struct conf *conf)
{
	struct users_table *table = NULL;
	struct conf_error err;

	if (conf->users.file != NULL && users_table_load(&table, conf->users.file, &err) < 0)
		return fail("%s", err.text);
	if (users_file_new(out, table) == 0)
		return 0;
	users_table_free(table);
	return fail("out of memory");
}

static int make_users(struct boot *boot, struct users *out)
{
	if (boot->conf->users.redis.port == 0)
		return load_users(out, boot->conf);
	return durable_users(boot->durable, out, boot->conf) == 0 ? 0 : fail("out of memory");
}

static int make_signalling(struct boot *boot)
{
	struct users users;

	if (make_users(boot, &users) < 0)
		return -1;
	boot->signalling = signalling_new(&(struct signalling_params){
		.loop = boot->signalling_loop,
		.conf = boot->conf,
		.users = users,
		.store = durable_store(boot->durable),
		.secret = durable_secret(boot->durable),
	});
	return boot->signalling != NULL ? 0 : fail("out of memory");
}

static void free_signalling(struct boot *boot)
{
	signalling_free(boot->signalling);
}

static int start_obs(struct boot *boot)
{
	boot->obs = obs_new(&(struct obs_params){
		.management = boot->management,
		.signalling = boot->signalling_loop,
		.engine = signalling_engine(boot->signalling),
		.conns = signalling_conns(boot->signalling),
		.dataplane = signalling_dataplane,
		.sources = signalling_sources,
		.configure = signalling_configure,
		.arg = boot->signalling,
		.conf = boot->conf,
	});
	return boot->obs != NULL ? 0 : fail("out of memory");
}

// Both threads have ended: what is under way between them is finished here.
static void stop_obs(struct boot *boot)
{
	struct mailbox *there = loop_mailbox(boot->signalling_loop);
	struct mailbox *here = loop_mailbox(boot->management);

	while (mailbox_deliver(there, UINT32_MAX) + mailbox_deliver(here, UINT32_MAX) > 0)
		;
	obs_free(boot->obs);
}

static int open_ctl(struct boot *boot)
{
	const char *path = boot->conf->control_socket;
	int rc = ctl_socket_open(&boot->ctl,
		&(struct ctl_socket_params){
			boot->management, boot->signalling_loop, path, TG_CTL_GROUP});

	if (rc == -EADDRINUSE)
		return fail("%s is in use: another tidegate-controlplane runs here", path);
	return rc == 0 ? 0
		       : fail("cannot listen on %s: %s; its directory must exist and be writable",
			       path, strerror(-rc));
}

static void close_ctl(struct boot *boot)
{
	ctl_socket_free(boot->ctl);
}

static int open_metrics(struct boot *boot)
{
	const struct tg_addr *listen = &boot->conf->metrics_listen;
	char text[TG_ADDR_TEXT_BYTES];
	int rc;

	if (listen->port == 0)
		return 0;
	rc = metrics_http_open(&boot->http, boot->obs, listen);
	return rc == 0 ? 0
		       : fail("cannot listen on %s for metrics: %s; metrics.listen names another "
			      "address, or off",
			       tg_addr_write(listen, text), strerror(-rc));
}

static void close_metrics(struct boot *boot)
{
	metrics_http_free(boot->http);
}

static void on_signal(evutil_socket_t number, short, void *arg)
{
	struct boot *boot = arg;

	if (number == SIGHUP)
		reload_on_signal(boot->obs);
	else
		loop_stop(boot->management);
}

static int watch_signals(struct boot *boot)
{
	static const int numbers[SIGNALS] = {SIGHUP, SIGTERM, SIGINT};

	for (unsigned int i = 0; i < SIGNALS; i++) {
		boot->signal[i] = evsignal_new(
			loop_base(boot->management), numbers[i], on_signal, boot);
		if (boot->signal[i] == NULL || event_add(boot->signal[i], NULL) < 0)
			return fail("out of memory");
	}
	return 0;
}

static void unwatch_signals(struct boot *boot)
{
	for (unsigned int i = 0; i < SIGNALS; i++) {
		if (boot->signal[i] != NULL)
			event_free(boot->signal[i]);
	}
}

static int enter_sandbox(struct boot *boot)
{
	struct sandbox_error err;

	if (sandbox_drop_user(boot->conf->user, &err) < 0 || sandbox_close(&err) < 0)
		return fail("%s", err.text);
	return 0;
}

static int start_durable(struct boot *boot)
{
	int rc = durable_start(boot->durable, signalling_engine(boot->signalling));

	return rc == 0 ? 0 : fail("cannot start a thread: %s", strerror(-rc));
}

static int start_signalling(struct boot *boot)
{
	int rc = signalling_start(boot->signalling);

	return rc == 0 ? 0 : fail("cannot start a thread: %s", strerror(-rc));
}

static void stop_signalling(struct boot *boot)
{
	const struct engine *engine = signalling_engine(boot->signalling);

	signalling_stop(boot->signalling);
	LOG(LOG_INFO, "stop", "calls=%" PRIu64 " media=%s",
		counter_get(&engine_counters(engine)->calls),
		media_is_attached(engine_media(engine)) ? "goes-on" : "lost");
}

static const struct boot_step steps[] = {
	{"configuration", start_conf, stop_conf},
	{"libraries", start_libraries, NULL},
	{"loops", make_loops, free_loops},
	// before all that a second process would disturb: it finds the first one here
	{"control socket", open_ctl, close_ctl},
	{"store", open_durable, close_durable},
	{"signalling", make_signalling, free_signalling},
	{"commands and metrics", start_obs, stop_obs},
	{"metrics socket", open_metrics, close_metrics},
	{"signals", watch_signals, unwatch_signals},
	// from here on without root; no octet of a peer has been read yet
	{"sandbox", enter_sandbox, NULL},
	{"registrations", start_durable, NULL},
	{"signalling thread", start_signalling, stop_signalling},
};

#define STEPS (sizeof(steps) / sizeof(steps[0]))

static void stop_all(struct boot *boot, unsigned int started)
{
	while (started-- > 0) {
		LOG(LOG_DEBUG, "boot-stop", "step=\"%s\"", steps[started].name);
		if (steps[started].stop != NULL)
			steps[started].stop(boot);
	}
}

int boot_run(const char *conf_path)
{
	struct boot boot = {.conf_path = conf_path};

	for (unsigned int i = 0; i < STEPS; i++) {
		LOG(LOG_DEBUG, "boot-start", "step=\"%s\"", steps[i].name);
		if (steps[i].start(&boot) < 0) {
			stop_all(&boot, i);
			return EXIT_FAILURE;
		}
	}
	LOG(LOG_INFO, "start", "version=%s config=%s attach_socket=%s control_socket=%s",
		TIDEGATE_VERSION, boot.conf->path, boot.conf->attach_socket,
		boot.conf->control_socket);
	loop_run(boot.management);
	stop_all(&boot, STEPS);
	return EXIT_SUCCESS;
}
