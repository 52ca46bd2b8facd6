// SPDX-License-Identifier: BSD-3-Clause
// Why subscriptions end, for counters.
#pragma once

// X(NAME, "metric label"): why one ended. At most 8 (engine_counters).
#define SUBSCRIPTION_ENDS(X)        \
	X(REFUSED, "refused")       \
	X(TERMINATED, "terminated") \
	X(EXPIRED, "expired")       \
	X(GONE, "gone")             \
	X(SILENT, "silent")         \
	X(UNSENT, "unsent")         \
	X(UNREACHABLE, "unreachable")

enum subscription_end {
#define X(name, label) SUBSCRIPTION_END_##name,
	SUBSCRIPTION_ENDS(X)
#undef X
		SUBSCRIPTION_END_COUNT,
};

// NULL for a value outside the list; any thread.
const char *subscription_end_label(unsigned int end);
