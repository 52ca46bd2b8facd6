// SPDX-License-Identifier: BSD-3-Clause
#include "include/tidegate/addr.h"

#include <criterion/criterion.h>

Test(addr, reads_and_writes_both_families)
{
	static const struct {
		const char *in;
		const char *out; // NULL: refused
	} cases[] = {
		{"192.0.2.1:5060", "192.0.2.1:5060"},
		{"192.0.2.1", "192.0.2.1:0"},
		{"192.0.2.1:0", "192.0.2.1:0"},
		{"192.0.2.1:65535", "192.0.2.1:65535"},
		{"[2001:db8::1]:5061", "[2001:db8::1]:5061"},
		{"[2001:DB8:0:0::1]", "[2001:db8::1]:0"},
		{"2001:db8::1", "[2001:db8::1]:0"},
		{"::", "[::]:0"},
		{"::ffff:192.0.2.1", "192.0.2.1:0"},
		{"[::ffff:192.0.2.1]:9", "192.0.2.1:9"},
		{"192.0.2.1:65536", NULL},
		{"192.0.2.1:", NULL},
		{"192.0.2.1:+5", NULL},
		{"192.0.2.1:-5", NULL},
		{"192.0.2.1: 5", NULL},
		{"192.0.2.1:5x", NULL},
		{"192.0.2.256", NULL},
		{"192.0.2", NULL},
		{"192.0.2.1:5:6", NULL},
		{"[2001:db8::1", NULL},
		{"2001:db8::1]:5", NULL},
		{"[2001:db8::1]:", NULL},
		{"[]:5060", NULL},
		{":5060", NULL},
		{":", NULL},
		{"", NULL},
		{"host:5060", NULL},
		{"[11111111111111111111111111111111111111111111111111111111111]:5060", NULL},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct tg_addr addr = {.port = 77};
		char text[TG_ADDR_TEXT_BYTES];
		int result = tg_addr_parse(&addr, cases[i].in);

		cr_assert_eq(result, cases[i].out != NULL ? 0 : -EINVAL, "%s", cases[i].in);
		if (cases[i].out != NULL)
			cr_assert_str_eq(tg_addr_write(&addr, text), cases[i].out);
		else
			cr_assert_eq(addr.port, 77, "untouched on error");
		cr_assert_eq(addr.zero, 0);
	}
}

Test(addr, each_octet_is_written_as_inet_ntop_does)
{
	char text[TG_IP_TEXT_BYTES], want[TG_IP_TEXT_BYTES];

	for (uint32_t n = 0; n < 256; n++) {
		uint32_t v4_be = htonl(n << 24 | (255 - n) << 16 | n << 8 | (n ^ 100));
		struct tg_ip ip = tg_ip_v4(v4_be);

		inet_ntop(AF_INET, &v4_be, want, sizeof(want));
		cr_assert_str_eq(tg_ip_write(&ip, text), want);
	}
}

Test(addr, longest_texts_fit)
{
	char ip[TG_IP_TEXT_BYTES], text[TG_ADDR_TEXT_BYTES];
	struct tg_addr addr = {.port = 65535};

	memset(addr.ip.byte, 0xff, sizeof(addr.ip.byte));
	cr_assert_str_eq(tg_ip_write(&addr.ip, ip), "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff");
	cr_assert_str_eq(
		tg_addr_write(&addr, text), "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535");
}

Test(addr, equal_addresses_are_equal_bytes_whatever_their_spelling)
{
	struct tg_addr a, b;

	cr_assert_eq(tg_addr_parse(&a, "192.0.2.1:5060"), 0);
	cr_assert_eq(tg_addr_parse(&b, "[::ffff:192.0.2.1]:5060"), 0);
	cr_assert(tg_addr_equal(&a, &b));
	cr_assert_eq(memcmp(&a, &b, sizeof(a)), 0);
	b.port = 5061;
	cr_assert_not(tg_addr_equal(&a, &b));
	cr_assert(tg_ip_equal(&a.ip, &b.ip));
	cr_assert_eq(tg_ip_to_v4(&a.ip), htonl(0xc0000201));
}

