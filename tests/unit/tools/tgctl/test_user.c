// SPDX-License-Identifier: BSD-3-Clause
// tgctl user, run as its user runs it; what it writes is read by the control plane's own reader.
#include <criterion/criterion.h>

#include <errno.h>
#include <pty.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "controlplane/auth/users_table.h"

#define GOOD "a long enough password 7"

static char folder[] = "/tmp/tidegate-tgctl-XXXXXX";
static char path[64];
static char output[8192];

static void init(void)
{
	cr_assert_not_null(mkdtemp(folder));
	snprintf(path, sizeof(path), "%s/users", folder);
}

static void fini(void)
{
	char command[64];

	snprintf(command, sizeof(command), "rm -r %s", folder);
	cr_assert_eq(system(command), 0);
}

TestSuite(tgctl_user, .init = init, .fini = fini);

// tgctl user WORDS PATH REST, with the password on standard input. Returns its exit status.
static int run(const char *words, const char *rest, const char *password)
{
	char command[1024];
	FILE *pipe;
	size_t len;

	snprintf(command, sizeof(command), "printf '%%s\\n' '%s' | %s user %s %s %s 2>&1", password,
		getenv("TGCTL"), words, path, rest);
	pipe = popen(command, "r");
	cr_assert_not_null(pipe);
	len = fread(output, 1, sizeof(output) - 1, pipe);
	output[len] = '\0';
	return WEXITSTATUS(pclose(pipe));
}

static void says(
	int status, const char *words, const char *rest, const char *password, const char *what)
{
	cr_assert_eq(run(words, rest, password), status, "%s %s: %s", words, rest, output);
	cr_assert_not_null(strstr(output, what), "%s %s: %s", words, rest, output);
}

static void write_file(const char *text)
{
	FILE *file = fopen(path, "w");

	fputs(text, file);
	fclose(file);
}

static const char *read_file(void)
{
	static char text[8192];
	FILE *file = fopen(path, "r");
	size_t len = fread(text, 1, sizeof(text) - 1, file);

	fclose(file);
	text[len] = '\0';
	return text;
}

static int find(const char *user, const char *domain, enum digest_hash hash, struct digest_ha1 *ha1)
{
	struct users_query query = {
		.user = str_from(user), .domain = str_from(domain), .hash = hash};
	struct users_table *table;
	struct conf_error err;
	int rc;

	cr_assert_eq(users_table_load(&table, path, &err), 0, "%s", err.text);
	rc = users_table_find(table, &query, ha1);
	users_table_free(table);
	return rc;
}

static void expect_ha1(const char *realm, const char *password)
{
	static const enum digest_hash hashes[] = {DIGEST_HASH_MD5, DIGEST_HASH_SHA256};
	const struct str secret[] = {STR("alice"), str_from(realm), str_from(password)};
	struct digest *digest = digest_new();
	struct digest_ha1 got, want;

	for (unsigned int i = 0; i < 2; i++) {
		cr_assert_eq(find("alice", "example.com", hashes[i], &got), 0);
		digest_make_ha1(digest, hashes[i], &want, secret);
		cr_assert_arr_eq(got.bytes, want.bytes, digest_hash_bytes(hashes[i]));
	}
	digest_free(digest);
}

Test(tgctl_user, F18_add_writes_what_the_control_plane_reads)
{
	struct digest_ha1 ha1;
	struct stat stat_now;

	says(0, "add", "alice@Example.COM", GOOD, "alice@example.com was added, realm example.com");
	cr_assert_eq(stat(path, &stat_now), 0);
	cr_assert_eq(stat_now.st_mode & 07777, 0640);
	expect_ha1("example.com", GOOD);
	says(0, "add --realm tidegate", "alice@example.com", GOOD " too", "has another password");
	expect_ha1("tidegate", GOOD " too");
	says(0, "remove", "alice@EXAMPLE.com", "", "alice@example.com was removed");
	cr_assert_eq(find("alice", "example.com", DIGEST_HASH_MD5, &ha1), -ENOENT);
	says(3, "remove", "alice@example.com", "", "there is no alice@example.com in");
}

