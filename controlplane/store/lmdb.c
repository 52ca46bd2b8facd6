// SPDX-License-Identifier: BSD-3-Clause
// The embedded store: one LMDB environment, a named database for each kind.
//
//	key    name, NUL, id (8 octets, most significant first)
//	value  expires_s (8 octets, least significant first), what was put
//
// Pages are copied before they are written, and the page that makes a transaction valid is written last, so
// a process may die at any time. MDB_NOMETASYNC brings the pages to the disk at each commit, that last one
// with the next commit or after STORE_SYNC_MS: loss of power undoes whole transactions, at most those.
// MDB_NOSYNC would leave the order to the kernel and could corrupt; MDB_WRITEMAP would end the process
// where the disk is full.
#include <lmdb.h>

#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "controlplane/base/log.h"
#include "controlplane/base/metrics.h"
#include "controlplane/store/store_int.h"

#define ID_BYTES 8
#define EXPIRES_BYTES 8
#define KEY_BYTES_MAX (STORE_NAME_MAX + 1 + ID_BYTES)
#define RECORD_BYTES 4096
#define MAP_SPARE_BYTES (1u << 20)
#define LOAD_STEP 10000 // records looked at in one transaction

#define LMDB_KEY_MAX 511 // of its own

static_assert(KEY_BYTES_MAX <= LMDB_KEY_MAX);
static_assert(LMDB_KEY_MAX <= STORE_CURSOR_BYTES);

struct lmdb {
	MDB_env *env;
	MDB_dbi dbi[STORE_KIND_COUNT];
};

static const char *const names[STORE_KIND_COUNT] = {
	[STORE_BINDING] = "binding",
	[STORE_SECRET] = "secret",
	[STORE_LEASE] = "lease",
};

// LMDB's own codes are negative, too, and mean nothing to others.
static int fail(struct store_error *err, int rc, const char *what)
{
	return store_fail(err, rc > 0 ? -rc : -EIO, "LMDB cannot %s: %s", what, mdb_strerror(rc));
}

static int fail_open(struct store_error *err, int rc, const char *directory)
{
	switch (rc) {
	case ENOENT:
		return store_fail(err, -ENOENT,
			"there is no directory %s for the store: make it with \"install -d -m 0750 "
			"-o "
			"tidegate -g tidegate %s\", or name another",
			directory, directory);
	case EACCES:
	case EPERM:
	case EROFS:
		return store_fail(err, -rc,
			"cannot write in %s, where the store is: %s; the user that "
			"tidegate-controlplane "
			"runs as must own it and what is in it",
			directory, strerror(rc));
	case MDB_INVALID:
	case MDB_CORRUPTED:
	case MDB_VERSION_MISMATCH:
	case MDB_PAGE_NOTFOUND:
		return store_fail(err, -EBADMSG,
			"%s/data.mdb cannot be read: %s; move it away, then phones register anew",
			directory, mdb_strerror(rc));
	default:
		return store_fail(err, rc > 0 ? -rc : -EIO, "cannot open the store in %s: %s",
			directory, mdb_strerror(rc));
	}
}

static void lmdb_free(void *state)
{
	struct lmdb *lmdb = state;

	mdb_env_close(lmdb->env);
	free(lmdb);
}

static int open_kinds(struct lmdb *lmdb)
{
	MDB_txn *txn;
	int rc = mdb_txn_begin(lmdb->env, NULL, 0, &txn);

	if (rc != 0)
		return rc;
	for (unsigned int i = 0; rc == 0 && i < STORE_KIND_COUNT; i++)
		rc = mdb_dbi_open(txn, names[i], MDB_CREATE, &lmdb->dbi[i]);
	if (rc == 0)
		return mdb_txn_commit(txn);
	mdb_txn_abort(txn);
	return rc;
}

static int open_env(struct lmdb *lmdb, const char *directory, uint32_t records_max)
{
	size_t map = MAP_SPARE_BYTES + (size_t)records_max * RECORD_BYTES;
	int dead, rc = mdb_env_set_maxdbs(lmdb->env, STORE_KIND_COUNT);

	if (rc == 0)
		rc = mdb_env_set_mapsize(lmdb->env, map);
	if (rc == 0)
		rc = mdb_env_open(lmdb->env, directory, MDB_NOMETASYNC | MDB_NOTLS, 0600);
	if (rc == 0)
		rc = mdb_reader_check(lmdb->env, &dead);
	return rc == 0 ? open_kinds(lmdb) : rc;
}

int store_lmdb_open(
	void **state, const char *directory, uint32_t records_max, struct store_error *err)
{
	struct lmdb *lmdb = calloc(1, sizeof(*lmdb));
	int rc;

	if (lmdb == NULL || mdb_env_create(&lmdb->env) != 0) {
		free(lmdb);
		return store_fail(err, -ENOMEM, "no memory for the store");
	}
	rc = open_env(lmdb, directory, records_max);
	if (rc != 0) {
		lmdb_free(lmdb);
		return fail_open(err, rc, directory);
	}
	*state = lmdb;
	return 0;
}

static MDB_val key_of(const struct store_op *op, char memory[static KEY_BYTES_MAX])
{
	uint64_t id_be = htobe64(op->id);

	memcpy(memory, op->octets, op->name_len);
	memory[op->name_len] = '\0';
	memcpy(memory + op->name_len + 1, &id_be, ID_BYTES);
	return (MDB_val){(size_t)op->name_len + 1 + ID_BYTES, memory};
}

