// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/args.h"

#include <errno.h>
#include <getopt.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "include/tidegate/attach.h"

#define FILE_ARGS_MAX 256
#define FILE_DEPTH_MAX 4
#define STREAMS_DEFAULT 16384

// One option: its reader gets the value and says what would have been right when it is not.
struct option_row {
	const char *name;
	const char *value_name; // NULL: takes none
	int (*read)(struct args *args, const char *value);
	const char *expected;
	const char *help;
};

static int copy_text(char *to, size_t bytes, const char *text)
{
	size_t len = strlen(text);

	if (len == 0 || len >= bytes)
		return -EINVAL;
	memcpy(to, text, len + 1);
	return 0;
}

static int read_number(unsigned int *out, const char *text, unsigned int min, unsigned int max)
{
	char *end;
	unsigned long n;

	errno = 0;
	n = strtoul(text, &end, 10);
	if (text[0] < '0' || text[0] > '9' || *end != '\0' || errno != 0 || n < min || n > max)
		return -EINVAL;
	*out = (unsigned int)n;
	return 0;
}

static int read_either(bool *out, const char *text, const char *yes, const char *no)
{
	if (strcmp(text, yes) != 0 && strcmp(text, no) != 0)
		return -EINVAL;
	*out = strcmp(text, yes) == 0;
	return 0;
}

static int read_port_field(struct args_port *port, char *field)
{
	char *value = strchr(field, '=');

	if (value == NULL)
		return -EINVAL;
	*value++ = '\0';
	if (strcmp(field, "iface") == 0)
		return copy_text(port->iface, sizeof(port->iface), value);
	if (strcmp(field, "xdp") == 0 && port->device[0] == '\0')
		return read_either(&port->xdp, value, "on", "off");
	if (strcmp(field, "kernel") == 0 && port->device[0] != '\0')
		return read_either(&port->follow, value, "follow", "tap");
	return -EINVAL;
}

bool args_is_pci(const char *device)
{
	unsigned int part[4];
	int end = 0;

	return sscanf(device, "%4x:%2x:%2x.%1x%n", &part[0], &part[1], &part[2], &part[3], &end)
		== 4
		&& end == 12 && (device[end] == '\0' || device[end] == ',');
}

// The device is the rest of the option: its own arguments are divided by commas, too.
static int split_device(struct args_port *port, char *text)
{
	char *device = strncmp(text, "device=", 7) == 0 ? text : strstr(text, ",device=");

	if (device == NULL)
		return 0;
	if (copy_text(port->device, sizeof(port->device), strchr(device, '=') + 1) < 0
		|| strpbrk(port->device, " \t") != NULL
		|| (strncmp(port->device, "net_", 4) != 0 && !args_is_pci(port->device)))
		return -EINVAL;
	port->xdp = false;
	*device = '\0';
	return 0;
}

static bool same_device(const struct args_port *a, const struct args_port *b)
{
	size_t len = strcspn(a->device, ",");

	return len > 0 && len == strcspn(b->device, ",") && strncmp(a->device, b->device, len) == 0;
}

static int read_port(struct args *args, const char *value)
{
	struct args_port port = {.xdp = true};
	char text[IF_NAMESIZE + 64 + ARGS_DEVICE_BYTES];
	char *save = NULL;

	if (args->ports == TG_PORTS_MAX || copy_text(text, sizeof(text), value) < 0
		|| split_device(&port, text) < 0)
		return -EINVAL;
	for (char *f = strtok_r(text, ",", &save); f != NULL; f = strtok_r(NULL, ",", &save)) {
		if (read_port_field(&port, f) < 0)
			return -EINVAL;
	}
	// The name becomes part of a DPDK device string, where these would start another field.
	if (port.iface[0] == '\0' || strpbrk(port.iface, ",[]() \t/") != NULL)
		return -EINVAL;
	for (unsigned int i = 0; i < args->ports; i++) {
		if (strcmp(args->port[i].iface, port.iface) == 0
			|| same_device(&args->port[i], &port))
			return -EINVAL;
	}
	args->port[args->ports++] = port;
	return 0;
}

static int read_workers(struct args *args, const char *value)
{
	return read_number(&args->workers, value, 1, TG_WORKERS_MAX);
}

static int add_cpu_range(struct args *args, const char *text)
{
	const char *dash = strchr(text, '-');
	char number[16];
	unsigned int first;
	unsigned int last;
	size_t len = strcspn(text, "-");

	if (len >= sizeof(number))
		return -EINVAL;
	snprintf(number, sizeof(number), "%.*s", (int)len, text);
	if (read_number(&first, number, 0, CPU_SETSIZE - 1) < 0
		|| read_number(&last, dash != NULL ? dash + 1 : number, first, CPU_SETSIZE - 1) < 0)
		return -EINVAL;
	for (unsigned int cpu = first; cpu <= last; cpu++) {
		if (args->cpus == ARGS_CPUS_MAX)
			return -EINVAL;
		args->cpu[args->cpus++] = cpu;
	}
	return 0;
}

