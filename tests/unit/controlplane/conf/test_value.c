// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/conf/value.h"

#include <criterion/criterion.h>

#include "tests/unit/controlplane/conf/doc.h"

Test(value, L1_refuses_nonsense_with_line_and_cure)
{
	static const struct doc_case cases[] = {
		{"name: carrier", "name: \"my carrier\"",
			"t.yaml:21: peers[0].name: \"my carrier\" is no name; use 1 to 63 letters, "
			"digits, '-', "
			"'_' and '.'"},
		{"name: access", "name: \"\"",
			"t.yaml:7: realms[0].name: \"\" is no name; use 1 to 63 letters, digits, "
			"'-', '_' and "
			"'.'"},
		{"", "control: {socket: here}\n",
			"t.yaml:28: control.socket: \"here\" is no path; give one of at most 107 "
			"bytes that "
			"starts with '/'"},
		{"interface: core0", "interface: \"core0,xdp\"",
			"t.yaml:4: dataplane.ports[1].interface: \"core0,xdp\" is no name of an "
			"interface; see "
			"ip link"},
		{"interface: core0", "interface: sixteenletters00",
			"t.yaml:4: dataplane.ports[1].interface: \"sixteenletters00\" is no name "
			"of an "
			"interface; see ip link"},
		{"interface: core0\n      xdp: off", "interface: c\n      device: \"memif0,id=0\"",
			"t.yaml:5: dataplane.ports[1].device: \"memif0,id=0\" is no device; write "
			"a "
			"PCI address such as 0000:03:00.0, or net_DRIVER with its arguments, of at "
			"most 255 bytes"},
		{"interface: core0\n      xdp: off", "interface: c\n      device: \"net_x y\"",
			"t.yaml:5: dataplane.ports[1].device: \"net_x y\" is no device; write a "
			"PCI address such as 0000:03:00.0, or net_DRIVER with its arguments, of at "
			"most 255 bytes"},
		{"xdp: off", "xdp: off\n      device: net_memif0",
			"t.yaml:5: dataplane.ports[1].xdp: does not go with device; remove one of "
			"the two"},
		{"xdp: off", "kernel: follow",
			"t.yaml:5: dataplane.ports[1].kernel: goes with device only; add one or "
			"remove this"},
		{"interface: core0\n      xdp: off", "interface: default\n      device: net_memif0",
			"t.yaml:4: dataplane.ports[1].interface: a device needs an interface of "
			"its "
			"own; give it a name"},
		{"203.0.113.1:5060", "203.0.113:5060",
			"t.yaml:9: realms[0].sip[0].address: \"203.0.113:5060\" is no address; "
			"write IP:port, "
			"such as 192.0.2.1:5060 or [2001:db8::1]:5060"},
		{"203.0.113.1:5060", "203.0.113.1:65536",
			"t.yaml:9: realms[0].sip[0].address: \"203.0.113.1:65536\" is no address; "
			"write "
			"IP:port, such as 192.0.2.1:5060 or [2001:db8::1]:5060"},
		{"203.0.113.1:5060", "0.0.0.0:5060",
			"t.yaml:9: realms[0].sip[0].address: \"0.0.0.0:5060\" means any address; "
			"write one of "
			"this machine"},
		{"203.0.113.1:5060", "\"[::]:5060\"",
			"t.yaml:9: realms[0].sip[0].address: \"[::]:5060\" means any address; "
			"write one of this "
			"machine"},
		{"203.0.113.1:5060", "224.0.1.75:5060",
			"t.yaml:9: realms[0].sip[0].address: \"224.0.1.75:5060\" is not the "
			"address of one "
			"machine; write one that is"},
		{"203.0.113.1:5060", "auto-5060",
			"t.yaml:9: realms[0].sip[0].address: after auto comes nothing or a port, "
			"as in "
			"auto:5060"},
		{"203.0.113.1:5060", "auto:0",
			"t.yaml:9: realms[0].sip[0].address: after auto comes nothing or a port, "
			"as in "
			"auto:5060"},
		{"203.0.113.1:5060", "auto:5060",
			"t.yaml:9: realms[0].sip[0].address: auto: interface \"acc0\" does not "
			"exist; write the "
			"address"},
		{"203.0.113.1\n", "phone.example.com\n",
			"t.yaml:11: realms[0].media[0].address: \"phone.example.com\" is no IP "
			"address; write "
			"one such as 192.0.2.1 or 2001:db8::1"},
		{"203.0.113.1\n", "203.0.113.1\n        advertised: 2001:db8::1\n",
			"t.yaml:12: realms[0].media[0].advertised: is not of the address's family; "
			"give both "
			"IPv4 or both IPv6"},
	};

	doc_check_refused(cases, sizeof(cases) / sizeof(cases[0]));
}

