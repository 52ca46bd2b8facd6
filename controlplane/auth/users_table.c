// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/auth/users_table.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "controlplane/base/hex.h"
#include "controlplane/sip/lex.h"

// A record takes the place of its line, which is longer:
//
//	octets   1      1       bytes   by the hash
//	       ┌──────┬───────┬───────┬─────┐
//	       │ hash │ bytes │ name  │ HA1 │
//	       └──────┴───────┴───────┴─────┘
//	       └────── key ───────────┘
#define NAME_AT 2
#define KEY_MAX (NAME_AT + USERS_NAME_MAX)

struct users_table {
	char *memory; // the file, then its records
	size_t mapped;
	uint32_t *index; // where a record starts, plus one; 0: free
	uint32_t mask;
	uint32_t count;
};

// ---- errors

__attribute__((format(printf, 4, 5))) static int refuse(
	struct conf_error *err, const char *path, int error, const char *fmt, ...)
{
	struct strbuf text = strbuf_on(err->text, sizeof(err->text));
	char reason[256];
	va_list args;

	va_start(args, fmt);
	vsnprintf(reason, sizeof(reason), fmt, args);
	va_end(args);
	strbuf_printf(&text, "%.200s:%s", path, reason);
	strbuf_put_char(&text, '\0');
	return error;
}

static int refuse_errno(struct conf_error *err, const char *path, int error)
{
	char text[128];

	return refuse(err, path, -error, " %s", strerror_r(error, text, sizeof(text)));
}

// ---- records

static uint64_t key_hash(const char *key)
{
	return str_hash(str_of(key, NAME_AT + (uint8_t)key[1]));
}

static bool is_same_key(const char *a, const char *b)
{
	return memcmp(a, b, NAME_AT + (size_t)(uint8_t)b[1]) == 0;
}

// The record of that key, or where one would go.
static uint32_t *slot_of(const struct users_table *table, const char *key)
{
	uint32_t at = (uint32_t)key_hash(key) & table->mask;

	while (table->index[at] != 0 && !is_same_key(table->memory + table->index[at] - 1, key))
		at = (at + 1) & table->mask;
	return &table->index[at];
}

static void fold_domain(char *name, size_t domain_at, size_t len)
{
	for (size_t i = domain_at; i < len; i++)
		name[i] += name[i] >= 'A' && name[i] <= 'Z' ? 'a' - 'A' : 0;
}

int users_table_find(
	const struct users_table *table, const struct users_query *query, struct digest_ha1 *out)
{
	char key[KEY_MAX];
	struct strbuf b = strbuf_on(key, sizeof(key));
	const uint32_t *slot;

	strbuf_put_char(&b, (char)query->hash);
	strbuf_put_char(&b, (char)(query->user.len + 1 + query->domain.len));
	strbuf_put(&b, query->user);
	strbuf_put_char(&b, '@');
	strbuf_put(&b, query->domain);
	if (b.failed)
		return -ENOENT;
	slot = slot_of(table, key);
	if (*slot == 0)
		return -ENOENT;
	memcpy(out->bytes, table->memory + *slot - 1 + b.len, digest_hash_bytes(query->hash));
	return 0;
}

// ---- the file

struct load {
	struct users_table *table;
	const char *path;
	struct conf_error *err;
	size_t line;
	size_t written; // octets of records
};

// A line in its parts, from behind: names may hold colons. Returns what is wrong with it, or NULL.
static const char *read_line(
	struct str line, struct str *name, enum digest_hash *hash, uint8_t ha1[DIGEST_BYTES_MAX])
{
	struct str hex = line, algorithm = str_cut_last(&hex, ':'), domain;

	*name = str_cut_last(&algorithm, ':');
	if (str_is_none(*name))
		return "is not user@domain:algorithm:HA1";
	domain = *name;
	if (str_cut_last(&domain, '@').len == 0 || domain.len == 0)
		return "does not begin with user@domain";
	if (name->len > USERS_NAME_MAX || !sip_is_clean(*name))
		return "has a name that is too long, or not clean";
	*hash = digest_hash_find(algorithm);
	if (*hash == DIGEST_HASH_COUNT)
		return "has an algorithm other than MD5, SHA-256 and SHA-512-256";
	if (hex_read(ha1, digest_hash_bytes(*hash), hex) < 0)
		return "has an HA1 that is not of the algorithm's length in hex";
	return NULL;
}

static void write_record(struct load *load, struct str name, enum digest_hash hash,
	const uint8_t ha1[DIGEST_BYTES_MAX])
{
	char *record = load->table->memory + load->written;
	size_t len = name.len;
	const char *at;

	memmove(record + NAME_AT, name.at, len);
	record[0] = (char)hash;
	record[1] = (char)len;
	at = memrchr(record + NAME_AT, '@', len);
	fold_domain(record + NAME_AT, (size_t)(at - record - NAME_AT), len);
	memcpy(record + NAME_AT + len, ha1, digest_hash_bytes(hash));
}

