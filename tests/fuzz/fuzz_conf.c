// SPDX-License-Identifier: BSD-3-Clause
// A configuration is taken whole or refused with a text, whatever the file holds.
#include <stdlib.h>

#include "controlplane/conf/conf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct conf *conf = NULL;
	struct conf_error err = {""};
	int result = conf_parse(&conf, str_of(data, len), "fuzz.yaml", &err);

	if ((result == 0) != (conf != NULL) || (result < 0) != (err.text[0] != '\0'))
		abort();
	conf_put(conf);
	return 0;
}
