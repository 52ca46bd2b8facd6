// SPDX-License-Identifier: BSD-3-Clause
// The small parsers of SIP text: what they return lies inside the input.
#include <stdlib.h>

#include "controlplane/sip/lex.h"
#include "controlplane/sip/via.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void inside(struct str part, const uint8_t *data, size_t size)
{
	const char *begin = (const char *)data;

	if (!str_is_none(part) && (part.at < begin || part.at + part.len > begin + size))
		abort();
}

static void fuzz_uri(struct str text, const uint8_t *data, size_t size)
{
	struct sip_uri uri;

	if (sip_uri_parse(&uri, text) < 0)
		return;
	inside(uri.user, data, size);
	inside(uri.host, data, size);
	inside(uri.params, data, size);
	inside(uri.headers, data, size);
}

static void fuzz_params(struct str params, const uint8_t *data, size_t size)
{
	struct str param;

	inside(sip_param(params, "tag"), data, size);
	while (sip_param_next(&param, &params))
		inside(param, data, size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = str_of(data, size);
	struct str rest = text;
	struct sip_name_addr address;
	struct sip_via via;
	struct str element;

	fuzz_uri(text, data, size);
	fuzz_params(text, data, size);
	if (sip_name_addr_parse(&address, text) == 0) {
		inside(address.display, data, size);
		inside(address.params, data, size);
		fuzz_uri(address.uri, data, size);
	}
	if (sip_via_parse(&via, text) == 0) {
		inside(via.host, data, size);
		inside(via.branch, data, size);
	}
	while (sip_hdr_next(&element, &rest))
		inside(element, data, size);
	return 0;
}
