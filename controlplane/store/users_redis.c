// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/store/users_redis.h"

#include <errno.h>
#include <stdlib.h>

#include "controlplane/base/hex.h"
#include "controlplane/base/log.h"
#include "controlplane/base/metrics.h"
#include "controlplane/base/table.h"
#include "controlplane/store/store_int.h"

#define USERS_MAX 65536
#define TTL_MS 60000
#define LIMIT_MS 500
#define WAITERS_MAX 16384
#define FAILED_MS 1000 // before Redis is asked for a user again
#define KEY_PREFIX "tidegate:user:"

static_assert(DIGEST_HASH_COUNT <= STORE_FIELDS_MAX);

static const struct {
	struct str name;
	unsigned int bytes;
} hashes[DIGEST_HASH_COUNT] = {
#define X(label, text, octets) [DIGEST_HASH_##label] = {STR(text), octets},
	DIGEST_HASHES(X)
#undef X
};

// HA1s that somebody has: bit n for hash n.
struct secrets {
	struct digest_ha1 ha1[DIGEST_HASH_COUNT];
	uint32_t has;
	uint32_t malformed;
};

struct waiter {
	struct waiter *next;
	users_known_h *known;
	void *arg;
	uint64_t id;
};

// In one of three lists: of those that are asked for, who exist, who do not; the latest last.
struct entry {
	struct table_node node;
	struct cds_list_head link;
	struct lookup *lookup; // NULL: answered
	struct waiter *waiters, **waiters_end;
	uint64_t until_ms;
	int rc; // 0, or why nobody can tell
	struct secrets secrets;
	size_t name_len;
	char name[];
};

struct list {
	struct cds_list_head head;
	uint32_t count;
	uint32_t max;
};

struct users_redis {
	struct store *store;
	uint32_t ttl_ms, limit_ms;
	struct table table;
	struct cds_list_head asked;
	struct list known, unknown;
	uint32_t waiters, waiters_max;
	struct users_redis_counters counters;
};

// A question to Redis. Of the store's thread while that works on it.
struct lookup {
	struct store_job job;
	struct users_redis *users;
	struct entry *entry;
	struct secrets secrets;
	size_t key_len;
	char key[sizeof(KEY_PREFIX) + USERS_NAME_MAX];
};

static uint64_t now_ms(const struct users_redis *users)
{
	return tg_mono_ms(timer_wheel_now(loop_wheel(users->store->loop)));
}

static bool has_name(const struct table_node *node, const void *key)
{
	const struct entry *entry = caa_container_of(node, struct entry, node);

	return str_equal(str_of(entry->name, entry->name_len), *(const struct str *)key);
}

static struct entry *entry_of(const struct users_redis *users, struct str name)
{
	struct table_node *node = table_find(&users->table, str_hash(name), has_name, &name);

	return node != NULL ? caa_container_of(node, struct entry, node) : NULL;
}

static struct list *list_of(struct users_redis *users, const struct entry *entry)
{
	return entry->rc == 0 && entry->secrets.has != 0 ? &users->known : &users->unknown;
}

static void set_remembered(struct users_redis *users)
{
	__atomic_store_n(&users->counters.remembered,
		(uint64_t)users->known.count + users->unknown.count, __ATOMIC_RELAXED);
}

static void enlist(struct users_redis *users, struct entry *entry)
{
	struct list *list = list_of(users, entry);

	cds_list_add_tail(&entry->link, &list->head);
	list->count++;
	set_remembered(users);
}

static void unlist(struct users_redis *users, struct entry *entry)
{
	cds_list_del(&entry->link);
	list_of(users, entry)->count--;
	set_remembered(users);
}

static void drop_entry(struct users_redis *users, struct entry *entry)
{
	table_remove(&users->table, &entry->node);
	explicit_bzero(&entry->secrets, sizeof(entry->secrets));
	free(entry);
}

static void make_room(struct users_redis *users, struct list *list)
{
	while (list->count >= list->max) {
		struct entry *oldest = cds_list_first_entry(&list->head, struct entry, link);

		unlist(users, oldest);
		drop_entry(users, oldest);
	}
}

static void read_values(struct lookup *lookup, const struct str *values)
{
	struct secrets *secrets = &lookup->secrets;

	for (unsigned int i = 0; i < DIGEST_HASH_COUNT; i++) {
		if (str_is_none(values[i]))
			continue;
		if (hex_read(secrets->ha1[i].bytes, hashes[i].bytes, values[i]) == 0)
			secrets->has |= 1u << i;
		else
			secrets->malformed++;
	}
}

