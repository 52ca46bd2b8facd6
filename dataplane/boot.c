// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/boot_int.h"

#include <rte_errno.h>
#include <rte_launch.h>
#include <rte_lcore.h>
#include <rte_mbuf.h>

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dataplane/log.h"
#include "include/tidegate/time.h"

#define MBUF_CACHE 256

struct boot_step {
	const char *name;
	int (*start)(struct dataplane *dp); // 0, or -1 after boot_fail
	void (*stop)(struct dataplane *dp); // legal after any start, failed ones too
};

int boot_fail(const char *fmt, ...)
{
	char line[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	fprintf(stderr, "tidegate-dataplane: %s\n", line);
	return -1;
}

static int check_rights(struct dataplane *dp)
{
	pid_t pid;

	if (geteuid() != 0)
		return boot_fail(
			"needs root to open network interfaces: run it by its unit or by sudo");
	pid = attach_probe(dp->args.attach_socket);
	if (pid > 0)
		return boot_fail(
			"%s is in use by pid %d: stop that dataplane first, or give another "
			"--attach-socket",
			dp->args.attach_socket, (int)pid);
	return pid == 0
		? 0
		: boot_fail("--attach-socket %s: %s", dp->args.attach_socket, strerror(-pid));
}

// The object beside the executable serves the build tree, else the installed one.
static int find_xdp_prog(struct dataplane *dp)
{
	char self[sizeof(dp->xdp_prog) - 32];
	ssize_t len = readlink("/proc/self/exe", self, sizeof(self) - 1);
	char *slash;

	snprintf(dp->xdp_prog, sizeof(dp->xdp_prog), "%s", TIDEGATE_XDP_PROG);
	self[len > 0 ? len : 0] = '\0';
	slash = strrchr(self, '/');
	if (dp->args.xdp_prog[0] != '\0') {
		snprintf(dp->xdp_prog, sizeof(dp->xdp_prog), "%s", dp->args.xdp_prog);
	} else if (slash != NULL) {
		char beside[sizeof(dp->xdp_prog)];

		snprintf(beside, sizeof(beside), "%.*s/xdp/redirect.bpf.o", (int)(slash - self),
			self);
		if (access(beside, R_OK) == 0)
			memcpy(dp->xdp_prog, beside, sizeof(beside));
	}
	if (access(dp->xdp_prog, R_OK) < 0)
		return boot_fail("%s: %s; name the object file redirect.bpf.o by --xdp-prog",
			dp->xdp_prog, strerror(errno));
	return 0;
}

static int explain_device(const struct args_port *port, int rc)
{
	switch (-rc) {
	case EINVAL:
		return boot_fail(
			"interface %s is there and is no TAP of one queue: name another, or "
			"follow it by --port iface=%s,kernel=follow,device=%s",
			port->iface, port->iface, port->device);
	case EBUSY:
		return boot_fail(
			"TAP %s is in use by another process: stop that one first", port->iface);
	default:
		return boot_fail("interface %s: %s; check that /dev/net/tun is there", port->iface,
			strerror(-rc));
	}
}

static int explain_port(const struct args_port *port, int rc)
{
	if (port->device[0] != '\0' && rc != -ENODEV && rc != -EADDRINUSE)
		return explain_device(port, rc);
	switch (-rc) {
	case ENODEV:
		return boot_fail("interface %s does not exist: see `ip link`, then correct --port",
			port->iface);
	case EADDRINUSE:
		return boot_fail(
			"interface %s is in use by another tidegate-dataplane: stop that one "
			"first",
			port->iface);
	case EBUSY:
		return boot_fail(
			"interface %s has an XDP program that is not ours: run `ip link set %s "
			"xdp off`, or give --port iface=%s,xdp=off",
			port->iface, port->iface, port->iface);
	case E2BIG:
		return boot_fail("interface %s has more receive queues than AF_XDP can serve: run "
				 "`ethtool -L "
				 "%s rx 1` (or `combined %u`), or give --port iface=%s,xdp=off",
			port->iface, port->iface, PORT_QUEUES_MAX, port->iface);
	default:
		return boot_fail("interface %s: %s; check that the kernel allows BPF", port->iface,
			strerror(-rc));
	}
}

static int prepare_ports(struct dataplane *dp)
{
	for (unsigned int i = 0; i < dp->args.ports; i++) {
		const struct args_port *port = &dp->args.port[i];
		const struct port_want want = {.iface = port->iface,
			.device = port->device[0] != '\0' ? port->device : NULL,
			.xdp = port->xdp,
			.follow = port->follow};
		int rc = port_prepare(&dp->ports[i], &want, dp->args.workers);

		if (rc < 0)
			return explain_port(port, rc);
	}
	return 0;
}

static void stop_ports(struct dataplane *dp)
{
	for (unsigned int i = 0; i < dp->args.ports; i++) {
		if (dp->ports[i].iface[0] != '\0')
			port_stop(&dp->ports[i]);
	}
}

static int open_descriptors(struct dataplane *dp)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	dp->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	dp->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	dp->wake_control_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	dp->wake_dataplane_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (dp->epoll_fd < 0 || dp->signal_fd < 0 || dp->wake_control_fd < 0
		|| dp->wake_dataplane_fd < 0)
		return boot_fail("descriptors: %s; raise the limit of open files", strerror(errno));
	dp->events.wake_fd = dp->wake_control_fd;
	return 0;
}

