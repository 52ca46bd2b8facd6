// SPDX-License-Identifier: BSD-3-Clause
#include <criterion/criterion.h>

#include <errno.h>

#include "controlplane/conf/conf_int.h"

#define HEAD "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n"

Test(iface, default_route_of_lowest_metric_decides)
{
	static const struct {
		const char *routes;
		const char *name; // NULL: none
	} cases[] = {
		{HEAD "eth0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0\n", "eth0"},
		{HEAD "eth1\t000200C0\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n"
		      "wlan0\t00000000\t010200C0\t0003\t0\t0\t600\t00000000\t0\t0\t0\n"
		      "eth0\t00000000\t010200C0\t0003\t0\t0\t100\t00000000\t0\t0\t0\n"
		      "eth2\t00000000\t010200C0\t0003\t0\t0\t100\t00000000\t0\t0\t0\n",
			"eth0"},
		{HEAD "tun0\t00000000\t00000000\t0003\t0\t0\t0\t00000080\t0\t0\t0\n", NULL},
		{HEAD "eth0\t00000000\t010200C0\t0002\t0\t0\t0\t00000000\t0\t0\t0\n", NULL},
		{HEAD, NULL},
		{"", NULL},
		{"garbage\n\xff\xff\xff\n", NULL},
		{HEAD "averyveryverylonginterface\t00000000\t0\t0003\t0\t0\t0\t00000000\t0\t0\t0\n",
			NULL},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char name[IF_NAMESIZE] = "unset", text[1024];
		FILE *routes;
		int result;

		snprintf(text, sizeof(text), "%s", cases[i].routes);
		routes = fmemopen(text, strlen(text) + (text[0] == '\0'), "r");
		result = conf_iface_default(name, routes);
		fclose(routes);
		cr_assert_eq(result, cases[i].name != NULL ? 0 : -ENODEV, "%zu", i);
		cr_assert_str_eq(name, cases[i].name != NULL ? cases[i].name : "unset");
	}
}

Test(iface, first_ipv4_address_is_found)
{
	struct tg_ip ip;
	char text[TG_IP_TEXT_BYTES];

	cr_assert_eq(conf_iface_ipv4(&ip, "lo"), 0);
	cr_assert_str_eq(tg_ip_write(&ip, text), "127.0.0.1");
	cr_assert_eq(conf_iface_ipv4(&ip, "no-such-if"), -ENODEV);
}