// What else is in the file stays as it is, even without a newline at its end; so do its owner and mode.
Test(tgctl_user, F18_the_rest_of_the_file_stays)
{
#define BOB "bob@x:MD5:939e7578ed9e3c518a452acee763bce9"
#define ALICE_512                        \
	"alice@example.com:SHA-512-256:" \
	"3798d4131c277846293534c3edc11bd8a5e4cdcbff78b05db9d95eeb1cec68a5"
	const char *text, *alice;
	struct stat stat_now;

	write_file("# first\n" ALICE_512 "\n\n # second\nalice@EXAMPLE.com:MD5:"
		   "939e7578ed9e3c518a452acee763bce9\n" BOB);
	cr_assert_eq(chmod(path, 0600), 0);
	says(0, "add", "alice@example.com", GOOD, "has another password");
	text = read_file();
	cr_assert_eq(strncmp(text, "# first\nalice@example.com:MD5:", 30), 0, "%s", text);
	cr_assert_not_null(strstr(text, "\n\n # second\n" BOB "\n"), "%s", text);
	cr_assert_null(strstr(text, "SHA-512-256"), "of the former password: %s", text);
	alice = strstr(text, "alice");
	cr_assert_not_null(strstr(alice + 1, "alice@example.com:SHA-256:"));
	cr_assert_eq(stat(path, &stat_now), 0);
	cr_assert_eq(stat_now.st_mode & 07777, 0600);
	says(0, "add", "carol@x", GOOD, "was added");
	says(0, "remove", "alice@example.com", "", "was removed");
	text = read_file();
	cr_assert_eq(
		strncmp(text, "# first\n\n # second\n" BOB "\ncarol@x:MD5:", 67), 0, "%s", text);
}

Test(tgctl_user, F30_a_weak_password_is_refused_unless_it_is_wanted)
{
	says(1, "add", "alice@example.com", "short",
		"the password has fewer than 16 characters; "
		"choose another, or take it all the same "
		"with --weak");
	says(1, "add", "alice@example.com", "adminadminadminadmin", "everybody tries first");
	says(1, "add", "alice@example.com", "", "the password is empty");
	cr_assert_neq(access(path, F_OK), 0, "nothing was written");
	says(0, "add --weak", "alice@example.com", "admin", "was added");
	says(0, "add", "bob@x", GOOD, "was added");
	says(1, "check", "", "", "/users:1: alice@example.com has a password that everybody");
	cr_assert_not_null(strstr(output, "4 HA1s, 1 fault\n"), "%s", output);
	cr_assert_null(strstr(output, "bob"), "%s", output);
	says(1, "check", "alice@example.com", "admin", "the password is right, but is one that");
	says(0, "check", "bob@x", GOOD, "bob@x: the password is right\n");
	says(1, "check", "bob@x", GOOD "!", "bob@x: the password is wrong\n");
	says(3, "check", "carol@x", GOOD, "there is no carol@x");
}

Test(tgctl_user, list_says_who_is_there)
{
	says(0, "add", "bob@x", GOOD, "added");
	says(0, "add", "alice@example.com", GOOD, "added");
	says(0, "list", "", "",
		"USER               HA1\nalice@example.com  MD5 SHA-256\nbob@x              MD5 "
		"SHA-256\n2 users\n");
	says(0, "--json list", "", "", "\"user\": \"alice@example.com\"");
}

// The file is left as it was when it cannot be understood.
Test(tgctl_user, F30_faults_of_the_file_are_said_by_line)
{
	static const struct {
		const char *text, *what;
	} cases[] = {
		{"# x\nalice\n", "/users:2: the line is not user@domain:algorithm:HA1"},
		{"alice:MD5:00\n", "/users:1: the line does not begin with user@domain"},
		{"a@b:SHA-1:00\n", "/users:1: the line has an algorithm other"},
		{"a@b:MD5:00\n", "/users:1: the line has an HA1 that is not"},
	};

	for (unsigned int i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		write_file(cases[i].text);
		says(1, "check", "", "", cases[i].what);
		says(1, "add", "bob@x", GOOD, cases[i].what);
		cr_assert_str_eq(read_file(), cases[i].text);
	}
	write_file(BOB "\n" BOB "\n");
	chmod(path, 0644);
	says(1, "check", "", "", "/users: is open to everybody; chmod 0640\n");
	cr_assert_not_null(strstr(output, "/users:2: bob@x had an HA1 of that algorithm before\n"),
		"%s", output);
	says(2, "check /nowhere/users", "", "", "is no user");
}

Test(tgctl_user, F30_bad_arguments_are_usage)
{
	says(2, "add", "alice", GOOD, "\"alice\" is no user: say user@domain");
	says(2, "add", "@x", GOOD, "is no user");
	says(2, "add", "x@", GOOD, "is no user");
	says(2, "add", "'#a@x'", GOOD, "is no user");
	says(2, "add", "'a\tb@x'", GOOD, "is no user");
	says(2, "add", "", GOOD, "usage: tgctl user add <file> <user>@<domain>");
	says(2, "add", "a@x b@x", GOOD, "usage: tgctl user add");
	says(2, "list --weak", "", "", "usage: tgctl user list <file>");
}

