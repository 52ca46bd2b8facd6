// SPDX-License-Identifier: BSD-3-Clause
// What the files of store/ share.
#pragma once

#include "controlplane/base/rcu.h"
#include "controlplane/store/store.h"
#include "include/tidegate/limits.h"

#include <pthread.h>

#define STORE_BATCH_MAX 2048
#define STORE_FIELDS_MAX 4
#define STORE_CURSOR_BYTES 511

// -- queue.c ---------------------------------------------------------------------------------------

// A put or a removal on its way to the store's thread, or a record on its way from it. Whose thread it comes to,
// that one owns it.
struct store_op {
	struct letter letter;
	struct store *store;
	struct store_op *next; // in the list of kept removals
	uint64_t expires_s;
	uint64_t id;
	uint16_t name_len;
	uint16_t value_len;
	uint8_t kind; // enum store_kind
	bool is_remove;
	char octets[]; // name, value
};

static inline struct str store_op_name(const struct store_op *op)
{
	return str_of(op->octets, op->name_len);
}

static inline struct str store_op_value(const struct store_op *op)
{
	return str_of(op->octets + op->name_len, op->value_len);
}

// A put. Copies. NULL when memory is out. Any thread.
struct store_op *store_op_new(struct store *store, enum store_kind kind,
	const struct store_key *key, struct str value, uint64_t expires_s);

// -- backends --------------------------------------------------------------------------------------

// What a find collects on the store's thread.
struct store_found {
	struct store_record record[STORE_FOUND_MAX];
	unsigned int count;
	char *memory; // that the records view; freed by who asked
};

// A load under way: a step at a time.
struct store_load {
	enum store_kind kind;
	store_each_h *each;
	void *arg;
	struct store_counters *counters;
	uint64_t now_s; // when it began, wall clock
	bool is_done;
	// the back end's: where the next step begins
	size_t next_len; // 0: at the first
	char next[STORE_CURSOR_BYTES];
};

// What became of a batch.
struct store_done {
	unsigned int written;
	unsigned int failed; // each by itself; the others are written
};

// A back end. Everything runs on the store's thread; before that runs, on the one that opened it. After an
// error that leaves it unusable, what it returns is -errno with *err filled: the store is down then, and
// calls nothing but reopen and free until reopen has returned 0 or 1.
struct store_backend {
	const char *name;
	// Tries to work again. Returns 0; 1 when what was written may be gone; -errno.
	int (*reopen)(void *state, struct store_error *err);
	// In order, one transaction where there are such. Nothing of it is sure after an error.
	int (*apply)(void *state, struct store_op *const *ops, unsigned int count,
		struct store_done *done, struct store_error *err);
	// Brings to the disk what is written. NULL: there is nothing to do.
	int (*sync)(void *state, struct store_error *err);
	// Shows a step's records to store_load_keeps, removes those that it does not keep, and says when
	// that was the last step.
	int (*load)(void *state, struct store_load *load, struct store_error *err);
	// NULL: no other node writes here.
	int (*find)(void *state, enum store_kind kind, struct str name, struct store_found *found,
		struct store_error *err);
	// A descriptor that is readable when it stopped working, or -1. NULL: there is none.
	int (*fd)(const void *state);
	void (*free)(void *state);
};

extern const struct store_backend store_lmdb, store_redis;

// Returns 0; -errno with *err filled.
int store_lmdb_open(
	void **state, const char *directory, uint32_t records_max, struct store_error *err);
// Connects; *up is whether it could. Returns 0; -errno with *err filled for params that cannot be.
int store_redis_open(
	void **state, const struct store_redis_params *params, bool *up, struct store_error *err);
// The fields of a hash as texts, none where there is none: views into *memory, which the caller frees. At most
// STORE_FIELDS_MAX. Store's thread, Redis only. Returns 0; -EBADMSG when it is no hash; else -errno with
// *err filled, and the store is down now.
int store_redis_fields(void *state, struct str key, const struct str *names, struct str *values,
	unsigned int count, char **memory, struct store_error *err);

// -- load.c ----------------------------------------------------------------------------------------

// A load while the store's thread runs: it goes to that for a step, whose records come back before it.
struct store_late_load {
	struct letter letter;
	struct store_load load; // store's thread
	int rc;			// of the last step
	bool is_under_way;	// owner
	store_each_h *each;	// owner; NULL: it was cancelled
	store_loaded_h *done;
	void *arg;
};

// Whether the record stays in the store: it has not ended, and its owner takes it. Counts it.
bool store_load_keeps(const struct store_load *load, const struct store_record *record);

// -- store.c, thread.c -----------------------------------------------------------------------------

struct store {
	const struct store_backend *backend;
	void *state; // the back end's: store's thread
	struct loop *loop;
	struct loop_watch *watch; // of answers
	struct mailbox *writes;	  // struct store_op
	struct mailbox *asks;	  // jobs, and the end
	struct mailbox *answers;  // jobs come back, and resync
	void (*on_resync)(void *arg);
	void *arg;
	uint32_t queue_max;
	uint64_t wait_until_ms; // store_load waits, monotonic
	struct store_late_load late;
	pthread_t thread;
	bool is_started;
	struct cds_list_head jobs; // owner
	uint32_t job_count;
	struct letter stop;
	struct letter resync;
	bool is_resync_sent; // both, atomic: resync is the owner's
	bool is_up;	     // store's thread; read by any, atomic
	struct store_counters counters;

	// store's thread
	struct store_op *batch[STORE_BATCH_MAX];
	unsigned int batch_count;
	struct store_op *kept, **kept_end; // removals, for when it is up again
	uint32_t kept_count;
	uint64_t dropped_seen;
	bool is_lost; // something the owner holds is not written
	bool is_ending;
	uint64_t batch_ms, sync_ms, retry_ms, resync_ms; // when due; UINT64_MAX: not
	uint32_t backoff_ms;
};

// The store's thread. arg: struct store.
void *store_thread(void *store);
// Does what is left to do at the end: writes the queue, answers what was asked.
void store_finish(struct store *store);
// The back end failed. Store's thread.
void store_went_down(struct store *store, const struct store_error *err);
// It is down: tries whether the back end works again. Store's thread.
void store_try_again(struct store *store);
// Takes an operation of the queue. Store's thread.
letter_h store_take;

// -- job.c -----------------------------------------------------------------------------------------

// Something asked of the back end, beside the queue. Lies in its asker's memory, which release frees.
struct store_job {
	struct letter letter;
	struct cds_list_head link;
	struct timer limit;
	struct store *store;
	bool is_waited_for; // owner
	int rc;		    // of work
	// Store's thread: asks the back end. Returns 0, or -errno with *err filled when that is down now.
	int (*work)(struct store_job *job, void *state, struct store_error *err);
	// Owner's thread, once unless it was cancelled. rc: of work, -ETIMEDOUT or -ENOTCONN.
	void (*finish)(struct store_job *job, int rc);
	void (*release)(struct store_job *job);
};

// Sends it with work, finish and release set, all else zero. Returns 0; -EAGAIN when STORE_FINDS_MAX are
// under way, -ENOTCONN when the back end is down: it is the caller's still.
int store_job_send(struct store *store, struct store_job *job, uint32_t limit_ms);
// finish will not be called; release will.
void store_job_cancel(struct store_job *job);
