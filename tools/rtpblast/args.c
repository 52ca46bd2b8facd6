// SPDX-License-Identifier: BSD-3-Clause
#include "tools/rtpblast/args.h"

#include <errno.h>
#include <getopt.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tools/rtpblast/frame.h"

#define ECHO_FLOWS_MAX 1000000
#define BURST_MAX 64

// One option: its reader gets the value and says what would have been right when it is not.
struct option_row {
	const char *name;
	const char *value_name; // NULL: takes none
	int (*read)(struct args *args, const char *value);
	const char *expected;
	const char *help;
};

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

static int read_seconds_to(double *out, const char *text)
{
	char *end;
	double s = strtod(text, &end);

	if (text[0] < '0' || text[0] > '9' || *end != '\0' || !(s >= 0 && s <= 86400))
		return -EINVAL;
	*out = s;
	return 0;
}

static int read_mac(uint8_t mac[6], const char *text)
{
	unsigned int byte[6];
	int length = 0;

	if (sscanf(text, "%2x:%2x:%2x:%2x:%2x:%2x%n", &byte[0], &byte[1], &byte[2], &byte[3],
		    &byte[4], &byte[5], &length)
			!= 6
		|| text[length] != '\0')
		return -EINVAL;
	for (unsigned int i = 0; i < 6; i++)
		mac[i] = (uint8_t)byte[i];
	return 0;
}

static int read_port(struct args *args, const char *value)
{
	if (args->ports == FLOW_PORTS_MAX || value[0] == '\0')
		return -EINVAL;
	args->device[args->ports++] = value;
	return 0;
}

static int read_mac_to(struct args *args, const char *value)
{
	return args->macs_to < FLOW_PORTS_MAX ? read_mac(args->mac_to[args->macs_to++], value)
					      : -EINVAL;
}

static int read_mac_from(struct args *args, const char *value)
{
	return args->macs_from < FLOW_PORTS_MAX ? read_mac(args->mac_from[args->macs_from++], value)
						: -EINVAL;
}

static int read_flows(struct args *args, const char *value)
{
	args->flows_path = value;
	return 0;
}

static int read_echo(struct args *args, const char *value)
{
	return read_number(&args->echo, value, 1, ECHO_FLOWS_MAX);
}

static int read_ipv6(struct args *args, const char *)
{
	args->v6 = true;
	return 0;
}

static int read_rate(struct args *args, const char *value)
{
	return read_number(&args->rate, value, 0, 1000000000);
}

static int read_seconds(struct args *args, const char *value)
{
	return read_seconds_to(&args->seconds, value);
}

static int read_warm_up(struct args *args, const char *value)
{
	return read_seconds_to(&args->warm_up_s, value);
}

static int read_drain(struct args *args, const char *value)
{
	return read_number(&args->drain_ms, value, 0, 60000);
}

static int read_wait(struct args *args, const char *value)
{
	return read_number(&args->wait_s, value, 0, 3600);
}

static int read_size(struct args *args, const char *value)
{
	unsigned int n;

	if (read_number(&n, value, FRAME_PAYLOAD_MIN, FRAME_PAYLOAD_MAX) < 0)
		return -EINVAL;
	args->payload_bytes = (uint16_t)n;
	return 0;
}

static int read_payload_type(struct args *args, const char *value)
{
	unsigned int n;

	if (read_number(&n, value, 0, 127) < 0)
		return -EINVAL;
	args->payload_type = (uint8_t)n;
	return 0;
}

static int read_queues(struct args *args, const char *value)
{
	return read_number(&args->queues, value, 1, ARGS_QUEUES_MAX);
}

static int read_burst(struct args *args, const char *value)
{
	return read_number(&args->burst, value, 1, BURST_MAX);
}

static int read_lcores(struct args *args, const char *value)
{
	const char *comma = strchr(value, ',');
	char first[16];

	if (comma != NULL && (size_t)(comma - value) >= sizeof(first))
		return -EINVAL;
	snprintf(first, sizeof(first), "%.*s",
		comma != NULL ? (int)(comma - value) : (int)sizeof(first) - 1, value);
	args->cpus = comma != NULL ? 2 : 1;
	if (read_number(&args->cpu[0], first, 0, CPU_SETSIZE - 1) < 0)
		return -EINVAL;
	return comma == NULL ? 0 : read_number(&args->cpu[1], comma + 1, 0, CPU_SETSIZE - 1);
}

static int read_garbage(struct args *args, const char *)
{
	args->garbage = true;
	return 0;
}

static int read_json(struct args *args, const char *)
{
	args->json = true;
	return 0;
}

static int read_huge(struct args *args, const char *value)
{
	if (strcmp(value, "on") != 0 && strcmp(value, "off") != 0)
		return -EINVAL;
	args->huge = strcmp(value, "on") == 0;
	return 0;
}

static int read_memory(struct args *args, const char *value)
{
	return read_number(&args->memory_mb, value, 32, 1u << 20);
}

static int read_file_prefix(struct args *args, const char *value)
{
	args->file_prefix = value;
	return value[0] != '\0' && strpbrk(value, "/ %") == NULL ? 0 : -EINVAL;
}

