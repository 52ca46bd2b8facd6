// SPDX-License-Identifier: BSD-3-Clause
// What a 3xx names, as the caller may know it.
#include <criterion/criterion.h>
#include <stdlib.h>

#include "controlplane/call/call_int.h"
#include "tests/unit/controlplane/call/rig.h"

static struct rig rig;

static char *contacts(const char *value)
{
	static char text[RIG_BYTES];
	struct arena *arena = arena_new(1 << 20);
	struct tg_addr own;
	struct sip_msg msg;
	char *out;

	snprintf(text, sizeof(text),
		"SIP/2.0 302 Moved\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\nFrom: "
		"<sip:a@h>;tag=1\r\n"
		"To: <sip:b@h>;tag=2\r\nCall-ID: c\r\nCSeq: 1 INVITE\r\nContact: %s\r\n"
		"Content-Length: 0\r\n\r\n",
		value);
	cr_assert_eq(sip_msg_parse(&msg, arena, str_from(text)), SIP_FAULT_NONE, "%s", value);
	engine_advertised(rig.engine, &rig.flow[RIG_PHONE], &own);
	out = redirect_contacts(&own, &msg);
	arena_free(arena);
	return out;
}

static void expect(const char *value, const char *wanted)
{
	char *out = contacts(value);

	if (wanted == NULL)
		cr_expect_null(out, "%s gave %s", value, out);
	else
		cr_expect_str_eq(out != NULL ? out : "none", wanted, "%s", value);
	free(out);
}

#define OURS "203.0.113.1>"

Test(redirect, C55_contacts_become_ours_by_falling_q)
{
	rig_init(&rig);
	expect("<sip:1@192.0.2.1>", "<sip:1@" OURS);
	expect("\"B\" <sip:1@b.internal:5080;x=y>;q=0.25", "<sip:1@" OURS ";q=0.250");
	expect("<sip:1@h>;q=0.1, <sip:2@h>;q=0.9, <sip:3@h>, <sip:4@h>;q=0.9",
		"<sip:3@" OURS ", <sip:2@" OURS ";q=0.900, <sip:4@" OURS ";q=0.900, <sip:1@" OURS
		";q=0.100");
	expect("<sip:1@h>;q=7", "<sip:1@" OURS ";q=0.000");
	expect("<sip:1@h>;q=1.5", "<sip:1@" OURS);
	rig_fini(&rig);
}

Test(redirect, C55_what_has_no_name_cannot_be_told)
{
	rig_init(&rig);
	expect("<sip:192.0.2.1>", NULL);
	expect("<sip:192.0.2.1>, <sip:2@192.0.2.1>", "<sip:2@" OURS);
	rig_fini(&rig);
}

Test(redirect, C55_of_many_the_first_eight)
{
	char value[1024] = "<sip:0@h>", wanted[1024] = "<sip:0@" OURS;

	rig_init(&rig);
	for (unsigned int i = 1; i < 20; i++) {
		snprintf(value + strlen(value), sizeof(value) - strlen(value), ", <sip:%u@h>", i);
		if (i < 8)
			snprintf(wanted + strlen(wanted), sizeof(wanted) - strlen(wanted),
				", <sip:%u@" OURS, i);
	}
	expect(value, wanted);
	rig_fini(&rig);
}

Test(redirect, C55_too_long_for_one_header)
{
	char value[4096] = "";

	rig_init(&rig);
	for (unsigned int i = 0; i < 8; i++)
		snprintf(value + strlen(value), sizeof(value) - strlen(value), "%s<sip:%0300u@h>",
			i > 0 ? ", " : "", i);
	expect(value, NULL);
	rig_fini(&rig);
}
