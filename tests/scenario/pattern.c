// SPDX-License-Identifier: BSD-3-Clause
#include "tests/scenario/pattern.h"

#include <errno.h>
#include <stdio.h>

const char *vars_get(const struct vars *vars, struct str name)
{
	for (unsigned int i = 0; i < vars->count; i++)
		if (str_equal(str_from(vars->var[i].name), name))
			return vars->var[i].value;
	return NULL;
}

int vars_set(struct vars *vars, struct str name, struct str value)
{
	struct var *v = NULL;

	for (unsigned int i = 0; i < vars->count && v == NULL; i++)
		if (str_equal(str_from(vars->var[i].name), name))
			v = &vars->var[i];
	if (v == NULL) {
		if (vars->count == VARS_MAX)
			return -ENOSPC;
		v = &vars->var[vars->count++];
		snprintf(v->name, sizeof(v->name), "%.*s", STR_FMT(name));
	}
	if (value.len >= sizeof(v->value))
		return -ENOSPC;
	memcpy(v->value, value.at, value.len);
	v->value[value.len] = '\0';
	return 0;
}

void vars_unset(struct vars *vars, struct str name)
{
	for (unsigned int i = 0; i < vars->count; i++) {
		if (str_equal(str_from(vars->var[i].name), name))
			vars->var[i] = vars->var[--vars->count];
	}
}

bool pattern_octet(char *octet, const char *text)
{
	unsigned int value;
	int end = 0;

	if (sscanf(text, "\\x%2x%n", &value, &end) != 1 || end != 4)
		return false;
	*octet = (char)value;
	return true;
}

static bool match_here(const char *p, struct str line, struct vars *vars);

static bool match_star(const char *p, struct str line, struct vars *vars)
{
	for (size_t skip = 0; skip <= line.len; skip++)
		if (match_here(p, str_of(line.at + skip, line.len - skip), vars))
			return true;
	return false;
}

static bool match_var(const char *p, struct str line, struct vars *vars)
{
	const char *close = strchr(p, '}');
	struct str name = close != NULL ? str_of(p, (size_t)(close - p)) : STR_NONE;
	const char *bound = vars_get(vars, name);
	unsigned int count = vars->count;
	size_t take = 0;

	if (close == NULL)
		return false;
	if (bound != NULL) {
		take = strlen(bound);
		return line.len >= take && memcmp(line.at, bound, take) == 0
			&& match_here(close + 1, str_of(line.at + take, line.len - take), vars);
	}
	while (take < line.len && line.at[take] != close[1])
		take++;
	if (take == 0 || vars_set(vars, name, str_of(line.at, take)) < 0)
		return false;
	if (match_here(close + 1, str_of(line.at + take, line.len - take), vars))
		return true;
	vars->count = count;
	return false;
}

static bool match_here(const char *p, struct str line, struct vars *vars)
{
	for (; *p != '\0'; p++, line.at++, line.len--) {
		if (*p == '*')
			return match_star(p + 1, line, vars);
		if (*p == '{')
			return match_var(p + 1, line, vars);
		char c = *p;

		if (*p == '\\' && pattern_octet(&c, p))
			p += 3;
		else if (*p == '\\' && p[1] != '\0')
			c = *++p;
		if (line.len == 0 || *line.at != c)
			return false;
	}
	return line.len == 0;
}

bool pattern_match(const char *pattern, struct str line, struct vars *vars)
{
	unsigned int count = vars->count;

	if (match_here(pattern, line, vars))
		return true;
	vars->count = count;
	return false;
}
