// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/store/binding_record.h"

#include <criterion/criterion.h>

#include <string.h>

static const char yaml[] = "realms:\n"
			   "  - name: core\n"
			   "    sip: [{address: \"192.0.2.1:5060\"}]\n"
			   "    media: [{address: \"192.0.2.1\", ports: \"20000-20999\"}]\n"
			   "  - name: access\n"
			   "    sip: [{address: \"198.51.100.1:5060\"}]\n"
			   "    media: [{address: \"198.51.100.1\", ports: \"20000-20999\"}]\n"
			   "    sip_dscp: 24\n"
			   "peers:\n"
			   "  - {name: one, realm: core, address: \"192.0.2.10:5060\"}\n"
			   "routes:\n"
			   "  - {from_realm: access, to: one}\n";

static struct conf *conf;
static const struct tg_wall now = {1800000000 * TG_US_PER_S};

static void set_up(void)
{
	struct conf_error err = {{0}};

	cr_assert_eq(conf_parse(&conf, str_from(yaml), "test", &err), 0, "%s", err.text);
}

static void tear_down(void)
{
	conf_put(conf);
}

TestSuite(binding_record, .init = set_up, .fini = tear_down);

static struct tg_addr addr_of(const char *text)
{
	struct tg_addr addr = {.port = 0};

	cr_assert_eq(tg_addr_parse(&addr, text), 0);
	return addr;
}

static struct binding sample(void)
{
	return (struct binding){
		.id = 0x1122334455667788,
		.aor = STR("alice@example.com"),
		.contact = STR("sip:alice@192.168.1.2:5062;ob"),
		.params = STR("+sip.ice;methods=\"INVITE, ACK\""),
		.instance = STR("<urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6>"),
		.call_id = STR("a84b4c76e66710"),
		.user_agent = STR_NONE,
		.path = STR(""),
		.flow =
			{
				.local = addr_of("198.51.100.1:5060"),
				.remote = addr_of("[2001:db8::7]:40000"),
				.connection = 99,
				.realm = 1,
				.protocol = TRANSPORT_TCP,
				.trusted = TG_TRUST_TRUNK,
				.dscp = 46,
			},
		.cseq = 4000000000,
		.reg_id = 2,
		.q = 700,
		.nat = BINDING_PRIVATE,
		.is_outbound = true,
		.is_alg = true,
		.expires_s = 3600,
		.since = {now.us - 77},
		.refreshed = {now.us - 3},
		.rtt_us = 12345,
	};
}

struct written {
	char octets[STORE_VALUE_MAX];
	struct store_record record;
};

static void write_it(struct written *out, const struct binding *binding)
{
	struct strbuf text = strbuf_on(out->octets, sizeof(out->octets));

	cr_assert_eq(binding_record_write(&text, binding, conf), 0);
	out->record = (struct store_record){
		.key = binding_record_key(binding),
		.value = strbuf_str(&text),
		.expires_s = binding_record_expires_s(binding, now),
	};
}

static int read_it(const struct written *written)
{
	struct binding binding;

	return binding_record_read(&binding, &written->record, conf, now);
}

