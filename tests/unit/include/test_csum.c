// SPDX-License-Identifier: BSD-3-Clause
#include "include/tidegate/csum.h"

#include <criterion/criterion.h>

#include <stdlib.h>

#include "include/tidegate/wire.h"

// RFC 1071 section 3: the bytes 00 01 f2 03 f4 f5 f6 f7 sum up to 2ddf0, folded ddf2.
Test(csum, sum_of_rfc_1071)
{
	static const uint8_t bytes[] = {0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7};
	uint16_t sum = tg_csum_fold(tg_csum_add(0, bytes, sizeof(bytes)));

	cr_assert_eq(tg_load_be16(&sum), 0xddf2);
	sum = tg_csum(bytes, sizeof(bytes));
	cr_assert_eq(tg_load_be16(&sum), 0x220d);
}

Test(csum, known_ip_headers)
{
	static const struct {
		uint8_t header[20];
		uint16_t want;
	} cases[] = {
		{{0x45, 0, 0, 0x73, 0, 0, 0x40, 0, 0x40, 0x11, 0, 0, 0xc0, 0xa8, 0, 1, 0xc0, 0xa8,
			 0, 0xc7},
			0xb861},
		{{0x45, 0, 0, 0x3c, 0x1c, 0x46, 0x40, 0, 0x40, 6, 0, 0, 0xac, 0x10, 0x0a, 0x63,
			 0xac, 0x10, 0x0a, 0x0c},
			0xb1e6},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint16_t csum = tg_csum(cases[i].header, 20);

		cr_assert_eq(tg_load_be16(&csum), cases[i].want);
	}
}

Test(csum, odd_byte_is_padded_and_parts_add_up)
{
	static const uint8_t odd[] = {1, 2, 3}, even[] = {1, 2, 3, 0};
	uint64_t parts = tg_csum_add(tg_csum_add(0, odd, 2), odd + 2, 1);

	cr_assert_eq(tg_csum(odd, 3), tg_csum(even, 4));
	cr_assert_eq((uint16_t)~tg_csum_fold(parts), tg_csum(odd, 3));
	cr_assert_eq(tg_csum(odd, 0), 0xffff);
}

Test(csum, fold_takes_every_carry)
{
	static const struct {
		uint64_t sum;
		uint16_t want;
	} cases[] = {{0, 0}, {0xffff, 0xffff}, {0x10000, 1}, {0x1ffff, 1}, {0xffffffff, 0xffff},
		{0x100000000, 1}, {UINT64_MAX, 0xffff}, {0xfffffffffffffffe, 0xfffe},
		{0x0001ffff0001ffff, 2}};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		cr_assert_eq(tg_csum_fold(cases[i].sum), cases[i].want, "%zu: %x", i,
			tg_csum_fold(cases[i].sum));
}

// RFC 1624 section 4: HC 0xdd2f, m 0x5555 becomes m' 0x3285, HC' is 0x0000 and not 0xffff.
Test(csum, update_of_rfc_1624)
{
	uint8_t hc[2] = {0xdd, 0x2f};
	static const uint8_t m[2] = {0x55, 0x55}, m2[2] = {0x32, 0x85};
	uint16_t csum;

	memcpy(&csum, hc, 2);
	cr_assert_eq(tg_csum_update(csum, m, m2, 2), 0x0000);
}

Test(csum, update_agrees_with_a_sum_made_anew)
{
	uint8_t packet[64];

	srand48(4);
	for (unsigned int i = 0; i < 200000; i++) {
		size_t at = 2 * (size_t)(lrand48() % 20), len = 2 * (size_t)(1 + lrand48() % 12);
		uint8_t old[24];
		uint16_t csum;

		for (size_t b = 0; b < sizeof(packet); b++)
			packet[b] = (uint8_t)(lrand48() % 8 == 0 ? 0xff
					: lrand48() % 4 == 0	 ? 0
								 : lrand48());
		packet[63] |= 1; // a packet of zeros alone has two checksums
		csum = tg_csum(packet, sizeof(packet));
		memcpy(old, packet + at, len);
		for (size_t b = 0; b < len; b++)
			packet[at + b] = (uint8_t)lrand48();
		cr_assert_eq(tg_csum_update(csum, old, packet + at, len),
			tg_csum(packet, sizeof(packet)));
	}
}
