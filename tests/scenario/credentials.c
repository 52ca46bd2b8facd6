// SPDX-License-Identifier: BSD-3-Clause
#include "tests/scenario/credentials.h"

#include <stdlib.h>
#include <unistd.h>

#include "controlplane/auth/users_file.h"

#define VALUE_BYTES 512
#define ARGUMENTS 5

static int write_lines(int fd, const char *block)
{
	size_t len = strlen(block);

	return write(fd, block, len) == (ssize_t)len ? 0 : -1;
}

// users + block: the lines of a file of users.
void step_users(struct world *w, const struct step *step)
{
	char path[] = "/tmp/tidegate-users-XXXXXX";
	int fd = mkstemp(path);
	struct users_table *table = NULL, *former;
	struct conf_error err = {"no file"};
	int rc = -1;

	if (fd >= 0 && step->block != NULL && write_lines(fd, step->block) == 0)
		rc = users_table_load(&table, path, &err);
	if (fd >= 0) {
		close(fd);
		unlink(path);
	}
	if (rc < 0) {
		world_fail(w, "users: %s", err.text);
		return;
	}
	w->users_step = step;
	if (w->engine == NULL) {
		users_file_new(&w->users, table);
		return;
	}
	former = engine_swap_users(w->engine, table);
	users_table_free(former);
}

// The value of a parameter of the challenge that an earlier step bound, without its quotes.
static struct str param_of(const char *challenge, const char *name)
{
	char needle[32];
	const char *at;
	struct str rest;

	snprintf(needle, sizeof(needle), "%s=", name);
	at = strstr(challenge, needle);
	if (at == NULL)
		return STR_NONE;
	rest = str_from(at + strlen(needle));
	if (rest.len > 0 && rest.at[0] == '"') {
		rest = str_of(rest.at + 1, rest.len - 1);
		return str_cut(&rest, '"');
	}
	return str_trim(str_cut(&rest, ','));
}

// Of the options behind the arguments: its value, "" when it is a bare word; NULL when it is not there.
static const char *option(const struct step *step, const char *name)
{
	size_t len = strlen(name);

	for (unsigned int i = ARGUMENTS + 1; i < step->words; i++) {
		if (strncmp(step->word[i], name, len) == 0
			&& (step->word[i][len] == '=' || step->word[i][len] == '\0'))
			return step->word[i] + len + (step->word[i][len] == '=');
	}
	return NULL;
}

static void write_credentials(struct strbuf *b, const struct digest_credentials *c, bool is_bare)
{
	strbuf_printf(b,
		"Digest username=\"%.*s\", realm=\"%.*s\", nonce=\"%.*s\", uri=\"%.*s\", "
		"response=\"%.*s\"",
		STR_FMT(c->username), STR_FMT(c->realm), STR_FMT(c->nonce), STR_FMT(c->uri),
		STR_FMT(c->response));
	if (!is_bare)
		strbuf_printf(b, ", algorithm=%s", digest_algorithm_name(c->algorithm));
	if (c->qop == DIGEST_QOP_AUTH)
		strbuf_printf(b, ", qop=auth, nc=%.*s, cnonce=\"%.*s\"", STR_FMT(c->nc),
			STR_FMT(c->cnonce));
}

// digest NAME USER PASSWORD METHOD URI [legacy|bare] [nc=8 digits] [algorithm=NAME]: binds NAME to what answers the
// challenge that {challenge} is bound to.
void step_digest(struct world *w, const struct step *step)
{
	const char *challenge = vars_get(&w->vars, STR("challenge"));
	struct digest *digest = digest_new();
	char value[VALUE_BYTES], response[DIGEST_HEX_MAX];
	struct strbuf b = strbuf_on(value, sizeof(value));
	struct digest_credentials c = {0};
	struct digest_ha1 ha1;
	const char *nc, *algorithm;
	bool is_bare;

	if (step->words < ARGUMENTS + 1 || challenge == NULL || digest == NULL) {
		world_fail(w, "digest NAME USER PASSWORD METHOD URI, after {challenge} was bound");
		return;
	}
	nc = option(step, "nc");
	algorithm = option(step, "algorithm");
	c.username = str_from(step->word[2]);
	c.realm = param_of(challenge, "realm");
	c.nonce = param_of(challenge, "nonce");
	c.uri = str_from(step->word[5]);
	c.algorithm = digest_algorithm_find(
		algorithm != NULL ? str_from(algorithm) : param_of(challenge, "algorithm"));
	is_bare = option(step, "bare") != NULL;
	if (is_bare)
		c.algorithm = DIGEST_MD5;
	c.qop = is_bare || option(step, "legacy") != NULL ? DIGEST_QOP_NONE : DIGEST_QOP_AUTH;
	c.nc = str_from(nc != NULL ? nc : "00000001");
	c.cnonce = STR("0a4f113b");
	digest_make_ha1(digest, digest_algorithm_hash(c.algorithm), &ha1,
		(const struct str[3]){c.username, c.realm, str_from(step->word[3])});
	c.response = str_of(
		response, digest_response(digest, &c, str_from(step->word[4]), &ha1, response));
	write_credentials(&b, &c, is_bare);
	if (b.failed || vars_set(&w->vars, str_from(step->word[1]), strbuf_str(&b)) < 0)
		world_fail(w, "too long");
	digest_free(digest);
}
