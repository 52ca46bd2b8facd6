// SPDX-License-Identifier: BSD-3-Clause
// The body of Event: message-summary (RFC 3842 §5.2), as the other side may know it: the account that messages wait
// for stands at our own address (C2); all else is of people and numbers, and stays.
//
//	Messages-Waiting: yes
//	Message-Account: sip:alice@10.0.0.5
//	Voice-Message: 2/8 (0/2)
#pragma once

#include "controlplane/base/str.h"
#include "include/tidegate/addr.h"

#define MESSAGE_SUMMARY STR("application/simple-message-summary")

// Appends body. An account that is no SIP or tel: URI is left out with its line.
void mwi_write(struct strbuf *b, struct str body, const struct tg_addr *host);
