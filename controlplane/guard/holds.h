// SPDX-License-Identifier: BSD-3-Clause
// Sources that have answered calls, each with how many.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "controlplane/base/table.h"
#include "include/tidegate/addr.h"

struct guard_hold;

struct holds {
	struct table table;
};

// For at most capacity sources. Returns 0 or -ENOMEM.
int holds_init(struct holds *holds, uint32_t capacity);
// All must be given back.
void holds_fini(struct holds *holds);
// One more of a source. NULL when memory is out or capacity sources are held.
struct guard_hold *holds_take(struct holds *holds, const struct tg_ip *source);
// One less. NULL is legal.
void holds_give(struct holds *holds, struct guard_hold *hold);
bool holds_have(const struct holds *holds, const struct tg_ip *source);
