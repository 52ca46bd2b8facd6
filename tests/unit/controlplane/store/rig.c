// SPDX-License-Identifier: BSD-3-Clause
#include "tests/unit/controlplane/store/rig.h"

#include <criterion/criterion.h>
#include <event2/event.h>
#include <hiredis/hiredis.h>

#include <fcntl.h>
#include <ftw.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "controlplane/base/metrics.h"

#define START_LIMIT_MS 10000
#define REDIS_TIMEOUT_MS 2000
#define RECORDS_SHOWN 128

static void on_resync(void *arg)
{
	struct rig *rig = arg;

	rig->resyncs++;
	if (rig->on_resync != NULL)
		rig->on_resync(rig);
}

void rig_init(struct rig *rig)
{
	*rig = (struct rig){0};
	signal(SIGPIPE, SIG_IGN);
	strcpy(rig->directory, "/tmp/tidegate-store-XXXXXX");
	cr_assert_not_null(mkdtemp(rig->directory));
	snprintf(rig->socket_path, sizeof(rig->socket_path), "%s/redis", rig->directory);
	rig->loop = loop_new();
	cr_assert_not_null(rig->loop);
}

static int remove_one(const char *path, const struct stat *, int, struct FTW *)
{
	return remove(path);
}

void rig_close(struct rig *rig)
{
	store_free(rig->store);
	rig->store = NULL;
}

