// SPDX-License-Identifier: BSD-3-Clause
#include <errno.h>
#include <stdlib.h>

#include "controlplane/base/log.h"
#include "controlplane/conf/conf_int.h"
#include "controlplane/conf/value.h"

struct reader {
	struct conf_media_rule *rule;
	struct value_spot *spot;
	char owner[CONF_PATH_BYTES]; // "peers[0]"
	unsigned int used;	     // of rule->names
};

static int refuse(const struct reader *r, struct str text)
{
	return conf_refuse(r->spot->src, r->spot->path,
		"%s is no codec; write its name, or NAME/CLOCK such as opus/48000", LOG_STR(text));
}

static int read_list(struct reader *r, struct codec_list *out, const char *key, char *const *text,
	unsigned int count)
{
	snprintf(r->spot->path, sizeof(r->spot->path), "%.100s.codecs.%s", r->owner, key);
	if (!conf_is_given(r->spot->src->document, r->spot->path))
		return 0;
	*out = (struct codec_list){&r->rule->names[r->used], count};
	r->used += count;
	for (unsigned int i = 0; i < count; i++) {
		snprintf(r->spot->path, sizeof(r->spot->path), "%.100s.codecs.%s[%u]", r->owner,
			key, i);
		if (codec_name_parse(&out->entry[i], str_from(text[i])) < 0)
			return refuse(r, str_from(text[i]));
	}
	return 0;
}

int conf_media_rule_resolve(struct conf_media_rule *out, const struct raw_codecs *raw,
	const struct conf_media_rule *other, struct value_spot *spot)
{
	struct reader r = {.rule = out, .spot = spot};
	unsigned int count = raw->allow_count + raw->deny_count + raw->order_count;
	int err;

	snprintf(r.owner, sizeof(r.owner), "%s", spot->path);
	if (other != NULL)
		out->codecs = other->codecs;
	if (count != 0) {
		out->names = calloc(count, sizeof(*out->names));
		if (out->names == NULL)
			return -ENOMEM;
	}
	err = read_list(&r, &out->codecs.allow, "allow", raw->allow, raw->allow_count);
	if (err == 0)
		err = read_list(&r, &out->codecs.deny, "deny", raw->deny, raw->deny_count);
	if (err == 0)
		err = read_list(&r, &out->codecs.order, "order", raw->order, raw->order_count);
	return err;
}
