// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/reg/token.h"

#include <criterion/criterion.h>
#include <errno.h>

static struct token_keys *keys, *others;

static void init(void)
{
	const uint8_t secret[TOKEN_SECRET_BYTES] = {1, 2, 3}, other[TOKEN_SECRET_BYTES] = {1, 2, 4};

	keys = token_keys_new(secret);
	others = token_keys_new(other);
	cr_assert(keys != NULL && others != NULL);
}

static void fini(void)
{
	token_keys_free(keys);
	token_keys_free(others);
	token_keys_free(NULL);
}

TestSuite(token, .init = init, .fini = fini);

static struct str written(char text[static 64], struct token_keys *by, uint64_t binding)
{
	struct strbuf b = strbuf_on(text, 64);

	token_write(&b, by, binding);
	cr_assert_not(b.failed);
	cr_assert_eq(b.len, TOKEN_BYTES);
	return strbuf_str(&b);
}

Test(token, E16_names_a_binding_in_letters_and_digits)
{
	static const uint64_t ids[] = {0, 1, 1764316800123456, UINT64_MAX};
	char text[64];

	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++) {
		struct str token = written(text, keys, ids[i]);
		uint64_t id = ~ids[i];

		cr_assert_eq(token_read(&id, keys, token), 0);
		cr_assert_eq(id, ids[i]);
		for (size_t k = 0; k < token.len; k++)
			cr_assert((token.at[k] >= 'a' && token.at[k] <= 'z')
				|| (token.at[k] >= '2' && token.at[k] <= '7'));
	}
}

Test(token, E16_any_other_character_makes_it_forged)
{
	static const char others_too[] = "abz27AB1089-._%\"";
	char text[64];
	struct str token = written(text, keys, 77);

	for (size_t i = 0; i < token.len; i++) {
		char was = text[i];

		for (size_t k = 0; k < sizeof(others_too); k++) {
			uint64_t id = 5;

			if (others_too[k] == was)
				continue;
			text[i] = others_too[k];
			cr_assert_eq(token_read(&id, keys, token), i < 3 ? -ENOENT : -EBADMSG,
				"character %zu as %c", i, others_too[k]);
			cr_assert_eq(id, 5);
		}
		text[i] = was;
	}
}

Test(token, E16_of_another_secret_is_forged)
{
	char text[64];
	uint64_t id = 5;

	cr_assert_eq(token_read(&id, keys, written(text, others, 77)), -EBADMSG);
	cr_assert_eq(id, 5);
}

Test(token, E16_other_users_are_no_tokens)
{
	static const char *const texts[] = {"", "tgb", "100", "tgbobby", "alice",
		"kd8n2q0y5m3v7x1z4b6c9fg", "tgbaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
		"tgbaaaaaaaaaaaaaaaaaaaaaaaaaaaa"};
	char text[64];
	struct str token = written(text, keys, 77);
	uint64_t id;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		cr_assert_eq(token_read(&id, keys, str_from(texts[i])), -ENOENT, "%s", texts[i]);
	cr_assert_eq(token_read(&id, keys, STR_NONE), -ENOENT);
	cr_assert_eq(token_read(&id, keys, str_of(token.at, token.len - 1)), -ENOENT);
}

Test(token, F14_hidden_octets_are_read_by_us_only)
{
	const uint8_t octets[TOKEN_HIDDEN_BYTES] = "0123456789abcde";
	uint8_t read[TOKEN_HIDDEN_BYTES] = {0};
	char text[64];
	struct strbuf b = strbuf_on(text, sizeof(text));
	uint64_t id;

	token_write_hidden(&b, keys, octets);
	cr_assert(!b.failed && b.len == TOKEN_HIDDEN_LENGTH);
	cr_assert_eq(token_read_hidden(read, others, strbuf_str(&b)), -EBADMSG);
	cr_assert_eq(read[0], 0);
	cr_assert_eq(token_read_hidden(read, keys, strbuf_str(&b)), 0);
	cr_assert_arr_eq(read, octets, sizeof(read));
	cr_assert_eq(token_read(&id, keys, strbuf_str(&b)), -ENOENT, "is of another kind");
	text[20] = text[20] == 'a' ? 'b' : 'a';
	cr_assert_eq(token_read_hidden(read, keys, strbuf_str(&b)), -EBADMSG);
}

// RFC 4648 §10, and no two texts for the same octets
Test(token, E16_spare_bits_are_looked_at)
{
	char text[64];
	struct str token = written(text, keys, 77);
	char last = text[token.len - 1];
	unsigned int read = 0;
	uint64_t id;

	for (const char *c = "abcdefghijklmnopqrstuvwxyz234567"; *c != '\0'; c++) {
		text[token.len - 1] = *c;
		read += token_read(&id, keys, token) == 0;
	}
	text[token.len - 1] = last;
	cr_assert_eq(read, 1);
}

Test(token, F14_digests_tell_texts_apart)
{
	cr_assert_eq(token_digest(keys, STR("a")), token_digest(keys, STR("a")));
	cr_assert_neq(token_digest(keys, STR("a")), token_digest(keys, STR("b")));
	cr_assert_neq(token_digest(keys, STR("a")), token_digest(others, STR("a")));
}

Test(token, A34_does_not_fit)
{
	char text[TOKEN_BYTES - 1];
	struct strbuf b = strbuf_on(text, sizeof(text));

	token_write(&b, keys, 1);
	cr_assert(b.failed);
}
