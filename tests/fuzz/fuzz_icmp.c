// SPDX-License-Identifier: BSD-3-Clause
// Hostile bytes as ICMP errors of both families, as a raw socket yields them.
#include "dataplane/io/icmp.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	for (int v6 = 0; v6 < 2; v6++) {
		struct icmp_error error = {.told_by = {.byte = {1}}};

		if (!icmp_parse(&error, data, len, v6)) {
			if (error.type != 0 || error.to.port != 0)
				abort();
			continue;
		}
		if (error.told_by.byte[0] != 1 || error.type != (v6 ? 1 : 3)
			|| tg_ip_is_v4(&error.from.ip) == v6 || tg_ip_is_v4(&error.to.ip) == v6)
			abort();
	}
	return 0;
}
