// SPDX-License-Identifier: BSD-3-Clause
// What records of the store are made of: numbers, little-endian, and texts, each behind its length (2 octets;
// 0xffff: none). Nothing that is read is trusted (binding_record.h). No state: any thread.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "controlplane/base/str.h"

void fields_put_number(struct strbuf *out, uint64_t value, unsigned int bytes);
// Of less than 0xffff octets, or out has failed.
void fields_put_text(struct strbuf *out, struct str text);

// Once something is wrong all that follows is nothing.
struct fields {
	struct str rest;
	bool is_bad;
};

// A view of so many octets.
struct str fields_take(struct fields *fields, size_t len);
uint64_t fields_take_number(struct fields *fields, unsigned int bytes, uint64_t max);
// A view; of plain octets only.
struct str fields_take_text(struct fields *fields);
// Whether it has no control character but tabs.
bool fields_is_plain(struct str text);
