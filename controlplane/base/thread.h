// SPDX-License-Identifier: BSD-3-Clause
// Threads of ours.
#pragma once

#include <pthread.h>

// Starts one with all signals blocked: they are the management thread's. Returns 0 or -errno.
int thread_start(pthread_t *out, void *(*run)(void *arg), void *arg);
