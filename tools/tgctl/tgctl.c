// SPDX-License-Identifier: BSD-3-Clause
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "include/tidegate/ctl.h"
#include "tools/tgctl/client.h"
#include "tools/tgctl/show.h"
#include "tools/tgctl/text.h"

#define WORDS_BYTES_MAX 64

struct command {
	const char *name;
	const char *usage; // of its argument
	const char *arg;   // its name on the socket; NULL: takes none
	int optional;
	show_h *show;
	const char *help;
};

static const struct command commands[] = {
	{"show calls", "[<limit>]", "limit", 1, show_calls,
		"calls that live; limit 0: all of them"},
	{"show call", "<call>", "call", 0, show_call, "one call with its legs and streams"},
	{"show streams", "[<limit>]", "limit", 1, show_streams,
		"media streams with their numbers; limit 0: all"},
	{"show stream", "<stream>", "stream", 0, show_stream,
		"one stream: both sides, quality, who was learned"},
	{"show peers", "", NULL, 0, show_peers, "configured peers and the calls each has"},
	{"show stats", "", NULL, 0, show_stats, "counters of calls, SIP, media and the dataplane"},
	{"show config", "", NULL, 0, show_config, "what is in force, and what waits for a restart"},
	{"show version", "", NULL, 0, show_version, "version, ABI, process and its start"},
	{"hangup", "<call>", "call", 0, show_hangup, "end a call on both legs"},
	{"reload", "", NULL, 0, show_reload, "read the configuration file again"},
	{"drain", "on|off", "state", 0, show_drain, "refuse new calls and let live ones end"},
	{"log", "error|warn|info|debug", "level", 0, show_log, "how much both processes log"},
	{"trace", "<call>", "call", 0, show_trace,
		"messages of a call, both legs, even of an ended one"},
};

#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

struct options {
	const char *socket;
	int json;
	struct show_options show;
};

static void print_help(void)
{
	printf("usage: tgctl [-s SOCKET] [--json] [-v] COMMAND\n\n");
	for (unsigned int i = 0; i < COMMANDS; i++) {
		char *usage = text_format("%s %s", commands[i].name, commands[i].usage);

		printf("  %-26s %s\n", usage, commands[i].help);
		free(usage);
	}
	printf("\nA <call> is the number that \"show calls\" gives, or the Call-ID of either "
	       "leg; a\n"
	       "<stream> is what \"show streams\" gives: a call's number, a dot, a stream's.\n\n"
	       "  -s, --socket SOCKET  the control socket (" TG_CTL_SOCKET ")\n"
	       "  -j, --json           print the answer as JSON\n"
	       "  -v, --verbose        trace: every message in full\n"
	       "  -h, --help           this\n"
	       "  -V, --version        version of tgctl\n\n"
	       "Exit status: 0 done, 1 refused, 2 usage, 3 no such call, 4 no answer.\n");
}

// Which command the words start with. *used is how many words its name has.
static const struct command *find_command(int *used, int count, char **words)
{
	for (unsigned int i = 0; i < COMMANDS; i++) {
		const char *blank = strchr(commands[i].name, ' ');
		size_t first = blank != NULL ? (size_t)(blank - commands[i].name)
					     : strlen(commands[i].name);

		*used = blank != NULL ? 2 : 1;
		if (count >= *used && strlen(words[0]) == first
			&& strncmp(words[0], commands[i].name, first) == 0
			&& (blank == NULL || strcmp(words[1], blank + 1) == 0))
			return &commands[i];
	}
	return NULL;
}

static int fail_usage(const struct command *command)
{
	fprintf(stderr, "tgctl: usage: tgctl %s%s%s\n", command->name,
		command->usage[0] != '\0' ? " " : "", command->usage);
	return TG_CTL_EXIT_USAGE;
}

static int fail_unknown(int count, char **words)
{
	char *clean;

	if (count == 0) {
		fputs("tgctl: say what to do; --help lists the commands\n", stderr);
		return TG_CTL_EXIT_USAGE;
	}
	clean = text_clean(words[0], 0);
	if (count == 1 && strcmp(words[0], "show") == 0)
		fputs("tgctl: show what? --help lists the commands\n", stderr);
	else
		fprintf(stderr, "tgctl: unknown command %s; --help lists the commands\n", clean);
	free(clean);
	return TG_CTL_EXIT_USAGE;
}

static int answer(const struct options *options, const struct command *command, json_t *args)
{
	struct client_reply reply;
	char *clean;

	client_ask(&reply, options->socket, command->name, args);
	if (reply.status != TG_CTL_EXIT_OK) {
		clean = text_clean(reply.error, 0);
		fprintf(stderr, "tgctl: %s\n", clean);
		free(clean);
	} else if (options->json) {
		json_dumpf(reply.result, stdout,
			JSON_INDENT(2) | JSON_ENCODE_ANY | JSON_REAL_PRECISION(10));
		putchar('\n');
	} else {
		command->show(stdout, reply.result, &options->show);
	}
	json_decref(reply.result);
	return reply.status;
}

static int run(const struct options *options, int count, char **words)
{
	const struct command *command;
	json_t *args;
	int used, status;

	command = count > 0 ? find_command(&used, count, words) : NULL;
	if (command == NULL)
		return fail_unknown(count, words);
	count -= used;
	if (count > (command->arg != NULL)
		|| (count == 0 && command->arg != NULL && !command->optional))
		return fail_usage(command);
	args = json_object();
	if (count > 0 && json_object_set_new(args, command->arg, json_string(words[used])) < 0) {
		fprintf(stderr, "tgctl: the argument is not UTF-8\n");
		json_decref(args);
		return TG_CTL_EXIT_USAGE;
	}
	status = answer(options, command, args);
	json_decref(args);
	return status;
}

int main(int argc, char **argv)
{
	static const struct option longs[] = {
		{"socket", required_argument, NULL, 's'},
		{"json", no_argument, NULL, 'j'},
		{"verbose", no_argument, NULL, 'v'},
		{"help", no_argument, NULL, 'h'},
		{"version", no_argument, NULL, 'V'},
		{0},
	};
	struct options options = {.socket = TG_CTL_SOCKET};
	int option;

	options.show.width = text_terminal_width();
	while ((option = getopt_long(argc, argv, "s:jvhV", longs, NULL)) != -1) {
		if (option == 's') {
			options.socket = optarg;
		} else if (option == 'j') {
			options.json = 1;
		} else if (option == 'v') {
			options.show.verbose = 1;
		} else if (option == 'h') {
			print_help();
			return TG_CTL_EXIT_OK;
		} else if (option == 'V') {
			printf("tgctl %s\n", TIDEGATE_VERSION);
			return TG_CTL_EXIT_OK;
		} else {
			return TG_CTL_EXIT_USAGE;
		}
	}
	return run(&options, argc - optind, argv + optind);
}
