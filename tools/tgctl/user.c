// SPDX-License-Identifier: BSD-3-Clause
#include "tools/tgctl/user.h"

#include <ctype.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "include/tidegate/ctl.h"
#include "tools/tgctl/text.h"
#include "tools/tgctl/user_file.h"

// Written for each user: phones that know SHA-256 need not fall back (RFC 8760).
#define HASHES_WRITTEN 2

struct name {
	char whole[USER_NAME_BYTES_MAX + 1]; // the domain in lower case
	char user[USER_NAME_BYTES_MAX + 1];
	const char *domain;
};

// Printable UTF-8 that a line can begin with.
static int is_clean(const char *text)
{
	char *clean = text_clean(text, 0);
	int same = strcmp(clean, text) == 0;

	free(clean);
	return same && *text != '#' && *text != ' ' && text[strlen(text) - 1] != ' ';
}

static int split_name(struct name *out, const char *text)
{
	const char *at = strrchr(text, '@');

	if (at == NULL || at == text || at[1] == '\0' || strlen(text) > USER_NAME_BYTES_MAX
		|| !is_clean(text))
		return -1;
	snprintf(out->whole, sizeof(out->whole), "%s", text);
	snprintf(out->user, sizeof(out->user), "%.*s", (int)(at - text), text);
	out->domain = out->whole + (at - text) + 1;
	for (char *c = out->whole + (at - text); *c != '\0'; c++)
		*c = (char)tolower((unsigned char)*c);
	return 0;
}

static int take_name(struct name *out, const char *text, struct client_reply *reply)
{
	if (split_name(out, text) == 0)
		return 0;
	client_fail(reply, TG_CTL_EXIT_USAGE,
		"\"%s\" is no user: say user@domain, in at most %d octets", text,
		USER_NAME_BYTES_MAX);
	return -1;
}

static const char *realm_of(const struct user_args *args, const struct name *name)
{
	return args->realm != NULL ? args->realm : name->domain;
}

static void succeed(struct client_reply *reply, json_t *result)
{
	reply->status = TG_CTL_EXIT_OK;
	reply->result = result;
}

// ---- add, remove

static char *make_lines(const struct name *name, const char *realm, const char *password)
{
	char *text = text_format("%s", "");

	for (unsigned int i = 0; i < HASHES_WRITTEN; i++) {
		char hex[PASSWORD_HEX_MAX + 1], *longer;

		password_write_ha1(hex, &password_hashes[i], name->user, realm, password);
		longer = text_format(
			"%s%s:%s:%s\n", text, name->whole, password_hashes[i].name, hex);
		free(text);
		text = longer;
	}
	return text;
}

static int is_refused(struct client_reply *reply, const struct user_args *args,
	const struct name *name, const char *password)
{
	const char *fault = password_fault(password, name->user, name->domain);

	if (fault == NULL || args->weak)
		return 0;
	client_fail(reply, TG_CTL_EXIT_REFUSED,
		"the password %s; choose another, or take it all the same with --weak", fault);
	return 1;
}

static void add(struct client_reply *reply, const struct user_args *args, const struct name *name,
	const char *password)
{
	struct user_file file;
	char *lines;
	int had;

	if (user_file_open(&file, args->file, 1, reply) < 0)
		return;
	had = user_file_has(&file, name->whole);
	lines = make_lines(name, realm_of(args, name), password);
	if (user_file_replace(&file, name->whole, lines, reply) == 0)
		succeed(reply,
			json_pack("{s:s, s:s, s:b}", "user", name->whole, "realm",
				realm_of(args, name), "replaced", had));
	free(lines);
	user_file_close(&file);
}

void user_add(struct client_reply *reply, const struct user_args *args)
{
	char password[PASSWORD_BYTES_MAX] = "";
	struct name name;

	if (take_name(&name, args->user, reply) == 0 && password_read(password, 1, reply) == 0
		&& !is_refused(reply, args, &name, password))
		add(reply, args, &name, password);
	OPENSSL_cleanse(password, sizeof(password));
}

static void fail_unknown(
	struct client_reply *reply, const struct user_file *file, const struct name *name)
{
	client_fail(reply, TG_CTL_EXIT_NOT_FOUND, "there is no %s in %s", name->whole, file->path);
}

void user_remove(struct client_reply *reply, const struct user_args *args)
{
	struct user_file file;
	struct name name;

	if (take_name(&name, args->user, reply) < 0
		|| user_file_open(&file, args->file, 0, reply) < 0)
		return;
	if (!user_file_has(&file, name.whole))
		fail_unknown(reply, &file, &name);
	else if (user_file_replace(&file, name.whole, "", reply) == 0)
		succeed(reply, json_pack("{s:s}", "removed", name.whole));
	user_file_close(&file);
}

