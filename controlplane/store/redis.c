// SPDX-License-Identifier: BSD-3-Clause
// The store that nodes share: a hash for each name, a field for each record of each node.
//
//	key    tidegate:b:NAME           b: the kind; s, l: others
//	field  NODE:ID                   ID in 16 hexadecimal digits
//	value  expires_s (8 octets, least significant first), what was put
//
// Redis forgets a hash when the last of its records ends. A record that ended before that, because its node
// died, is passed over, and removed by who finds it a minute later. The clocks of the nodes must agree
// by a few seconds.
#include <endian.h>
#include <errno.h>
#include <stdlib.h>

#include "controlplane/base/hex.h"
#include "controlplane/store/redis_conn.h"
#include "controlplane/store/store_int.h"

#define EXPIRES_BYTES 8
#define ID_DIGITS 16
#define KEY_BYTES_MAX (sizeof("tidegate:b:") + STORE_NAME_MAX)
#define FIELD_BYTES_MAX (64 + 1 + ID_DIGITS)
#define PIPELINED 128	  // operations, or keys, before replies are read
#define SCAN_COUNT "1000" // keys a step of SCAN looks at
#define FORGET_AFTER_S 60 // of what ended, and its node has not removed

struct redis {
	struct redis_conn conn;
};

static const char letters[STORE_KIND_COUNT] = {
	[STORE_BINDING] = 'b',
	[STORE_SECRET] = 's',
	[STORE_LEASE] = 'l',
};

static void redis_free(void *state)
{
	struct redis *redis = state;

	redis_conn_fini(&redis->conn);
	free(redis);
}

int store_redis_open(
	void **state, const struct store_redis_params *params, bool *up, struct store_error *err)
{
	struct redis *redis = calloc(1, sizeof(*redis));
	int rc;

	if (redis == NULL)
		return store_fail(err, -ENOMEM, "no memory for the store");
	rc = redis_conn_init(&redis->conn, params, err);
	if (rc < 0) {
		free(redis);
		return rc;
	}
	*up = redis_conn_open(&redis->conn, err) >= 0;
	*state = redis;
	return 0;
}

static int redis_reopen(void *state, struct store_error *err)
{
	return redis_conn_open(&((struct redis *)state)->conn, err);
}

static int redis_fd(const void *state)
{
	return redis_conn_fd(&((const struct redis *)state)->conn);
}

static struct str key_of(enum store_kind kind, struct str name, char memory[static KEY_BYTES_MAX])
{
	struct strbuf key = strbuf_on(memory, KEY_BYTES_MAX);

	strbuf_put(&key, STR("tidegate:"));
	strbuf_put_char(&key, letters[kind]);
	strbuf_put_char(&key, ':');
	strbuf_put(&key, name);
	return strbuf_str(&key);
}

static struct str field_of(
	const struct redis *redis, uint64_t id, char memory[static FIELD_BYTES_MAX])
{
	struct strbuf field = strbuf_on(memory, FIELD_BYTES_MAX);
	uint64_t id_be = htobe64(id);
	char digits[ID_DIGITS];

	hex_write(digits, (const uint8_t *)&id_be, sizeof(id_be));
	strbuf_put(&field, str_from(redis->conn.to.node));
	strbuf_put_char(&field, ':');
	strbuf_put(&field, str_of(digits, ID_DIGITS));
	return strbuf_str(&field);
}

static int send_remove(
	struct redis *redis, struct str key, struct str field, struct store_error *err)
{
	return redis_send(&redis->conn, (struct str[]){STR("HDEL"), key, field}, 3, err);
}