static void expect_prompt(int fd, const char *want)
{
	size_t len = strlen(output);

	while (strstr(output, want) == NULL) {
		ssize_t n = read(fd, output + len, sizeof(output) - 1 - len);

		cr_assert_gt(n, 0, "%s", output);
		len += (size_t)n;
		output[len] = '\0';
	}
}

static void type(int fd, const char *text)
{
	cr_assert_eq(write(fd, text, strlen(text)), (ssize_t)strlen(text));
}

static int start_on_terminal(pid_t *pid)
{
	int fd;

	output[0] = '\0';
	*pid = forkpty(&fd, NULL, NULL, NULL);
	if (*pid == 0) {
		execl(getenv("TGCTL"), "tgctl", "user", "add", path, "alice@example.com", NULL);
		_exit(127);
	}
	cr_assert_gt(*pid, 0);
	return fd;
}

static int end_on_terminal(int fd, pid_t pid)
{
	size_t len = strlen(output);
	int status;
	ssize_t n;

	while ((n = read(fd, output + len, sizeof(output) - 1 - len)) > 0)
		len += (size_t)n;
	output[len] = '\0';
	close(fd);
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	return WEXITSTATUS(status);
}

// I17: what is typed is not shown, and asked for again.
Test(tgctl_user, I17_the_terminal_shows_no_password)
{
	pid_t pid;
	int fd = start_on_terminal(&pid);

	expect_prompt(fd, "Password: ");
	type(fd, GOOD "\n");
	expect_prompt(fd, "Again: ");
	type(fd, GOOD "\n");
	cr_assert_eq(end_on_terminal(fd, pid), 0, "%s", output);
	cr_assert_not_null(strstr(output, "was added"), "%s", output);
	cr_assert_null(strstr(output, "long enough"), "%s", output);
	expect_ha1("example.com", GOOD);
}

Test(tgctl_user, I17_another_second_time_or_an_interrupt_changes_nothing)
{
	pid_t pid;
	int fd = start_on_terminal(&pid);

	expect_prompt(fd, "Password: ");
	type(fd, GOOD "\n");
	expect_prompt(fd, "Again: ");
	type(fd, GOOD "8\n");
	cr_assert_eq(end_on_terminal(fd, pid), 1);
	cr_assert_not_null(strstr(output, "the passwords are not the same"), "%s", output);
	fd = start_on_terminal(&pid);
	expect_prompt(fd, "Password: ");
	type(fd, "abc\x03\n");
	cr_assert_eq(end_on_terminal(fd, pid), 1);
	cr_assert_not_null(strstr(output, "control character: nothing was done"), "%s", output);
	cr_assert_neq(access(path, F_OK), 0);
}

// Eight at once: each waits for the others, none is lost.
Test(tgctl_user, F30_many_at_once_lose_nobody)
{
	char command[1024];

	snprintf(command, sizeof(command),
		"for i in 1 2 3 4 5 6 7 8; do echo '%s' | %s user add %s user$i@x >%s/log$i & "
		"done; wait",
		GOOD, getenv("TGCTL"), path, folder);
	cr_assert_eq(system(command), 0);
	says(0, "list", "", "", "8 users\n");
}

Test(tgctl_user, completion_knows_the_commands_and_the_users)
{
	static const struct {
		const char *words, *want;
		unsigned int at;
	} cases[] = {
		{"user \"\"", "remove", 2},
		{"user remove @ \"\"", "alice@example.com", 4},
		{"user add @", "@", 3},
		{"user add --w", "--weak", 3},
	};
	char script[1024], words[128];

	says(0, "add", "alice@example.com", GOOD, "added");
	for (unsigned int i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *mark = strchr(cases[i].words, '@');

		snprintf(words, sizeof(words), "%.*s%s%s",
			(int)(mark != NULL ? mark - cases[i].words : (int)strlen(cases[i].words)),
			cases[i].words, mark != NULL ? path : "", mark != NULL ? mark + 1 : "");
		snprintf(script, sizeof(script),
			"bash -c 'source %s; COMP_WORDS=(%s %s); COMP_CWORD=%u; _tgctl; "
			"printf \"%%s\\n\" \"${COMPREPLY[@]}\"' | grep -x -- '%s' >/dev/null",
			getenv("TGCTL_COMPLETION"), getenv("TGCTL"), words, cases[i].at,
			strcmp(cases[i].want, "@") == 0 ? path : cases[i].want);
		cr_assert_eq(system(script), 0, "%s", script);
	}
}