static void wipe(char *memory, const struct str *values)
{
	size_t bytes = 0;

	for (unsigned int i = 0; i < DIGEST_HASH_COUNT; i++)
		bytes += values[i].len;
	explicit_bzero(memory, bytes);
}

static int work(struct store_job *job, void *state, struct store_error *err)
{
	struct lookup *lookup = caa_container_of(job, struct lookup, job);
	struct str names[DIGEST_HASH_COUNT], values[DIGEST_HASH_COUNT];
	char *memory = NULL;
	int rc;

	for (unsigned int i = 0; i < DIGEST_HASH_COUNT; i++)
		names[i] = hashes[i].name;
	rc = store_redis_fields(state, str_of(lookup->key, lookup->key_len), names, values,
		DIGEST_HASH_COUNT, &memory, err);
	if (rc == 0)
		read_values(lookup, values);
	if (memory != NULL)
		wipe(memory, values);
	free(memory);
	if (rc == -EBADMSG) {
		lookup->secrets.malformed++;
		return 0;
	}
	return rc;
}

static void tell(struct users_redis *users, struct waiter *waiter)
{
	while (waiter != NULL) {
		struct waiter *next = waiter->next;

		users->waiters--;
		waiter->known(waiter->arg, waiter->id);
		free(waiter);
		waiter = next;
	}
}

static void finish(struct store_job *job, int rc)
{
	struct lookup *lookup = caa_container_of(job, struct lookup, job);
	struct users_redis *users = lookup->users;
	struct entry *entry = lookup->entry;
	struct waiter *waiters = entry->waiters;

	entry->lookup = NULL;
	entry->waiters = NULL;
	entry->rc = rc;
	entry->until_ms = now_ms(users) + (rc == 0 ? users->ttl_ms : FAILED_MS);
	if (rc == 0) {
		entry->secrets = lookup->secrets;
		counter_add(&users->counters.malformed, lookup->secrets.malformed);
		if (lookup->secrets.malformed != 0)
			LOG(LOG_WARN, "user-malformed", "user=%s",
				LOG_STR(str_of(entry->name, entry->name_len)));
	} else {
		counter_add(&users->counters.failed, 1);
	}
	cds_list_del(&entry->link);
	make_room(users, list_of(users, entry));
	enlist(users, entry);
	tell(users, waiters);
}

static void release(struct store_job *job)
{
	struct lookup *lookup = caa_container_of(job, struct lookup, job);

	explicit_bzero(&lookup->secrets, sizeof(lookup->secrets));
	free(lookup);
}

static int ask(struct users_redis *users, struct entry *entry)
{
	struct lookup *lookup = calloc(1, sizeof(*lookup));
	struct strbuf key;
	int rc;

	if (lookup == NULL)
		return -ENOMEM;
	key = strbuf_on(lookup->key, sizeof(lookup->key));
	strbuf_put(&key, STR(KEY_PREFIX));
	strbuf_put(&key, str_of(entry->name, entry->name_len));
	lookup->key_len = key.len;
	lookup->users = users;
	lookup->entry = entry;
	lookup->job.work = work;
	lookup->job.finish = finish;
	lookup->job.release = release;
	rc = store_job_send(users->store, &lookup->job, users->limit_ms);
	if (rc < 0) {
		free(lookup);
		return rc;
	}
	entry->lookup = lookup;
	cds_list_add_tail(&entry->link, &users->asked);
	counter_add(&users->counters.asked, 1);
	return 0;
}

static struct entry *entry_new(struct users_redis *users, struct str name)
{
	struct entry *entry = calloc(1, sizeof(*entry) + name.len);

	if (entry == NULL)
		return NULL;
	memcpy(entry->name, name.at, name.len);
	entry->name_len = name.len;
	if (table_insert(&users->table, str_hash(name), &entry->node) == 0)
		return entry;
	free(entry);
	return NULL;
}

