// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/auth/users_table.h"

#include <criterion/criterion.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "include/tidegate/time.h"

static char path[] = "/tmp/tidegate-users-XXXXXX";
static struct users_table *table;
static struct conf_error err;

static void init(void)
{
	close(mkstemp(path));
}

static void fini(void)
{
	users_table_free(table);
	unlink(path);
}

TestSuite(users_table, .init = init, .fini = fini);

#define MD5_HEX "939e7578ed9e3c518a452acee763bce9"
#define SHA256_HEX "7987c64c30e25f1b74be53f966b49b90f2808aa92faf9a00262392d7b4794232"
#define SHA512_256_HEX "3798d4131c277846293534c3edc11bd8a5e4cdcbff78b05db9d95eeb1cec68a5"

static int load(const char *text)
{
	FILE *file = fopen(path, "w");

	cr_assert_eq(fwrite(text, 1, strlen(text), file), strlen(text));
	fclose(file);
	users_table_free(table);
	table = NULL;
	err.text[0] = '\0';
	return users_table_load(&table, path, &err);
}

static int find(const char *user, const char *domain, enum digest_hash hash, uint8_t *first)
{
	struct users_query query = {
		.user = str_from(user), .domain = str_from(domain), .hash = hash};
	struct digest_ha1 ha1;
	int rc = users_table_find(table, &query, &ha1);

	if (rc == 0)
		*first = ha1.bytes[0];
	return rc;
}

Test(users_table, F15_users_are_found_by_name_domain_and_hash)
{
	uint8_t first;

	cr_assert_eq(load("# comment\n\n  alice@Example.COM:MD5:" MD5_HEX "  \r\n"
			  "alice@example.com:sha-256:" SHA256_HEX "\n"
			  "a:b@c@example.com:SHA-512-256:" SHA512_256_HEX),
		0, "%s", err.text);
	cr_assert_eq(users_table_count(table), 3);
	cr_assert_eq(find("alice", "example.com", DIGEST_HASH_MD5, &first), 0);
	cr_assert_eq(first, 0x93);
	cr_assert_eq(find("alice", "example.com", DIGEST_HASH_SHA256, &first), 0);
	cr_assert_eq(first, 0x79);
	cr_assert_eq(find("a:b@c", "example.com", DIGEST_HASH_SHA512_256, &first), 0);
	cr_assert_eq(first, 0x37);
	cr_assert_eq(find("alice", "example.com", DIGEST_HASH_SHA512_256, &first), -ENOENT);
	cr_assert_eq(find("Alice", "example.com", DIGEST_HASH_MD5, &first), -ENOENT);
	cr_assert_eq(find("alice", "example.org", DIGEST_HASH_MD5, &first), -ENOENT);
	cr_assert_eq(find("lice", "example.com", DIGEST_HASH_MD5, &first), -ENOENT);
	cr_assert_eq(find("", "", DIGEST_HASH_MD5, &first), -ENOENT);
}

Test(users_table, F15_an_empty_file_has_nobody)
{
	uint8_t first;

	cr_assert_eq(load(""), 0, "%s", err.text);
	cr_assert_eq(users_table_count(table), 0);
	cr_assert_eq(find("alice", "example.com", DIGEST_HASH_MD5, &first), -ENOENT);
}

