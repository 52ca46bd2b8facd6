// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/boot_int.h"

#include <rte_eal.h>
#include <rte_errno.h>

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dataplane/log.h"

#define EAL_ARGS_MAX (24 + 2 * TG_PORTS_MAX)
#define MBUF_BYTES 2560		    // an mbuf of default data room and the mempool's words
#define MBUF_BYTES_SMALL_PAGES 4096 // the mempool lets no object cross a page
#define MEMORY_SPARE_MB 32

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

int boot_check_memory(struct dataplane *dp)
{
	uint64_t needed_kb;
	uint64_t page_kb;
	uint64_t free_kb = huge_free_kb(&page_kb);
	uint64_t pages;

	if (dp->args.memory_mb == 0)
		dp->args.memory_mb = memory_needed_mb(dp);
	if (dp->args.memory_mb < memory_needed_mb(dp))
		return boot_fail(
			"--memory %u is too little for %u ports and %u workers: give at least "
			"%u",
			dp->args.memory_mb, dp->args.ports, dp->args.workers, memory_needed_mb(dp));
	needed_kb = (uint64_t)dp->args.memory_mb * 1024;
	if (!dp->args.huge || free_kb >= needed_kb)
		return 0;
	pages = (needed_kb + page_kb - 1) / page_kb + 8;
	return boot_fail("%llu MB of huge pages are free, %u MB are needed: run `sysctl -w "
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

static bool has_pci(const struct dataplane *dp)
{
	for (unsigned int i = 0; i < dp->args.ports; i++) {
		if (port_is_pci(&dp->ports[i]))
			return true;
	}
	return false;
}

static int fill_eal_args(struct eal_args *eal, const struct dataplane *dp)
{
	char lcores[PORT_VDEV_BYTES];

	eal->argc = 0;
	if (write_lcores(lcores, sizeof(lcores), &dp->args) < 0)
		return -ENOSPC;
	add_arg(eal, "tidegate-dataplane");
	if (!has_pci(dp))
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
		char value[PORT_VDEV_BYTES];

		add_arg(eal, "%s", port_eal_option(value, &dp->ports[i], i, dp->xdp_prog));
		add_arg(eal, "%s", value);
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

int boot_start_eal(struct dataplane *dp)
{
	static struct eal_args eal;

	dp->cpus_shared = args_choose_cpus(&dp->args);
	if (fill_eal_args(&eal, dp) < 0)
		return boot_fail("--lcores: too many cpus");
	if (init_eal_quietly(&eal, dp->args.log_level != LOG_DEBUG) < 0)
		return boot_fail("DPDK does not start: %s (%s); --log-level debug tells more",
			log_library_last_error(), rte_strerror(rte_errno));
	dp->eal = true;
	return 0;
}

void boot_stop_eal(struct dataplane *dp)
{
	if (dp->eal)
		rte_eal_cleanup();
	dp->eal = false;
}
