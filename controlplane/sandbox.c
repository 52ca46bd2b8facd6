// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/sandbox.h"

#include <seccomp.h>

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "controlplane/base/log.h"

__attribute__((format(printf, 3, 4))) static int fail(
	struct sandbox_error *err, int code, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(err->text, sizeof(err->text), fmt, args);
	va_end(args);
	return code;
}

int sandbox_drop_user(const char *user, struct sandbox_error *err)
{
	const struct passwd *who;

	if (geteuid() != 0) {
		LOG(LOG_WARN, "not-root", "uid=%u user=%s stays=yes", getuid(), user);
		return 0;
	}
	who = getpwnam(user);
	if (who == NULL)
		return fail(err, -ENOENT,
			"there is no user %s to run as: make it with \"useradd --system %s\", or "
			"name "
			"another in node.user",
			user, user);
	if (initgroups(user, who->pw_gid) < 0
		|| setresgid(who->pw_gid, who->pw_gid, who->pw_gid) < 0
		|| setresuid(who->pw_uid, who->pw_uid, who->pw_uid) < 0)
		return fail(err, -errno, "cannot become user %s: %s", user, strerror(errno));
	if (who->pw_uid != 0 && setuid(0) == 0)
		return fail(err, -EPERM, "user %s can become root again", user);
	return 0;
}

static const int allowed[] = {
	// descriptors
	SCMP_SYS(read),
	SCMP_SYS(readv),
	SCMP_SYS(pread64),
	SCMP_SYS(write),
	SCMP_SYS(writev),
	// the embedded store: into files that were open before
	SCMP_SYS(pwrite64),
	SCMP_SYS(fdatasync),
	SCMP_SYS(close),
	SCMP_SYS(lseek),
	SCMP_SYS(fstat),
	SCMP_SYS(newfstatat),
	SCMP_SYS(stat),
	SCMP_SYS(lstat),
	SCMP_SYS(statx),
	SCMP_SYS(fcntl),
	SCMP_SYS(dup),
	SCMP_SYS(access),
	SCMP_SYS(faccessat),
	SCMP_SYS(faccessat2),
	SCMP_SYS(readlink),
	SCMP_SYS(getdents64),
	SCMP_SYS(getcwd),
	// waiting
	SCMP_SYS(epoll_create1),
	SCMP_SYS(epoll_ctl),
	SCMP_SYS(epoll_wait),
	SCMP_SYS(epoll_pwait),
	SCMP_SYS(epoll_pwait2),
	SCMP_SYS(poll),
	SCMP_SYS(ppoll),
	SCMP_SYS(select),
	SCMP_SYS(pselect6),
	SCMP_SYS(eventfd2),
	SCMP_SYS(timerfd_create),
	SCMP_SYS(timerfd_settime),
	SCMP_SYS(timerfd_gettime),
	SCMP_SYS(nanosleep),
	SCMP_SYS(clock_nanosleep),
	SCMP_SYS(clock_gettime),
	SCMP_SYS(clock_getres),
	SCMP_SYS(gettimeofday),
	SCMP_SYS(time),
	SCMP_SYS(pipe2),
	// sockets
	SCMP_SYS(socket),
	SCMP_SYS(socketpair),
	SCMP_SYS(bind),
	SCMP_SYS(listen),
	SCMP_SYS(accept),
	SCMP_SYS(accept4),
	SCMP_SYS(connect),
	SCMP_SYS(shutdown),
	SCMP_SYS(getsockname),
	SCMP_SYS(getpeername),
	SCMP_SYS(getsockopt),
	SCMP_SYS(setsockopt),
	SCMP_SYS(recvfrom),
	SCMP_SYS(recvmsg),
	SCMP_SYS(recvmmsg),
	SCMP_SYS(sendto),
	SCMP_SYS(sendmsg),
	SCMP_SYS(sendmmsg),
	// memory
	SCMP_SYS(brk),
	SCMP_SYS(munmap),
	SCMP_SYS(mremap),
	SCMP_SYS(madvise),
	// threads and signals
	SCMP_SYS(futex),
	SCMP_SYS(set_robust_list),
	SCMP_SYS(get_robust_list),
	SCMP_SYS(rseq),
	SCMP_SYS(membarrier),
	SCMP_SYS(sched_yield),
	SCMP_SYS(sched_getaffinity),
	SCMP_SYS(sched_setaffinity),
	SCMP_SYS(getcpu),
	SCMP_SYS(rt_sigaction),
	SCMP_SYS(rt_sigprocmask),
	SCMP_SYS(rt_sigreturn),
	SCMP_SYS(rt_sigtimedwait),
	SCMP_SYS(sigaltstack),
	SCMP_SYS(restart_syscall),
	SCMP_SYS(tgkill),
	SCMP_SYS(exit),
	SCMP_SYS(exit_group),
	// who and how
	SCMP_SYS(getpid),
	SCMP_SYS(gettid),
	SCMP_SYS(getppid),
	SCMP_SYS(getuid),
	SCMP_SYS(geteuid),
	SCMP_SYS(getgid),
	SCMP_SYS(getegid),
	SCMP_SYS(getrandom),
	SCMP_SYS(uname),
	SCMP_SYS(sysinfo),
	SCMP_SYS(getrusage),
	SCMP_SYS(getrlimit),
};

