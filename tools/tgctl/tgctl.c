// SPDX-License-Identifier: BSD-3-Clause
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "include/tidegate/ctl.h"
#include "tools/tgctl/client.h"
#include "tools/tgctl/show.h"
#include "tools/tgctl/text.h"
#include "tools/tgctl/user.h"

#define HELP_COLUMN 26

// Options that only some commands take; for those that ask the control plane they become arguments.
enum {
	TAKES_LIMIT = 1 << 0,
	TAKES_SORT = 1 << 1,
	TAKES_ALL = 1 << 2,
	TAKES_REALM = 1 << 3,
	TAKES_WEAK = 1 << 4,
};

#define ARGS_MAX 3

struct command {
	const char *name;
	const char *usage;	    // of its arguments
	const char *args[ARGS_MAX]; // their names on the socket
	int needed;		    // how many of them must be given
	int takes;		    // options
	show_h *show;
	const char *help;
};

static const struct command commands[] = {
	{"show calls", "[<limit>]", {"limit"}, 0, TAKES_LIMIT, show_calls,
		"calls that live; limit 0: all of them"},
	{"show call", "<call>", {"call"}, 1, 0, show_call, "one call with its legs and streams"},
	{"show streams", "[<limit>]", {"limit"}, 0, TAKES_LIMIT, show_streams,
		"media streams with their numbers; limit 0: all"},
	{"show stream", "<stream>", {"stream"}, 1, 0, show_stream,
		"one stream: both sides, quality, who was learned"},
	{"show peers", "", {0}, 0, 0, show_peers, "configured peers and the calls each has"},
	{"show sources", "[<source>]", {"source"}, 0, TAKES_LIMIT | TAKES_SORT, show_sources,
		"sources of SIP, the most dropped first"},
	{"show bans", "[<limit>]", {"limit"}, 0, TAKES_LIMIT, show_bans,
		"sources that are banned; limit 0: all"},
	{"show subscriptions", "[<limit>]", {"limit"}, 0, TAKES_LIMIT, show_subscriptions,
		"subscriptions that live; limit 0: all"},
	{"show connections", "[<limit>]", {"limit"}, 0, TAKES_LIMIT, show_connections,
		"connections of SIP over TCP; limit 0: all"},
	{"show registrations", "[<aor>]", {"aor"}, 0, TAKES_LIMIT, show_registrations,
		"who is registered; why an address is not"},
	{"show stats", "", {0}, 0, 0, show_stats,
		"counters of calls, SIP, media and the dataplane"},
	{"show config", "", {0}, 0, 0, show_config,
		"what is in force, and what waits for a restart"},
	{"show version", "", {0}, 0, 0, show_version, "version, ABI, process and its start"},
	{"ban", "<source> [<seconds>] [<reason>]", {"source", "seconds", "reason"}, 1, 0, show_ban,
		"drop all SIP of a source"},
	{"unban", "<source>", {"source"}, 1, TAKES_ALL, show_unban,
		"lift a ban; --all: all of them"},
	{"kick", "<aor> [<registration>]", {"aor", "registration"}, 1, 0, show_kick,
		"remove registrations of an address, all or one"},
	{"hangup", "<call>", {"call"}, 1, 0, show_hangup, "end a call on all its legs"},
	{"reload", "", {0}, 0, 0, show_reload, "read the configuration file again"},
	{"drain", "on|off", {"state"}, 1, 0, show_drain, "refuse new calls and let live ones end"},
	{"log", "error|warn|info|debug", {"level"}, 1, 0, show_log, "how much both processes log"},
	{"trace", "<call>", {"call"}, 1, 0, show_trace,
		"messages of a call, all legs, even of an ended one"},
	{"user add", "<file> <user>@<domain>", {"file", "user"}, 2, TAKES_REALM | TAKES_WEAK,
		show_user_add, "add a user, or give one another password"},
	{"user remove", "<file> <user>@<domain>", {"file", "user"}, 2, 0, show_user_remove,
		"remove a user"},
	{"user list", "<file>", {"file"}, 1, 0, show_user_list, "users, and what proves them"},
	{"user check", "<file> [<user>@<domain>]", {"file", "user"}, 1, TAKES_REALM,
		show_user_check, "faults and weak passwords; a user's password"},
};

