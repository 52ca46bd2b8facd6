// SPDX-License-Identifier: BSD-3-Clause
// Octets nobody can foretell: the kernel's, fetched in large pieces, for a system call for each token,
// port and session would cost more than what it is for. Any thread, each has a store of its own.
#pragma once

#include <stddef.h>
#include <stdint.h>

#define RANDOM_BYTES_MAX 64

// At most RANDOM_BYTES_MAX octets; what was given is not given again. Ends the process when the kernel has
// none.
void random_take(void *out, size_t bytes);
// Evenly one of 0 .. bound - 1; bound is not 0.
uint32_t random_below(uint32_t bound);
