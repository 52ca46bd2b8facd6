// SPDX-License-Identifier: BSD-3-Clause
#include "tools/tgctl/json.h"

const char *json_text_of(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text != NULL ? text : "";
}

uint64_t json_number_of(const json_t *object, const char *name)
{
	return (uint64_t)json_integer_value(json_object_get(object, name));
}

int json_true_of(const json_t *object, const char *name)
{
	return json_is_true(json_object_get(object, name));
}

uint64_t json_sum(const json_t *object)
{
	uint64_t sum = 0;
	void *iter;

	// the iterator does not write, but its type in jansson is not const
	for (iter = json_object_iter((json_t *)(uintptr_t)object); iter != NULL;
		iter = json_object_iter_next((json_t *)(uintptr_t)object, iter))
		sum += (uint64_t)json_integer_value(json_object_iter_value(iter));
	return sum;
}
