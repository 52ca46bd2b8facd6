// SPDX-License-Identifier: BSD-3-Clause
// Whose a dialog or a transaction is. sip/ carries it and never looks into it.
#pragma once

#include <stdint.h>

struct sip_owner {
	uint64_t id;  // 0: nobody's
	uint8_t kind; // of the user above: what the id is an id of
};
