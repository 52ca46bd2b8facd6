// SPDX-License-Identifier: BSD-3-Clause
// Reads what the control plane answered, without trust in its shape: what is missing reads as "" or 0.
#pragma once

#include <stdint.h>

#include <jansson.h>

const char *json_text_of(const json_t *object, const char *name);
uint64_t json_number_of(const json_t *object, const char *name);
int json_true_of(const json_t *object, const char *name);
// The sum of all numbers in an object; for counters by reason.
uint64_t json_sum(const json_t *object);