Test(addr, unset_has_two_spellings)
{
	static const struct {
		const char *text;
		bool unset, v4;
	} cases[] = {{"::", true, false}, {"0.0.0.0", true, true}, {"::1", false, false},
		{"0.0.0.1", false, true}, {"::0.0.0.1", false, false}};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct tg_ip ip;

		cr_assert_eq(tg_ip_parse(&ip, cases[i].text), 0);
		cr_assert_eq(tg_ip_is_unset(&ip), cases[i].unset, "%s", cases[i].text);
		cr_assert_eq(tg_ip_is_v4(&ip), cases[i].v4, "%s", cases[i].text);
	}
}

Test(addr, networks_hold_their_addresses)
{
	static const struct {
		const char *ip, *net;
		unsigned int bits;
		bool in;
	} cases[] = {
		{"192.0.2.77", "192.0.2.0", 120, true},
		{"192.0.3.77", "192.0.2.0", 120, false},
		{"192.0.3.77", "192.0.2.0", 119, true},
		{"192.0.2.129", "192.0.2.128", 121, true},
		{"192.0.2.127", "192.0.2.128", 121, false},
		{"192.0.2.1", "192.0.2.1", 128, true},
		{"192.0.2.0", "192.0.2.1", 128, false},
		{"192.0.2.1", "198.51.100.1", 96, true},
		{"::1", "198.51.100.1", 96, false},
		{"2001:db8::1", "2001:db8::", 32, true},
		{"2001:db9::1", "2001:db8::", 32, false},
		{"2001:db9::1", "2001:db8::", 31, true},
		{"::1", "192.0.2.1", 0, true},
		{"192.0.2.1", "192.0.2.1", 129, false},
		{"192.0.2.1", "192.0.2.1", 4000000000, false},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct tg_ip ip, net;

		cr_assert_eq(tg_ip_parse(&ip, cases[i].ip), 0);
		cr_assert_eq(tg_ip_parse(&net, cases[i].net), 0);
		cr_assert_eq(tg_ip_in(&ip, &net, cases[i].bits), cases[i].in, "%zu", i);
	}
}

Test(addr, I1_a_party_is_an_address_or_a_slash_64)
{
	static const struct {
		const char *ip;
		const char *network;
	} cases[] = {
		{"192.0.2.77", "192.0.2.77"},
		{"2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"},
		{"2001:db8:1:2::", "2001:db8:1:2::"},
		{"::1", "::"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct tg_ip ip, want, network;

		cr_assert_eq(tg_ip_parse(&ip, cases[i].ip), 0);
		cr_assert_eq(tg_ip_parse(&want, cases[i].network), 0);
		network = tg_ip_network(&ip);
		cr_expect(tg_ip_equal(&network, &want), "%s", cases[i].ip);
	}
}

Test(addr, private_addresses_are_told)
{
	static const struct {
		const char *ip;
		bool private;
	} cases[] = {
		{"10.0.0.1", true},
		{"11.0.0.1", false},
		{"172.16.0.1", true},
		{"172.31.255.255", true},
		{"172.32.0.0", false},
		{"192.168.1.20", true},
		{"192.0.2.1", false},
		{"100.64.0.1", true},
		{"100.128.0.1", false},
		{"169.254.7.7", true},
		{"127.0.0.1", true},
		{"fd00::1", true},
		{"fe80::1", true},
		{"2001:db8::1", false},
		{"::1", true},
	};

	for (unsigned int i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct tg_ip ip;

		cr_assert_eq(tg_ip_parse(&ip, cases[i].ip), 0);
		cr_assert_eq(tg_ip_is_private(&ip), cases[i].private, "%s", cases[i].ip);
	}
}