// Every fault by its line; HA1s are in no error (I17).
Test(users_table, I17_faults_name_the_line_and_no_secret)
{
	static const struct {
		const char *line, *what;
		int rc;
	} cases[] = {
		{"alice@example.com", "is not user@domain:algorithm:HA1", -EINVAL},
		{"alice@example.com:" MD5_HEX, "is not user@domain:algorithm:HA1", -EINVAL},
		{"alice:MD5:" MD5_HEX, "does not begin with user@domain", -EINVAL},
		{"@example.com:MD5:" MD5_HEX, "does not begin with user@domain", -EINVAL},
		{"alice@:MD5:" MD5_HEX, "does not begin with user@domain", -EINVAL},
		{"al\x01ice@example.com:MD5:" MD5_HEX, "not clean", -EINVAL},
		{"alice@example.com:SHA-1:" MD5_HEX, "an algorithm other", -EINVAL},
		{"alice@example.com:SHA-256:" MD5_HEX, "length in hex", -EINVAL},
		{"alice@example.com:MD5:" MD5_HEX "0", "length in hex", -EINVAL},
		{"alice@example.com:MD5:x39e7578ed9e3c518a452acee763bce9", "length in hex",
			-EINVAL},
		{"bob@EXAMPLE.com:md5:" MD5_HEX, "had an HA1", -EEXIST},
	};

	for (unsigned int i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char text[512], where[64];

		snprintf(text, sizeof(text), "bob@example.com:MD5:" MD5_HEX "\n#\n%s\n",
			cases[i].line);
		snprintf(where, sizeof(where), "%s:3: the ", path);
		cr_assert_eq(load(text), cases[i].rc, "%s", cases[i].line);
		cr_assert_eq(strncmp(err.text, where, strlen(where)), 0, "%s", err.text);
		cr_assert_not_null(strstr(err.text, cases[i].what), "%s", err.text);
		cr_assert_null(strstr(err.text, "39e7578"), "%s", err.text);
		cr_assert_null(table);
	}
}

Test(users_table, I17_a_file_that_is_open_to_everybody_is_refused)
{
	cr_assert_eq(load(""), 0);
	for (unsigned int bit = 1; bit <= 4; bit *= 2) {
		chmod(path, 0640 | bit);
		cr_assert_eq(load(""), -EACCES);
		cr_assert_not_null(
			strstr(err.text, "open to everybody; chmod 0640"), "%s", err.text);
	}
	chmod(path, 0640);
	cr_assert_eq(load(""), 0);
}

Test(users_table, F15_what_is_no_file_is_refused)
{
	cr_assert_eq(users_table_load(&table, "/nowhere/users", &err), -ENOENT);
	cr_assert_str_eq(err.text, "/nowhere/users: No such file or directory");
	cr_assert_eq(users_table_load(&table, "/tmp", &err), -EINVAL);
	cr_assert_str_eq(err.text, "/tmp: is not a file");
}

// The kernel knows it ("dd": do not dump) for the one mapping that holds the HA1.
Test(users_table, I17_the_table_is_left_out_of_core_dumps)
{
	char line[512];
	unsigned int marked = 0;
	FILE *maps;

	cr_assert_eq(load("alice@example.com:MD5:" MD5_HEX "\n"), 0);
	maps = fopen("/proc/self/smaps", "r");
	cr_assert_not_null(maps);
	while (fgets(line, sizeof(line), maps) != NULL)
		marked += strncmp(line, "VmFlags:", 8) == 0 && strstr(line, " dd") != NULL;
	fclose(maps);
	cr_assert_geq(marked, 1);
	users_table_free(table);
	table = NULL;
}

// Large enough for pages to go back and for many names to meet in the index.
Test(users_table, F15_a_hundred_thousand_users)
{
	FILE *file = fopen(path, "w");
	uint64_t start;

	for (unsigned int i = 0; i < 100000; i++)
		fprintf(file,
			"user%06u@example.com:MD5:%032x\nuser%06u@example.com:SHA-256:%064x\n", i,
			i, i, i);
	fclose(file);
	start = tg_mono_now().ns;
	cr_assert_eq(users_table_load(&table, path, &err), 0, "%s", err.text);
	printf("200,000 lines in %llu ms\n",
		(unsigned long long)((tg_mono_now().ns - start) / TG_NS_PER_MS));
	cr_assert_eq(users_table_count(table), 200000);
	for (unsigned int i = 0; i < 100000; i += 7) {
		struct users_query query = {.domain = STR("example.com"), .hash = DIGEST_HASH_MD5};
		struct digest_ha1 ha1;
		char user[16];

		snprintf(user, sizeof(user), "user%06u", i);
		query.user = str_from(user);
		cr_assert_eq(users_table_find(table, &query, &ha1), 0, "%s", user);
		cr_assert_eq(ha1.bytes[13] << 16 | ha1.bytes[14] << 8 | ha1.bytes[15], i);
		query.hash = DIGEST_HASH_SHA256;
		cr_assert_eq(users_table_find(table, &query, &ha1), 0, "%s", user);
		cr_assert_eq(ha1.bytes[29] << 16 | ha1.bytes[30] << 8 | ha1.bytes[31], i);
	}
}
