// SPDX-License-Identifier: BSD-3-Clause
// What indices of counter arrays are called, in /metrics and in "show stats".
#pragma once

#include "controlplane/conf/conf.h"

// NULL when that index has no meaning and is not shown.
typedef const char *label_h(unsigned int index);

const char *label_method(unsigned int index);	     // enum sip_method
const char *label_class(unsigned int index);	     // 1..6: "1xx" .. "6xx"
const char *label_fault(unsigned int index);	     // enum sip_fault
const char *label_cause(unsigned int index);	     // enum call_cause
const char *label_refusal(unsigned int index);	     // enum call_refusal
const char *label_unsubscribed(unsigned int index);  // enum subscription_end
const char *label_media_failure(unsigned int index); // enum media_failure
const char *label_worker_counter(unsigned int index);
const char *label_drop(unsigned int index);
const char *label_trust(unsigned int index); // enum tg_trust_level
const char *label_latch(unsigned int index); // enum tg_latch, as the configuration spells it
// A realm's name, or "gone" when the configuration has no such realm any more.
const char *label_realm(const struct conf *conf, unsigned int realm);
