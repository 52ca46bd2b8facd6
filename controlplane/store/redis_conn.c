// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/store/redis_conn.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>

#include "controlplane/store/store_int.h"
#include "include/tidegate/time.h"

#define TIMEOUT_MS 500
#define NODE_BYTES_MAX 64
#define VERSION_MIN 7 // EXPIREAT with NX and GT
#define WORDS_MAX 8

static bool is_node_name(const char *node)
{
	static const char legal[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				    "0123456789._-";
	size_t len = node != NULL ? strlen(node) : 0;

	return len > 0 && len <= NODE_BYTES_MAX && strspn(node, legal) == len;
}

// Returns false when memory is out.
static bool copy_text(const char **out, const char *text)
{
	*out = text != NULL ? strdup(text) : NULL;
	return text == NULL || *out != NULL;
}

int redis_conn_init(
	struct redis_conn *conn, const struct store_redis_params *params, struct store_error *err)
{
	struct store_redis_params *to = &conn->to;

	*conn = (struct redis_conn){.to = {.port = params->port, .database = params->database}};
	if (!is_node_name(params->node))
		return store_fail(err, -EINVAL,
			"the name of this node in Redis must be 1 to %d of A-Z a-z 0-9 . _ -",
			NODE_BYTES_MAX);
	to->timeout_ms = params->timeout_ms != 0 ? params->timeout_ms : TIMEOUT_MS;
	if (!copy_text(&to->socket_path, params->socket_path) || !copy_text(&to->host, params->host)
		|| !copy_text(&to->user, params->user)
		|| !copy_text(&to->password, params->password)
		|| !copy_text(&to->node, params->node)) {
		redis_conn_fini(conn);
		return store_fail(err, -ENOMEM, "no memory for the store");
	}
	return 0;
}

static void free_text(const char *text)
{
	free((void *)(uintptr_t)text);
}

void redis_conn_fini(struct redis_conn *conn)
{
	struct store_redis_params *to = &conn->to;

	redis_conn_close(conn);
	if (to->password != NULL)
		explicit_bzero((void *)(uintptr_t)to->password, strlen(to->password));
	free_text(to->socket_path);
	free_text(to->host);
	free_text(to->user);
	free_text(to->password);
	free_text(to->node);
	*to = (struct store_redis_params){0};
}

void redis_conn_close(struct redis_conn *conn)
{
	if (conn->context != NULL)
		redisFree(conn->context);
	conn->context = NULL;
}

int redis_conn_fd(const struct redis_conn *conn)
{
	return conn->context != NULL ? conn->context->fd : -1;
}

// The connection failed: says why and closes it.
static int fail(struct redis_conn *conn, struct store_error *err)
{
	const char *name = conn->to.socket_path != NULL ? conn->to.socket_path : conn->to.host;
	const char *why = conn->context != NULL ? conn->context->errstr : "no memory";

	if (conn->context != NULL && conn->context->err == REDIS_ERR_IO && errno == EAGAIN)
		store_fail(err, 0, "Redis at %s does not answer within %u ms", name,
			conn->to.timeout_ms);
	else
		store_fail(err, 0, "Redis at %s: %s", name, why);
	redis_conn_close(conn);
	return -ENOTCONN;
}

int redis_send(struct redis_conn *conn, const struct str *word, unsigned int count,
	struct store_error *err)
{
	const char *at[WORDS_MAX];
	size_t len[WORDS_MAX];

	for (unsigned int i = 0; i < count; i++) {
		at[i] = word[i].at;
		len[i] = word[i].len;
	}
	if (redisAppendCommandArgv(conn->context, (int)count, at, len) == REDIS_OK)
		return 0;
	redis_conn_close(conn);
	return store_fail(err, -ENOMEM, "no memory for a command to Redis");
}

static int receive(struct redis_conn *conn, redisReply **out, struct store_error *err)
{
	void *reply = NULL;

	if (redisGetReply(conn->context, &reply) != REDIS_OK)
		return fail(conn, err);
	*out = reply;
	return 0;
}

// What the server says of itself, rather than of a command.
static bool is_of_server(struct str error)
{
	static const char *const codes[] = {"BUSY", "CLUSTERDOWN", "LOADING", "MASTERDOWN",
		"MISCONF", "MOVED", "NOAUTH", "NOPERM", "NOREPLICAS", "OOM", "READONLY",
		"WRONGPASS"};
	struct str code = str_cut(&error, ' ');

	for (unsigned int i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
		if (str_equal(code, str_from(codes[i])))
			return true;
	}
	return false;
}

static int refuse(struct redis_conn *conn, redisReply *reply, struct store_error *err)
{
	store_fail(err, 0, "Redis at %s refuses: %.*s",
		conn->to.socket_path != NULL ? conn->to.socket_path : conn->to.host,
		(int)(reply->len < 256 ? reply->len : 256), reply->str);
	freeReplyObject(reply);
	redis_conn_close(conn);
	return -EIO;
}

int redis_receive(struct redis_conn *conn, redisReply **out, struct store_error *err)
{
	redisReply *reply = NULL;
	int rc = receive(conn, &reply, err);

	if (rc < 0)
		return rc;
	if (reply->type == REDIS_REPLY_ERROR && is_of_server(str_of(reply->str, reply->len)))
		return refuse(conn, reply, err);
	*out = reply;
	return 0;
}

int redis_ask(struct redis_conn *conn, redisReply **out, const struct str *word, unsigned int count,
	struct store_error *err)
{
	int rc = redis_send(conn, word, count, err);

	return rc == 0 ? redis_receive(conn, out, err) : rc;
}

// A command that must succeed.
static int demand(struct redis_conn *conn, const struct str *word, unsigned int count,
	struct store_error *err)
{
	redisReply *reply = NULL;
	int rc = redis_ask(conn, &reply, word, count, err);

	if (rc < 0)
		return rc;
	if (reply->type == REDIS_REPLY_ERROR)
		return refuse(conn, reply, err);
	freeReplyObject(reply);
	return 0;
}

static int authenticate(struct redis_conn *conn, struct store_error *err)
{
	struct str word[3] = {STR("AUTH"), STR_NONE, str_from(conn->to.password)};

	if (conn->to.password == NULL)
		return 0;
	if (conn->to.user != NULL) {
		word[1] = str_from(conn->to.user);
		return demand(conn, word, 3, err);
	}
	word[1] = word[2];
	return demand(conn, word, 2, err);
}

static int select_database(struct redis_conn *conn, struct store_error *err)
{
	char text[16];
	struct strbuf number = strbuf_on(text, sizeof(text));

	if (conn->to.database == 0)
		return 0;
	strbuf_put_u64(&number, conn->to.database);
	return demand(conn, (struct str[]){STR("SELECT"), strbuf_str(&number)}, 2, err);
}

// A line "name:value" of INFO.
static struct str info_of(struct str info, struct str name)
{
	while (!str_is_none(info)) {
		struct str line = str_trim(str_cut(&info, '\n'));
		struct str label = str_cut(&line, ':');

		if (str_equal(label, name))
			return line;
	}
	return STR_NONE;
}

static int check_version(struct redis_conn *conn, struct str version, struct store_error *err)
{
	struct str rest = version;
	uint64_t major;

	if (str_to_u64(&major, str_cut(&rest, '.'), UINT32_MAX) < 0 || major >= VERSION_MIN)
		return 0;
	redis_conn_close(conn);
	return store_fail(err, -EOPNOTSUPP,
		"Redis %.*s is too old: the store needs the EXPIREAT of Redis %d.0 or later",
		STR_FMT(version), VERSION_MIN);
}

// Returns 0 for the one that was there last, 1 for another.
static int note_run_id(struct redis_conn *conn, struct str run_id)
{
	bool is_same = str_equal(run_id, str_from(conn->run_id));

	if (run_id.len == 0 || run_id.len >= sizeof(conn->run_id)) {
		conn->run_id[0] = '\0';
		return 1;
	}
	memcpy(conn->run_id, run_id.at, run_id.len);
	conn->run_id[run_id.len] = '\0';
	return is_same ? 0 : 1;
}

static bool may_not_ask(const redisReply *reply)
{
	struct str text = str_of(reply->str, reply->len);

	return !is_of_server(text) || str_equal(str_cut(&text, ' '), STR("NOPERM"));
}

// Who may not ask for INFO does not know whether the server is the same.
static int recognise(struct redis_conn *conn, struct store_error *err)
{
	redisReply *reply = NULL;
	int rc = redis_send(conn, (struct str[]){STR("INFO"), STR("server")}, 2, err);

	if (rc == 0)
		rc = receive(conn, &reply, err);
	if (rc < 0)
		return rc;
	if (reply->type == REDIS_REPLY_STRING) {
		struct str info = str_of(reply->str, reply->len);

		rc = check_version(conn, info_of(info, STR("redis_version")), err);
		if (rc == 0)
			rc = note_run_id(conn, info_of(info, STR("run_id")));
	} else if (reply->type == REDIS_REPLY_ERROR && !may_not_ask(reply)) {
		return refuse(conn, reply, err);
	} else {
		rc = note_run_id(conn, STR_NONE);
	}
	freeReplyObject(reply);
	return rc;
}

static void connect_to(struct redis_conn *conn)
{
	const struct store_redis_params *to = &conn->to;
	struct timeval limit = {
		.tv_sec = (time_t)(to->timeout_ms / TG_MS_PER_S),
		.tv_usec = (suseconds_t)(to->timeout_ms % TG_MS_PER_S * 1000),
	};

	conn->context = to->socket_path != NULL
		? redisConnectUnixWithTimeout(to->socket_path, limit)
		: redisConnectWithTimeout(to->host, to->port, limit);
	if (conn->context != NULL && conn->context->err == 0)
		redisSetTimeout(conn->context, limit);
}

int redis_conn_open(struct redis_conn *conn, struct store_error *err)
{
	int rc;

	redis_conn_close(conn);
	connect_to(conn);
	if (conn->context == NULL || conn->context->err != 0)
		return fail(conn, err);
	rc = authenticate(conn, err);
	if (rc == 0)
		rc = select_database(conn, err);
	return rc == 0 ? recognise(conn, err) : rc;
}
