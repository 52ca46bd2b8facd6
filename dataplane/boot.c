// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/boot.h"

#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_launch.h>
#include <rte_lcore.h>
#include <rte_mbuf.h>

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dataplane/log.h"
#include "include/tidegate/time.h"

#define EAL_ARGS_MAX (24 + 2 * TG_PORTS_MAX)
#define MBUF_BYTES 2560		    // an mbuf of default data room and the mempool's words
#define MBUF_BYTES_SMALL_PAGES 4096 // the mempool lets no object cross a page
#define MEMORY_SPARE_MB 32
#define MBUF_CACHE 256

struct boot_step {
	const char *name;
	int (*start)(struct dataplane *dp); // 0, or -1 after boot_fail
	void (*stop)(struct dataplane *dp); // legal after any start, failed ones too
};

__attribute__((format(printf, 1, 2))) static int fail(const char *fmt, ...)
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
		return fail("needs root to open network interfaces: run it by its unit or by sudo");
	pid = attach_probe(dp->args.attach_socket);
	if (pid > 0)
		return fail("%s is in use by pid %d: stop that dataplane first, or give another "
			    "--attach-socket",
			dp->args.attach_socket, (int)pid);
	return pid == 0 ? 0
			: fail("--attach-socket %s: %s", dp->args.attach_socket, strerror(-pid));
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
		return fail("%s: %s; name the object file redirect.bpf.o by --xdp-prog",
			dp->xdp_prog, strerror(errno));
	return 0;
}

static int explain_port(const struct args_port *port, int rc)
{
	switch (-rc) {
	case ENODEV:
		return fail("interface %s does not exist: see `ip link`, then correct --port",
			port->iface);
	case EADDRINUSE:
		return fail("interface %s is in use by another tidegate-dataplane: stop that one "
			    "first",
			port->iface);
	case EBUSY:
		return fail("interface %s has an XDP program that is not ours: run `ip link set %s "
			    "xdp off`, or give --port iface=%s,xdp=off",
			port->iface, port->iface, port->iface);
	default:
		return fail("interface %s: %s; check that the kernel allows BPF", port->iface,
			strerror(-rc));
	}
}

