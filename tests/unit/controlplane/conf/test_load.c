// SPDX-License-Identifier: BSD-3-Clause
#include <criterion/criterion.h>

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "tests/unit/controlplane/conf/doc.h"

Test(load, reads_a_file_and_keeps_its_name)
{
	char path[] = "/tmp/tidegate-test-conf-XXXXXX", copy[sizeof(path)];
	struct conf_error err;
	struct conf *conf = NULL;
	int fd = mkstemp(path);

	cr_assert_eq(write(fd, doc_good, strlen(doc_good)), (ssize_t)strlen(doc_good));
	close(fd);
	memcpy(copy, path, sizeof(path));
	cr_assert_eq(conf_load(&conf, copy, &err), 0, "%s", err.text);
	unlink(path);
	memset(copy, 'x', sizeof(copy) - 1);
	cr_assert_str_eq(conf->path, path, "a copy of its own");
	conf_put(conf);
}

Test(load, says_which_file_cannot_be_read)
{
	struct conf_error err;
	struct conf *conf = NULL;

	cr_assert_eq(conf_load(&conf, "/nowhere/t.yaml", &err), -ENOENT);
	cr_assert_str_eq(err.text,
		"/nowhere/t.yaml: No such file or directory; give a file that can be read");
	cr_assert_eq(conf_load(&conf, "/tmp", &err), -EISDIR);
	cr_assert_eq(conf_load(&conf, "/dev/zero", &err), -EINVAL);
	cr_assert_str_eq(err.text, "/dev/zero: longer than 1 MiB; this is no configuration");
	cr_assert_null(conf);
}

Test(load, demo_configuration_is_good)
{
	struct conf_error err;
	struct conf *conf = NULL;

	cr_assert_eq(conf_load(&conf, CONF_DIR "/demo.yaml", &err), 0, "%s", err.text);
	cr_assert_eq(conf_realm_index(conf, "access"), 0);
	cr_assert_eq(conf_realm_index(conf, "core"), 1);
	cr_assert_eq(conf_peer_index(conf, "carrier"), 0);
	cr_assert_eq(conf->route_count, 2);
	cr_assert_eq(conf->realms[1].latch, TG_LATCH_OFF);
	conf_put(conf);
}

// Cut off anywhere, or with any octet changed, the file is taken whole or refused with a text.
Test(load, spoiled_file_is_never_half_a_configuration, .timeout = 60)
{
	char yaml[1024];
	size_t len = strlen(doc_good);

	srand48(3);
	for (size_t i = 0; i < 2 * len; i++) {
		struct conf_error err = {""};
		struct conf *conf = NULL;
		int result;

		memcpy(yaml, doc_good, len);
		if (i >= len)
			yaml[i - len] = (char)lrand48();
		result = conf_parse(&conf, str_of(yaml, i < len ? i : len), "t.yaml", &err);
		cr_assert_eq(result == 0, conf != NULL);
		cr_assert_eq(result < 0, err.text[0] != '\0');
		cr_assert(result == 0 || strncmp(err.text, "t.yaml:", 7) == 0);
		conf_put(conf);
	}
}
