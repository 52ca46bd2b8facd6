// SPDX-License-Identifier: BSD-3-Clause
// What must outlive the process: records under a name and a number, each with the time of its end. Embedded
// (LMDB, lmdb.c), or shared by several nodes (Redis, redis.c).
//
//	owner's thread                          store's thread
//	put, remove ──► bounded queue ────────► batches, one transaction each ──► LMDB | Redis
//	find ─────────► asked at once ────────► one round trip ◄───────────────── Redis
//	done, on_resync ◄──────── letters ───── answers; came back
//
// A put or remove costs its caller a copy and no system call but one each STORE_BATCH_MS. It is written
// within that time and the time of a transaction, so a SIGKILL loses no more than that, and no transaction is
// half done afterwards. Loss of power loses what was not yet on the disk (LMDB: STORE_SYNC_MS) and corrupts
// nothing.
//
// Nothing is lost for ever while its owner lives: whatever was not written, because the queue was full or
// the back end failed, is counted, and when there is room and the back end works again the owner gets
// on_resync, upon which it puts everything it holds once more. Removals are kept meanwhile, as many as the
// queue takes, and are made before that; of more a record stays until its own end.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "controlplane/base/loop.h"
#include "controlplane/base/str.h"

#define STORE_NAME_MAX 480   // octets of a name
#define STORE_VALUE_MAX 8192 // octets of a value
#define STORE_BATCH_MS 50
#define STORE_SYNC_MS 1000
#define STORE_FINDS_MAX 4096		   // asked and not yet answered
#define STORE_FOUND_MAX 32		   // records that one find tells of
#define STORE_QUEUE_MAX 131072		   // entries, where store_params says 0
#define STORE_QUEUE_BYTES_MAX (128u << 20) // and all their octets

enum store_kind {
	STORE_BINDING, // name: AOR; id: of the binding; value: binding_record.h
	STORE_SECRET,  // name: "node"; id: 0; value: what our names are made of (durable.h)
	STORE_LEASE,   // name, id: of the binding; value: call/lease_record.h
	STORE_KIND_COUNT,
};

struct store_key {
	struct str name; // of the binding: its AOR. 1 .. STORE_NAME_MAX octets
	uint64_t id;	 // tells those of one name apart
};

// As it was put. Views, valid during the callback.
struct store_record {
	struct store_key key;
	struct str value;
	uint64_t expires_s; // wall clock, since 1970
	struct str node;    // whose it is; of store_load: none
};

struct store_redis_params {
	const char *socket_path; // of a Unix socket; NULL: by TCP
	const char *host;	 // address or name
	uint16_t port;
	const char *user;     // of the ACL; NULL: the default user
	const char *password; // NULL: no AUTH. Never logged
	uint32_t database;
	const char *node;    // of all that share it only we: at most 64 of A-Z a-z 0-9 . _ -
	uint32_t timeout_ms; // of connecting, and of each round trip; 0: 500
};

struct store_params {
	struct loop *loop;			// of the owner
	const char *directory;			// LMDB's; NULL: Redis
	uint32_t records_max;			// LMDB: sizes its map, 4 kB each
	const struct store_redis_params *redis; // strings are copied
	uint32_t queue_max;			// entries; 0: STORE_QUEUE_MAX
	uint32_t wait_ms; // from store_open on store_load waits so long for a back end that is down
	// Everything that the owner holds is to be put again, at the pace of store_room: in slices, until
	// the end, or store_is_up says no; then, and in the middle, a new on_resync begins it anew. Not
	// more often than each 10 s. On the owner's thread. NULL: nobody is told.
	void (*on_resync)(void *arg);
	void *arg;
};

// Why it failed and what to do, for people.
struct store_error {
	char text[512];
};

// Fills err->text. Returns code.
__attribute__((format(printf, 3, 4))) int store_fail(
	struct store_error *err, int code, const char *fmt, ...);

