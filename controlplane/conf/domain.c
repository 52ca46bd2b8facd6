// SPDX-License-Identifier: BSD-3-Clause
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>

#include "controlplane/base/log.h"
#include "controlplane/conf/conf_int.h"
#include "controlplane/conf/value.h"

#define REFUSE(spot, ...) conf_refuse((spot)->src, (spot)->path, __VA_ARGS__)

__attribute__((format(printf, 2, 3))) static void at(struct value_spot *spot, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(spot->path, sizeof(spot->path), fmt, args);
	va_end(args);
}

// ---- finding

static bool is_named(const struct conf_domain *domain, struct str host)
{
	if (str_equal_nocase(str_from(domain->name), host))
		return true;
	for (unsigned int i = 0; i < domain->alias_count; i++) {
		if (str_equal_nocase(str_from(domain->aliases[i]), host))
			return true;
	}
	return false;
}

static bool is_our_own(const struct conf_realm *realm, struct str host)
{
	struct tg_ip ip;

	if (str_to_ip(&ip, host) < 0)
		return false;
	for (unsigned int i = 0; i < realm->sip_count; i++) {
		if (tg_ip_equal(&ip, &realm->sip[i].address.ip)
			|| tg_ip_equal(&ip, &realm->sip[i].advertised.ip))
			return true;
	}
	return false;
}

const struct conf_domain *conf_domain_of(
	const struct conf *conf, unsigned int realm_index, struct str host)
{
	const struct conf_realm *realm;

	if (realm_index >= conf->realm_count)
		return NULL;
	realm = &conf->realms[realm_index];
	for (unsigned int i = 0; i < realm->domain_count; i++) {
		if (is_named(&conf->domains[realm->domains[i]], host))
			return &conf->domains[realm->domains[i]];
	}
	if (realm->domain_count > 0 && is_our_own(realm, host))
		return &conf->domains[realm->domains[0]];
	return NULL;
}

const struct conf_domain *conf_domain_of_aor(const struct conf *conf, struct str aor)
{
	str_cut_last(&aor, '@');
	for (unsigned int i = 0; i < conf->domain_count; i++) {
		if (str_equal_nocase(str_from(conf->domains[i].name), aor))
			return &conf->domains[i];
	}
	return NULL;
}

int conf_domain_index(const struct conf *conf, const char *name)
{
	for (unsigned int i = 0; i < conf->domain_count; i++) {
		if (str_equal_nocase(str_from(conf->domains[i].name), str_from(name)))
			return (int)i;
	}
	return -1;
}

// ---- one domain

const char *conf_algorithm_name(enum conf_algorithm algorithm)
{
	static const char *const names[CONF_ALGORITHM_COUNT] = {
		[CONF_ALGORITHM_SHA512_256] = "SHA-512-256",
		[CONF_ALGORITHM_SHA256] = "SHA-256",
		[CONF_ALGORITHM_MD5] = "MD5",
	};

	return names[algorithm];
}

static int add_algorithm(struct conf_digest *digest, struct value_spot *spot, struct str name)
{
	enum conf_algorithm found = 0;

	while (found < CONF_ALGORITHM_COUNT
		&& !str_equal_nocase(str_from(conf_algorithm_name(found)), name))
		found++;
	if (found == CONF_ALGORITHM_COUNT)
		return REFUSE(spot, "%s is none; write MD5, SHA-256 or SHA-512-256", LOG_STR(name));
	if ((digest->algorithms & 1u << found) != 0)
		return REFUSE(spot, "%s stands here twice; remove one", LOG_STR(name));
	digest->algorithms |= (uint8_t)(1u << found);
	return 0;
}

static int resolve_algorithms(struct conf_digest *digest, const struct raw_digest *raw,
	struct value_spot *spot, unsigned int index)
{
	struct str rest = str_from(conf_option_find("domains.digest.algorithms")->fallback);
	int err = 0;

	at(spot, "domains[%u].digest.algorithms", index);
	while (raw->algorithms_count == 0 && err == 0 && !str_is_none(rest))
		err = add_algorithm(digest, spot, str_trim(str_cut(&rest, ',')));
	for (unsigned int i = 0; i < raw->algorithms_count && err == 0; i++) {
		at(spot, "domains[%u].digest.algorithms[%u]", index, i);
		err = add_algorithm(digest, spot, str_from(raw->algorithms[i]));
	}
	return err;
}

