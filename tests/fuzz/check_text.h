// SPDX-License-Identifier: BSD-3-Clause
// What every text that is read out of a record must be.
#pragma once

#include <stdlib.h>

#include "controlplane/base/str.h"

// Inside the input, and with no octet that ends a line or a string.
static inline void check_text(struct str text, const uint8_t *data, size_t size)
{
	const char *begin = (const char *)data;

	if (str_is_none(text))
		return;
	if (text.at < begin || text.at + text.len > begin + size)
		abort();
	for (size_t i = 0; i < text.len; i++) {
		if (text.at[i] == '\r' || text.at[i] == '\n' || text.at[i] == '\0')
			abort();
	}
}