static void close_descriptors(struct dataplane *dp)
{
	int *fds[] = {&dp->epoll_fd, &dp->signal_fd, &dp->wake_control_fd, &dp->wake_dataplane_fd};

	for (unsigned int i = 0; i < sizeof(fds) / sizeof(fds[0]); i++) {
		if (*fds[i] > 0)
			close(*fds[i]);
		*fds[i] = -1;
	}
}

static int make_segment(struct dataplane *dp)
{
	struct segment_shape shape = {.workers = dp->args.workers,
		.sig_threads = dp->args.sig_threads,
		.streams = dp->args.streams};
	int rc = segment_new(&dp->segment, &shape);

	return rc < 0 ? boot_fail("shared segment: %s; give fewer --streams", strerror(-rc)) : 0;
}

static void free_segment(struct dataplane *dp)
{
	segment_free(dp->segment);
	dp->segment = NULL;
}

static int make_tables(struct dataplane *dp)
{
	const struct tables_shape shape = {
		.streams = dp->args.streams, .registered = TG_REGISTERED_MAX, .bans = TG_BANS_MAX};
	int rc = tables_new(&dp->tables, &shape, segment_stream_stats(dp->segment));

	if (rc == 0)
		rc = idle_new(&dp->idle, dp->args.streams, dp->tables->flows, &dp->events,
			&dp->tables->pinholes);
	if (rc < 0)
		return boot_fail("tables: %s; give fewer --streams", strerror(-rc));
	claim_init(&dp->claims, dp->ports, dp->args.ports, dp->tables->flows);
	dp->commands = (struct commands){.tables = dp->tables,
		.claims = &dp->claims,
		.idle = dp->idle,
		.events = &dp->events,
		.sig_threads = dp->args.sig_threads};
	return 0;
}

static void free_tables(struct dataplane *dp)
{
	idle_free(dp->idle);
	dp->idle = NULL;
	tables_free(dp->tables);
	dp->tables = NULL;
}

static int explain_start(const struct port *port, int rc)
{
	if (port->device == NULL)
		return boot_fail(
			"interface %s does not start: %s (%s); try --port iface=%s,xdp=off",
			port->iface, strerror(-rc), log_library_last_error(), port->iface);
	switch (-rc) {
	case ERANGE:
		return boot_fail(
			"device %s has %u queues, each worker needs one: give --workers %u",
			port->device, port->queues, port->queues);
	case EOPNOTSUPP:
		return boot_fail("device %s cannot spread UDP flows over queues: give --workers 1",
			port->device);
	default:
		return boot_fail("device %s of interface %s does not start: %s (%s); check its "
				 "arguments",
			port->device, port->iface, strerror(-rc), log_library_last_error());
	}
}

static int start_port(struct dataplane *dp, unsigned int index)
{
	struct port *port = &dp->ports[index];
	int rc = port_start(port, index, dp->pool);

	if (rc < 0)
		return explain_start(port, rc);
	// A packet socket sees copies: what is not ours the kernel has already.
	dp->tables->ports.port[port->id].kernel_by_tap = port->device != NULL ? port->tap.fd >= 0
									      : !port->xdp;
	if (port->device != NULL)
		return 0;
	rc = steer_open(&port->steer, port->ifindex, port->xdp, dp->xdp_prog);
	return rc < 0 ? boot_fail("interface %s: BPF program %s: %s; check --xdp-prog", port->iface,
		       dp->xdp_prog, strerror(-rc))
		      : 0;
}