static int resolve_digest(struct conf_digest *digest, const struct raw_digest *raw,
	struct value_spot *spot, unsigned int index)
{
	digest->is_off = *raw->users;
	digest->sessions = *raw->sessions;
	digest->qop = *raw->qop;
	digest->legacy = *raw->legacy;
	digest->uri_strict = *raw->uri;
	digest->nonce_ms = *raw->nonce_s * 1000;
	at(spot, "domains[%u].digest.legacy", index);
	if (!digest->qop && !digest->legacy)
		return REFUSE(spot, "off, while qop is off too: nobody could answer; turn one on");
	return resolve_algorithms(digest, raw, spot, index);
}

static int resolve_expires(struct conf_expires *expires, const struct raw_expires *raw,
	struct value_spot *spot, unsigned int index)
{
	*expires = (struct conf_expires){
		*raw->default_s, *raw->min_s, *raw->max_s, *raw->nat_s, *raw->upstream_s};
	at(spot, "domains[%u].expires.max_s", index);
	if (expires->max_s < expires->min_s)
		return REFUSE(spot, "less than min_s; make it at least %u", expires->min_s);
	at(spot, "domains[%u].expires.default_s", index);
	if (expires->default_s < expires->min_s || expires->default_s > expires->max_s)
		return REFUSE(spot, "not between min_s and max_s, %u and %u", expires->min_s,
			expires->max_s);
	return 0;
}

static int resolve_aliases(struct conf *conf, const struct raw_domain *raw, struct value_spot *spot)
{
	struct conf_domain *domain = &conf->domains[conf->domain_count - 1];

	domain->aliases = raw->aliases;
	domain->alias_count = raw->aliases_count;
	for (unsigned int i = 0; i < conf->domain_count; i++) {
		const struct conf_domain *other = &conf->domains[i];

		at(spot, "domains[%u].name", conf->domain_count - 1);
		if (other != domain && is_named(other, str_from(domain->name)))
			return REFUSE(spot, "%s already means domain %s; choose another name",
				domain->name, other->name);
		for (unsigned int k = 0; k < raw->aliases_count; k++) {
			at(spot, "domains[%u].aliases[%u]", conf->domain_count - 1, k);
			if (other != domain && is_named(other, str_from(raw->aliases[k])))
				return REFUSE(spot, "%s already means domain %s; remove one",
					LOG_STR(str_from(raw->aliases[k])), other->name);
		}
	}
	return 0;
}

static int check_ping(const struct conf_domain *domain, struct value_spot *spot, unsigned int index)
{
	uint32_t shortest_s = domain->expires.nat_s != 0 ? domain->expires.nat_s
							 : domain->expires.max_s;

	at(spot, "domains[%u].ping_s", index);
	if (domain->ping != CONF_PING_OFF && domain->ping_ms / 1000 >= shortest_s)
		return REFUSE(spot, "a binding is over before; make it less than %u", shortest_s);
	return 0;
}

// As bindings and files of users have it: an HA1 is made of the realm, in which case counts.
static void fold(char *name)
{
	for (; *name != '\0'; name++)
		*name = (char)tolower((uint8_t)*name);
}

static int resolve_domain(struct conf *conf, const struct raw_domain *raw, struct value_spot *spot)
{
	unsigned int index = conf->domain_count++;
	struct conf_domain *domain = &conf->domains[index];
	int err;

	*domain = (struct conf_domain){
		.name = raw->name,
		.upstream = -1,
		.path = *raw->return_by,
		.contacts_max = *raw->contacts_max,
		.contacts_replace = *raw->contacts_full,
		.outbound = *raw->outbound,
		.gruu = *raw->gruu,
		.ping = (enum conf_ping) * raw->ping,
		.ping_ms = *raw->ping_s * 1000,
		.ping_lost = *raw->ping_lost,
		.follows_redirects = *raw->redirects,
	};
	at(spot, "domains[%u].name", index);
	err = value_check_name(spot, domain->name);
	if (err == 0)
		err = resolve_aliases(conf, raw, spot);
	fold(raw->name);
	if (err == 0)
		err = resolve_digest(&domain->digest, &raw->digest, spot, index);
	if (err == 0)
		err = resolve_expires(&domain->expires, &raw->expires, spot, index);
	return err == 0 ? check_ping(domain, spot, index) : err;
}