// The hash lives as long as what lives longest in it.
static int send_put(struct redis *redis, struct str key, struct str field,
	const struct store_op *op, struct store_error *err)
{
	char value[EXPIRES_BYTES + STORE_VALUE_MAX], text[24];
	struct strbuf expires = strbuf_on(text, sizeof(text));
	uint64_t expires_le = htole64(op->expires_s);
	size_t len = EXPIRES_BYTES + (size_t)op->value_len;
	int rc;

	memcpy(value, &expires_le, EXPIRES_BYTES);
	memcpy(value + EXPIRES_BYTES, op->octets + op->name_len, op->value_len);
	strbuf_put_u64(&expires, op->expires_s);
	rc = redis_send(
		&redis->conn, (struct str[]){STR("HSET"), key, field, str_of(value, len)}, 4, err);
	if (rc == 0)
		rc = redis_send(&redis->conn,
			(struct str[]){STR("EXPIREAT"), key, strbuf_str(&expires), STR("NX")}, 4,
			err);
	if (rc == 0)
		rc = redis_send(&redis->conn,
			(struct str[]){STR("EXPIREAT"), key, strbuf_str(&expires), STR("GT")}, 4,
			err);
	return rc;
}

static int send_op(struct redis *redis, const struct store_op *op, struct store_error *err)
{
	char key_memory[KEY_BYTES_MAX], field_memory[FIELD_BYTES_MAX];
	struct str key = key_of(op->kind, store_op_name(op), key_memory);
	struct str field = field_of(redis, op->id, field_memory);

	return op->is_remove ? send_remove(redis, key, field, err)
			     : send_put(redis, key, field, op, err);
}

// *refused: the server took the connection, but not this.
static int take_replies(
	struct redis *redis, unsigned int count, bool *refused, struct store_error *err)
{
	*refused = false;
	for (unsigned int i = 0; i < count; i++) {
		redisReply *reply;
		int rc = redis_receive(&redis->conn, &reply, err);

		if (rc < 0)
			return rc;
		*refused |= reply->type == REDIS_REPLY_ERROR;
		freeReplyObject(reply);
	}
	return 0;
}

static int apply_some(struct redis *redis, struct store_op *const *ops, unsigned int count,
	struct store_done *done, struct store_error *err)
{
	int rc = 0;

	for (unsigned int i = 0; rc == 0 && i < count; i++)
		rc = send_op(redis, ops[i], err);
	for (unsigned int i = 0; rc == 0 && i < count; i++) {
		bool refused;

		rc = take_replies(redis, ops[i]->is_remove ? 1 : 3, &refused, err);
		if (rc == 0)
			*(refused ? &done->failed : &done->written) += 1;
	}
	return rc;
}

static int redis_apply(void *state, struct store_op *const *ops, unsigned int count,
	struct store_done *done, struct store_error *err)
{
	int rc = 0;

	for (unsigned int at = 0; rc == 0 && at < count; at += PIPELINED) {
		unsigned int left = count - at;

		rc = apply_some(state, ops + at, left < PIPELINED ? left : PIPELINED, done, err);
	}
	return rc;
}

// A field and its value. Returns false for what is none of ours.
static bool read_record(struct store_record *out, const redisReply *field, const redisReply *value)
{
	struct str node, digits = str_of(field->str, field->len);
	uint64_t id_be, expires_le;

	node = str_cut(&digits, ':');
	if (field->type != REDIS_REPLY_STRING || value->type != REDIS_REPLY_STRING || node.len == 0
		|| hex_read((uint8_t *)&id_be, sizeof(id_be), digits) < 0
		|| value->len < EXPIRES_BYTES || value->len > EXPIRES_BYTES + STORE_VALUE_MAX)
		return false;
	memcpy(&expires_le, value->str, EXPIRES_BYTES);
	out->key.id = be64toh(id_be);
	out->value = str_of(value->str + EXPIRES_BYTES, value->len - EXPIRES_BYTES);
	out->expires_s = le64toh(expires_le);
	out->node = node;
	return true;
}

struct loading {
	struct redis *redis;
	struct store_load *load;
	struct store_error *err;
	unsigned int removals; // sent and not yet answered
};

