// SPDX-License-Identifier: BSD-3-Clause
// The Internet checksum (RFC 1071) and its incremental update (RFC 1624, equation 3).
// Sums are kept in the byte order of the packet: load and store the 16-bit words as they lie.
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <string.h>

static inline uint16_t tg_csum_fold(uint64_t sum)
{
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

// Adds len bytes to a running sum. An odd last byte is padded with zero.
static inline uint64_t tg_csum_add(uint64_t sum, const void *bytes, size_t len)
{
	const uint8_t *p = bytes;
	uint16_t word;

	for (; len >= 2; p += 2, len -= 2) {
		memcpy(&word, p, sizeof(word));
		sum += word;
	}
	if (len == 1) {
		word = 0;
		memcpy(&word, p, 1);
		sum += word;
	}
	return sum;
}

static inline uint16_t tg_csum(const void *bytes, size_t len)
{
	return (uint16_t)~tg_csum_fold(tg_csum_add(0, bytes, len));
}

// The checksum after len (even) bytes changed from old to new. RFC 1624: HC' = ~(~HC + ~m + m').
static inline uint16_t tg_csum_update(
	uint16_t csum, const void *old_bytes, const void *new_bytes, size_t len)
{
	uint64_t sum = (uint16_t)~csum;

	sum += (uint16_t)~tg_csum_fold(tg_csum_add(0, old_bytes, len));
	sum = tg_csum_add(sum, new_bytes, len);
	return (uint16_t)~tg_csum_fold(sum);
}
