// SPDX-License-Identifier: BSD-3-Clause
// The dataplane process: boots, then runs the main lcore's loop until SIGTERM or SIGINT.
#include <rte_pause.h>

#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/signalfd.h>

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "dataplane/boot.h"
#include "dataplane/log.h"
#include "include/tidegate/time.h"

#define TICK_MS TG_BEAT_INTERVAL_MS
#define BLOCKED_MS 5 // a completion ring is full: when to look again
#define PURGE_MS 1000
#define EVENTS_MAX 16
#define SPINS 64
#define SPIN_SWITCHES_MAX 8 // a tick
#define SPIN_AGAIN_MS 10000

struct loop {
	uint64_t tick_ms;  // of the last tick
	uint64_t purge_ms; // of the last purge
	uint64_t lost_seen;
	uint64_t refused_seen; // of ICMP
	bool peer_hangs;
	bool spin;	  // never sleep
	uint64_t spin_ms; // while it sleeps: when it tries to spin again
	long switches;	  // involuntary ones, at the last tick
	bool stop;
};

static void drain_eventfd(int fd)
{
	uint64_t count;

	if (read(fd, &count, sizeof(count)) < 0)
		return; // another wake-up had taken it
}

static void on_signal(struct loop *loop, int fd)
{
	struct signalfd_siginfo info;

	if (read(fd, &info, sizeof(info)) != sizeof(info))
		return;
	log_write(LOG_INFO, "stopping", "signal=%s", strsignal((int)info.ssi_signo));
	loop->stop = true;
}

static void read_taps(struct dataplane *dp)
{
	for (unsigned int i = 0; i < dp->args.ports; i++) {
		if (dp->ports[i].tap.fd >= 0)
			tap_read(&dp->ports[i].tap, dp->pool);
	}
}

// Returns whether packets for the kernel are left.
static bool write_taps(struct dataplane *dp)
{
	bool left = false;

	for (unsigned int i = 0; i < dp->args.ports; i++) {
		if (dp->ports[i].tap.fd >= 0)
			left |= tap_write(&dp->ports[i].tap);
	}
	return left;
}

static void on_source(
	struct dataplane *dp, struct loop *loop, enum boot_source source, uint64_t now_ms)
{
	switch (source) {
	case BOOT_SIGNAL:
		on_signal(loop, dp->signal_fd);
		break;
	case BOOT_WAKE:
		drain_eventfd(dp->wake_dataplane_fd);
		break;
	case BOOT_NETLINK:
		netlink_on_ready(dp->netlink, now_ms);
		break;
	case BOOT_ATTACH:
		attach_on_ready(&dp->attach);
		break;
	case BOOT_TAP:
		read_taps(dp);
		break;
	case BOOT_ICMP:
		icmp_on_ready(dp->icmp, now_ms);
		break;
	}
}

static void watch_peer(const struct dataplane *dp, struct loop *loop, uint64_t now_ns)
{
	uint64_t beat_ns = __atomic_load_n(
		&dp->segment->shared->controlplane_beat_ns, __ATOMIC_RELAXED);
	bool hangs = attach_is_attached(&dp->attach) && beat_ns != 0 && now_ns > beat_ns
		&& now_ns - beat_ns > TG_BEAT_LOST_MS * TG_NS_PER_MS;

	if (hangs != loop->peer_hangs)
		log_write(LOG_WARN, hangs ? "controlplane-hangs" : "controlplane-back", "pid=%u",
			dp->attach.peer_pid);
	loop->peer_hangs = hangs;
}

// A busy main lcore spins as long as it has its core for itself. On a shared one it would wait for its
// turn when it is needed, and who sleeps is let in at once.
static void watch_core(const struct dataplane *dp, struct loop *loop, uint64_t now_ms)
{
	struct rusage usage;
	long switches;

	// With too few cpus it would take the time of a worker.
	if (!dp->args.poll_busy || dp->cpus_shared || getrusage(RUSAGE_THREAD, &usage) < 0)
		return;
	switches = usage.ru_nivcsw - loop->switches;
	loop->switches = usage.ru_nivcsw;
	if (loop->spin && switches > SPIN_SWITCHES_MAX) {
		loop->spin = false;
		loop->spin_ms = now_ms + SPIN_AGAIN_MS;
	} else if (now_ms >= loop->spin_ms) {
		loop->spin = true;
	}
}

static void log_counts(const struct dataplane *dp, struct loop *loop)
{
	if (dp->events.lost != loop->lost_seen)
		log_write(LOG_WARN, "events-lost", "count=%" PRIu64,
			dp->events.lost - loop->lost_seen);
	loop->lost_seen = dp->events.lost;
	if (icmp_refused(dp->icmp) != loop->refused_seen)
		log_write(LOG_DEBUG, "icmp-refused", "count=%" PRIu64,
			icmp_refused(dp->icmp) - loop->refused_seen);
	loop->refused_seen = icmp_refused(dp->icmp);
}

