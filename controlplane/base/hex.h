// SPDX-License-Identifier: BSD-3-Clause
// Octets as hexadecimal digits and back. Any thread.
#pragma once

#include <errno.h>

#include "controlplane/base/str.h"

// Lower case, 2 * bytes of them, no NUL.
static inline void hex_write(char *out, const uint8_t *in, size_t bytes)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < bytes; i++) {
		out[2 * i] = digits[in[i] >> 4];
		out[2 * i + 1] = digits[in[i] & 15];
	}
}

// The value of a digit of either case, or -1.
static inline int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

// Exactly bytes octets, all of text. Returns 0 or -EINVAL; *out may be touched then.
static inline int hex_read(uint8_t *out, size_t bytes, struct str text)
{
	if (text.len != 2 * bytes)
		return -EINVAL;
	for (size_t i = 0; i < bytes; i++) {
		int high = hex_digit(text.at[2 * i]), low = hex_digit(text.at[2 * i + 1]);

		if (high < 0 || low < 0)
			return -EINVAL;
		out[i] = (uint8_t)(high << 4 | low);
	}
	return 0;
}

// The octet that the "%XX" at that place of text stands for (RFC 3986 §2.1); -1 when there is none.
static inline int hex_escaped(struct str text, size_t at)
{
	int high, low;

	if (text.len - at < 3 || text.at[at] != '%')
		return -1;
	high = hex_digit(text.at[at + 1]);
	low = hex_digit(text.at[at + 2]);
	return high < 0 || low < 0 ? -1 : high << 4 | low;
}