#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

// Those that work on a file, without the control plane.
static const struct {
	show_h *show;
	user_h *run;
} user_commands[] = {
	{show_user_add, user_add},
	{show_user_remove, user_remove},
	{show_user_list, user_list},
	{show_user_check, user_check},
};

static user_h *user_command(const struct command *command)
{
	for (unsigned int i = 0; i < sizeof(user_commands) / sizeof(user_commands[0]); i++) {
		if (user_commands[i].show == command->show)
			return user_commands[i].run;
	}
	return NULL;
}

struct options {
	const char *socket;
	int json;
	int given;     // TAKES_*
	json_t *extra; // what they say
	struct user_args user;
	struct show_options show;
};

static void print_help(void)
{
	printf("usage: tgctl [-s SOCKET] [--json] [-v] COMMAND\n\n");
	for (unsigned int i = 0; i < COMMANDS; i++) {
		char *usage = text_format("%s %s", commands[i].name, commands[i].usage);

		if (strlen(usage) > HELP_COLUMN)
			printf("  %s\n  %-*s %s\n", usage, HELP_COLUMN, "", commands[i].help);
		else
			printf("  %-*s %s\n", HELP_COLUMN, usage, commands[i].help);
		free(usage);
	}
	printf("\nA <call> is the number that \"show calls\" gives, or the Call-ID of either "
	       "leg; a\n"
	       "<stream> is what \"show streams\" gives: a call's number, a dot, a stream's.\n"
	       "A <source> is an IPv4 address or an IPv6 network of 64 bits; an <aor> is an\n"
	       "address of record, alice@example.com.\n"
	       "A password comes from the terminal, or is a line of standard input.\n\n"
	       "  -s, --socket SOCKET  the control socket (" TG_CTL_SOCKET ")\n"
	       "  -j, --json           print the answer as JSON\n"
	       "  -v, --verbose        trace: every message in full\n"
	       "      --limit NUMBER   show calls, streams, sources, bans, connections,\n"
	       "                       subscriptions, registrations: rows; 0: all\n"
	       "      --sort WORD      show sources: by dropped, last, first, passed, or by\n"
	       "                       a reason as the JSON has it\n"
	       "      --all            unban: all sources\n"
	       "      --realm REALM    user add, check: of the digest, if not the domain\n"
	       "      --weak           user add: even a short or well-known password\n"
	       "  -h, --help           this\n"
	       "  -V, --version        version of tgctl\n\n"
	       "Exit status: 0 done, 1 refused, 2 usage, 3 no such thing, 4 no answer.\n");
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
	else if (count == 1 && strcmp(words[0], "user") == 0)
		fputs("tgctl: user add, remove, list or check? --help says more\n", stderr);
	else
		fprintf(stderr, "tgctl: unknown command %s; --help lists the commands\n", clean);
	free(clean);
	return TG_CTL_EXIT_USAGE;
}

static int print(const struct options *options, const struct command *command,
	const struct client_reply *reply)
{
	char *clean;

	if (reply->status != TG_CTL_EXIT_OK && reply->result == NULL) {
		clean = text_clean(reply->error, 0);
		fprintf(stderr, "tgctl: %s\n", clean);
		free(clean);
	} else if (options->json) {
		json_dumpf(reply->result, stdout,
			JSON_INDENT(2) | JSON_ENCODE_ANY | JSON_REAL_PRECISION(10));
		putchar('\n');
	} else {
		command->show(stdout, reply->result, &options->show);
	}
	json_decref(reply->result);
	return reply->status;
}

static int args_max(const struct command *command)
{
	int count = 0;

	while (count < ARGS_MAX && command->args[count] != NULL)
		count++;
	return count;
}

// The words after the last argument belong to it. Returns 0, or -1 when memory is out or they are
// not UTF-8.
static int add_words(json_t *args, const char *name, int count, char **words)
{
	char *text = text_format("%s", words[0]);
	int rc;

	for (int i = 1; i < count; i++) {
		char *longer = text_format("%s %s", text, words[i]);

		free(text);
		text = longer;
	}
	rc = json_object_set_new(args, name, json_string(text));
	free(text);
	return rc;
}