static void tick(struct dataplane *dp, struct loop *loop, uint64_t now_ns)
{
	uint64_t now_ms = now_ns / TG_NS_PER_MS;

	__atomic_store_n(&dp->segment->shared->dataplane_beat_ns, now_ns, __ATOMIC_RELAXED);
	for (unsigned int i = 0; i < dp->args.ports; i++) {
		steer_beat(&dp->ports[i].steer, now_ns);
		port_tick(&dp->ports[i]);
	}
	netlink_tick(dp->netlink, now_ms);
	peer_table_sweep(dp->tables->peers, now_ms);
	watch_peer(dp, loop, now_ns);
	watch_core(dp, loop, now_ms);
	loop->tick_ms = now_ms;
	if (now_ms - loop->purge_ms < PURGE_MS)
		return;
	loop->purge_ms = now_ms;
	claim_purge(&dp->claims);
	log_counts(dp, loop);
}

// One round of work. Returns how long the main lcore may sleep, in ms.
static int work(struct dataplane *dp, struct loop *loop)
{
	uint64_t now_ns = tg_mono_now().ns;
	uint64_t now_ms = now_ns / TG_NS_PER_MS;
	enum cmd_rest rest = cmd_run(&dp->commands, now_ms);
	bool busy = write_taps(dp);

	for (unsigned int i = 0; i < dp->launched; i++)
		netlink_resolve(dp->netlink, worker_wanted(dp->workers[i]), now_ms);
	idle_manage(dp->idle, now_ms);
	event_publish(&dp->events);
	if (now_ms - loop->tick_ms >= TICK_MS)
		tick(dp, loop, now_ns);
	if (loop->spin || busy || rest == CMD_MORE
		|| (rest == CMD_ALL_DONE && !cmd_wait_begin(&dp->commands)))
		return 0;
	if (rest == CMD_BLOCKED)
		return BLOCKED_MS;
	return now_ms - loop->tick_ms < TICK_MS ? (int)(loop->tick_ms + TICK_MS - now_ms) : 0;
}

// Busy, main looks at the command rings all the time and at its descriptors now and then. Returns
// how long it may sleep, in ms.
static int spin(struct dataplane *dp, struct loop *loop)
{
	for (unsigned int i = 1; loop->spin && i < SPINS; i++) {
		work(dp, loop);
		rte_pause();
	}
	return work(dp, loop);
}

static int run(struct dataplane *dp)
{
	struct epoll_event events[EVENTS_MAX];
	struct loop loop = {0};

	while (!loop.stop) {
		int timeout_ms = spin(dp, &loop);
		int n = epoll_wait(dp->epoll_fd, events, EVENTS_MAX, timeout_ms);
		bool attach_seen = false;

		if (n < 0 && errno != EINTR)
			return -errno;
		for (int i = 0; i < n; i++) {
			enum boot_source source = (enum boot_source)events[i].data.u64;

			if (source == BOOT_ATTACH && attach_seen)
				continue;
			attach_seen |= source == BOOT_ATTACH;
			on_source(dp, &loop, source, tg_mono_ms(tg_mono_now()));
		}
	}
	return 0;
}

static const char *kind_of(const struct port *port)
{
	if (port->device != NULL)
		return "device";
	return port->xdp ? "xdp" : "packet";
}

static void say_ready(const struct dataplane *dp)
{
	char ports[TG_PORTS_MAX * (IF_NAMESIZE + 8) + 1] = "";
	struct tg_mono begin = {dp->begin_ns};
	size_t at = 0;

	for (unsigned int i = 0; i < dp->args.ports && at < sizeof(ports); i++)
		at += (size_t)snprintf(ports + at, sizeof(ports) - at, "%s%s:%s", i > 0 ? "," : "",
			dp->ports[i].iface, kind_of(&dp->ports[i]));
	if (dp->cpus_shared)
		log_write(LOG_WARN, "cpus-shared",
			"workers=%u advice=\"too few cpus for one each\"", dp->args.workers);
	log_write(LOG_INFO, "ready",
		"version=%s pid=%d ports=%s workers=%u main_cpu=%u worker_cpu=%u streams=%u "
		"poll=%s "
		"memory_mb=%u huge=%s socket=%s boot_ms=%" PRIu64,
		TIDEGATE_VERSION, (int)getpid(), ports, dp->args.workers, dp->args.cpu[0],
		dp->args.cpu[1], dp->args.streams, dp->args.poll_busy ? "busy" : "adaptive",
		dp->args.memory_mb, dp->args.huge ? "on" : "off", dp->args.attach_socket,
		tg_mono_ms_between(begin, tg_mono_now()));
}

static void set_signals(void)
{
	sigset_t set;

	// Before any thread: they all inherit the mask, so that the signalfd gets them.
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
}

int main(int argc, char **argv)
{
	static struct dataplane dp;
	char error[ARGS_ERROR_BYTES];
	int rc;

	dp.begin_ns = tg_mono_now().ns;
	switch (args_parse(&dp.args, error, argc, argv)) {
	case ARGS_RUN:
		break;
	case ARGS_DONE:
		return 0;
	case ARGS_BAD:
		fprintf(stderr, "tidegate-dataplane: %s\n", error);
		return 2;
	}
	log_set_level(dp.args.log_level);
	set_signals();
	if (log_library_init() < 0 || boot_start(&dp) < 0)
		return 1;
	log_library_loud();
	say_ready(&dp);
	rc = run(&dp);
	if (rc < 0)
		log_write(LOG_ERROR, "loop", "error=\"%s\"", strerror(-rc));
	boot_stop(&dp);
	log_write(LOG_INFO, "stopped", "pid=%d", (int)getpid());
	return rc < 0 ? 1 : 0;
}
