// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/reg/gruu.h"

#include "tests/unit/controlplane/reg/rig.h"

#include <criterion/criterion.h>
#include <errno.h>

static struct token_keys *keys;

static void init(void)
{
	const uint8_t secret[TOKEN_SECRET_BYTES] = {7};

	rig_init();
	keys = token_keys_new(secret);
}

static void fini(void)
{
	token_keys_free(keys);
	rig_fini();
}

TestSuite(gruu, .init = init, .fini = fini);

static struct binding instance(const char *contact, const char *of)
{
	struct binding said = rig_binding(contact);

	said.instance = str_from(of);
	return said;
}

static int find(struct binding *out, unsigned int max, const char *uri, const char *aor)
{
	struct sip_uri parsed;

	cr_assert_eq(sip_uri_parse(&parsed, str_from(uri)), 0, "%s", uri);
	return gruu_find(
		rig.location, out, max, &(struct gruu_query){&parsed, str_from(aor), keys});
}

static const char *public_of(uint64_t id)
{
	static char text[512];
	struct strbuf b = strbuf_on(text, sizeof(text) - 1);
	struct binding binding;

	cr_assert_eq(location_get(rig.location, id, &binding), 0);
	gruu_write_public(&b, &binding);
	text[b.len] = '\0';
	return text;
}

static char *temporary_of(char text[static 512], uint64_t id)
{
	struct strbuf b = strbuf_on(text, 511);
	struct binding binding;

	cr_assert_eq(location_get(rig.location, id, &binding), 0);
	gruu_write_temporary(&b, keys, &binding);
	cr_assert_not(b.failed);
	text[b.len] = '\0';
	return text;
}

Test(gruu, F14_public)
{
	struct binding a = instance("sip:a@h", "<urn:uuid:F81D4FAE>"),
		       b = instance("sip:b@h", "<urn:uuid:0>"), found[4];
	uint64_t id = rig_put(&a);

	rig_put(&b);
	cr_assert_str_eq(public_of(id), "sip:100@example.com;gr=urn:uuid:F81D4FAE");
	cr_assert_eq(find(found, 4, public_of(id), RIG_AOR), 1);
	cr_assert_eq(found[0].id, id);
	cr_assert_eq(find(found, 4, "sip:100@example.com;gr=urn:uuid:f81d4fae", RIG_AOR), 1);
	cr_assert_eq(find(found, 4, public_of(id), "101@example.com"), 0);
	cr_assert_eq(find(found, 4, "sip:100@example.com;gr=urn:uuid:1", RIG_AOR), 0,
		"not registered now");
	cr_assert_eq(find(found, 4, "sip:100@example.com", RIG_AOR), -ENOENT);
	cr_assert_eq(find(found, 4, "tel:100;gr=urn:uuid:0", RIG_AOR), -ENOENT);
}

Test(gruu, F14_public_escapes_what_a_uri_does_not_bear)
{
	struct binding a = instance("sip:a@h", "<urn:x:a;b=c@d e\">"), found[1];
	uint64_t id;

	a.aor = STR("+49 30@home@example.com");
	id = rig_put(&a);
	cr_assert_str_eq(
		public_of(id), "sip:+49%2030%40home@example.com;gr=urn:x:a%3Bb%3Dc%40d%20e%22");
	cr_assert_eq(find(found, 1, public_of(id), "+49 30@home@example.com"), 1);
}

Test(gruu, E18_all_flows_of_an_instance)
{
	struct binding a = instance("sip:a@h", "<urn:uuid:1>"), found[4];

	a.reg_id = 1;
	rig_put(&a);
	a.reg_id = 2;
	cr_assert_eq(find(found, 4, public_of(rig_put(&a)), RIG_AOR), 2);
	cr_assert_eq(found[0].reg_id, 2, "the latest first");
	cr_assert_eq(find(NULL, 0, public_of(found[0].id), RIG_AOR), 2);
}

Test(gruu, F14_temporary_is_another_each_time_and_says_nothing)
{
	struct binding a = instance("sip:a@h", "<urn:uuid:1>"), found[4];
	uint64_t id = rig_put(&a);
	char one[512], two[512];

	temporary_of(one, id);
	temporary_of(two, id);
	cr_assert_str_neq(one, two);
	cr_assert_not(strstr(one, "100") != NULL || strstr(one, "uuid") != NULL);
	cr_assert_eq(strcmp(strchr(one, '@'), "@example.com;gr"), 0);
	cr_assert_eq(find(found, 4, one, "x@example.com"), 1);
	cr_assert_eq(found[0].id, id);
	cr_assert_eq(find(found, 4, two, "x@example.com"), 1);
}

Test(gruu, F14_temporary_ends_with_its_call_id_or_binding)
{
	struct binding a = instance("sip:a@h", "<urn:uuid:1>"), found[4];
	uint64_t id = rig_put(&a);
	char one[512], two[512];

	temporary_of(one, id);
	a.cseq++;
	rig_put(&a);
	cr_assert_eq(find(found, 4, one, ""), 1, "refreshed");
	a.call_id = STR("another");
	rig_put(&a);
	cr_assert_eq(find(found, 4, one, ""), 0);
	temporary_of(two, id);
	cr_assert_eq(find(found, 4, two, ""), 1);
	rig_pass(60);
	cr_assert_eq(find(found, 4, two, ""), 0);
}

Test(gruu, F14_forged)
{
	struct binding a = instance("sip:a@h", "<urn:uuid:1>"), found[4];
	char one[512];

	temporary_of(one, rig_put(&a));
	one[30] = one[30] == 'a' ? 'b' : 'a';
	cr_assert_eq(find(found, 4, one, ""), -EBADMSG);
	cr_assert_eq(find(found, 4, "sip:100@example.com;gr", RIG_AOR), -EBADMSG);
	cr_assert_eq(find(found, 4, "sip:example.com;gr", RIG_AOR), -EBADMSG);
}