static int start_ports(struct dataplane *dp)
{
	int rc = 0;

	dp->pool = rte_pktmbuf_pool_create("packets",
		port_mbufs(dp->ports, dp->args.ports, dp->args.workers), MBUF_CACHE, 0,
		RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
	if (dp->pool == NULL)
		return boot_fail("packet memory: %s; give more --memory", rte_strerror(rte_errno));
	for (unsigned int i = 0; i < dp->args.ports && rc == 0; i++)
		rc = start_port(dp, i);
	return rc;
}

static void stop_ports_and_pool(struct dataplane *dp)
{
	stop_ports(dp);
	rte_mempool_free(dp->pool);
	dp->pool = NULL;
}

static int start_netlink(struct dataplane *dp)
{
	int rc = netlink_new(&dp->netlink, dp->tables, dp->ports, dp->args.ports);

	dp->commands.netlink = dp->netlink;
	return rc < 0 ? boot_fail("netlink: %s; routes cannot be followed", strerror(-rc)) : 0;
}

static void stop_netlink(struct dataplane *dp)
{
	netlink_free(dp->netlink);
	dp->netlink = NULL;
}

static void on_unreachable(void *arg, uint32_t sig_thread, const struct tg_event *event)
{
	struct dataplane *dp = arg;

	event_send(&dp->events, sig_thread, event);
}

static int start_icmp(struct dataplane *dp)
{
	int rc = icmp_new(&dp->icmp, dp->tables->flows, on_unreachable, dp);

	return rc < 0 ? boot_fail("ICMP socket: %s; give it CAP_NET_RAW", strerror(-rc)) : 0;
}

static void stop_icmp(struct dataplane *dp)
{
	icmp_free(dp->icmp);
	dp->icmp = NULL;
}

static int start_workers(struct dataplane *dp)
{
	struct worker_params params = {.workers = dp->args.workers,
		.ports = dp->ports,
		.port_count = dp->args.ports,
		.pool = dp->pool,
		.tables = dp->tables,
		.stream_stats = segment_stream_stats(dp->segment),
		.wake_fd = dp->wake_control_fd,
		.wake_main_fd = dp->wake_dataplane_fd,
		.busy = dp->args.poll_busy};

	for (unsigned int i = 0; i < dp->args.workers; i++) {
		int rc;

		params.index = i;
		params.stats = segment_worker_stats(dp->segment) + i;
		params.sources = segment_sources(dp->segment, i);
		rc = worker_new(&dp->workers[i], &params);
		if (rc == 0)
			rc = rte_eal_remote_launch(worker_run, dp->workers[i], i + 1);
		if (rc < 0)
			return boot_fail("worker %u: %s; give fewer --workers", i, strerror(-rc));
		dp->launched++;
	}
	return 0;
}

static void stop_workers(struct dataplane *dp)
{
	for (unsigned int i = 0; i < dp->launched; i++)
		worker_stop(dp->workers[i]);
	for (unsigned int i = 0; i < dp->launched; i++)
		rte_eal_wait_lcore(i + 1);
	for (unsigned int i = 0; i < dp->args.workers; i++) {
		worker_free(dp->workers[i]);
		dp->workers[i] = NULL;
	}
	dp->launched = 0;
}

static int watch_one(struct dataplane *dp, int fd, enum boot_source source)
{
	struct epoll_event ev = {.events = EPOLLIN, .data.u64 = source};

	return epoll_ctl(dp->epoll_fd, EPOLL_CTL_ADD, fd, &ev) < 0
		? boot_fail("epoll: %s; raise the limit of open files", strerror(errno))
		: 0;
}

static int watch_descriptors(struct dataplane *dp)
{
	int rc = watch_one(dp, dp->signal_fd, BOOT_SIGNAL);

	if (rc == 0)
		rc = watch_one(dp, dp->wake_dataplane_fd, BOOT_WAKE);
	if (rc == 0)
		rc = watch_one(dp, netlink_fd(dp->netlink), BOOT_NETLINK);
	for (unsigned int i = 0; i < dp->args.ports && rc == 0; i++) {
		if (dp->ports[i].tap.fd >= 0)
			rc = watch_one(dp, dp->ports[i].tap.fd, BOOT_TAP);
	}
	for (unsigned int i = 0; i < ICMP_SOCKETS && rc == 0; i++) {
		if (icmp_fd(dp->icmp, i) >= 0)
			rc = watch_one(dp, icmp_fd(dp->icmp, i), BOOT_ICMP);
	}
	return rc;
}

void boot_stop_nothing(struct dataplane * /*dp*/)
{
}

static const struct boot_step steps[] = {
	{"rights", check_rights, boot_stop_nothing},
	{"xdp-prog", find_xdp_prog, boot_stop_nothing},
	{"ports-prepare", prepare_ports, stop_ports},
	{"memory", boot_check_memory, boot_stop_nothing},
	{"eal", boot_start_eal, boot_stop_eal},
	{"descriptors", open_descriptors, close_descriptors},
	{"segment", make_segment, free_segment},
	{"tables", make_tables, free_tables},
	{"ports", start_ports, stop_ports_and_pool},
	{"netlink", start_netlink, stop_netlink},
	{"icmp", start_icmp, stop_icmp},
	{"workers", start_workers, stop_workers},
	{"attach", boot_open_attach, boot_close_attach},
	{"epoll", watch_descriptors, boot_stop_nothing},
};

#define STEPS ((int)(sizeof(steps) / sizeof(steps[0])))

static void stop_from(struct dataplane *dp, int last)
{
	for (int i = last; i >= 0; i--) {
		log_write(LOG_DEBUG, "boot-stop", "step=%s", steps[i].name);
		steps[i].stop(dp);
	}
}

int boot_start(struct dataplane *dp)
{
	for (int i = 0; i < STEPS; i++) {
		log_write(LOG_DEBUG, "boot-start", "step=%s", steps[i].name);
		if (steps[i].start(dp) < 0) {
			stop_from(dp, i);
			return -1;
		}
	}
	return 0;
}

void boot_stop(struct dataplane *dp)
{
	stop_from(dp, STEPS - 1);
}
