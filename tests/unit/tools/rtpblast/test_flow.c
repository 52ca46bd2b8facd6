// SPDX-License-Identifier: BSD-3-Clause
#include "tools/rtpblast/flow.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include <errno.h>
#include <string.h>

static int read_text(struct flows *flows, char *error, const char *text, unsigned int ports)
{
	FILE *file = fmemopen((void *)(uintptr_t)text, strlen(text), "r");
	int rc = flows_read(flows, error, file, ports);

	fclose(file);
	return rc;
}

static const char *written(const struct tg_addr *addr)
{
	static char text[4][TG_ADDR_TEXT_BYTES];
	static unsigned int turn;

	return tg_addr_write(addr, text[turn++ % 4]);
}

Test(flow, lines_are_read)
{
	char error[FLOW_ERROR_BYTES] = "";
	struct flows flows = {0};

	cr_assert(eq(int,
		read_text(&flows, error,
			"# a comment\n\n"
			"192.0.2.1:5000 192.0.2.2:10000 198.51.100.2:10002 198.51.100.1:5000\n"
			"  [2001:db8::1]:5 [2001:db8::2]:6\t192.0.2.1:7 192.0.2.2:8 1 0\n"
			"192.0.2.1:1 192.0.2.2:2 - - 0 1\n",
			2),
		0));
	cr_assert(eq(u32, flows.count, 3));
	cr_assert(eq(str, (char *)(uintptr_t)written(&flows.flow[0].from), "192.0.2.1:5000"));
	cr_assert(eq(
		str, (char *)(uintptr_t)written(&flows.flow[0].expect_from), "198.51.100.2:10002"));
	cr_assert(eq(str, (char *)(uintptr_t)written(&flows.flow[1].to), "[2001:db8::2]:6"));
	cr_assert(eq(u8, flows.flow[1].port_tx, 1));
	cr_assert(eq(u8, flows.flow[1].port_rx, 0));
	cr_assert(eq(u16, flows.flow[2].expect_from.port, 0));
	cr_assert(eq(u8, flows.flow[2].port_rx, 1));
	flows_free(&flows);
}

Test(flow, a_bad_line_is_named)
{
	static const struct {
		const char *text;
		const char *said;
	} cases[] = {
		{"", "no flow"},
		{"# nothing\n", "no flow"},
		{"\n192.0.2.1:1 192.0.2.2:2\n", "line 2: expected FROM"},
		{"192.0.2.1 192.0.2.2:2 - -\n", "line 1: expected an address"},
		{"192.0.2.1:0 192.0.2.2:2 - -\n", "line 1: expected an address"},
		{"0.0.0.0:1 192.0.2.2:2 - -\n", "line 1: expected an address"},
		{"192.0.2.1:1 x:2 - -\n", "line 1: expected an address"},
		{"192.0.2.1:1 192.0.2.2:2 - 192.0.2.2:2\n", "line 1: expected an address"},
		{"192.0.2.1:1 [2001:db8::1]:2 - -\n", "what is sent mixes"},
		{"192.0.2.1:1 192.0.2.2:2 192.0.2.1:1 [2001:db8::1]:2\n", "is expected mixes"},
		{"192.0.2.1:1 192.0.2.2:2 - - 0\n", "line 1: expected FROM"},
		{"192.0.2.1:1 192.0.2.2:2 - - 0 2\n", "number of a port"},
		{"192.0.2.1:1 192.0.2.2:2 - - 0 00\n", "number of a port"},
		{"192.0.2.1:1 192.0.2.2:2 - - 0 1 2\n", "at most six"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char error[FLOW_ERROR_BYTES] = "";
		struct flows flows = {0};

		cr_assert(eq(int, read_text(&flows, error, cases[i].text, 2), -EINVAL), "case %zu",
			i);
		cr_assert(strstr(error, cases[i].said) != NULL, "case %zu: %s", i, error);
		flows_free(&flows);
	}
}

Test(flow, many_lines_fit)
{
	char error[FLOW_ERROR_BYTES] = "";
	struct flows flows = {0};
	char *text = NULL;
	size_t bytes;
	FILE *out = open_memstream(&text, &bytes);

	for (unsigned int n = 1; n <= 5000; n++)
		fprintf(out, "192.0.2.1:%u 192.0.2.2:%u - -\n", n, n);
	fclose(out);
	cr_assert(eq(int, read_text(&flows, error, text, 1), 0));
	cr_assert(eq(u32, flows.count, 5000));
	for (unsigned int n = 0; n < 5000; n++)
		cr_assert(eq(u16, flows.flow[n].to.port, n + 1));
	flows_free(&flows);
	free(text);
}

Test(flow, echoed_flows_come_back_swapped_and_differ)
{
	for (unsigned int v6 = 0; v6 < 2; v6++) {
		struct flows flows = {0};

		cr_assert(eq(int, flows_echo(&flows, 120000, v6 != 0, 2), 0));
		cr_assert(eq(u32, flows.count, 120000));
		for (uint32_t n = 0; n < flows.count; n++) {
			const struct flow *f = &flows.flow[n];

			cr_assert(tg_addr_equal(&f->from, &f->expect_to));
			cr_assert(tg_addr_equal(&f->to, &f->expect_from));
			cr_assert(tg_ip_is_v4(&f->from.ip) == (v6 == 0));
			cr_assert(f->port_tx != f->port_rx);
		}
		cr_assert(tg_ip_equal(&flows.flow[0].from.ip, &flows.flow[50000].from.ip) == false);
		cr_assert(tg_addr_equal(&flows.flow[0].from, &flows.flow[1].from) == false);
		flows_free(&flows);
	}
}
