// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/durable.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "controlplane/base/random.h"
#include "controlplane/call/engine.h"
#include "controlplane/store/users_redis.h"

#define PASSWORD_BYTES 256
#define REDIS_WAIT_MS 5000 // it may be starting or reading its disk, as after a loss of power
#define SECRET_EXPIRES_S UINT32_MAX // in the year 2106

#define SECRET_KEY ((struct store_key){STR("node"), 0})

struct durable {
	struct store *store;
	struct store *users; // of the users alone
	struct engine *engine;
	uint8_t secret[ENGINE_SECRET_BYTES];
	bool has_secret;
};

// ---- the password

static int read_line(
	char out[static PASSWORD_BYTES], int fd, const char *path, struct store_error *err)
{
	struct stat stat;
	ssize_t got;

	if (fstat(fd, &stat) < 0)
		return store_fail(err, -errno, "cannot read %s: %s", path, strerror(errno));
	if (!S_ISREG(stat.st_mode) || (stat.st_mode & S_IRWXO) != 0)
		return store_fail(err, -EACCES,
			"%s, the password of Redis, must be a file that nobody but owner and group "
			"may read: chmod o= %s",
			path, path);
	got = read(fd, out, PASSWORD_BYTES);
	if (got < 0)
		return store_fail(err, -errno, "cannot read %s: %s", path, strerror(errno));
	if (got == PASSWORD_BYTES)
		got--;
	out[got] = '\0';
	out[strcspn(out, "\r\n")] = '\0';
	if (out[0] == '\0')
		return store_fail(err, -EINVAL, "%s has no password on its first line", path);
	return 0;
}

// *out is "" where there is none.
static int read_password(
	char out[static PASSWORD_BYTES], const struct conf *conf, struct store_error *err)
{
	const char *path = conf->store_password_file;
	int fd, rc;

	out[0] = '\0';
	if (path == NULL)
		return 0;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return store_fail(err, -errno, "cannot read the password of Redis in %s: %s", path,
			strerror(errno));
	rc = read_line(out, fd, path, err);
	close(fd);
	return rc;
}

// ---- the stores

static void on_resync(void *arg);

static int open_redis(struct store **out, const struct conf *conf, const struct tg_addr *addr,
	struct store_params params, struct store_error *err)
{
	char host[TG_IP_TEXT_BYTES], password[PASSWORD_BYTES];
	int rc = read_password(password, conf, err);

	if (rc == 0) {
		params.redis = &(struct store_redis_params){
			.host = tg_ip_write(&addr->ip, host),
			.port = addr->port,
			.password = password[0] != '\0' ? password : NULL,
			.node = conf->node_name,
		};
		rc = store_open(out, &params, err);
	}
	explicit_bzero(password, sizeof(password));
	return rc;
}

static int open_store(struct durable *durable, const struct conf *conf, struct loop *loop,
	struct store_error *err)
{
	struct store_params params = {.loop = loop, .on_resync = on_resync, .arg = durable};

	switch (conf->store) {
	case CONF_STORE_NONE:
		return 0;
	case CONF_STORE_REDIS:
		params.wait_ms = REDIS_WAIT_MS;
		return open_redis(&durable->store, conf, &conf->store_redis, params, err);
	case CONF_STORE_LMDB:
		break;
	}
	params.directory = conf->store_path;
	params.records_max = 2 * conf->bindings_max; // a lease each
	return store_open(&durable->store, &params, err);
}

static bool users_are_apart(const struct conf *conf)
{
	return conf->users.redis.port != 0
		&& (conf->store != CONF_STORE_REDIS
			|| !tg_addr_equal(&conf->users.redis, &conf->store_redis));
}

// ---- the secret

static bool take_secret(void *arg, const struct store_record *record)
{
	struct durable *durable = arg;
	struct store_key key = SECRET_KEY;

	if (record->key.id != key.id || !str_equal(record->key.name, key.name)
		|| record->value.len != sizeof(durable->secret))
		return false;
	memcpy(durable->secret, record->value.at, sizeof(durable->secret));
	durable->has_secret = true;
	return true;
}

static void put_secret(struct durable *durable)
{
	struct store_key key = SECRET_KEY;

	(void)store_put(durable->store, STORE_SECRET, &key,
		str_of(durable->secret, sizeof(durable->secret)), SECRET_EXPIRES_S);
}

static void have_secret(struct durable *durable)
{
	if (durable->store == NULL)
		return;
	(void)store_load(durable->store, STORE_SECRET, take_secret, durable);
	if (durable->has_secret)
		return;
	random_take(durable->secret, sizeof(durable->secret));
	durable->has_secret = true;
	put_secret(durable);
}

static void on_resync(void *arg)
{
	struct durable *durable = arg;

	put_secret(durable);
	engine_resync(durable->engine);
}

// ----

int durable_open(
	struct durable **out, const struct conf *conf, struct loop *loop, struct store_error *err)
{
	struct durable *durable = calloc(1, sizeof(*durable));
	int rc;

	if (durable == NULL)
		return store_fail(err, -ENOMEM, "no memory for the store");
	rc = open_store(durable, conf, loop, err);
	if (rc == 0 && users_are_apart(conf))
		rc = open_redis(&durable->users, conf, &conf->users.redis,
			(struct store_params){.loop = loop}, err);
	if (rc < 0) {
		durable_free(durable);
		return rc;
	}
	have_secret(durable);
	*out = durable;
	return 0;
}

struct store *durable_store(const struct durable *durable)
{
	return durable->store;
}

const uint8_t *durable_secret(const struct durable *durable)
{
	return durable->has_secret ? durable->secret : NULL;
}

int durable_users(struct durable *durable, struct users *out, const struct conf *conf)
{
	if (conf->users.redis.port == 0)
		return 0;
	return users_redis_new(out,
		&(struct users_redis_params){
			.store = durable->users != NULL ? durable->users : durable->store,
			.ttl_ms = conf->users.cache_ms != 0 ? conf->users.cache_ms : 1,
		});
}

int durable_start(struct durable *durable, struct engine *engine)
{
	int rc = 0;

	durable->engine = engine;
	if (durable->store != NULL) {
		(void)engine_restore(engine);
		rc = store_start(durable->store);
	}
	if (rc == 0 && durable->users != NULL)
		rc = store_start(durable->users);
	return rc;
}

void durable_free(struct durable *durable)
{
	if (durable == NULL)
		return;
	store_free(durable->users);
	store_free(durable->store);
	explicit_bzero(durable->secret, sizeof(durable->secret));
	free(durable);
}