// Nothing but an intruder asks for these.
static const int deadly[] = {
	SCMP_SYS(execve),
	SCMP_SYS(execveat),
	SCMP_SYS(ptrace),
	SCMP_SYS(process_vm_readv),
	SCMP_SYS(process_vm_writev),
	SCMP_SYS(fork),
	SCMP_SYS(vfork),
	SCMP_SYS(bpf),
	SCMP_SYS(perf_event_open),
	SCMP_SYS(init_module),
	SCMP_SYS(finit_module),
	SCMP_SYS(delete_module),
	SCMP_SYS(kexec_load),
	SCMP_SYS(mount),
	SCMP_SYS(umount2),
	SCMP_SYS(pivot_root),
	SCMP_SYS(chroot),
	SCMP_SYS(setns),
	SCMP_SYS(unshare),
	SCMP_SYS(keyctl),
	SCMP_SYS(userfaultfd),
	SCMP_SYS(io_uring_setup),
	SCMP_SYS(reboot),
};

// Allowed when the masked argument has that value.
static const struct condition {
	int call;
	unsigned int arg;
	uint64_t mask;
	uint64_t value;
} conditions[] = {
	{SCMP_SYS(open), 1, O_ACCMODE | O_CREAT | O_TRUNC, O_RDONLY},
	{SCMP_SYS(openat), 2, O_ACCMODE | O_CREAT | O_TRUNC, O_RDONLY},
	{SCMP_SYS(mmap), 2, PROT_EXEC, 0},
	{SCMP_SYS(mprotect), 2, PROT_EXEC, 0},
	{SCMP_SYS(clone), 0, CLONE_THREAD, CLONE_THREAD},
	{SCMP_SYS(ioctl), 1, UINT32_MAX, FIONREAD},
	{SCMP_SYS(ioctl), 1, UINT32_MAX, FIONBIO},
	{SCMP_SYS(prctl), 0, UINT32_MAX, PR_SET_NAME},
	// limits may be read, not set; 0 is this process
	{SCMP_SYS(prlimit64), 2, UINT64_MAX, 0},
};

static int add_rules(scmp_filter_ctx filter)
{
	int rc = 0;

	for (unsigned int i = 0; rc == 0 && i < sizeof(allowed) / sizeof(allowed[0]); i++)
		rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, allowed[i], 0);
	for (unsigned int i = 0; rc == 0 && i < sizeof(deadly) / sizeof(deadly[0]); i++)
		rc = seccomp_rule_add(filter, SCMP_ACT_KILL_PROCESS, deadly[i], 0);
	for (unsigned int i = 0; rc == 0 && i < sizeof(conditions) / sizeof(conditions[0]); i++) {
		const struct condition *c = &conditions[i];

		rc = seccomp_rule_add(filter, SCMP_ACT_ALLOW, c->call, 1,
			SCMP_CMP(c->arg, SCMP_CMP_MASKED_EQ, c->mask, c->value));
	}
	// Its flags lie in memory where no filter sees them; libc then falls back to clone.
	if (rc == 0)
		rc = seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
	return rc;
}

int sandbox_close(struct sandbox_error *err)
{
	const struct rlimit none = {0, 0};
	scmp_filter_ctx filter;
	int rc;

	if (setrlimit(RLIMIT_CORE, &none) < 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0
		|| prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return fail(err, -errno, "cannot give up privileges: %s", strerror(errno));
	filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	if (filter == NULL)
		return fail(err, -ENOMEM, "no memory for the system call filter");
	rc = add_rules(filter);
	if (rc == 0)
		rc = seccomp_load(filter);
	seccomp_release(filter);
	if (rc < 0)
		return fail(
			err, rc, "the kernel refuses the system call filter: %s", strerror(-rc));
	return 0;
}
