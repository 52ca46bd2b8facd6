// SPDX-License-Identifier: BSD-3-Clause
#include "include/tidegate/wire.h"

#include <criterion/criterion.h>

Test(wire, stores_and_loads_big_endian)
{
	uint8_t bytes[7] = {0};

	tg_store_be16(bytes + 1, 0x8001);
	tg_store_be32(bytes + 3, 0xfedcba98);
	cr_assert_eq(memcmp(bytes, "\x00\x80\x01\xfe\xdc\xba\x98", 7), 0);
	cr_assert_eq(tg_load_be16(bytes + 1), 0x8001);
	cr_assert_eq(tg_load_be32(bytes + 3), 0xfedcba98);
}

Test(wire, reads_forward_to_the_end)
{
	struct tg_wire w = tg_wire_from("\x01\x02\x03\x04\x05\x06\x07xyz", 10);

	cr_assert_eq(tg_wire_u8(&w), 1);
	cr_assert_eq(tg_wire_be16(&w), 0x0203);
	cr_assert_eq(tg_wire_be32(&w), 0x04050607);
	cr_assert_eq(memcmp(tg_wire_take(&w, 3), "xyz", 3), 0);
	cr_assert_not_null(tg_wire_take(&w, 0));
	cr_assert(tg_wire_ok(&w));
	cr_assert_eq(w.left_bytes, 0);
}

Test(wire, failure_sticks_and_later_reads_yield_nothing)
{
	static const size_t lengths[] = {4, SIZE_MAX};

	for (size_t i = 0; i < 2; i++) {
		struct tg_wire w = tg_wire_from("\xff\xff\xff", 3);

		cr_assert_null(tg_wire_take(&w, lengths[i]));
		cr_assert_not(tg_wire_ok(&w));
		cr_assert_eq(tg_wire_u8(&w), 0);
		cr_assert_eq(tg_wire_be16(&w), 0);
		cr_assert_eq(tg_wire_be32(&w), 0);
		cr_assert_null(tg_wire_take(&w, 0));
		cr_assert_eq(w.left_bytes, 3);
	}
}

Test(wire, a_number_cut_short_is_no_number)
{
	struct tg_wire w = tg_wire_from("\xff\xff\xff", 3);

	cr_assert_eq(tg_wire_be32(&w), 0);
	cr_assert_not(tg_wire_ok(&w));
	w = tg_wire_from(NULL, 0);
	cr_assert(tg_wire_ok(&w));
	cr_assert_eq(tg_wire_u8(&w), 0);
	cr_assert_not(tg_wire_ok(&w));
}
