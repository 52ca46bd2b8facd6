// SPDX-License-Identifier: BSD-3-Clause
#include "tools/tgctl/user_file.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/file.h>
#include <unistd.h>

#include "include/tidegate/ctl.h"
#include "tools/tgctl/text.h"

static int fail(struct client_reply *reply, const struct user_file *file, const char *why)
{
	client_fail(reply, errno == ENOENT ? TG_CTL_EXIT_NOT_FOUND : TG_CTL_EXIT_REFUSED, "%s: %s",
		file->path, why);
	return -1;
}

static void *must(void *memory)
{
	if (memory == NULL) {
		fputs("tgctl: out of memory\n", stderr);
		exit(TG_CTL_EXIT_REFUSED);
	}
	return memory;
}

// ---- reading

// The folder is what is locked: the file itself is another one after each change.
static int lock_folder(struct user_file *file, struct client_reply *reply)
{
	char *copy = text_format("%s", file->path);

	file->folder = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	free(copy);
	if (file->folder < 0 || flock(file->folder, LOCK_EX) < 0)
		return fail(reply, file, strerror(errno));
	return 0;
}

static int read_fd(struct user_file *file, int fd, struct client_reply *reply)
{
	size_t room;
	ssize_t n;

	if (fstat(fd, &file->stat) < 0)
		return fail(reply, file, strerror(errno));
	errno = 0;
	if (!S_ISREG(file->stat.st_mode))
		return fail(reply, file, "is not a file");
	room = (size_t)file->stat.st_size;
	file->source = must(malloc(room + 1));
	while (file->bytes < room
		&& (n = read(fd, file->source + file->bytes, room - file->bytes)) != 0) {
		if (n < 0)
			return fail(reply, file, strerror(errno));
		file->bytes += (size_t)n;
	}
	file->source[file->bytes] = '\0';
	return 0;
}

static int read_file(struct user_file *file, int may_be_new, struct client_reply *reply)
{
	int fd = open(file->path, O_RDONLY | O_CLOEXEC);
	int rc;

	if (fd < 0 && errno == ENOENT && may_be_new) {
		file->source = must(calloc(1, 1));
		return 0;
	}
	if (fd < 0)
		return fail(reply, file, strerror(errno));
	rc = read_fd(file, fd, reply);
	close(fd);
	return rc;
}

static const struct password_hash *find_hash(const char *name)
{
	for (unsigned int i = 0; i < PASSWORD_HASHES; i++) {
		if (strcasecmp(name, password_hashes[i].name) == 0)
			return &password_hashes[i];
	}
	return NULL;
}

// Cuts a line into its parts, from behind: names may hold colons. Returns what is wrong with it, or NULL.
static const char *cut_line(struct user_line *out, char *line)
{
	char *hex = strrchr(line, ':'), *hash, *at;

	if (hex != NULL)
		*hex++ = '\0';
	hash = hex != NULL ? strrchr(line, ':') : NULL;
	if (hash == NULL)
		return "is not user@domain:algorithm:HA1";
	*hash++ = '\0';
	at = strrchr(line, '@');
	if (at == NULL || at == line || at[1] == '\0' || strlen(line) > USER_NAME_BYTES_MAX)
		return "does not begin with user@domain";
	for (; *at != '\0'; at++)
		*at = (char)tolower((unsigned char)*at);
	out->name = line;
	out->hex = hex;
	out->hash = find_hash(hash);
	if (out->hash == NULL)
		return "has an algorithm other than MD5, SHA-256 and SHA-512-256";
	if (strlen(hex) != out->hash->digits
		|| strspn(hex, "0123456789abcdefABCDEF") != strlen(hex))
		return "has an HA1 that is not of the algorithm's length in hex";
	return NULL;
}

static char *trim(char *line)
{
	size_t len;

	line += strspn(line, " \t\r");
	len = strlen(line);
	while (len > 0 && strchr(" \t\r", line[len - 1]) != NULL)
		line[--len] = '\0';
	return line;
}

static int take_line(
	struct user_file *file, char *line, unsigned int number, struct client_reply *reply)
{
	const char *wrong;

	line = trim(line);
	if (*line == '\0' || *line == '#')
		return 0;
	file->lines[file->count].number = number;
	wrong = cut_line(&file->lines[file->count], line);
	if (wrong != NULL) {
		client_fail(reply, TG_CTL_EXIT_REFUSED, "%s:%u: the line %s", file->path, number,
			wrong);
		return -1;
	}
	file->count++;
	return 0;
}