static int read_lcores(struct args *args, const char *value)
{
	char text[256];
	char *save = NULL;

	args->cpus = 0;
	if (copy_text(text, sizeof(text), value) < 0)
		return -EINVAL;
	for (char *f = strtok_r(text, ",", &save); f != NULL; f = strtok_r(NULL, ",", &save)) {
		if (add_cpu_range(args, f) < 0)
			return -EINVAL;
	}
	return args->cpus > 0 ? 0 : -EINVAL;
}

static int read_poll(struct args *args, const char *value)
{
	return read_either(&args->poll_busy, value, "busy", "adaptive");
}

static int read_streams(struct args *args, const char *value)
{
	return read_number(&args->streams, value, 1, TG_STREAMS_MAX);
}

static int read_sig_threads(struct args *args, const char *value)
{
	return read_number(&args->sig_threads, value, 1, TG_SIG_THREADS_MAX);
}

static int read_memory(struct args *args, const char *value)
{
	return read_number(&args->memory_mb, value, 32, 1u << 20);
}

static int read_huge(struct args *args, const char *value)
{
	return read_either(&args->huge, value, "on", "off");
}

static int read_attach_socket(struct args *args, const char *value)
{
	return copy_text(args->attach_socket, sizeof(args->attach_socket), value);
}

static int read_group(struct args *args, const char *value)
{
	return copy_text(args->group, sizeof(args->group), value);
}

static int read_file_prefix(struct args *args, const char *value)
{
	return strpbrk(value, "/ %") == NULL
		? copy_text(args->file_prefix, sizeof(args->file_prefix), value)
		: -EINVAL;
}

static int read_xdp_prog(struct args *args, const char *value)
{
	return strchr(value, ',') == NULL ? copy_text(args->xdp_prog, sizeof(args->xdp_prog), value)
					  : -EINVAL;
}

static int read_log_level(struct args *args, const char *value)
{
	return log_level_parse(&args->log_level, value);
}

static const struct option_row rows[] = {
	{"port", "iface=NAME[,xdp=on|off|[,kernel=tap|follow],device=DEVICE]", read_port,
		"iface=NAME[,xdp=on|off] or iface=NAME[,kernel=tap|follow],device=DEVICE; DEVICE "
		"being net_DRIVER[,ARGUMENTS] or a PCI address as 0000:03:00.0; each interface and "
		"device once, at most 16",
		"a kernel interface to take SIP and media from, or a DPDK device and the\n\t"
		"interface that stands for it in the kernel: a TAP that is made, or one to\n\t"
		"follow; repeatable"},
	{"workers", "N", read_workers, "1..16", "lcores that forward packets (1)"},
	{"lcores", "LIST", read_lcores, "cpu numbers such as 0,2-3",
		"cpus: the first for the main lcore, then the workers (allowed cpus)"},
	{"poll", "adaptive|busy", read_poll, "adaptive or busy",
		"sleep when there is nothing to do, or never (adaptive)"},
	{"streams", "N", read_streams, "1..1048576", "media streams at once (16384)"},
	{"sig-threads", "N", read_sig_threads, "1..16",
		"signalling threads the control plane may run (1)"},
	{"memory", "MB", read_memory, "32..1048576", "packet memory (by streams and ports)"},
	{"huge", "on|off", read_huge, "on or off", "take packet memory from huge pages (on)"},
	{"attach-socket", "PATH", read_attach_socket, "a path below 108 bytes",
		"where the control plane attaches (" TG_ATTACH_SOCKET ")"},
	{"group", "NAME", read_group, "a group name", "group that may attach (tidegate)"},
	{"file-prefix", "NAME", read_file_prefix, "a name without / or blanks",
		"name of this instance among DPDK processes (tidegate)"},
	{"xdp-prog", "PATH", read_xdp_prog, "a path without a comma",
		"object file of the XDP program (redirect.bpf.o as installed)"},
	{"log-level", "LEVEL", read_log_level, "error, warn, info or debug", "(info)"},
};

#define ROWS (sizeof(rows) / sizeof(rows[0]))
enum special {
	SPECIAL_ARGS = 1000,
	SPECIAL_HELP,
	SPECIAL_VERSION,
};

static void print_help(void)
{
	printf("usage: tidegate-dataplane --port iface=NAME[,...] [option]...\n\n");
	for (unsigned int i = 0; i < ROWS; i++)
		printf("  --%s %s\n\t%s\n", rows[i].name, rows[i].value_name, rows[i].help);
	printf("  --args FILE\n\tread more options from FILE, one argument a line\n"
	       "  --help\n  --version\n");
}

static enum args_result parse_vector(
	struct args *out, char error[static ARGS_ERROR_BYTES], int argc, char **argv, int depth);

static void strip_newline(char *line)
{
	line[strcspn(line, "\r\n")] = '\0';
}

static enum args_result parse_file(
	struct args *out, char error[static ARGS_ERROR_BYTES], const char *path, int depth)
{
	char *vector[FILE_ARGS_MAX + 2] = {strdup("args")};
	enum args_result result = ARGS_BAD;
	int count = 1;
	char *line = NULL;
	size_t line_bytes = 0;
	FILE *file = fopen(path, "re");

