// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/base/hex.h"

#include <criterion/criterion.h>

Test(hex, writes_and_reads)
{
	static const uint8_t octets[] = {0x00, 0x9f, 0xa0, 0xff};
	uint8_t read[4] = {1};
	char text[8];

	hex_write(text, octets, sizeof(octets));
	cr_assert(str_equal(str_of(text, sizeof(text)), STR("009fa0ff")));
	cr_assert_eq(hex_read(read, 4, STR("009fA0fF")), 0);
	cr_assert_arr_eq(read, octets, 4);
}

Test(hex, refuses_what_is_none_or_of_another_length)
{
	static const char *const texts[] = {"", "009fa0f", "009fa0ff0", "009fa0fg", "0x9fa0ff",
		"009fa0f ", "/09fa0ff", ":09fa0ff", "@09fa0ff", "`09fa0ff"};
	uint8_t read[4];

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		cr_assert_eq(hex_read(read, 4, str_from(texts[i])), -EINVAL, "%s", texts[i]);
}

Test(hex, finds_what_an_escape_stands_for)
{
	cr_assert_eq(hex_escaped(STR("a%4a"), 1), 'J');
	cr_assert_eq(hex_escaped(STR("%00"), 0), 0);
	cr_assert_eq(hex_escaped(STR("%fF"), 0), 255);
	cr_assert_eq(hex_escaped(STR("a%4a"), 0), -1);
	cr_assert_eq(hex_escaped(STR("%4"), 0), -1);
	cr_assert_eq(hex_escaped(STR("%"), 0), -1);
	cr_assert_eq(hex_escaped(STR("%g0"), 0), -1);
	cr_assert_eq(hex_escaped(STR("%0g"), 0), -1);
}