static int wait_for(struct users_redis *users, struct entry *entry, const struct users_query *query)
{
	struct waiter *waiter = users->waiters < users->waiters_max ? malloc(sizeof(*waiter))
								    : NULL;

	if (waiter == NULL) {
		counter_add(&users->counters.refused, 1);
		return -EBUSY;
	}
	*waiter = (struct waiter){NULL, query->known, query->arg, query->id};
	if (entry->waiters == NULL)
		entry->waiters_end = &entry->waiters;
	*entry->waiters_end = waiter;
	entry->waiters_end = &waiter->next;
	users->waiters++;
	return -EAGAIN;
}

// It is forgotten by now, or was never known.
static int begin(struct users_redis *users, struct str name, const struct users_query *query)
{
	struct entry *entry = entry_new(users, name);
	int rc = entry != NULL ? ask(users, entry) : -ENOMEM;

	if (rc == 0)
		return wait_for(users, entry, query);
	if (entry != NULL)
		drop_entry(users, entry);
	counter_add(&users->counters.refused, 1);
	return rc == -EAGAIN ? -EBUSY : rc;
}

static int answer(struct users_redis *users, const struct entry *entry, enum digest_hash hash,
	struct digest_ha1 *out)
{
	counter_add(&users->counters.hits, 1);
	if (entry->rc < 0)
		return entry->rc;
	if ((entry->secrets.has & 1u << hash) == 0)
		return -ENOENT;
	*out = entry->secrets.ha1[hash];
	return 0;
}

static int users_redis_find(void *self, const struct users_query *query, struct digest_ha1 *out)
{
	struct users_redis *users = self;
	char memory[USERS_NAME_MAX];
	struct strbuf text = strbuf_on(memory, sizeof(memory));
	struct entry *entry;

	strbuf_put(&text, query->user);
	strbuf_put_char(&text, '@');
	strbuf_put(&text, query->domain);
	if (text.failed)
		return -ENOENT;
	entry = entry_of(users, strbuf_str(&text));
	if (entry != NULL && entry->lookup != NULL)
		return wait_for(users, entry, query);
	if (entry != NULL && now_ms(users) < entry->until_ms)
		return answer(users, entry, query->hash, out);
	if (entry != NULL) {
		unlist(users, entry);
		drop_entry(users, entry);
	}
	return begin(users, strbuf_str(&text), query);
}

static void drop_waiters(struct entry *entry)
{
	while (entry->waiters != NULL) {
		struct waiter *next = entry->waiters->next;

		free(entry->waiters);
		entry->waiters = next;
	}
}

static void drop_list(struct users_redis *users, struct cds_list_head *head)
{
	struct entry *entry, *next;

	cds_list_for_each_entry_safe (entry, next, head, link) {
		if (entry->lookup != NULL)
			store_job_cancel(&entry->lookup->job);
		drop_waiters(entry);
		drop_entry(users, entry);
	}
}

static void users_redis_free(void *self)
{
	struct users_redis *users = self;

	drop_list(users, &users->asked);
	drop_list(users, &users->known.head);
	drop_list(users, &users->unknown.head);
	table_fini(&users->table);
	free(users);
}

static const struct users_backend backend = {
	.find = users_redis_find,
	.free = users_redis_free,
};

int users_redis_new(struct users *out, const struct users_redis_params *params)
{
	uint32_t known_max = params->users_max != 0 ? params->users_max : USERS_MAX;
	uint32_t unknown_max = known_max / 4 + 1;
	struct users_redis *users;

	if (params->store->backend != &store_redis)
		return -ENOTSUP;
	users = calloc(1, sizeof(*users));
	if (users == NULL)
		return -ENOMEM;
	*users = (struct users_redis){
		.store = params->store,
		.ttl_ms = params->ttl_ms != 0 ? params->ttl_ms : TTL_MS,
		.limit_ms = params->limit_ms != 0 ? params->limit_ms : LIMIT_MS,
		.waiters_max = params->waiters_max != 0 ? params->waiters_max : WAITERS_MAX,
		.known.max = known_max,
		.unknown.max = unknown_max,
	};
	CDS_INIT_LIST_HEAD(&users->asked);
	CDS_INIT_LIST_HEAD(&users->known.head);
	CDS_INIT_LIST_HEAD(&users->unknown.head);
	if (table_init(&users->table, known_max + unknown_max + STORE_FINDS_MAX) < 0) {
		free(users);
		return -ENOMEM;
	}
	*out = (struct users){&backend, users};
	return 0;
}

const struct users_redis_counters *users_redis_counters(struct users users)
{
	return &((struct users_redis *)users.self)->counters;
}