Test(value, media_ports_are_an_even_odd_range_above_1023)
{
	static const struct {
		const char *text;
		int result;
		uint16_t first, last;
	} cases[] = {
		{"20000-39999", 0, 20000, 39999},
		{"1024-65535", 0, 1024, 65535},
		{"4000 - 4001", 0, 4000, 4001},
		{"20001-39999", -EINVAL, 0, 0},
		{"20000-40000", -EINVAL, 0, 0},
		{"20000-19999", -EINVAL, 0, 0},
		{"1022-1025", -EINVAL, 0, 0},
		{"20000-65537", -EINVAL, 0, 0},
		{"20000", -EINVAL, 0, 0},
		{"20000-", -EINVAL, 0, 0},
		{"-39999", -EINVAL, 0, 0},
		{"20000-29999-39999", -EINVAL, 0, 0},
		{"", -EINVAL, 0, 0},
	};
	yaml_document_t document = {0};
	struct conf_error err;
	struct conf_source src = {"t.yaml", &document, &err};
	struct value_spot spot = {.src = &src};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct conf_media_pool pool;

		cr_assert_eq(value_read_ports(&spot, &pool, cases[i].text), cases[i].result, "%s",
			cases[i].text);
		if (cases[i].result == 0)
			cr_assert(pool.port_first == cases[i].first
				&& pool.port_last == cases[i].last);
	}
}

Test(value, network_has_no_bits_beyond_its_prefix)
{
	static const struct {
		const char *text;
		int result;
		uint8_t bits;
	} cases[] = {
		{"198.51.100.0/24", 0, 120},
		{"198.51.100.7", 0, 128},
		{"198.51.100.7/32", 0, 128},
		{"0.0.0.0/0", 0, 96},
		{"2001:db8::/32", 0, 32},
		{"2001:db8::1", 0, 128},
		{"::/0", 0, 0},
		{"198.51.100.7/24", -EINVAL, 0},
		{"198.51.100.0/33", -EINVAL, 0},
		{"2001:db8::/129", -EINVAL, 0},
		{"2001:db8::1/64", -EINVAL, 0},
		{"198.51.100.0/", -EINVAL, 0},
		{"198.51.100.0/24/8", -EINVAL, 0},
		{"198.51.100.0/ 24", -EINVAL, 0},
		{"net", -EINVAL, 0},
		{"", -EINVAL, 0},
		{"11111111111111111111111111111111111111111111111111111111111111111111", -EINVAL,
			0},
	};
	yaml_document_t document = {0};
	struct conf_error err;
	struct conf_source src = {"t.yaml", &document, &err};
	struct value_spot spot = {.src = &src};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct conf_network net;

		cr_assert_eq(value_read_network(&spot, &net, cases[i].text), cases[i].result, "%s",
			cases[i].text);
		if (cases[i].result == 0)
			cr_assert_eq(net.bits, cases[i].bits, "%s", cases[i].text);
	}
}

Test(value, auto_is_the_first_address_of_the_interface)
{
	yaml_document_t document = {0};
	struct conf_error err;
	struct conf_source src = {"t.yaml", &document, &err};
	struct value_spot spot = {.src = &src, .auto_interface = "lo"};
	struct tg_addr addr;
	char text[TG_ADDR_TEXT_BYTES];

	cr_assert_eq(value_read_addr(&spot, &addr, "auto", 5060), 0);
	cr_assert_str_eq(tg_addr_write(&addr, text), "127.0.0.1:5060");
	cr_assert_eq(value_read_addr(&spot, &addr, "auto:5080", 5060), 0);
	cr_assert_str_eq(tg_addr_write(&addr, text), "127.0.0.1:5080");
	spot.auto_interface = CONF_INTERFACE_DEFAULT;
	cr_assert_eq(value_read_addr(&spot, &addr, "auto", 5060), -EINVAL);
	cr_assert_not_null(strstr(err.text, "there is none; write the address"));
}
