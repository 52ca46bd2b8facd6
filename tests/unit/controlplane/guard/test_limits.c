// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/guard/limits.h"

#include <criterion/criterion.h>

#include <stdlib.h>

#define INVITE "INVITE sip:a@b SIP/2.0\r\n\r\n"
#define MESSAGE "MESSAGE sip:a@b SIP/2.0\r\n\r\n"
#define BYE "BYE sip:a@b SIP/2.0\r\n\r\n"
#define OK "SIP/2.0 200 OK\r\n\r\n"
#define KEEPALIVE (STR_NONE)

static struct limits *limits;
static struct conf_realm realm[2];
static struct tg_pattern pattern = {.bytes = 6, .text = "sipcli"};
static struct conf conf;
static uint64_t now_ms;

static void init(void)
{
	limits = limits_new();
	now_ms = 1000000;
	conf = (struct conf){.realms = realm, .realm_count = 2};
	conf.guard.scanners = &pattern;
	conf.guard.scanner_count = 1;
}

static void fini(void)
{
	limits_free(limits);
}

TestSuite(limits, .init = init, .fini = fini);

static enum guard_verdict judge(uint32_t source, struct str message)
{
	struct tg_ip ip = tg_ip_v4(htonl(source));

	return limits_judge(
		limits, &conf, 0, &ip, message, (struct tg_mono){now_ms * TG_NS_PER_MS});
}

// How many of tries pass.
static unsigned int passed(uint32_t source, struct str message, unsigned int tries)
{
	unsigned int count = 0;

	while (tries-- > 0)
		count += judge(source, message) == GUARD_PASSES;
	return count;
}

Test(limits, I1_each_source_has_its_rate)
{
	realm[0].stranger_rate = (struct tg_rate){2, 4};
	cr_assert_eq(passed(1, STR(BYE), 10), 4);
	cr_assert_eq(judge(1, STR(OK)), GUARD_OVER_RATE);
	cr_assert_eq(judge(1, KEEPALIVE), GUARD_OVER_RATE);
	cr_assert_eq(passed(2, KEEPALIVE, 10), 4, "another source");
	now_ms += 500;
	cr_assert_eq(passed(1, STR(BYE), 10), 1);
	now_ms += 60000;
	cr_assert_eq(passed(1, STR(BYE), 10), 4);
}

Test(limits, I1_each_method_has_its_rate_within_it)
{
	realm[0].stranger_rate = (struct tg_rate){100, 100};
	realm[0].stranger_methods[TG_METHOD_INVITE] = (struct tg_rate){1, 2};
	realm[0].stranger_methods[TG_METHOD_OTHER] = (struct tg_rate){1, 3};
	cr_assert_eq(passed(1, STR(INVITE), 9), 2);
	cr_assert_eq(judge(1, STR(INVITE)), GUARD_OVER_METHOD_RATE);
	cr_assert_eq(passed(1, STR(MESSAGE), 9), 3);
	cr_assert_eq(passed(1, STR(BYE), 9), 9);
	cr_assert_eq(passed(1, STR(OK), 9), 9);
	now_ms += 1000;
	cr_assert_eq(passed(1, STR(INVITE), 9), 1);
}

Test(limits, I2_half_of_all_strangers_rate_is_for_what_ends_something)
{
	realm[0].strangers_rate = (struct tg_rate){10, 20};
	for (uint32_t i = 0; i < 10; i++)
		cr_assert_eq(judge(i, STR(INVITE)), GUARD_PASSES);
	cr_assert_eq(judge(99, STR(MESSAGE)), GUARD_OVER_STRANGERS_RATE);
	cr_assert_eq(judge(99, KEEPALIVE), GUARD_PASSES);
	cr_assert_eq(passed(99, STR(BYE), 20), 10);
	now_ms += 200;
	cr_assert_eq(judge(99, STR(MESSAGE)), GUARD_PASSES);
	cr_assert_eq(judge(99, STR(MESSAGE)), GUARD_OVER_STRANGERS_RATE);
}

Test(limits, I3_a_scanner_names_itself_in_a_header)
{
	cr_assert_eq(judge(1, STR("OPTIONS sip:a SIP/2.0\r\nUser-Agent: SIPcli/v1\r\n\r\n")),
		GUARD_IS_SCANNER);
	cr_assert_eq(judge(1, STR("OPTIONS sip:a SIP/2.0\r\nl:6\r\n\r\nsipcli")), GUARD_PASSES);
	cr_assert_eq(judge(1, STR("OPTIONS sip:a SIP/2.0\nl:6\n\nsipcli")), GUARD_PASSES);
	cr_assert_eq(judge(1, STR("")), GUARD_PASSES);
}

Test(limits, I16_a_flood_of_sources_does_not_displace_who_is_over_its_rate)
{
	realm[0].stranger_rate = (struct tg_rate){1, 100};
	cr_assert_eq(passed(1, STR(BYE), 200), 100);
	for (uint32_t i = 0; i < 4 * LIMITS_SETS * LIMITS_WAYS; i++)
		judge(0x0a000000 + i, STR(BYE));
	cr_assert_eq(judge(1, STR(BYE)), GUARD_OVER_RATE);
}