// ---- list

void user_list(struct client_reply *reply, const struct user_args *args)
{
	json_t *users = json_array(), *hashes = NULL;
	struct user_file file;

	if (user_file_open(&file, args->file, 0, reply) < 0) {
		json_decref(users);
		return;
	}
	user_file_sort(&file);
	for (size_t i = 0; i < file.count; i++) {
		const struct user_line *line = &file.lines[i];

		if (i == 0 || strcmp(line->name, line[-1].name) != 0) {
			char *clean = text_clean(line->name, 0);

			hashes = json_array();
			json_array_append_new(users,
				json_pack("{s:s, s:o}", "user", clean, "algorithms", hashes));
			free(clean);
		}
		json_array_append_new(hashes, json_string(line->hash->name));
	}
	succeed(reply, users);
	user_file_close(&file);
}

// ---- check

static int is_of(const struct user_line *line, const struct name *name, const char *realm,
	const char *password)
{
	char hex[PASSWORD_HEX_MAX + 1];

	password_write_ha1(hex, line->hash, name->user, realm, password);
	return strncasecmp(hex, line->hex, line->hash->digits) == 0;
}

static void add_fault(json_t *faults, const struct user_file *file, const struct user_line *line,
	const char *what)
{
	char *text = text_format("%s:%u: %s %s", file->path, line->number, line->name, what);

	json_array_append_new(faults, json_string(text));
	free(text);
}

// What HA1 can show of a password: whether it is one that would be tried first (F30).
static void check_line(json_t *faults, const struct user_args *args, const struct user_file *file,
	const struct user_line *line)
{
	struct name name;
	const char *guess;

	if (split_name(&name, line->name) < 0) {
		add_fault(faults, file, line, "has a name that cannot be");
		return;
	}
	for (unsigned int n = 0; (guess = password_guess(n, name.user, name.domain)) != NULL; n++) {
		if (is_of(line, &name, realm_of(args, &name), guess)) {
			add_fault(faults, file, line, "has a password that everybody tries first");
			return;
		}
	}
}

static void check_file(
	struct client_reply *reply, const struct user_args *args, struct user_file *file)
{
	json_t *faults = json_array();
	char *text;

	if (file->stat.st_mode & S_IRWXO) {
		text = text_format("%s: is open to everybody; chmod 0640", file->path);
		json_array_append_new(faults, json_string(text));
		free(text);
	}
	user_file_sort(file);
	for (size_t i = 0; i < file->count; i++) {
		const struct user_line *line = &file->lines[i];

		if (i > 0 && line->hash == line[-1].hash && strcmp(line->name, line[-1].name) == 0)
			add_fault(faults, file, line, "had an HA1 of that algorithm before");
		else if (i == 0 || strcmp(line->name, line[-1].name) != 0)
			check_line(faults, args, file, line);
	}
	succeed(reply, json_pack("{s:i, s:o}", "lines", (int)file->count, "faults", faults));
	if (json_array_size(faults) > 0)
		reply->status = TG_CTL_EXIT_REFUSED;
}

static int is_password_of(const struct user_file *file, const struct user_args *args,
	const struct name *name, const char *password)
{
	int right = 1;

	for (size_t i = 0; i < file->count; i++) {
		if (strcmp(file->lines[i].name, name->whole) == 0)
			right &= is_of(&file->lines[i], name, realm_of(args, name), password);
	}
	return right;
}

static void check_password(struct client_reply *reply, const struct user_args *args,
	const struct user_file *file, const struct name *name, const char *password)
{
	const char *fault = password_fault(password, name->user, name->domain);
	int right;

	if (!user_file_has(file, name->whole)) {
		fail_unknown(reply, file, name);
		return;
	}
	right = is_password_of(file, args, name, password);
	succeed(reply,
		json_pack("{s:s, s:b, s:s*}", "user", name->whole, "right", right, "weak",
			right ? fault : NULL));
	if (!right || fault != NULL)
		reply->status = TG_CTL_EXIT_REFUSED;
}

static void check_user(struct client_reply *reply, const struct user_args *args)
{
	char password[PASSWORD_BYTES_MAX] = "";
	struct user_file file;
	struct name name;

	if (take_name(&name, args->user, reply) == 0 && password_read(password, 0, reply) == 0
		&& user_file_open(&file, args->file, 0, reply) == 0) {
		check_password(reply, args, &file, &name, password);
		user_file_close(&file);
	}
	OPENSSL_cleanse(password, sizeof(password));
}

void user_check(struct client_reply *reply, const struct user_args *args)
{
	struct user_file file;

	if (args->user != NULL) {
		check_user(reply, args);
	} else if (user_file_open(&file, args->file, 0, reply) == 0) {
		check_file(reply, args, &file);
		user_file_close(&file);
	}
}
