// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/base/codec.h"

#include <errno.h>

// RFC 8866 section 9: a token
static bool is_token(struct str s)
{
	static const char others[] = "!#$%&'*+-.^_`{|}~";

	for (size_t i = 0; i < s.len; i++) {
		char c = s.at[i];

		if (!(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z')
			&& (c == '\0' || strchr(others, c) == NULL))
			return false;
	}
	return s.len != 0;
}

int codec_name_parse(struct codec_name *out, struct str text)
{
	struct str name = str_cut(&text, '/');
	uint64_t clock_hz = 0;

	if (!is_token(name))
		return -EINVAL;
	if (!str_is_none(text) && (str_to_u64(&clock_hz, text, UINT32_MAX) < 0 || clock_hz == 0))
		return -EINVAL;
	*out = (struct codec_name){name, (uint32_t)clock_hz};
	return 0;
}

unsigned int codec_list_find(const struct codec_list *list, struct str name, uint32_t clock_hz)
{
	unsigned int i = 0;

	if (name.len == 0)
		return list->count;
	while (i < list->count
		&& !((list->entry[i].clock_hz == 0 || list->entry[i].clock_hz == clock_hz)
			&& str_equal_nocase(list->entry[i].name, name)))
		i++;
	return i;
}

bool codec_policy_allows(const struct codec_policy *policy, struct str name, uint32_t clock_hz)
{
	if (policy == NULL)
		return true;
	if (codec_list_find(&policy->deny, name, clock_hz) < policy->deny.count)
		return false;
	return policy->allow.count == 0
		|| codec_list_find(&policy->allow, name, clock_hz) < policy->allow.count;
}

bool codec_policy_allows_all(const struct codec_policy *policy)
{
	return policy == NULL || (policy->allow.count == 0 && policy->deny.count == 0);
}
