// SPDX-License-Identifier: BSD-3-Clause
// JSON of our own types. NULL when memory is out; json_object_set_new and its like pass that on.
#pragma once

#include <jansson.h>

#include "controlplane/base/str.h"
#include "include/tidegate/addr.h"
#include "include/tidegate/time.h"

// Any octets: what is not UTF-8 is written as \xNN, so that nothing a peer sent breaks the document.
// null when s is none.
json_t *json_text(struct str s);
// "a.b.c.d:port", or null when the address is unset.
json_t *json_addr(const struct tg_addr *addr);
json_t *json_ip(const struct tg_ip *ip);
// A source of SIP: "a.b.c.d", or "2001:db8::/64". ctl_guard.c.
json_t *json_source(const struct tg_ip *ip);
// A number as a member of an object.
void json_set_u64(json_t *object, const char *name, uint64_t value);
// "2026-01-31T12:00:00.123456Z" (behaviour K27).
json_t *json_wall(struct tg_wall when);
