// SPDX-License-Identifier: BSD-3-Clause
// A record of the store, whoever wrote it: what is taken for a binding lies inside the record, has no octet
// that ends a line, and reads the same when it is written again. The input: a length, that many octets of
// AOR, the value.
#include <stdlib.h>

#include "controlplane/store/binding_record.h"
#include "tests/fuzz/check_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define NOW_S 1800000000ull

static const char yaml[] = "realms:\n"
			   "  - name: core\n"
			   "    sip: [{address: \"192.0.2.1:5060\"}]\n"
			   "    media: [{address: \"192.0.2.1\", ports: \"20000-20999\"}]\n"
			   "  - name: access\n"
			   "    sip: [{address: \"198.51.100.1:5060\"}]\n"
			   "    media: [{address: \"198.51.100.1\", ports: \"20000-20999\"}]\n"
			   "peers:\n"
			   "  - {name: one, realm: core, address: \"192.0.2.10:5060\"}\n"
			   "routes:\n"
			   "  - {from_realm: access, to: one}\n";

static const struct conf *conf(void)
{
	static struct conf *made;
	struct conf_error err;

	if (made == NULL && conf_parse(&made, str_from(yaml), "fuzz", &err) < 0)
		abort();
	return made;
}

static void check_again(const struct binding *binding, const struct store_record *record)
{
	char octets[STORE_VALUE_MAX];
	struct strbuf text = strbuf_on(octets, sizeof(octets));
	int rc = binding_record_write(&text, binding, conf());

	if (record->value.len <= sizeof(octets)
		&& (rc != 0 || !str_equal(strbuf_str(&text), record->value)))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct tg_wall now = {NOW_S * TG_US_PER_S};
	struct store_record record = {.key.id = 7, .expires_s = NOW_S + 60};
	struct binding binding;
	size_t name_len;

	if (size < 1 || size < 1u + data[0])
		return 0;
	name_len = data[0];
	record.key.name = str_of(data + 1, name_len);
	record.value = str_of(data + 1 + name_len, size - 1 - name_len);
	if (binding_record_read(&binding, &record, conf(), now) < 0)
		return 0;
	check_text(binding.aor, data, size);
	check_text(binding.contact, data, size);
	check_text(binding.params, data, size);
	check_text(binding.instance, data, size);
	check_text(binding.call_id, data, size);
	check_text(binding.user_agent, data, size);
	check_text(binding.path, data, size);
	check_again(&binding, &record);
	return 0;
}
