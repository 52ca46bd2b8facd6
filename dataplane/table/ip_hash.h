// SPDX-License-Identifier: BSD-3-Clause
// One hash of an address for all tables.
#pragma once

#include <stdint.h>
#include <string.h>

#include "include/tidegate/addr.h"

// Mixes all 16 bytes; with a secret seed a sender cannot choose where he lands.
static inline uint64_t ip_hash(const struct tg_ip *ip, uint64_t seed)
{
	uint64_t word[2];
	uint64_t h;

	memcpy(word, ip->byte, sizeof(word));
	h = (word[0] ^ seed) * 0x9e3779b97f4a7c15u;
	h = (h ^ (h >> 32) ^ word[1]) * 0xd6e8feb86659fd93u;
	h = (h ^ (h >> 32) ^ seed) * 0xd6e8feb86659fd93u;
	return h ^ (h >> 32);
}
