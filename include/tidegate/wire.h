// SPDX-License-Identifier: BSD-3-Clause
// Big-endian loads and stores, and a reading cursor whose error sticks.
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

static inline uint16_t tg_load_be16(const void *p)
{
	const uint8_t *b = p;

	return (uint16_t)(b[0] << 8 | b[1]);
}

static inline uint32_t tg_load_be32(const void *p)
{
	const uint8_t *b = p;

	return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

static inline void tg_store_be16(void *p, uint16_t v)
{
	uint8_t *b = p;

	b[0] = (uint8_t)(v >> 8);
	b[1] = (uint8_t)v;
}

static inline void tg_store_be32(void *p, uint32_t v)
{
	tg_store_be16(p, (uint16_t)(v >> 16));
	tg_store_be16((uint8_t *)p + 2, (uint16_t)v);
}

// Reads forward through len bytes. After the first read past the end every read yields 0 or NULL,
// so the caller asks tg_wire_ok() once, at the end.
struct tg_wire {
	const uint8_t *at;
	size_t left_bytes;
	bool failed;
};

static inline struct tg_wire tg_wire_from(const void *bytes, size_t len)
{
	return (struct tg_wire){.at = bytes, .left_bytes = len};
}

static inline bool tg_wire_ok(const struct tg_wire *w)
{
	return !w->failed;
}

// The next len bytes as a view into the original, or NULL.
static inline const uint8_t *tg_wire_take(struct tg_wire *w, size_t len)
{
	const uint8_t *at = w->at;

	if (w->failed || len > w->left_bytes) {
		w->failed = true;
		return NULL;
	}
	w->at += len;
	w->left_bytes -= len;
	return at;
}

static inline uint8_t tg_wire_u8(struct tg_wire *w)
{
	const uint8_t *p = tg_wire_take(w, 1);

	return p != NULL ? *p : 0;
}

static inline uint16_t tg_wire_be16(struct tg_wire *w)
{
	const uint8_t *p = tg_wire_take(w, 2);

	return p != NULL ? tg_load_be16(p) : 0;
}

static inline uint32_t tg_wire_be32(struct tg_wire *w)
{
	const uint8_t *p = tg_wire_take(w, 4);

	return p != NULL ? tg_load_be32(p) : 0;
}
