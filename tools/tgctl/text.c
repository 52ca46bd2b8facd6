// SPDX-License-Identifier: BSD-3-Clause
#include "tools/tgctl/text.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define WIDTH_DEFAULT 80
#define WIDTH_MIN 40
#define WIDTH_MAX 1000

static void *must(void *memory)
{
	if (memory == NULL) {
		fputs("tgctl: out of memory\n", stderr);
		exit(1);
	}
	return memory;
}

// Octets of the well-formed UTF-8 character at s that is not a control character; 0 when there is
// none (RFC 3629 §4; U+0080..U+009F are controls too).
static size_t character(const unsigned char *s)
{
	size_t len = s[0] < 0x80 ? 1 : s[0] < 0xc2 ? 0 : s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;

	if (len == 1)
		return s[0] >= 0x20 && s[0] != 0x7f;
	if (s[0] > 0xf4 || (s[0] == 0xc2 && s[1] < 0xa0) || (s[0] == 0xe0 && s[1] < 0xa0)
		|| (s[0] == 0xed && s[1] > 0x9f) || (s[0] == 0xf0 && s[1] < 0x90)
		|| (s[0] == 0xf4 && s[1] > 0x8f))
		return 0;
	for (size_t i = 1; i < len; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	}
	return len;
}

char *text_clean(const char *text, int keep_lines)
{
	const unsigned char *s = (const unsigned char *)text;
	char *clean = must(malloc(strlen(text) + 1));
	size_t at = 0;

	while (*s != '\0') {
		size_t len = character(s);

		if (keep_lines && *s == '\r') {
			s++;
			continue;
		}
		if (len == 0) {
			clean[at++] = keep_lines && (*s == '\n' || *s == '\t') ? (char)*s : '?';
			s++;
			continue;
		}
		memcpy(&clean[at], s, len);
		at += len;
		s += len;
	}
	clean[at] = '\0';
	return clean;
}

unsigned int text_width(const char *text)
{
	unsigned int width = 0;

	for (; *text != '\0'; text++)
		width += (*text & 0xc0) != 0x80;
	return width;
}

static size_t octets_of(const char *text, unsigned int columns)
{
	size_t at = 0;

	for (; text[at] != '\0'; at++) {
		if ((text[at] & 0xc0) != 0x80 && columns-- == 0)
			break;
	}
	return at;
}

void text_put(FILE *out, const char *text, unsigned int width, int right)
{
	unsigned int natural = text_width(text);

	if (natural > width) {
		fprintf(out, "%.*s…", (int)octets_of(text, width - 1), text);
		return;
	}
	if (right)
		fprintf(out, "%*s", (int)(width - natural), "");
	fputs(text, out);
	if (!right)
		fprintf(out, "%*s", (int)(width - natural), "");
}

void text_put_line(
	FILE *out, const char *name, unsigned int name_width, const char *text, unsigned int width)
{
	char *clean = text_clean(text, 0);
	unsigned int room = width - name_width;

	fprintf(out, "%-*s", (int)name_width, name);
	text_put(out, clean, text_width(clean) < room ? text_width(clean) : room, 0);
	fputc('\n', out);
	free(clean);
}

char *text_format(const char *fmt, ...)
{
	char *text = NULL;
	va_list args;

	va_start(args, fmt);
	if (vasprintf(&text, fmt, args) < 0)
		text = NULL;
	va_end(args);
	return must(text);
}

char *text_age(uint64_t ms)
{
	uint64_t s = ms / 1000;

	if (s < 60)
		return text_format("%" PRIu64 "s", s);
	if (s < 3600)
		return text_format("%" PRIu64 "m%02" PRIu64 "s", s / 60, s % 60);
	return text_format("%" PRIu64 "h%02" PRIu64 "m", s / 3600, s / 60 % 60);
}

char *text_number(uint64_t number)
{
	return text_format("%" PRIu64, number);
}

unsigned int text_terminal_width(void)
{
	struct winsize size = {0};
	const char *columns = getenv("COLUMNS");
	unsigned long width = WIDTH_DEFAULT;

	if (isatty(STDOUT_FILENO) && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0
		&& size.ws_col != 0)
		width = size.ws_col;
	else if (columns != NULL)
		width = strtoul(columns, NULL, 10);
	if (width == 0 || width > WIDTH_MAX)
		width = WIDTH_DEFAULT;
	return width < WIDTH_MIN ? WIDTH_MIN : (unsigned int)width;
}