#define SAME_TEXT(member)                                                    \
	cr_assert(str_equal(a->member, b->member)                            \
			&& str_is_none(a->member) == str_is_none(b->member), \
		#member ": %.*s", STR_FMT(b->member))

static void check_same(const struct binding *a, const struct binding *b)
{
	SAME_TEXT(aor);
	SAME_TEXT(contact);
	SAME_TEXT(params);
	SAME_TEXT(instance);
	SAME_TEXT(call_id);
	SAME_TEXT(user_agent);
	SAME_TEXT(path);
	cr_assert_eq(a->id, b->id);
	cr_assert_eq(a->cseq, b->cseq);
	cr_assert_eq(a->reg_id, b->reg_id);
	cr_assert_eq(a->q, b->q);
	cr_assert_eq(a->nat, b->nat);
	cr_assert_eq(a->is_outbound, b->is_outbound);
	cr_assert_eq(a->is_alg, b->is_alg);
	cr_assert_eq(a->expires_s, b->expires_s);
	cr_assert_eq(a->since.us, b->since.us);
	cr_assert_eq(a->refreshed.us, b->refreshed.us);
	cr_assert(tg_addr_equal(&a->flow.local, &b->flow.local));
	cr_assert(tg_addr_equal(&a->flow.remote, &b->flow.remote));
	cr_assert_eq(a->flow.realm, b->flow.realm);
	cr_assert_eq(a->flow.protocol, b->flow.protocol);
}

Test(binding_record, L3_is_read_as_it_was_written)
{
	const struct binding said = sample();
	struct written written;
	struct binding read;

	write_it(&written, &said);
	cr_assert_lt(written.record.value.len, 300, "compact: %zu", written.record.value.len);
	cr_assert_eq(binding_record_read(&read, &written.record, conf, now), 0);
	check_same(&said, &read);
	cr_assert_eq(read.flow.connection, 0, "no connection outlives its process");
	cr_assert_eq(read.flow.trusted, TG_TRUST_REGISTERED);
	cr_assert_eq(read.flow.dscp, 24, "as its realm has it now");
	cr_assert_eq(read.rtt_us, 0);
}

Test(binding_record, its_realm_is_found_by_name)
{
	const struct binding said = sample();
	struct conf_error err = {{0}};
	struct written written;
	struct binding read;
	struct conf *other;

	write_it(&written, &said);
	cr_assert_eq(conf_parse(&other, str_from(yaml), "test", &err), 0);
	other->realms[1].name = "elsewhere";
	cr_assert_eq(binding_record_read(&read, &written.record, other, now), -ENOENT);
	other->realms[0].name = "access";
	cr_assert_eq(binding_record_read(&read, &written.record, other, now), 0);
	cr_assert_eq(read.flow.realm, 0);
	conf_put(other);
}

Test(binding_record, what_has_ended_is_told_apart)
{
	const struct binding said = sample();
	struct written written;
	struct binding read;

	write_it(&written, &said);
	written.record.expires_s = now.us / TG_US_PER_S;
	cr_assert_eq(read_it(&written), -ETIMEDOUT);
	written.record.expires_s++;
	cr_assert_eq(binding_record_read(&read, &written.record, conf, now), 0);
	cr_assert_eq(read.expires_s, 1);
	written.record.expires_s = UINT64_MAX;
	cr_assert_eq(read_it(&written), -EBADMSG);
}

Test(binding_record, every_length_but_its_own_is_refused)
{
	const struct binding said = sample();
	struct written written;
	size_t len;

	write_it(&written, &said);
	len = written.record.value.len;
	for (size_t i = 0; i < len; i++) {
		written.record.value.len = i;
		cr_assert_eq(read_it(&written), -EBADMSG, "%zu octets", i);
	}
	written.record.value.len = len + 1;
	cr_assert_eq(read_it(&written), -EBADMSG);
}

Test(binding_record, what_no_binding_can_hold_is_refused)
{
	static const struct {
		const char *name;
		unsigned int at;
		uint8_t value;
	} cases[] = {
		{"version 0", 0, 0},
		{"a later version", 0, 2},
		{"unknown flags", 1, 0x80},
		{"an unknown kind of NAT", 2, BINDING_MOVED + 1},
		{"an unknown protocol", 3, TRANSPORT_WSS + 1},
		{"q above 1", 41, 0xff},
	};
	const struct binding said = sample();

	for (unsigned int i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct written written;

		write_it(&written, &said);
		cr_assert_eq(read_it(&written), 0);
		written.octets[cases[i].at] = (char)cases[i].value;
		cr_assert_eq(read_it(&written), -EBADMSG, "%s", cases[i].name);
	}
}

static int with_contact(const char *contact)
{
	struct binding said = sample();
	struct written written;

	said.contact = str_from(contact);
	write_it(&written, &said);
	return read_it(&written);
}

static int with_aor(const char *aor)
{
	struct binding said = sample();
	struct written written;

	said.aor = str_from(aor);
	write_it(&written, &said);
	return read_it(&written);
}

Test(binding_record, A24_no_text_can_bring_a_line_into_a_message)
{
	struct binding said = sample();
	struct written written;

	cr_assert_eq(with_contact("sip:a@b"), 0);
	cr_assert_eq(with_contact("sip:a@b\r\nX: y"), -EBADMSG);
	cr_assert_eq(with_contact("sip:a@b\x7f"), -EBADMSG);
	cr_assert_eq(with_contact(""), -EBADMSG);
	cr_assert_eq(with_aor("a@b"), 0);
	cr_assert_eq(with_aor("a@b\n"), -EBADMSG);
	cr_assert_eq(with_aor("@b"), -EBADMSG);
	cr_assert_eq(with_aor("a@"), -EBADMSG);
	cr_assert_eq(with_aor("nobody"), -EBADMSG);
	said.path = str_of("<sip:p>\0x", 9);
	write_it(&written, &said);
	cr_assert_eq(read_it(&written), -EBADMSG);
}

Test(binding_record, a_flow_without_a_remote_is_refused)
{
	struct binding said = sample();
	struct written written;

	said.flow.remote.port = 0;
	write_it(&written, &said);
	cr_assert_eq(read_it(&written), -EBADMSG);
	said = sample();
	said.flow.remote.ip = (struct tg_ip){{0}};
	write_it(&written, &said);
	cr_assert_eq(read_it(&written), -EBADMSG);
}

Test(binding_record, what_does_not_fit_is_not_written)
{
	static char long_text[70000];
	struct binding said = sample();
	char octets[STORE_VALUE_MAX];
	struct strbuf text = strbuf_on(octets, sizeof(octets));

	memset(long_text, 'x', sizeof(long_text));
	said.params = str_of(long_text, STORE_VALUE_MAX - 100);
	cr_assert_eq(binding_record_write(&text, &said, conf), -EMSGSIZE);
	text = strbuf_on(octets, sizeof(octets));
	said.params = str_of(long_text, sizeof(long_text));
	cr_assert_eq(binding_record_write(&text, &said, conf), -EMSGSIZE);
	text = strbuf_on(octets, sizeof(octets));
	said = sample();
	said.flow.realm = 2;
	cr_assert_eq(binding_record_write(&text, &said, conf), -EINVAL);
}