static int read_lines(struct user_file *file, struct client_reply *reply)
{
	unsigned int number = 0;
	char *line, *rest;
	size_t lines = 1;

	errno = 0;
	if (memchr(file->source, '\0', file->bytes) != NULL)
		return fail(reply, file, "is not a text");
	for (const char *at = file->source; (at = strchr(at, '\n')) != NULL; at++)
		lines++;
	file->lines = must(calloc(lines, sizeof(file->lines[0])));
	rest = file->text = must(strdup(file->source));
	while ((line = strsep(&rest, "\n")) != NULL) {
		if (take_line(file, line, ++number, reply) < 0)
			return -1;
	}
	return 0;
}

int user_file_open(
	struct user_file *file, const char *path, int may_be_new, struct client_reply *reply)
{
	char *real = realpath(path, NULL);

	*file = (struct user_file){.folder = -1};
	file->path = real != NULL ? real : text_format("%s", path);
	if (lock_folder(file, reply) < 0 || read_file(file, may_be_new, reply) < 0
		|| read_lines(file, reply) < 0) {
		user_file_close(file);
		return -1;
	}
	return 0;
}

void user_file_close(struct user_file *file)
{
	if (file->folder >= 0)
		close(file->folder);
	free(file->lines);
	free(file->text);
	free(file->source);
	free(file->path);
	*file = (struct user_file){.folder = -1};
}

int user_file_has(const struct user_file *file, const char *name)
{
	for (size_t i = 0; i < file->count; i++) {
		if (strcmp(file->lines[i].name, name) == 0)
			return 1;
	}
	return 0;
}

static int order(const void *a, const void *b)
{
	const struct user_line *x = a, *y = b;
	int by_name = strcmp(x->name, y->name);

	if (by_name != 0)
		return by_name;
	if (x->hash != y->hash)
		return x->hash < y->hash ? -1 : 1;
	return x->number < y->number ? -1 : 1;
}

void user_file_sort(struct user_file *file)
{
	qsort(file->lines, file->count, sizeof(file->lines[0]), order);
}

// ---- writing

// All lines but those of the user, whose place the new ones take: the first of them, or the end.
static void put_text(FILE *out, const struct user_file *file, const char *name, const char *lines)
{
	const char *at = file->source, *end = file->source + file->bytes;
	const struct user_line *line = file->lines, *behind = file->lines + file->count;

	for (unsigned int number = 1; at < end; number++) {
		const char *next = strchr(at, '\n');
		int is_his = line < behind && line->number == number
			&& strcmp(line->name, name) == 0;

		next = next != NULL ? next + 1 : end;
		if (is_his)
			fputs(lines, out);
		else
			fwrite(at, 1, (size_t)(next - at), out);
		if (!is_his && next == end && next[-1] != '\n')
			fputc('\n', out);
		lines = is_his ? "" : lines;
		line += line < behind && line->number == number;
		at = next;
	}
	fputs(lines, out);
}

static int set_access(int fd, const struct user_file *file)
{
	if (file->stat.st_nlink == 0)
		return fchmod(fd, 0640);
	if (fchown(fd, file->stat.st_uid, file->stat.st_gid) < 0)
		return -1;
	return fchmod(fd, file->stat.st_mode & 0770);
}

static int write_temporary(
	int fd, const struct user_file *file, const char *name, const char *lines)
{
	FILE *out = fdopen(fd, "w");
	int rc = -1;

	if (out == NULL) {
		close(fd);
		return -1;
	}
	put_text(out, file, name, lines);
	if (fflush(out) == 0 && set_access(fd, file) == 0 && fsync(fd) == 0)
		rc = 0;
	return fclose(out) == 0 ? rc : -1;
}

int user_file_replace(
	struct user_file *file, const char *name, const char *lines, struct client_reply *reply)
{
	char *temporary = text_format("%s.XXXXXX", file->path);
	int fd = mkostemp(temporary, O_CLOEXEC);
	int rc = -1;

	if (fd >= 0 && write_temporary(fd, file, name, lines) == 0
		&& rename(temporary, file->path) == 0 && fsync(file->folder) == 0)
		rc = 0;
	else
		fail(reply, file, strerror(errno));
	if (rc < 0 && fd >= 0)
		unlink(temporary);
	free(temporary);
	return rc;
}
