// SPDX-License-Identifier: BSD-3-Clause
#include "tests/unit/controlplane/sip/parsed.h"

#include <stdio.h>
#include <stdlib.h>

static void keep(struct parsed *p, const void *bytes, size_t len)
{
	static bool is_set_up;

	if (!is_set_up)
		sip_msg_setup();
	is_set_up = true;
	if (p->arena == NULL)
		p->arena = arena_new(4u << 20);
	if (p->arena == NULL || len > sizeof(p->text))
		abort();
	arena_reset(p->arena);
	memmove(p->text, bytes, len);
	p->len = len;
}

enum sip_fault parsed_raw(struct parsed *p, const void *bytes, size_t len)
{
	keep(p, bytes, len);
	p->fault = sip_msg_parse(&p->msg, p->arena, str_of(p->text, len));
	return p->fault;
}

enum sip_fault parsed_framed(struct parsed *p, const void *bytes, size_t len)
{
	keep(p, bytes, len);
	p->fault = sip_msg_parse_framed(&p->msg, p->arena, str_of(p->text, len));
	return p->fault;
}

enum sip_fault parsed_from(struct parsed *p, const char *lines)
{
	struct strbuf b = strbuf_on(p->text, sizeof(p->text));

	for (const char *c = lines; *c != '\0'; c++) {
		if (*c == '\n')
			strbuf_put_char(&b, '\r');
		strbuf_put_char(&b, *c);
	}
	if (strstr(lines, "\n\n") == NULL)
		strbuf_put(&b, STR("\r\n"));
	if (b.failed)
		abort();
	return parsed_raw(p, p->text, b.len);
}

void parsed_fini(struct parsed *p)
{
	arena_free(p->arena);
	p->arena = NULL;
}

const char *text_of(struct str s)
{
	static char texts[8][4096];
	static unsigned int next;
	char *text = texts[next++ % 8];

	snprintf(text, sizeof(texts[0]), "%.*s", STR_FMT(s));
	return text;
}
