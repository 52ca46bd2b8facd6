// SPDX-License-Identifier: BSD-3-Clause
// Text for a terminal: UTF-8 in, one column a character, nothing that could steer the terminal.
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

// A copy in which control characters and broken UTF-8 are '?'. With keep_lines, LF and TAB stay and
// CR goes. Never NULL; the caller frees it.
char *text_clean(const char *text, int keep_lines);
// Columns a cleaned text takes.
unsigned int text_width(const char *text);
// Prints a cleaned text in exactly width columns: cut with … or padded with blanks.
void text_put(FILE *out, const char *text, unsigned int width, int right);
// A line of a name, padded to so many columns, and a text that is cleaned and cut to fit into width.
void text_put_line(
	FILE *out, const char *name, unsigned int name_width, const char *text, unsigned int width);
// printf into a new string; never NULL; the caller frees it.
__attribute__((format(printf, 1, 2))) char *text_format(const char *fmt, ...);
// "42s", "1m35s", "2h05m"; as text_format.
char *text_age(uint64_t ms);
char *text_number(uint64_t number);
// Columns of the terminal on stdout, else $COLUMNS, else 80.
unsigned int text_terminal_width(void);