static int put(MDB_txn *txn, MDB_dbi dbi, MDB_val *key, const struct store_op *op)
{
	MDB_val value = {EXPIRES_BYTES + (size_t)op->value_len, NULL};
	uint64_t expires_le = htole64(op->expires_s);
	int rc = mdb_put(txn, dbi, key, &value, MDB_RESERVE);

	if (rc != 0)
		return rc;
	memcpy(value.mv_data, &expires_le, EXPIRES_BYTES);
	memcpy((char *)value.mv_data + EXPIRES_BYTES, op->octets + op->name_len, op->value_len);
	return 0;
}

static int apply_one(MDB_txn *txn, const struct lmdb *lmdb, const struct store_op *op)
{
	char memory[KEY_BYTES_MAX];
	MDB_val key = key_of(op, memory);
	int rc;

	if (!op->is_remove)
		return put(txn, lmdb->dbi[op->kind], &key, op);
	rc = mdb_del(txn, lmdb->dbi[op->kind], &key, NULL);
	return rc == MDB_NOTFOUND ? 0 : rc;
}

static int lmdb_apply(void *state, struct store_op *const *ops, unsigned int count,
	struct store_done *done, struct store_error *err)
{
	struct lmdb *lmdb = state;
	MDB_txn *txn;
	int rc = mdb_txn_begin(lmdb->env, NULL, 0, &txn);

	if (rc != 0)
		return fail(err, rc, "begin a transaction");
	for (unsigned int i = 0; rc == 0 && i < count; i++)
		rc = apply_one(txn, lmdb, ops[i]);
	if (rc == 0) {
		rc = mdb_txn_commit(txn);
		done->written = count;
	} else {
		mdb_txn_abort(txn);
	}
	return rc == 0 ? 0 : fail(err, rc, "write");
}

static int lmdb_sync(void *state, struct store_error *err)
{
	struct lmdb *lmdb = state;
	int rc = mdb_env_sync(lmdb->env, 1);

	return rc == 0 ? 0 : fail(err, rc, "bring what is written to the disk");
}

// A transaction that failed has left no trace: there is nothing to mend but room to wait for. Only when its
// last page could not be written LMDB refuses all that follows.
static int lmdb_reopen(void *state, struct store_error *err)
{
	struct lmdb *lmdb = state;
	MDB_txn *txn;
	int rc = mdb_txn_begin(lmdb->env, NULL, 0, &txn);

	if (rc == MDB_PANIC)
		return store_fail(err, -EIO,
			"LMDB writes nothing more until tidegate-controlplane is started again");
	if (rc != 0)
		return fail(err, rc, "begin a transaction");
	mdb_txn_abort(txn);
	return 0;
}

// Views into the map. Returns false for what is none of ours.
static bool read_record(struct store_record *out, const MDB_val *key, const MDB_val *value)
{
	uint64_t id_be, expires_le;

	if (key->mv_size < 1 + 1 + ID_BYTES || value->mv_size < EXPIRES_BYTES)
		return false;
	*out = (struct store_record){
		.key.name = str_of(key->mv_data, key->mv_size - 1 - ID_BYTES),
		.value = str_of((const char *)value->mv_data + EXPIRES_BYTES,
			value->mv_size - EXPIRES_BYTES),
	};
	memcpy(&id_be, (const char *)key->mv_data + key->mv_size - ID_BYTES, ID_BYTES);
	memcpy(&expires_le, value->mv_data, EXPIRES_BYTES);
	out->key.id = be64toh(id_be);
	out->expires_s = le64toh(expires_le);
	return true;
}

static bool is_kept(const struct store_load *load, const MDB_val *key, const MDB_val *value)
{
	struct store_record record;

	if (read_record(&record, key, value))
		return store_load_keeps(load, &record);
	counter_add(&load->counters->unreadable, 1);
	return false;
}

static int seek(MDB_cursor *cursor, struct store_load *load, MDB_val *key, MDB_val *value)
{
	if (load->next_len == 0)
		return mdb_cursor_get(cursor, key, value, MDB_FIRST);
	*key = (MDB_val){load->next_len, load->next};
	return mdb_cursor_get(cursor, key, value, MDB_SET_RANGE);
}

// MDB_NOTFOUND at the end.
static int load_records(MDB_cursor *cursor, struct store_load *load)
{
	MDB_val key, value;
	int rc = seek(cursor, load, &key, &value);

	for (unsigned int i = 0; rc == 0; i++) {
		if (i == LOAD_STEP) {
			memcpy(load->next, key.mv_data, key.mv_size);
			load->next_len = key.mv_size;
			return 0;
		}
		if (!is_kept(load, &key, &value))
			rc = mdb_cursor_del(cursor, 0);
		if (rc == 0)
			rc = mdb_cursor_get(cursor, &key, &value, MDB_NEXT);
	}
	return rc;
}

static int lmdb_load(void *state, struct store_load *load, struct store_error *err)
{
	struct lmdb *lmdb = state;
	MDB_cursor *cursor;
	MDB_txn *txn;
	int rc = mdb_txn_begin(lmdb->env, NULL, 0, &txn);

	if (rc != 0)
		return fail(err, rc, "begin a transaction");
	rc = mdb_cursor_open(txn, lmdb->dbi[load->kind], &cursor);
	if (rc == 0) {
		rc = load_records(cursor, load);
		mdb_cursor_close(cursor);
	}
	load->is_done = rc == MDB_NOTFOUND;
	if (rc != 0 && !load->is_done) {
		mdb_txn_abort(txn);
		return fail(err, rc, "read");
	}
	rc = mdb_txn_commit(txn);
	return rc == 0 ? 0 : fail(err, rc, "read");
}

const struct store_backend store_lmdb = {
	.name = "lmdb",
	.reopen = lmdb_reopen,
	.apply = lmdb_apply,
	.sync = lmdb_sync,
	.load = lmdb_load,
	.free = lmdb_free,
};