	if (file == NULL || depth >= FILE_DEPTH_MAX) {
		snprintf(error, ARGS_ERROR_BYTES, "--args %s: %s; give a readable file", path,
			file == NULL ? strerror(errno) : "nested too deep");
		goto out;
	}
	while (getline(&line, &line_bytes, file) >= 0) {
		strip_newline(line);
		if (line[0] == '\0' || line[0] == '#')
			continue;
		if (count > FILE_ARGS_MAX) {
			snprintf(error, ARGS_ERROR_BYTES,
				"--args %s: too many lines; give at most %d", path, FILE_ARGS_MAX);
			goto out;
		}
		vector[count++] = strdup(line);
	}
	result = parse_vector(out, error, count, vector, depth + 1);
out:
	for (int i = 0; i < count; i++)
		free(vector[i]);
	free(line);
	if (file != NULL)
		fclose(file);
	return result;
}

static void fill_long_options(struct option longs[static ROWS + 4])
{
	for (unsigned int i = 0; i < ROWS; i++)
		longs[i] = (struct option){rows[i].name, required_argument, NULL, (int)i};
	longs[ROWS] = (struct option){"args", required_argument, NULL, SPECIAL_ARGS};
	longs[ROWS + 1] = (struct option){"help", no_argument, NULL, SPECIAL_HELP};
	longs[ROWS + 2] = (struct option){"version", no_argument, NULL, SPECIAL_VERSION};
	longs[ROWS + 3] = (struct option){0};
}

static enum args_result parse_one(struct args *out, char error[static ARGS_ERROR_BYTES], int option,
	const char *culprit, int depth)
{
	if (option == SPECIAL_ARGS) {
		int saved = optind;
		enum args_result result = parse_file(out, error, optarg, depth);

		optind = saved;
		return result;
	}
	if (option == SPECIAL_HELP) {
		print_help();
		return ARGS_DONE;
	}
	if (option == SPECIAL_VERSION) {
		printf("tidegate-dataplane %s\n", TIDEGATE_VERSION);
		return ARGS_DONE;
	}
	if (option < 0 || option >= (int)ROWS) {
		snprintf(error, ARGS_ERROR_BYTES, "%s: %s; see --help", culprit,
			option == ':' ? "needs a value" : "unknown or ambiguous option");
		return ARGS_BAD;
	}
	if (rows[option].read(out, optarg) < 0) {
		snprintf(error, ARGS_ERROR_BYTES, "--%s %.200s: expected %s", rows[option].name,
			optarg, rows[option].expected);
		return ARGS_BAD;
	}
	return ARGS_RUN;
}

static enum args_result parse_vector(
	struct args *out, char error[static ARGS_ERROR_BYTES], int argc, char **argv, int depth)
{
	struct option longs[ROWS + 4];
	int option;

	fill_long_options(longs);
	optind = 0; // also makes getopt forget an outer vector
	while ((option = getopt_long(argc, argv, "+:", longs, NULL)) != -1) {
		enum args_result result = parse_one(out, error, option, argv[optind - 1], depth);

		if (result != ARGS_RUN)
			return result;
	}
	if (optind < argc) {
		snprintf(
			error, ARGS_ERROR_BYTES, "%.200s: not an option; see --help", argv[optind]);
		return ARGS_BAD;
	}
	return ARGS_RUN;
}

enum args_result args_parse(
	struct args *out, char error[static ARGS_ERROR_BYTES], int argc, char **argv)
{
	enum args_result result;

	*out = (struct args){
		.workers = 1,
		.huge = true,
		.streams = STREAMS_DEFAULT,
		.sig_threads = 1,
		.attach_socket = TG_ATTACH_SOCKET,
		.group = "tidegate",
		.file_prefix = "tidegate",
		.log_level = LOG_INFO,
	};
	result = parse_vector(out, error, argc, argv, 0);
	if (result != ARGS_RUN)
		return result;
	if (out->ports == 0) {
		snprintf(error, ARGS_ERROR_BYTES,
			"no interface given: add --port iface=NAME, see --help");
		return ARGS_BAD;
	}
	if (out->cpus != 0 && out->cpus != out->workers + 1) {
		snprintf(error, ARGS_ERROR_BYTES,
			"--lcores names %u cpus: give %u, one for the main lcore and one a worker",
			out->cpus, out->workers + 1);
		return ARGS_BAD;
	}
	return ARGS_RUN;
}

bool args_choose_cpus(struct args *args)
{
	unsigned int allowed[CPU_SETSIZE];
	unsigned int count = 0;
	cpu_set_t set;

	if (args->cpus != 0)
		return false;
	CPU_ZERO(&set);
	if (sched_getaffinity(0, sizeof(set), &set) < 0)
		CPU_SET(0, &set);
	for (unsigned int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		if (CPU_ISSET(cpu, &set))
			allowed[count++] = cpu;
	}
	args->cpus = args->workers + 1;
	args->cpu[0] = allowed[0];
	for (unsigned int w = 0; w < args->workers; w++)
		args->cpu[1 + w] = allowed[count - 1 - w % count];
	return count < args->cpus;
}
