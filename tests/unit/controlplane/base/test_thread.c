// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/base/thread.h"

#include <criterion/criterion.h>
#include <signal.h>

static void *look(void *arg)
{
	pthread_sigmask(SIG_SETMASK, NULL, arg);
	return arg;
}

Test(thread, takes_no_signal_and_leaves_those_of_who_starts_it)
{
	sigset_t before, after, inside;
	pthread_t thread;
	void *said;

	sigemptyset(&before);
	sigaddset(&before, SIGUSR1);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	cr_assert_eq(thread_start(&thread, look, &inside), 0);
	cr_assert_eq(pthread_join(thread, &said), 0);
	cr_assert_eq(said, &inside);
	cr_expect(sigismember(&inside, SIGTERM) == 1 && sigismember(&inside, SIGHUP) == 1);
	pthread_sigmask(SIG_SETMASK, NULL, &after);
	cr_expect(sigismember(&after, SIGUSR1) == 1 && sigismember(&after, SIGTERM) == 0);
}
