// SPDX-License-Identifier: BSD-3-Clause
#include <errno.h>
#include <stdlib.h>

#include "controlplane/conf/conf_int.h"

#define FILE_BYTES_MAX ((1 << 20) + 1)

static int load_raw(struct raw_conf **out, const struct conf_source *src, struct str yaml)
{
	struct raw_conf *raw = NULL;
	cyaml_err_t result = cyaml_load_data((const uint8_t *)yaml.at, yaml.len, &conf_cyaml_config,
		&conf_schema, (cyaml_data_t **)&raw, NULL);

	if (result != CYAML_OK)
		return conf_refuse_line(src, 0, "%s", cyaml_strerror(result));
	if (raw == NULL) {
		raw = conf_cyaml_config.mem_fn(conf_cyaml_config.mem_ctx, NULL, sizeof(*raw));
		if (raw == NULL)
			return -ENOMEM;
		memset(raw, 0, sizeof(*raw));
	}
	if (conf_raw_fill(raw) < 0) {
		cyaml_free(&conf_cyaml_config, &conf_schema, raw, 0);
		return -ENOMEM;
	}
	*out = raw;
	return 0;
}

static int build(struct conf **out, const struct conf_source *src, struct str yaml)
{
	struct raw_conf *raw = NULL;
	struct conf *conf;
	int err = conf_shape_check(src);

	if (err == 0)
		err = load_raw(&raw, src, yaml);
	if (err < 0)
		return err;
	conf = conf_new(src->name, raw);
	if (conf == NULL) {
		cyaml_free(&conf_cyaml_config, &conf_schema, raw, 0);
		return -ENOMEM;
	}
	err = conf_resolve(conf, raw, src);
	if (err == 0)
		err = conf_check(conf, src);
	if (err < 0) {
		conf_put(conf);
		return err;
	}
	*out = conf;
	return 0;
}

int conf_parse(struct conf **out, struct str yaml, const char *name, struct conf_error *err)
{
	yaml_document_t document;
	struct conf_source src = {name, &document, err};
	int result;

	err->text[0] = '\0';
	result = conf_document_load(&document, &src, yaml);
	if (result == 0) {
		result = build(out, &src, yaml);
		yaml_document_delete(&document);
	}
	if (result == -ENOMEM && err->text[0] == '\0')
		conf_refuse_line(&src, 0, "memory is out");
	return result;
}

int conf_load(struct conf **out, const char *path, struct conf_error *err)
{
	struct conf_source src = {path, NULL, err};
	char *text = malloc(FILE_BYTES_MAX);
	FILE *file = NULL;
	int result = 0;
	size_t len;

	if (text == NULL) {
		conf_refuse_line(&src, 0, "memory is out");
		return -ENOMEM;
	}
	file = fopen(path, "re");
	len = file != NULL ? fread(text, 1, FILE_BYTES_MAX, file) : 0;
	if (file == NULL || ferror(file)) {
		result = -errno;
		conf_refuse_line(&src, 0, "%s; give a file that can be read", strerror(-result));
		goto out;
	}
	result = conf_parse(out, str_of(text, len), path, err);
out:
	if (file != NULL)
		fclose(file);
	free(text);
	return result;
}
