// SPDX-License-Identifier: BSD-3-Clause
// What the files of conf/ share among themselves, in the order in which a file is taken in:
// locate (YAML to nodes with lines), shape (against the schema), load (libcyaml), fill (defaults),
// resolve (to struct conf), check (what contradicts what).
#pragma once

#include <net/if.h>

#include <stdbool.h>
#include <stdio.h>

#include <cyaml/cyaml.h>
#include <yaml.h>

#include "controlplane/base/str.h"
#include "controlplane/conf/conf.h"
#include "controlplane/conf/raw.h"
#include "include/tidegate/limits.h"

#define CONF_PATH_BYTES 128
#define CONF_INTERFACE_DEFAULT "default" // the interface of the default route

// The file that is being taken in, and where to say what is wrong with it.
struct conf_source {
	const char *name;
	yaml_document_t *document;
	struct conf_error *err;
};

/* schema */

// One option: all that is known of it besides its C type.
struct conf_option {
	const char *path;     // "realms.sip.address"
	const char *fallback; // its default as the file would spell it; NULL: none
	const char *sample;   // what the annotated file shows where there is no default
	uint32_t min, max;    // of a number; of entries of a list
	const char *help;
};

extern const cyaml_schema_value_t conf_schema;

// The option of a path without indices. NULL when there is none.
const struct conf_option *conf_option_find(const char *path);
// The value of a choice. Returns 0 or -EINVAL.
int conf_choice_parse(int *out, const cyaml_schema_value_t *schema, struct str text);
static inline bool conf_is_optional(const cyaml_schema_value_t *schema)
{
	return (schema->flags & CYAML_FLAG_OPTIONAL) != 0;
}

/* locate */

// Fills err with "NAME:LINE: text" (line 0: without). Returns -EINVAL.
__attribute__((format(printf, 3, 4))) int conf_refuse_line(
	const struct conf_source *src, size_t line, const char *fmt, ...);
// Likewise "NAME:LINE: PATH: text" with the line of a path such as routes[1].to, or of the nearest
// node above it that is there. Returns -EINVAL.
__attribute__((format(printf, 3, 4))) int conf_refuse(
	const struct conf_source *src, const char *path, const char *fmt, ...);
// Reads YAML into nodes that know their lines. One document, no aliases. The caller deletes
// *document with yaml_document_delete. Returns 0; -EINVAL with err filled.
int conf_document_load(yaml_document_t *document, struct conf_source *src, struct str yaml);
// Whether there is something at a path.
bool conf_is_given(yaml_document_t *document, const char *path);
// Line of a path, counted from 1.
size_t conf_locate(yaml_document_t *document, const char *path);

/* shape */

// Holds the nodes against the schema: unknown, repeated and missing keys, what should be a list, a
// number, a choice and is not. Returns 0; -EINVAL with err filled.
int conf_shape_check(const struct conf_source *src);

/* fill */

// Puts the defaults in. Returns 0 or -ENOMEM.
int conf_raw_fill(struct raw_conf *raw);
// A copy of text as libcyaml would have made it. NULL when memory is out.
char *conf_raw_text(const char *text);
// libcyaml's configuration that raw structs are loaded, filled and freed with.
extern const cyaml_config_t conf_cyaml_config;

/* iface */

// The interface of the IPv4 default route of lowest metric, from the text of /proc/net/route.
// Returns 0, -ENODEV when there is no such route.
int conf_iface_default(char name[static IF_NAMESIZE], FILE *routes);
// The first IPv4 address of an interface. Returns 0, -ENODEV, -EADDRNOTAVAIL when it has none.
int conf_iface_ipv4(struct tg_ip *out, const char *name);

/* guard */

struct value_spot;

// Reads what is under guard. Returns 0; -errno as conf_resolve.
int conf_guard_resolve(struct conf *conf, const struct raw_conf *raw, struct value_spot *spot);

/* media_rule */

// Reads what is under the spot's path, that of a realm or peer. From other (NULL: nothing) comes what is
// not there. Returns 0; -errno as conf_resolve.
int conf_media_rule_resolve(struct conf_media_rule *out, const struct raw_codecs *raw,
	const struct conf_media_rule *other, struct value_spot *spot);

/* domain */

#define CONF_REDIS_PORT 6379

// Reads what is under domains, but for upstream, which is read once there are peers. Returns 0; -errno as
// conf_resolve. So do all that follow.
int conf_domains_resolve(struct conf *conf, const struct raw_conf *raw, struct value_spot *spot);
int conf_upstreams_resolve(struct conf *conf, const struct raw_conf *raw, struct value_spot *spot);
// Whose users register in that realm, the last one so far.
int conf_realm_domains_resolve(struct conf *conf, struct conf_realm *realm,
	const struct raw_realm *raw, struct value_spot *spot);
int conf_users_resolve(struct conf *conf, const struct raw_conf *raw, struct value_spot *spot);
int conf_store_resolve(struct conf *conf, const struct raw_conf *raw, struct value_spot *spot);

/* policy */

// Reads what a realm or a peer says of methods, headers and responses; where is its path. base: the
// realm's when it is a peer. Returns 0; -errno as conf_resolve.
int conf_policy_resolve(struct conf_policy *policy, struct value_spot *spot, const char *where,
	const struct raw_policy *raw, const struct conf_policy *base);
void conf_policy_fini(struct conf_policy *policy);

/* resolve */

// Builds the snapshot's contents. Texts stay those of raw, which gets the names of interfaces in
// place of "default". Returns 0; -errno, err filled unless it is -ENOMEM: what was made until then
// hangs in *conf and is freed with it.
int conf_resolve(struct conf *conf, struct raw_conf *raw, const struct conf_source *src);

/* peer_index */

// When the peers are complete. Returns 0 or -ENOMEM.
int conf_index_peers(struct conf *conf);

/* check */

// What each value on its own cannot show: twice the same listener, overlapping ports and the like.
// Returns 0; -EINVAL with err filled.
int conf_check(const struct conf *conf, const struct conf_source *src);

/* snapshot */

// An empty snapshot of a file, with one reference. It owns raw from now on. NULL when memory is out.
struct conf *conf_new(const char *path, struct raw_conf *raw);
