// SPDX-License-Identifier: BSD-3-Clause
// The file of users: one HA1 a line, `user@domain:MD5:hex`, with comments and empty lines, which stay.
#pragma once

#include <stddef.h>
#include <sys/stat.h>

#include "tools/tgctl/client.h"
#include "tools/tgctl/password.h"

#define USER_NAME_BYTES_MAX 255

// A line that holds an HA1. Views into the file's text; name and hex end in a NUL.
struct user_line {
	const char *name; // user@domain, the domain in lower case
	const struct password_hash *hash;
	const char *hex;
	unsigned int number;
};

struct user_file {
	char *path;   // where it really is
	int folder;   // open and locked as long as the file is
	char *source; // as it was read; empty for a new one
	size_t bytes;
	char *text; // a copy in which the lines' parts end
	struct user_line *lines;
	size_t count;
	struct stat stat; // st_nlink 0: there was none
};

// Reads a file, or begins a new one. Nobody else with this function can change it until close. Returns 0; -1
// with *reply filled: what cannot be read or has a faulty line is refused, by file and line.
int user_file_open(
	struct user_file *file, const char *path, int may_be_new, struct client_reply *reply);
void user_file_close(struct user_file *file);
int user_file_has(const struct user_file *file, const char *name);
// By name, then by hash.
void user_file_sort(struct user_file *file);
// Writes the file anew, whole or not at all: lines (whole ones, or "") stand for those of that user. It keeps
// owner, group and mode, but others have no access; a new one has mode 0640.
int user_file_replace(
	struct user_file *file, const char *name, const char *lines, struct client_reply *reply);
