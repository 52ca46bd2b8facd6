// SPDX-License-Identifier: BSD-3-Clause
// What a process can still do behind the filter, each tried in a child of its own.
#include <criterion/criterion.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <netinet/in.h>

#include "controlplane/base/log.h"
#include "controlplane/sandbox.h"

static int memory_fd;

// Each returns 0, or the errno it met.
static int result(long rc)
{
	return rc < 0 ? errno : 0;
}

static int start_program(void)
{
	char *const argv[] = {"/bin/true", NULL};

	return result(execve(argv[0], argv, NULL));
}

static int fork_child(void)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	return result(pid);
}

static int trace_me(void)
{
	return result(ptrace(PTRACE_TRACEME, 0, NULL, NULL));
}

static int read_file(void)
{
	char octet;
	int fd = open("/etc/passwd", O_RDONLY | O_CLOEXEC);

	return fd < 0 ? errno : result(read(fd, &octet, 1));
}

static int write_file(void)
{
	return result(open("/dev/null", O_WRONLY));
}

static int update_file(void)
{
	return result(open("/dev/null", O_RDWR));
}

static int write_open_file(void)
{
	return result(pwrite(memory_fd, "x", 1, 0)) + result(fdatasync(memory_fd));
}

static int cut_open_file(void)
{
	return result(ftruncate(memory_fd, 0));
}

static int create_file(void)
{
	return result(open("/tmp", O_RDONLY | O_CREAT, 0600));
}

static int remove_file(void)
{
	return result(unlink("/nonexistent"));
}

static int map_memory(void)
{
	return mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, memory_fd, 0) == MAP_FAILED
		? errno
		: 0;
}

static int map_code(void)
{
	return mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
			== MAP_FAILED
		? errno
		: 0;
}

static int bind_udp(void)
{
	const struct sockaddr_in any = {.sin_family = AF_INET};
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	return fd < 0 ? errno : result(bind(fd, (const struct sockaddr *)&any, sizeof(any)));
}

static void *idle(void *arg)
{
	return arg;
}

static int start_thread(void)
{
	pthread_t thread;
	int err = pthread_create(&thread, NULL, idle, NULL);

	return err != 0 ? err : pthread_join(thread, NULL);
}

static int kill_parent(void)
{
	return result(kill(getppid(), 0));
}

static int become_root(void)
{
	return result(setuid(0));
}

static int raise_limit(void)
{
	const struct rlimit limit = {1 << 20, 1 << 20};

	return result(setrlimit(RLIMIT_CORE, &limit));
}

static int make_eventfd(void)
{
	return result(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
}

#define DIES (-1)

static const struct {
	const char *name;
	int (*act)(void);
	int want; // 0, an errno, or DIES by SIGSYS
} cases[] = {
	{"start a program", start_program, DIES},
	{"trace", trace_me, DIES},
	{"fork", fork_child, EPERM},
	{"read a file", read_file, 0},
	{"write a file", write_file, EPERM},
	{"update a file", update_file, EPERM},
	{"write to a file that is open", write_open_file, 0},
	{"cut a file that is open", cut_open_file, EPERM},
	{"create a file", create_file, EPERM},
	{"remove a file", remove_file, EPERM},
	{"map the segment", map_memory, 0},
	{"map code", map_code, EPERM},
	{"open a UDP socket", bind_udp, 0},
	{"start a thread", start_thread, 0},
	{"signal another process", kill_parent, EPERM},
	{"become root", become_root, EPERM},
	{"raise a limit", raise_limit, EPERM},
	{"make an eventfd", make_eventfd, 0},
};

// Exit status of a child that acts inside the sandbox; DIES when the filter ended it.
static int status_of(int (*act)(void))
{
	struct sandbox_error err;
	pid_t pid = fork();
	int status;

	if (pid == 0)
		_exit(sandbox_close(&err) < 0 ? 255 : act());
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	if (WIFSIGNALED(status))
		return WTERMSIG(status) == SIGSYS ? DIES : 254;
	return WEXITSTATUS(status);
}

Test(sandbox, keeps_what_is_needed_and_nothing_else)
{
	memory_fd = memfd_create("segment", MFD_CLOEXEC);
	cr_assert_eq(ftruncate(memory_fd, 4096), 0);
	for (unsigned int i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int got = status_of(cases[i].act);

		cr_assert_eq(got, cases[i].want, "%s: %d instead of %d", cases[i].name, got,
			cases[i].want);
	}
}

static int is_closed(void)
{
	struct rlimit core;

	if (getrlimit(RLIMIT_CORE, &core) < 0 || core.rlim_cur != 0 || core.rlim_max != 0)
		return 1;
	return 0;
}

Test(sandbox, leaves_no_core)
{
	cr_assert_eq(status_of(is_closed), 0);
}

Test(sandbox, a_user_that_is_not_there_is_named)
{
	struct sandbox_error err = {{0}};

	if (geteuid() != 0)
		cr_skip_test("needs root");
	cr_assert_eq(sandbox_drop_user("no-such-user-here", &err), -ENOENT);
	cr_assert_not_null(strstr(err.text, "useradd --system no-such-user-here"), "%s", err.text);
	cr_assert_eq(geteuid(), 0);
}

static int drop_to_nobody(void)
{
	struct sandbox_error err;
	uid_t real, effective, saved;
	gid_t groups[32];

	if (sandbox_drop_user("nobody", &err) < 0 || getresuid(&real, &effective, &saved) < 0)
		return 1;
	if (real == 0 || effective != real || saved != real || getgid() == 0)
		return 2;
	for (int i = getgroups(32, groups); i > 0; i--) {
		if (groups[i - 1] == 0)
			return 3;
	}
	return setuid(0) == 0 || setgid(0) == 0 ? 4 : 0;
}

Test(sandbox, root_is_gone_for_good)
{
	int status;
	pid_t pid;

	if (geteuid() != 0)
		cr_skip_test("needs root");
	pid = fork();
	if (pid == 0)
		_exit(drop_to_nobody());
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	cr_assert(WIFEXITED(status));
	cr_assert_eq(WEXITSTATUS(status), 0, "%d", WEXITSTATUS(status));
}

static int stay(void)
{
	struct sandbox_error err;

	log_set_level(LOG_ERROR);
	if (setresuid(65534, 65534, 65534) < 0)
		return 1;
	return sandbox_drop_user("tidegate", &err) == 0 && geteuid() == 65534 ? 0 : 2;
}

Test(sandbox, without_root_it_stays_who_it_is)
{
	int status;
	pid_t pid;

	if (geteuid() != 0)
		cr_skip_test("needs root");
	pid = fork();
	if (pid == 0)
		_exit(stay());
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	cr_assert_eq(WEXITSTATUS(status), 0);
}