static const struct option_row rows[] = {
	{"port", "DEVARGS", read_port, "a DPDK device, at most two",
		"net_memif0,role=client,socket=PATH, net_af_xdp0,iface=NAME or 0000:03:00.0"},
	{"mac-to", "MAC", read_mac_to, "a MAC, at most one a port",
		"where frames of that port go, in the order of --port (broadcast)"},
	{"mac-from", "MAC", read_mac_from, "a MAC, at most one a port",
		"the sender they bear (the port's own)"},
	{"flows", "FILE", read_flows, "a file",
		"one a line: FROM TO EXPECT-FROM EXPECT-TO [PORT-TX PORT-RX]; - - expects "
		"nothing"},
	{"echo", "N", read_echo, "1..1000000",
		"so many flows whose addresses come back swapped, in place of --flows"},
	{"ipv6", NULL, read_ipv6, NULL, "make those of --echo IPv6"},
	{"rate", "PPS", read_rate, "0..1000000000",
		"packets a second, all flows together; 0: as fast as possible (1000)"},
	{"seconds", "S", read_seconds, "0..86400", "how long to measure (3)"},
	{"warm-up", "S", read_warm_up, "0..86400",
		"send so long before, after one packet of each flow (0.2)"},
	{"drain", "MS", read_drain, "0..60000", "wait so long for stragglers (200)"},
	{"wait", "S", read_wait, "0..3600", "wait so long for the link (10)"},
	{"size", "BYTES", read_size, "36..1452", "UDP payload, RTP header included (172)"},
	{"payload-type", "PT", read_payload_type, "0..127", "of RTP (8)"},
	{"queues", "Q", read_queues, "1..16", "flow n is sent on queue n modulo Q (1)"},
	{"burst", "N", read_burst, "1..64", "packets sent at once, at most (32)"},
	{"lcores", "CPU[,CPU]", read_lcores, "one or two cpu numbers",
		"one sends and receives, or the first receives and the second sends"},
	{"garbage", NULL, read_garbage, NULL, "noise in place of RTP; nothing is expected"},
	{"json", NULL, read_json, NULL, "print the result as JSON"},
	{"huge", "on|off", read_huge, "on or off", "packet memory from huge pages (on)"},
	{"memory", "MB", read_memory, "32..1048576", "packet memory (by ports and queues)"},
	{"file-prefix", "NAME", read_file_prefix, "a name without / or blanks",
		"name among DPDK processes (by pid)"},
};

#define ROWS (sizeof(rows) / sizeof(rows[0]))
enum special {
	SPECIAL_HELP = 1000,
	SPECIAL_VERSION,
};

const char *args_option(const char **value_name, unsigned int n)
{
	if (n >= ROWS)
		return NULL;
	*value_name = rows[n].value_name;
	return rows[n].name;
}

static void print_help(void)
{
	printf("usage: rtpblast --port DEVARGS [--port DEVARGS] --flows FILE|--echo N "
	       "[option]...\n\n");
	for (unsigned int i = 0; i < ROWS; i++)
		printf("  --%s%s%s\n\t%s\n", rows[i].name, rows[i].value_name != NULL ? " " : "",
			rows[i].value_name != NULL ? rows[i].value_name : "", rows[i].help);
	printf("  --help\n  --version\n");
}

static const char *check(const struct args *args)
{
	if (args->ports == 0)
		return "--port is missing; see --help";
	if ((args->flows_path != NULL) == (args->echo != 0))
		return "give either --flows or --echo; see --help";
	if (args->v6 && args->echo == 0)
		return "--ipv6 goes with --echo; in a file the addresses say it";
	if (args->macs_to > args->ports || args->macs_from > args->ports)
		return "more --mac-to or --mac-from than --port";
	if (args->cpus == 2 && args->cpu[0] == args->cpu[1])
		return "--lcores: give two cpus or one";
	return NULL;
}

static enum args_result parse_one(
	struct args *out, char error[static ARGS_ERROR_BYTES], int option, const char *culprit)
{
	if (option == SPECIAL_HELP) {
		print_help();
		return ARGS_DONE;
	}
	if (option == SPECIAL_VERSION) {
		printf("rtpblast %s\n", TIDEGATE_VERSION);
		return ARGS_DONE;
	}
	if (option < 0 || option >= (int)ROWS) {
		snprintf(error, ARGS_ERROR_BYTES, "%.200s: %s; see --help", culprit,
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

enum args_result args_parse(
	struct args *out, char error[static ARGS_ERROR_BYTES], int argc, char **argv)
{
	struct option longs[ROWS + 3] = {0};
	const char *wrong;
	int option;

	*out = (struct args){.rate = 1000,
		.seconds = 3,
		.warm_up_s = 0.2,
		.drain_ms = 200,
		.wait_s = 10,
		.payload_bytes = 172,
		.payload_type = 8,
		.queues = 1,
		.burst = 32,
		.huge = true};
	for (unsigned int i = 0; i < ROWS; i++)
		longs[i] = (struct option){rows[i].name,
			rows[i].value_name != NULL ? required_argument : no_argument, NULL, (int)i};
	longs[ROWS] = (struct option){"help", no_argument, NULL, SPECIAL_HELP};
	longs[ROWS + 1] = (struct option){"version", no_argument, NULL, SPECIAL_VERSION};
	memset(out->mac_to, 0xff, sizeof(out->mac_to));
	optind = 0;
	while ((option = getopt_long(argc, argv, "+:", longs, NULL)) != -1) {
		enum args_result result = parse_one(out, error, option, argv[optind - 1]);

		if (result != ARGS_RUN)
			return result;
	}
	wrong = check(out);
	if (optind < argc)
		snprintf(
			error, ARGS_ERROR_BYTES, "%.200s: not an option; see --help", argv[optind]);
	else if (wrong != NULL)
		snprintf(error, ARGS_ERROR_BYTES, "%s", wrong);
	return optind < argc || wrong != NULL ? ARGS_BAD : ARGS_RUN;
}
