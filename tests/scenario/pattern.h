// SPDX-License-Identifier: BSD-3-Clause
// Line patterns of scenario files, and the variables they bind.
//
//	*        any text, also none
//	{name}   the text up to the next literal character; bound at first sight, compared afterwards
//	\xNN     the octet of two hexadecimal digits
//	\c       the character c itself
#pragma once

#include <stdbool.h>

#include "controlplane/base/str.h"

#define VARS_MAX 128

struct var {
	char name[32];
	char value[512];
};

struct vars {
	struct var var[VARS_MAX];
	unsigned int count;
};

// The value of a variable, or NULL.
const char *vars_get(const struct vars *vars, struct str name);
// Binds or rebinds. Returns 0 or -ENOSPC.
int vars_set(struct vars *vars, struct str name, struct str value);
void vars_unset(struct vars *vars, struct str name);

// True when text begins with \xNN.
bool pattern_octet(char *octet, const char *text);
// True when the whole line matches. New variables are bound only then.
bool pattern_match(const char *pattern, struct str line, struct vars *vars);