static int prepare_ports(struct dataplane *dp)
{
	for (unsigned int i = 0; i < dp->args.ports; i++) {
		const struct args_port *port = &dp->args.port[i];
		int rc = port_prepare(&dp->ports[i], port->iface, port->xdp, dp->args.workers);

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

static unsigned int memory_needed_mb(const struct dataplane *dp)
{
	uint64_t bytes = (uint64_t)(dp->args.huge ? MBUF_BYTES : MBUF_BYTES_SMALL_PAGES)
		* port_mbufs(dp->ports, dp->args.ports, dp->args.workers);

	return (unsigned int)(bytes >> 20) + MEMORY_SPARE_MB;
}

// The number behind a key of /proc/meminfo; false when the line is another one.
static bool read_meminfo(uint64_t *out, const char *line, const char *key)
{
	size_t len = strlen(key);

	if (strncmp(line, key, len) != 0)
		return false;
	*out = strtoull(line + len, NULL, 10);
	return true;
}

// Free memory in huge pages of the default size; sets the page size.
static uint64_t huge_free_kb(uint64_t *page_kb)
{
	FILE *file = fopen("/proc/meminfo", "re");
	char line[128];
	uint64_t pages = 0;

	*page_kb = 2048;
	while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
		if (!read_meminfo(&pages, line, "HugePages_Free:"))
			read_meminfo(page_kb, line, "Hugepagesize:");
	}
	if (file != NULL)
		fclose(file);
	return pages * *page_kb;
}

static int check_memory(struct dataplane *dp)
{
	uint64_t needed_kb;
	uint64_t page_kb;
	uint64_t free_kb = huge_free_kb(&page_kb);
	uint64_t pages;

	if (dp->args.memory_mb == 0)
		dp->args.memory_mb = memory_needed_mb(dp);
	if (dp->args.memory_mb < memory_needed_mb(dp))
		return fail("--memory %u is too little for %u ports and %u workers: give at least "
			    "%u",
			dp->args.memory_mb, dp->args.ports, dp->args.workers, memory_needed_mb(dp));
	needed_kb = (uint64_t)dp->args.memory_mb * 1024;
	if (!dp->args.huge || free_kb >= needed_kb)
		return 0;
	pages = (needed_kb + page_kb - 1) / page_kb + 8;
	return fail("%llu MB of huge pages are free, %u MB are needed: run `sysctl -w "
		    "vm.nr_hugepages=%llu`, or give --huge off",
		(unsigned long long)(free_kb / 1024), dp->args.memory_mb,
		(unsigned long long)pages);
}

static int write_lcores(char *text, size_t bytes, const struct args *args)
{
	size_t at = 0;

	for (unsigned int i = 0; i < args->cpus && at < bytes; i++)
		at += (size_t)snprintf(
			text + at, bytes - at, "%s%u@%u", i > 0 ? "," : "", i, args->cpu[i]);
	return at < bytes ? 0 : -ENOSPC;
}

struct eal_args {
	int argc;
	char *argv[EAL_ARGS_MAX];
	char text[EAL_ARGS_MAX][PORT_VDEV_BYTES];
};

__attribute__((format(printf, 2, 3))) static void add_arg(
	struct eal_args *eal, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(eal->text[eal->argc], sizeof(eal->text[0]), fmt, ap);
	va_end(ap);
	eal->argv[eal->argc] = eal->text[eal->argc];
	eal->argc++;
}

static int fill_eal_args(struct eal_args *eal, const struct dataplane *dp)
{
	char lcores[PORT_VDEV_BYTES];

	eal->argc = 0;
	if (write_lcores(lcores, sizeof(lcores), &dp->args) < 0)
		return -ENOSPC;
	add_arg(eal, "tidegate-dataplane");
	add_arg(eal, "--no-pci");
	add_arg(eal, "--no-telemetry");
	add_arg(eal, "--lcores=%s", lcores);
	add_arg(eal, "--main-lcore=0");
	add_arg(eal, "--file-prefix=%s", dp->args.file_prefix);
	add_arg(eal, "--log-level=%s", dp->args.log_level == LOG_DEBUG ? "info" : "warning");
	add_arg(eal, "-m");
	add_arg(eal, "%u", dp->args.memory_mb);
	// DPDK refuses --in-memory with --no-huge; either way nothing is left on disk.
	if (dp->args.huge)
		add_arg(eal, "--in-memory");
	else
		add_arg(eal, "--no-huge");
	if (!dp->args.huge)
		add_arg(eal, "--no-shconf");
	for (unsigned int i = 0; i < dp->args.ports; i++) {
		add_arg(eal, "--vdev");
		port_vdev(eal->text[eal->argc], &dp->ports[i], i, dp->xdp_prog);
		eal->argv[eal->argc] = eal->text[eal->argc];
		eal->argc++;
	}
	return 0;
}

// EAL prints some errors to stderr itself, past its log: they would stand beside our one line.
static int init_eal_quietly(struct eal_args *eal, bool quiet)
{
	int saved = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
	int null = quiet ? open("/dev/null", O_WRONLY | O_CLOEXEC) : -1;
	int rc;

	if (saved >= 0 && null >= 0)
		dup2(null, STDERR_FILENO);
	rc = rte_eal_init(eal->argc, eal->argv);
	if (saved >= 0 && null >= 0)
		dup2(saved, STDERR_FILENO);
	if (saved >= 0)
		close(saved);
	if (null >= 0)
		close(null);
	return rc;
}

static int start_eal(struct dataplane *dp)
{
	static struct eal_args eal;

	dp->cpus_shared = args_choose_cpus(&dp->args);
	if (fill_eal_args(&eal, dp) < 0)
		return fail("--lcores: too many cpus");
	if (init_eal_quietly(&eal, dp->args.log_level != LOG_DEBUG) < 0)
		return fail("DPDK does not start: %s (%s); --log-level debug tells more",
			log_library_last_error(), rte_strerror(rte_errno));
	dp->eal = true;
	return 0;
}

static void stop_eal(struct dataplane *dp)
{
	if (dp->eal)
		rte_eal_cleanup();
	dp->eal = false;
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
		return fail("descriptors: %s; raise the limit of open files", strerror(errno));
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

	return rc < 0 ? fail("shared segment: %s; give fewer --streams", strerror(-rc)) : 0;
}

static void free_segment(struct dataplane *dp)
{
	segment_free(dp->segment);
	dp->segment = NULL;
}

static int make_tables(struct dataplane *dp)
{
	int rc = tables_new(&dp->tables, dp->args.streams, segment_stream_stats(dp->segment));

	if (rc == 0)
		rc = idle_new(&dp->idle, dp->args.streams, dp->tables->flows, &dp->events);
	if (rc < 0)
		return fail("tables: %s; give fewer --streams", strerror(-rc));
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

static int start_ports(struct dataplane *dp)
{
	dp->pool = rte_pktmbuf_pool_create("packets",
		port_mbufs(dp->ports, dp->args.ports, dp->args.workers), MBUF_CACHE, 0,
		RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
	if (dp->pool == NULL)
		return fail("packet memory: %s; give more --memory", rte_strerror(rte_errno));
	for (unsigned int i = 0; i < dp->args.ports; i++) {
		struct port *port = &dp->ports[i];
		int rc = port_start(port, i, dp->pool);

		if (rc < 0)
			return fail("interface %s does not start: %s (%s); try --port "
				    "iface=%s,xdp=off",
				port->iface, strerror(-rc), log_library_last_error(), port->iface);
		// A packet socket sees copies: what is not ours the kernel has already.
		dp->tables->ports.port[port->id].kernel_by_tap = !port->xdp;
		rc = steer_open(&port->steer, port->ifindex, port->xdp, dp->xdp_prog);
		if (rc < 0)
			return fail("interface %s: BPF program %s: %s; check --xdp-prog",
				port->iface, dp->xdp_prog, strerror(-rc));
	}
	return 0;
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
	return rc < 0 ? fail("netlink: %s; routes cannot be followed", strerror(-rc)) : 0;
}

static void stop_netlink(struct dataplane *dp)
{
	netlink_free(dp->netlink);
	dp->netlink = NULL;
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
		.busy = dp->args.poll_busy};

	for (unsigned int i = 0; i < dp->args.workers; i++) {
		int rc;

		params.index = i;
		params.stats = segment_worker_stats(dp->segment) + i;
		rc = worker_new(&dp->workers[i], &params);
		if (rc == 0)
			rc = rte_eal_remote_launch(worker_run, dp->workers[i], i + 1);
		if (rc < 0)
			return fail("worker %u: %s; give fewer --workers", i, strerror(-rc));
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

static void detach_workers(struct dataplane *dp)
{
	for (unsigned int i = 0; i < dp->launched; i++) {
		if (worker_detach(dp->workers[i]) < 0)
			log_write(LOG_ERROR, "worker-hangs", "worker=%u", i);
	}
}

static void attach_worker(struct dataplane *dp, unsigned int index, unsigned int threads)
{
	const struct segment *seg = dp->segment;
	struct worker_rings rings = {.threads = threads};

	for (unsigned int t = 0; t < threads; t++) {
		for (unsigned int class = TG_TRUST_STRANGER; class <= TG_TRUST_TRUNK; class ++)
			rings.punt[t][class] = segment_producer(
				seg, TG_SECTION_PUNT_RING, index, t, class);
		rings.event[t] = segment_producer(seg, TG_SECTION_EVENT_RING, index + 1, t, 0);
		rings.tx[t] = segment_consumer(seg, TG_SECTION_TX_RING, t, index);
	}
	if (worker_attach(dp->workers[index], &rings) < 0)
		log_write(LOG_ERROR, "worker-hangs", "worker=%u", index);
}

static uint32_t on_attach(void *priv, const struct tg_attach_hello *hello)
{
	struct dataplane *dp = priv;

	// Should a send to the last peer have failed, the workers still hold their rings.
	detach_workers(dp);
	dp->epoch++;
	segment_write_header(dp->segment, dp->epoch);
	event_attach(&dp->events, dp->segment, hello->sig_threads);
	cmd_attach(&dp->commands, dp->segment, hello->sig_threads, dp->epoch);
	idle_set_epoch(dp->idle, dp->epoch);
	for (unsigned int i = 0; i < dp->launched; i++)
		attach_worker(dp, i, hello->sig_threads);
	return dp->epoch;
}

static void on_detach(void *priv)
{
	struct dataplane *dp = priv;

	detach_workers(dp);
	cmd_detach(&dp->commands);
	event_detach(&dp->events);
	idle_set_epoch(dp->idle, 0);
}

static int open_attach(struct dataplane *dp)
{
	struct attach_params params = {.path = dp->args.attach_socket,
		.group = dp->args.group,
		.epoll_fd = dp->epoll_fd,
		.epoll_data = BOOT_ATTACH,
		.sig_threads = dp->args.sig_threads,
		.segment_bytes = dp->segment->bytes,
		.fd = {[TG_ATTACH_FD_SEGMENT] = dp->segment->fd,
			[TG_ATTACH_FD_WAKE_CONTROL] = dp->wake_control_fd,
			[TG_ATTACH_FD_WAKE_DATAPLANE] = dp->wake_dataplane_fd},
		.on_attach = on_attach,
		.on_detach = on_detach,
		.priv = dp};
	int rc = attach_open(&dp->attach, &params);

	return rc < 0 ? fail("--attach-socket %s: %s; give a path that can be made",
		       dp->args.attach_socket, strerror(-rc))
		      : 0;
}

static void close_attach(struct dataplane *dp)
{
	if (dp->attach.params.path != NULL)
		attach_close(&dp->attach);
}

static int watch_descriptors(struct dataplane *dp)
{
	const struct {
		int fd;
		enum boot_source source;
	} sources[] = {
		{dp->signal_fd, BOOT_SIGNAL},
		{dp->wake_dataplane_fd, BOOT_WAKE},
		{netlink_fd(dp->netlink), BOOT_NETLINK},
	};

	for (unsigned int i = 0; i < sizeof(sources) / sizeof(sources[0]); i++) {
		struct epoll_event ev = {.events = EPOLLIN, .data.u64 = sources[i].source};

		if (epoll_ctl(dp->epoll_fd, EPOLL_CTL_ADD, sources[i].fd, &ev) < 0)
			return fail("epoll: %s; raise the limit of open files", strerror(errno));
	}
	return 0;
}

static void stop_nothing(struct dataplane * /*dp*/)
{
}

static const struct boot_step steps[] = {
	{"rights", check_rights, stop_nothing},
	{"xdp-prog", find_xdp_prog, stop_nothing},
	{"ports-prepare", prepare_ports, stop_ports},
	{"memory", check_memory, stop_nothing},
	{"eal", start_eal, stop_eal},
	{"descriptors", open_descriptors, close_descriptors},
	{"segment", make_segment, free_segment},
	{"tables", make_tables, free_tables},
	{"ports", start_ports, stop_ports_and_pool},
	{"netlink", start_netlink, stop_netlink},
	{"workers", start_workers, stop_workers},
	{"attach", open_attach, close_attach},
	{"epoll", watch_descriptors, stop_nothing},
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