void rig_fini(struct rig *rig)
{
	rig_close(rig);
	rig_kill_redis(rig);
	loop_free(rig->loop);
	nftw(rig->directory, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

void rig_open_lmdb(struct rig *rig, uint32_t records_max, uint32_t queue_max)
{
	struct store_error err = {{0}};
	int rc = store_open(&rig->store,
		&(struct store_params){
			.loop = rig->loop,
			.directory = rig->directory,
			.records_max = records_max,
			.queue_max = queue_max,
			.on_resync = on_resync,
			.arg = rig,
		},
		&err);

	cr_assert_eq(rc, 0, "%s", err.text);
}

static struct store *open_redis(struct rig *rig, const char *node, const char *password)
{
	struct store_error err = {{0}};
	struct store *store = NULL;
	int rc = store_open(&store,
		&(struct store_params){
			.loop = rig->loop,
			.redis =
				&(struct store_redis_params){
					.socket_path = rig->socket_path,
					.node = node,
					.password = password,
					.timeout_ms = REDIS_TIMEOUT_MS,
				},
			.queue_max = 1000,
			.on_resync = on_resync,
			.arg = rig,
		},
		&err);

	cr_assert_eq(rc, 0, "%s", err.text);
	return store;
}

void rig_open_redis(struct rig *rig, const char *node, const char *password)
{
	rig->store = open_redis(rig, node, password);
}

struct store *rig_open_another(struct rig *rig, const char *node)
{
	return open_redis(rig, node, NULL);
}

void rig_take_port(struct rig *rig)
{
	struct sockaddr_in sa = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof(sa);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	cr_assert_eq(bind(fd, (const struct sockaddr *)&sa, len), 0);
	cr_assert_eq(getsockname(fd, (struct sockaddr *)&sa, &len), 0);
	rig->port = ntohs(sa.sin_port);
	close(fd);
}

static void run_redis(const struct rig *rig, const char *password)
{
	int null = open("/dev/null", O_RDWR);
	char port[8];

	snprintf(port, sizeof(port), "%u", rig->port);
	prctl(PR_SET_PDEATHSIG, SIGKILL); // with a test that is ended for its time
	dup2(null, STDIN_FILENO);
	dup2(null, STDOUT_FILENO);
	dup2(null, STDERR_FILENO);
	execlp("redis-server", "redis-server", "--port", port, "--bind", "127.0.0.1",
		"--unixsocket", rig->socket_path, "--save", "", "--appendonly", "no", "--dir",
		rig->directory, "--requirepass", password != NULL ? password : "", (char *)NULL);
	_exit(127);
}

static redisContext *connect_to(const struct rig *rig)
{
	redisContext *context = redisConnectUnix(rig->socket_path);

	if (context != NULL && context->err == 0)
		return context;
	redisFree(context);
	return NULL;
}

static bool is_there(void *arg)
{
	redisContext *context = connect_to(arg);
	redisReply *reply = context != NULL ? redisCommand(context, "PING") : NULL;
	bool is = reply != NULL;

	if (reply != NULL)
		freeReplyObject(reply);
	if (context != NULL)
		redisFree(context);
	return is;
}

void rig_start_redis(struct rig *rig, const char *password)
{
	rig->redis = fork();
	cr_assert_geq(rig->redis, 0);
	if (rig->redis == 0)
		run_redis(rig, password);
	cr_assert(rig_wait(rig, is_there, rig, START_LIMIT_MS), "redis-server does not start");
}

void rig_start_redis_in(struct rig *rig, unsigned int ms)
{
	rig->redis = fork();
	cr_assert_geq(rig->redis, 0);
	if (rig->redis != 0)
		return;
	usleep(ms * 1000);
	run_redis(rig, NULL);
}

void rig_kill_redis(struct rig *rig)
{
	if (rig->redis <= 0)
		return;
	kill(rig->redis, SIGKILL);
	waitpid(rig->redis, NULL, 0);
	rig->redis = 0;
	unlink(rig->socket_path);
}

static long long number_of(const redisReply *reply)
{
	switch (reply->type) {
	case REDIS_REPLY_INTEGER:
		return reply->integer;
	case REDIS_REPLY_NIL:
		return 0;
	case REDIS_REPLY_ERROR:
		return -1;
	default:
		return 1;
	}
}

long long rig_redis(struct rig *rig, const char *format, ...)
{
	redisContext *context = connect_to(rig);
	redisReply *reply;
	long long number;
	va_list args;

	cr_assert_not_null(context);
	va_start(args, format);
	reply = redisvCommand(context, format, args);
	va_end(args);
	cr_assert_not_null(reply);
	number = number_of(reply);
	freeReplyObject(reply);
	redisFree(context);
	return number;
}

bool rig_wait(struct rig *rig, bool (*is_so)(void *arg), void *arg, unsigned int limit_ms)
{
	struct tg_mono start = tg_mono_now();

	while (!is_so(arg)) {
		if (tg_mono_ms_between(start, tg_mono_now()) > limit_ms)
			return false;
		loop_tick(rig->loop);
		event_base_loop(loop_base(rig->loop), EVLOOP_NONBLOCK);
		usleep(1000);
	}
	return true;
}

struct wanted {
	const uint64_t *word;
	uint64_t least;
};

static bool has_count(void *arg)
{
	const struct wanted *wanted = arg;

	return counter_get(wanted->word) >= wanted->least;
}

bool rig_wait_count(struct rig *rig, const uint64_t *word, uint64_t least, unsigned int limit_ms)
{
	return rig_wait(rig, has_count, &(struct wanted){word, least}, limit_ms);
}

int rig_put(struct store *store, const char *name, uint64_t id, const char *value, int ends_in_s)
{
	const struct store_key key = {str_from(name), id};
	uint64_t now_s = tg_wall_now().us / TG_US_PER_S;

	return store_put(
		store, STORE_BINDING, &key, str_from(value), now_s + (uint64_t)(int64_t)ends_in_s);
}

int rig_remove(struct store *store, const char *name, uint64_t id)
{
	const struct store_key key = {str_from(name), id};

	return store_remove(store, STORE_BINDING, &key);
}

struct shown {
	unsigned int count;
	char text[RECORDS_SHOWN][96];
};

static bool show(void *arg, const struct store_record *record)
{
	struct shown *shown = arg;

	if (shown->count < RECORDS_SHOWN)
		snprintf(shown->text[shown->count], sizeof(shown->text[0]), "%.*s/%llu=%.*s ",
			STR_FMT(record->key.name), (unsigned long long)record->key.id,
			STR_FMT(record->value));
	shown->count++;
	return true;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(a, b);
}

int rig_load(struct store *store, struct rig_loaded *out)
{
	struct shown shown = {.count = 0};
	struct strbuf text = strbuf_on(out->text, sizeof(out->text) - 1);
	int rc = store_load(store, STORE_BINDING, show, &shown);

	out->count = shown.count;
	if (shown.count > RECORDS_SHOWN)
		shown.count = RECORDS_SHOWN;
	qsort(shown.text, shown.count, sizeof(shown.text[0]), by_text);
	for (unsigned int i = 0; i < shown.count; i++)
		strbuf_put(&text, str_from(shown.text[i]));
	out->text[text.len] = '\0';
	return rc;
}