static int add_args(json_t *args, const struct command *command, int count, char **words)
{
	int max = args_max(command);

	for (int i = 0; i < count && i < max; i++) {
		if (add_words(args, command->args[i], i == max - 1 ? count - i : 1, &words[i]) < 0)
			return -1;
	}
	return 0;
}

static int is_usage(const struct options *options, const struct command *command, int count)
{
	int is_all = options->given & TAKES_ALL;
	int max = is_all ? 0 : args_max(command);
	int needed = is_all ? 0 : command->needed;

	// only the last of several arguments may be of several words, and not that of a file's command
	return ((max > 1 && user_command(command) == NULL) || count <= max) && count >= needed
		&& (options->given & ~command->takes) == 0;
}

static int ask(
	const struct options *options, const struct command *command, int count, char **words)
{
	json_t *args = json_deep_copy(options->extra);
	struct client_reply reply = {0};

	if (add_args(args, command, count, words) < 0) {
		fprintf(stderr, "tgctl: the argument is not UTF-8\n");
		json_decref(args);
		return TG_CTL_EXIT_USAGE;
	}
	client_ask(&reply, options->socket, command->name, args);
	json_decref(args);
	return print(options, command, &reply);
}

static int run_user(
	const struct options *options, const struct command *command, int count, char **words)
{
	struct user_args args = options->user;
	struct client_reply reply = {0};

	args.file = words[0];
	args.user = count > 1 ? words[1] : NULL;
	user_command(command)(&reply, &args);
	return print(options, command, &reply);
}

static int run(const struct options *options, int count, char **words)
{
	const struct command *command;
	int used;

	command = count > 0 ? find_command(&used, count, words) : NULL;
	if (command == NULL)
		return fail_unknown(count, words);
	count -= used;
	if (!is_usage(options, command, count))
		return fail_usage(command);
	if (user_command(command) != NULL)
		return run_user(options, command, count, words + used);
	return ask(options, command, count, words + used);
}

// The same again replaces it.
static void take(struct options *options, int option, const char *name, json_t *value)
{
	options->given |= option;
	json_object_set_new(options->extra, name, value);
}

static int read_options(struct options *options, int argc, char **argv)
{
	static const struct option longs[] = {
		{"socket", required_argument, NULL, 's'},
		{"json", no_argument, NULL, 'j'},
		{"verbose", no_argument, NULL, 'v'},
		{"limit", required_argument, NULL, 'L'},
		{"sort", required_argument, NULL, 'S'},
		{"all", no_argument, NULL, 'A'},
		{"realm", required_argument, NULL, 'R'},
		{"weak", no_argument, NULL, 'W'},
		{"help", no_argument, NULL, 'h'},
		{"version", no_argument, NULL, 'V'},
		{0},
	};
	int option;

	while ((option = getopt_long(argc, argv, "s:jvhV", longs, NULL)) != -1) {
		if (option == 's') {
			options->socket = optarg;
		} else if (option == 'j') {
			options->json = 1;
		} else if (option == 'v') {
			options->show.verbose = 1;
		} else if (option == 'L') {
			take(options, TAKES_LIMIT, "limit", json_string(optarg));
		} else if (option == 'S') {
			take(options, TAKES_SORT, "sort", json_string(optarg));
		} else if (option == 'A') {
			take(options, TAKES_ALL, "all", json_true());
		} else if (option == 'R') {
			options->given |= TAKES_REALM;
			options->user.realm = optarg;
		} else if (option == 'W') {
			options->given |= TAKES_WEAK;
			options->user.weak = 1;
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
	return -1;
}

int main(int argc, char **argv)
{
	struct options options = {.socket = TG_CTL_SOCKET, .extra = json_object()};
	int status;

	options.show.width = text_terminal_width();
	status = read_options(&options, argc, argv);
	if (status < 0)
		status = run(&options, argc - optind, argv + optind);
	json_decref(options.extra);
	return status;
}
