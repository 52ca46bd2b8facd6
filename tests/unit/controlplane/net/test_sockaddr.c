// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/net/sockaddr.h"

#include <criterion/criterion.h>

#include <unistd.h>

Test(sockaddr, what_is_written_is_read_again)
{
	static const char *const texts[] = {"192.0.2.1:5060", "[2001:db8::1]:65535"};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		union sockaddr_ip sa;
		struct tg_addr addr, again;
		char text[TG_ADDR_TEXT_BYTES];

		cr_assert_eq(tg_addr_parse(&addr, texts[i]), 0);
		cr_assert_eq(sockaddr_write(&sa, &addr), i == 0 ? sizeof(sa.v4) : sizeof(sa.v6));
		cr_assert_eq(sa.any.sa_family, i == 0 ? AF_INET : AF_INET6);
		again = sockaddr_read(&sa);
		cr_assert(tg_addr_equal(&addr, &again));
		cr_assert_str_eq(tg_addr_write(&again, text), texts[i]);
	}
}

Test(sockaddr, dscp_is_the_upper_six_bits)
{
	int fd = socket(AF_INET, SOCK_DGRAM, 0), value = 0;
	struct tg_ip ip = tg_ip_v4(0);
	socklen_t len = sizeof(value);

	sockaddr_set_dscp(fd, &ip, 40);
	cr_assert_eq(getsockopt(fd, IPPROTO_IP, IP_TOS, &value, &len), 0);
	cr_assert_eq(value, 160);
	close(fd);
}