static int load_hash(struct loading *l, struct str key, struct str name, const redisReply *hash)
{
	struct store_record record = {.key.name = name};
	int rc = 0;

	for (size_t i = 0; rc == 0 && i + 1 < hash->elements; i += 2) {
		const redisReply *field = hash->element[i];

		if (!read_record(&record, field, hash->element[i + 1])
			|| !str_equal(record.node, str_from(l->redis->conn.to.node)))
			continue;
		record.node = STR_NONE;
		if (store_load_keeps(l->load, &record))
			continue;
		l->removals++;
		rc = send_remove(l->redis, key, str_of(field->str, field->len), l->err);
	}
	return rc;
}

static int ask_hashes(struct loading *l, redisReply *const *keys, size_t count)
{
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < count; i++)
		rc = redis_send(&l->redis->conn,
			(struct str[]){STR("HGETALL"), str_of(keys[i]->str, keys[i]->len)}, 2,
			l->err);
	return rc;
}

// What is sent meanwhile is answered after them.
static int load_hashes(struct loading *l, redisReply *const *keys, size_t count)
{
	size_t prefix = sizeof("tidegate:b:") - 1;
	int rc = ask_hashes(l, keys, count);
	bool refused;

	l->removals = 0;
	for (size_t i = 0; rc == 0 && i < count; i++) {
		struct str key = str_of(keys[i]->str, keys[i]->len);
		struct str name = str_of(key.at + prefix, key.len - prefix);
		redisReply *hash;

		rc = redis_receive(&l->redis->conn, &hash, l->err);
		if (rc < 0)
			break;
		if (hash->type == REDIS_REPLY_ARRAY && name.len <= STORE_NAME_MAX)
			rc = load_hash(l, key, name, hash);
		freeReplyObject(hash);
	}
	return rc == 0 ? take_replies(l->redis, l->removals, &refused, l->err) : rc;
}

static bool is_scan(const redisReply *reply)
{
	return reply->type == REDIS_REPLY_ARRAY && reply->elements == 2
		&& reply->element[0]->type == REDIS_REPLY_STRING
		&& reply->element[1]->type == REDIS_REPLY_ARRAY
		&& reply->element[0]->len <= STORE_CURSOR_BYTES;
}

static void note_cursor(struct store_load *load, struct str cursor)
{
	memcpy(load->next, cursor.at, cursor.len);
	load->next_len = cursor.len;
	load->is_done = str_equal(cursor, STR("0"));
}

static int load_scanned(struct loading *l, const redisReply *reply)
{
	const redisReply *cursor = reply->element[0], *keys = reply->element[1];
	int rc = 0;

	for (size_t at = 0; rc == 0 && at < keys->elements; at += PIPELINED) {
		size_t left = keys->elements - at;

		rc = load_hashes(l, keys->element + at, left < PIPELINED ? left : PIPELINED);
	}
	if (rc == 0)
		note_cursor(l->load, str_of(cursor->str, cursor->len));
	return rc;
}

// One step of SCAN.
static int redis_load(void *state, struct store_load *load, struct store_error *err)
{
	struct loading l = {.redis = state, .load = load, .err = err};
	struct str cursor = load->next_len > 0 ? str_of(load->next, load->next_len) : STR("0");
	char pattern[] = "tidegate:?:*";
	redisReply *reply;
	int rc;

	pattern[sizeof("tidegate:") - 1] = letters[load->kind];
	rc = redis_ask(&l.redis->conn, &reply,
		(struct str[]){STR("SCAN"), cursor, STR("MATCH"), str_from(pattern), STR("COUNT"),
			STR(SCAN_COUNT)},
		6, err);
	if (rc < 0)
		return rc;
	if (is_scan(reply)) {
		rc = load_scanned(&l, reply);
	} else {
		rc = store_fail(err, -EIO, "Redis does not answer SCAN");
		redis_conn_close(&l.redis->conn);
	}
	freeReplyObject(reply);
	return rc;
}