// Words of one writer each; any thread may read them (counter_get).
struct store_counters {
	// owner's thread
	uint64_t puts;	       // taken into the queue
	uint64_t removes;      // likewise
	uint64_t dropped;      // not taken: the queue was full
	uint64_t refused;      // not taken: a name or value too long
	uint64_t finds;	       // asked
	uint64_t finds_late;   // not answered in time
	uint64_t finds_full;   // not asked: STORE_FINDS_MAX
	uint64_t resyncs;      // on_resync was called
	uint64_t queued_bytes; // ever
	// store's thread; before store_start the thread that opened it
	uint64_t taken;	      // from the queue
	uint64_t taken_bytes; // likewise
	uint64_t writes;      // puts and removes that the back end has
	uint64_t failures;    // that it refused, or of which it failed to say that it has them
	uint64_t deferred;    // puts given up while it was down: they come again after on_resync
	uint64_t forgotten;   // removals given up while it was down
	uint64_t batches;
	uint64_t downs;	     // times the back end stopped working
	uint64_t syncs;	     // LMDB: times all was brought to the disk
	uint64_t sync_us;    // how long the last of them took
	uint64_t synced_s;   // when it ended, wall clock
	uint64_t loaded;     // by store_load
	uint64_t expired;    // found past their end at store_load, and removed
	uint64_t unreadable; // found to be no records at store_load, and removed
};

struct store;
struct store_find;

// Returns whether the record is what it should be; what is not is removed.
typedef bool store_each_h(void *arg, const struct store_record *record);
// rc: 0 when all were told of; -ENOTCONN or -EIO when the back end failed before that.
typedef void store_loaded_h(void *arg, int rc);
// rc: 0 with what other nodes hold under that name and has not ended, count of it, which may be 0;
// -ETIMEDOUT; -ENOTCONN when the back end is down. Called once, on the owner's thread, not from within
// store_find. The find is gone after it.
typedef void store_found_h(
	void *arg, int rc, const struct store_record *records, unsigned int count);

// Opens or makes the back end; no thread runs yet. LMDB that cannot be opened is an error; Redis that cannot
// be reached is not: the store is down until it can be. Before the sandbox is closed, on the owner's thread
// or before its loop runs. Returns 0; -errno with *err filled.
int store_open(struct store **out, const struct store_params *params, struct store_error *err);
// Tells of every record of this node that has not ended, in no order, of some perhaps twice (Redis). Before
// store_start. Waits for a back end that is down or fails, as params say.
// Returns 0; -ENOTCONN when the back end is down; -EIO when it failed.
int store_load(struct store *store, enum store_kind kind, store_each_h *each, void *arg);
// Starts the thread, with all signals blocked, in the sandbox where that is closed. Returns 0 or -errno.
int store_start(struct store *store);
// Writes what is queued, as far as the back end works, and ends the thread. Whoever waits for a find is not
// told. On the owner's thread or after its loop ended. NULL is legal.
void store_free(struct store *store);

// The rest is the owner's thread's.

// Replaces what is under that key. What has ended already is not written. Returns 0; -EINVAL for a name or
// value too long; -EAGAIN when the queue is full (on_resync comes when there is room).
int store_put(struct store *store, enum store_kind kind, const struct store_key *key,
	struct str value, uint64_t expires_s);
// Likewise; the last eighth of the queue is kept for removals. Of a key that is not there: nothing happens.
int store_remove(struct store *store, enum store_kind kind, const struct store_key *key);
// Puts that the queue takes now. Who puts much at once (on_resync) leaves half of STORE_QUEUE_MAX, or of
// queue_max, for others.
uint32_t store_room(const struct store *store);
// Entries in the queue. Any thread.
uint32_t store_queued(const struct store *store);
// Whether the back end worked when it was last used. Any thread.
bool store_is_up(const struct store *store);
// "lmdb" or "redis".
const char *store_backend_name(const struct store *store);
const struct store_counters *store_counters(const struct store *store);

// As store_load, for who could not have it: tells while the thread runs, as the back end reads, and lets others
// have their turns. Of what was put since the start, too, as it was when it was read. Nothing happens while an
// earlier one is under way.
void store_load_late(struct store *store, enum store_kind kind, store_each_h *each,
	store_loaded_h *done, void *arg);
// Neither each nor done of it will be called. Legal where none is under way.
void store_load_cancel(struct store *store);

// Asks what other nodes hold under a name, and waits for it at most limit_ms. *out is valid until done is
// called. Returns 0; -EAGAIN when STORE_FINDS_MAX are asked; -ENOTCONN when the back end is down; -ENOTSUP for
// LMDB, which no other node writes; -EINVAL; -ENOMEM.
int store_find(struct store_find **out, struct store *store, enum store_kind kind, struct str name,
	uint32_t limit_ms, store_found_h *done, void *arg);
// done will not be called.
void store_find_cancel(struct store_find *find);
