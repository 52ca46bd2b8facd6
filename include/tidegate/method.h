// SPDX-License-Identifier: BSD-3-Clause
// Which of the rates of strangers a request falls under, by its method.
#pragma once

#include <stdint.h>
#include <string.h>

#include "include/tidegate/cmd.h"

// The method of a request line, as it is (RFC 3261 §7.1).
static inline enum tg_method_class tg_method_class(const void *method, uint32_t bytes)
{
	static const struct {
		char name[12];
		uint8_t bytes;
		uint8_t class;
	} methods[] = {
		{"INVITE", 6, TG_METHOD_INVITE},
		{"REGISTER", 8, TG_METHOD_REGISTER},
		{"OPTIONS", 7, TG_METHOD_OPTIONS},
		{"ACK", 3, TG_METHOD_WITHIN},
		{"BYE", 3, TG_METHOD_WITHIN},
		{"CANCEL", 6, TG_METHOD_WITHIN},
		{"PRACK", 5, TG_METHOD_WITHIN},
		{"UPDATE", 6, TG_METHOD_WITHIN},
	};

	for (unsigned int i = 0; i < sizeof(methods) / sizeof(methods[0]); i++)
		if (bytes == methods[i].bytes && memcmp(method, methods[i].name, bytes) == 0)
			return (enum tg_method_class)methods[i].class;
	return TG_METHOD_OTHER;
}
