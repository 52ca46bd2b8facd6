// SPDX-License-Identifier: BSD-3-Clause
// The manual pages know every option that --help does.
#include <criterion/criterion.h>

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *read_all(FILE *file)
{
	char *text = calloc(1, 1 << 18);

	cr_assert_not_null(file);
	cr_assert_gt(fread(text, 1, (1 << 18) - 1, file), 0);
	return text;
}

static const char *variable(const char *name)
{
	const char *value = getenv(name);

	cr_assert_not_null(value, "%s is not set", name);
	return value;
}

// Long options stand in --help as the first --word of a line.
static unsigned int compare(const char *help, const char *page)
{
	unsigned int count = 0;

	for (const char *line = help; line != NULL; line = strchr(line + 1, '\n')) {
		const char *option = strstr(line, " --");
		const char *end = strchr(line + 1, '\n');
		char want[64];
		size_t len = 0;

		if (option == NULL || (end != NULL && option > end)
			|| strncmp(line, "usage", 5) == 0)
			continue;
		option += 3;
		while (islower((unsigned char)option[len]) || option[len] == '-')
			len++;
		snprintf(want, sizeof(want), "-%.*s", (int)len, option);
		cr_assert_not_null(strstr(page, want), "%s is not in the manual", want);
		count++;
	}
	return count;
}

static const struct {
	const char *binary, *page;
	unsigned int options; // at least
} cases[] = {
	{"TGCTL", "TGCTL_MANUAL", 5},
	{"CONTROLPLANE", "CONTROLPLANE_MANUAL", 6},
	{"DATAPLANE", "DATAPLANE_MANUAL", 15},
};

Test(manual, knows_every_option)
{
	for (unsigned int i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char command[512];
		FILE *tool, *file;
		char *help, *page;

		snprintf(command, sizeof(command), "%s --help", variable(cases[i].binary));
		tool = popen(command, "r");
		help = read_all(tool);
		cr_assert_eq(pclose(tool), 0, "%s", command);
		file = fopen(variable(cases[i].page), "r");
		page = read_all(file);
		fclose(file);
		cr_assert_geq(compare(help, page), cases[i].options, "%s", command);
		free(help);
		free(page);
	}
}