int conf_domains_resolve(struct conf *conf, const struct raw_conf *raw, struct value_spot *spot)
{
	int err = 0;

	conf->domains = calloc(raw->domains_count + 1, sizeof(*conf->domains));
	if (conf->domains == NULL)
		return -ENOMEM;
	for (unsigned int i = 0; i < raw->domains_count && err == 0; i++)
		err = resolve_domain(conf, &raw->domains[i], spot);
	return err;
}

// ---- what it has to do with others

int conf_realm_domains_resolve(struct conf *conf, struct conf_realm *realm,
	const struct raw_realm *raw, struct value_spot *spot)
{
	unsigned int index = conf->realm_count - 1;

	realm->domains = calloc(raw->domains_count + 1, sizeof(*realm->domains));
	if (realm->domains == NULL)
		return -ENOMEM;
	for (unsigned int i = 0; i < raw->domains_count; i++) {
		int domain = conf_domain_index(conf, raw->domains[i]);

		at(spot, "realms[%u].domains[%u]", index, i);
		if (domain < 0)
			return REFUSE(spot, "there is no domain %s; name one of domains",
				LOG_STR(str_from(raw->domains[i])));
		realm->domains[realm->domain_count++] = (uint8_t)domain;
	}
	at(spot, "realms[%u].strangers", index);
	if (realm->strangers >= CONF_STRANGERS_REGISTERED && realm->domain_count == 0)
		return REFUSE(spot, "nobody registers here; name domains, or accept or refuse");
	return 0;
}

int conf_upstreams_resolve(struct conf *conf, const struct raw_conf *raw, struct value_spot *spot)
{
	for (unsigned int i = 0; i < conf->domain_count; i++) {
		const struct raw_domain *domain = &raw->domains[i];

		at(spot, "domains[%u].upstream", i);
		if (domain->upstream == NULL)
			continue;
		conf->domains[i].upstream = conf_peer_index(conf, domain->upstream);
		if (conf->domains[i].upstream < 0)
			return REFUSE(spot, "there is no peer %s; name one of peers",
				LOG_STR(str_from(domain->upstream)));
	}
	return 0;
}

static int read_redis(struct tg_addr *out, struct value_spot *spot, const char *text)
{
	if (text == NULL)
		return 0;
	return value_read_addr(spot, out, text, CONF_REDIS_PORT);
}

int conf_users_resolve(struct conf *conf, const struct raw_conf *raw, struct value_spot *spot)
{
	int err;

	conf->users.file = raw->users.file;
	conf->users.cache_ms = *raw->users.cache_s * 1000;
	at(spot, "users.redis");
	err = read_redis(&conf->users.redis, spot, raw->users.redis);
	if (err == 0 && raw->users.redis != NULL && raw->users.file != NULL)
		return REFUSE(spot, "beside a file; keep one of the two");
	for (unsigned int i = 0; i < conf->domain_count && err == 0; i++) {
		const struct conf_domain *domain = &conf->domains[i];

		at(spot, "domains[%u].digest.users", i);
		if (domain->upstream < 0 && !domain->digest.is_off && raw->users.file == NULL
			&& raw->users.redis == NULL)
			err = REFUSE(spot, "there are no users; name a file or redis under users");
	}
	return err;
}

int conf_store_resolve(struct conf *conf, const struct raw_conf *raw, struct value_spot *spot)
{
	int err;

	conf->store = (enum conf_store) * raw->store.kind;
	conf->store_path = raw->store.path;
	conf->store_password_file = raw->store.password_file;
	at(spot, "store.redis");
	err = read_redis(&conf->store_redis, spot, raw->store.redis);
	if (err == 0 && (conf->store == CONF_STORE_REDIS) != (raw->store.redis != NULL))
		return REFUSE(spot, "goes with kind: redis, and only with it");
	return err;
}