// Copies what the records view, for the reply does not live on.
static int own_records(struct store_found *found, struct store_error *err)
{
	size_t bytes = 0, at = 0;

	for (unsigned int i = 0; i < found->count; i++)
		bytes += found->record[i].value.len + found->record[i].node.len;
	found->memory = malloc(bytes + 1);
	if (found->memory == NULL) {
		found->count = 0;
		return store_fail(err, -ENOMEM, "no memory for what Redis holds");
	}
	for (unsigned int i = 0; i < found->count; i++) {
		struct str *text[] = {&found->record[i].value, &found->record[i].node};

		for (unsigned int k = 0; k < 2; k++) {
			memcpy(found->memory + at, text[k]->at, text[k]->len);
			text[k]->at = found->memory + at;
			at += text[k]->len;
		}
	}
	return 0;
}

// Sends the removal of what its node has not removed. Returns how many; -errno.
static int collect(struct redis *redis, struct str key, struct str name, const redisReply *hash,
	struct store_found *found, struct store_error *err)
{
	uint64_t now_s = tg_wall_now().us / TG_US_PER_S;
	int rc = 0, removals = 0;

	for (size_t i = 0; rc == 0 && i + 1 < hash->elements; i += 2) {
		const redisReply *field = hash->element[i];
		struct store_record record = {.key.name = name};

		if (!read_record(&record, field, hash->element[i + 1])
			|| str_equal(record.node, str_from(redis->conn.to.node)))
			continue;
		if (record.expires_s > now_s) {
			if (found->count < STORE_FOUND_MAX)
				found->record[found->count++] = record;
		} else if (record.expires_s + FORGET_AFTER_S <= now_s) {
			removals++;
			rc = send_remove(redis, key, str_of(field->str, field->len), err);
		}
	}
	return rc == 0 ? removals : rc;
}

// name is the asker's and lives as long as what is found.
static int redis_find(void *state, enum store_kind kind, struct str name, struct store_found *found,
	struct store_error *err)
{
	struct redis *redis = state;
	char memory[KEY_BYTES_MAX];
	struct str key = key_of(kind, name, memory);
	redisReply *hash;
	bool refused;
	int rc = redis_ask(&redis->conn, &hash, (struct str[]){STR("HGETALL"), key}, 2, err);

	if (rc < 0)
		return rc;
	if (hash->type == REDIS_REPLY_ARRAY)
		rc = collect(redis, key, name, hash, found, err);
	if (rc > 0)
		rc = take_replies(redis, (unsigned int)rc, &refused, err);
	if (rc == 0)
		rc = own_records(found, err);
	freeReplyObject(hash);
	return rc;
}

static int own_values(
	char **memory, struct str *values, const redisReply *reply, struct store_error *err)
{
	size_t bytes = 0, at = 0;

	for (size_t i = 0; i < reply->elements; i++)
		bytes += reply->element[i]->len;
	*memory = malloc(bytes + 1);
	if (*memory == NULL)
		return store_fail(err, -ENOMEM, "no memory for what Redis holds");
	for (size_t i = 0; i < reply->elements; i++) {
		const redisReply *value = reply->element[i];

		if (value->type != REDIS_REPLY_STRING)
			continue;
		memcpy(*memory + at, value->str, value->len);
		values[i] = str_of(*memory + at, value->len);
		at += value->len;
	}
	return 0;
}

int store_redis_fields(void *state, struct str key, const struct str *names, struct str *values,
	unsigned int count, char **memory, struct store_error *err)
{
	struct redis *redis = state;
	struct str word[2 + STORE_FIELDS_MAX] = {STR("HMGET"), key};
	redisReply *reply;
	int rc;

	for (unsigned int i = 0; i < count; i++) {
		word[2 + i] = names[i];
		values[i] = STR_NONE;
	}
	rc = redis_ask(&redis->conn, &reply, word, 2 + count, err);
	if (rc < 0)
		return rc;
	if (reply->type == REDIS_REPLY_ARRAY && reply->elements == count)
		rc = own_values(memory, values, reply, err);
	else
		rc = -EBADMSG;
	freeReplyObject(reply);
	return rc;
}

const struct store_backend store_redis = {
	.name = "redis",
	.reopen = redis_reopen,
	.apply = redis_apply,
	.load = redis_load,
	.find = redis_find,
	.fd = redis_fd,
	.free = redis_free,
};