static int take_line(struct load *load, struct str line)
{
	uint8_t ha1[DIGEST_BYTES_MAX];
	enum digest_hash hash;
	struct str name;
	const char *wrong;
	uint32_t *slot;

	load->line++;
	line = str_trim(line);
	if (line.len == 0 || line.at[0] == '#')
		return 0;
	wrong = read_line(line, &name, &hash, ha1);
	if (wrong != NULL)
		return refuse(
			load->err, load->path, -EINVAL, "%zu: the line %s", load->line, wrong);
	write_record(load, name, hash, ha1);
	slot = slot_of(load->table, load->table->memory + load->written);
	if (*slot != 0)
		return refuse(load->err, load->path, -EEXIST,
			"%zu: the user had an HA1 of that algorithm before", load->line);
	*slot = (uint32_t)load->written + 1;
	load->table->count++;
	load->written += NAME_AT + (uint8_t)load->table->memory[load->written + 1]
		+ digest_hash_bytes(hash);
	return 0;
}

static int make_index(struct users_table *table, struct str text)
{
	uint64_t lines = 1, size = 16;

	for (const char *at = text.at; at != NULL && at < text.at + text.len; lines++) {
		at = memchr(at, '\n', text.len - (size_t)(at - text.at));
		at += at != NULL;
	}
	while (size < 2 * lines)
		size *= 2;
	table->index = calloc(size, sizeof(table->index[0]));
	table->mask = (uint32_t)(size - 1);
	return table->index != NULL ? 0 : -ENOMEM;
}

static int take_text(struct load *load, struct str text)
{
	int rc = make_index(load->table, text);

	if (rc < 0)
		return refuse_errno(load->err, load->path, -rc);
	while (!str_is_none(text) && text.len > 0 && rc == 0)
		rc = take_line(load, str_cut(&text, '\n'));
	return rc;
}

// What follows the records goes back: nothing of the file's text stays.
static int shrink(struct users_table *table, size_t written)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t kept = (written / page + 1) * page;

	if (kept > table->mapped)
		kept = table->mapped;
	explicit_bzero(table->memory + written, kept - written);
	if (mremap(table->memory, table->mapped, kept, 0) == MAP_FAILED)
		return -errno;
	table->mapped = kept;
	return 0;
}

static int judge_stat(const struct load *load, const struct stat *stat)
{
	if (!S_ISREG(stat->st_mode))
		return refuse(load->err, load->path, -EINVAL, " is not a file");
	if (stat->st_mode & S_IRWXO)
		return refuse(load->err, load->path, -EACCES,
			" holds what proves who users are, but is open to everybody; chmod 0640");
	if (stat->st_size > USERS_FILE_BYTES_MAX)
		return refuse(load->err, load->path, -EFBIG, " has more than 2 GiB");
	return 0;
}

static int map(struct users_table *table, size_t bytes)
{
	table->mapped = bytes + 1;
	table->memory = mmap(
		NULL, table->mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (table->memory == MAP_FAILED) {
		table->memory = NULL;
		return -ENOMEM;
	}
	return madvise(table->memory, table->mapped, MADV_DONTDUMP) < 0 ? -errno : 0;
}

static ssize_t read_all(int fd, char *out, size_t bytes)
{
	size_t have = 0;
	ssize_t n;

	while (have < bytes && (n = read(fd, out + have, bytes - have)) != 0) {
		if (n < 0 && errno != EINTR)
			return -errno;
		have += n > 0 ? (size_t)n : 0;
	}
	return (ssize_t)have;
}

static int load_fd(struct load *load, int fd)
{
	struct users_table *table = load->table;
	struct stat stat;
	ssize_t len;
	int rc;

	if (fstat(fd, &stat) < 0)
		return refuse_errno(load->err, load->path, errno);
	rc = judge_stat(load, &stat);
	if (rc < 0)
		return rc;
	rc = map(table, (size_t)stat.st_size);
	len = rc < 0 ? rc : read_all(fd, table->memory, (size_t)stat.st_size);
	if (len < 0)
		return refuse_errno(load->err, load->path, (int)-len);
	rc = take_text(load, str_of(table->memory, (size_t)len));
	return rc < 0 ? rc : shrink(table, load->written);
}

int users_table_load(struct users_table **out, const char *path, struct conf_error *err)
{
	struct load load = {.path = path, .err = err};
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	int rc;

	if (fd < 0)
		return refuse_errno(err, path, errno);
	load.table = calloc(1, sizeof(*load.table));
	rc = load.table != NULL ? load_fd(&load, fd) : refuse_errno(err, path, ENOMEM);
	close(fd);
	if (rc < 0)
		users_table_free(load.table);
	else
		*out = load.table;
	return rc;
}

void users_table_free(struct users_table *table)
{
	if (table == NULL)
		return;
	if (table->memory != NULL)
		munmap(table->memory, table->mapped);
	free(table->index);
	free(table);
}

uint32_t users_table_count(const struct users_table *table)
{
	return table->count;
}
