// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/base/ctl.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define TABLES_MAX 32

static struct {
	const struct ctl_command *commands;
	unsigned int count;
} tables[TABLES_MAX];

static unsigned int table_count;

void ctl_add(const struct ctl_command *commands, unsigned int count)
{
	assert(table_count < TABLES_MAX);
	tables[table_count].commands = commands;
	tables[table_count].count = count;
	table_count++;
}

void ctl_clear(void)
{
	table_count = 0;
}

const struct ctl_command *ctl_next(unsigned int *cursor)
{
	unsigned int index = *cursor;

	for (unsigned int t = 0; t < table_count; t++) {
		if (index < tables[t].count) {
			++*cursor;
			return &tables[t].commands[index];
		}
		index -= tables[t].count;
	}
	return NULL;
}

const struct ctl_command *ctl_find(const char *name)
{
	const struct ctl_command *command;
	unsigned int cursor = 0;

	while ((command = ctl_next(&cursor)) != NULL) {
		if (strcmp(command->name, name) == 0)
			return command;
	}
	return NULL;
}

void ctl_reply(struct ctl_request *req, json_t *result)
{
	req->result = result;
	req->done(req);
}

void ctl_refuse(struct ctl_request *req, const char *code, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(req->error, sizeof(req->error), fmt, args);
	va_end(args);
	req->code = code;
	req->done(req);
}

const json_t *ctl_args(const struct ctl_request *req)
{
	return req->args;
}

const char *ctl_arg_string(struct ctl_request *req, const char *name)
{
	const json_t *value = json_object_get(req->args, name);

	if (json_is_string(value))
		return json_string_value(value);
	ctl_refuse(req, "usage", "%s wants %s: give the argument \"%s\" as a string",
		req->command->name, req->command->args, name);
	return NULL;
}
