// SPDX-License-Identifier: BSD-3-Clause
// What the files of exchange share: exchange.c the table, exchange_admit.c how they begin,
// exchange_act.c what the table's cells do.
#pragma once

#include "controlplane/call/exchange.h"

typedef void exchange_action_h(struct exchange *x, const struct call_input *in);

// Links a copy of params into the call. Returns 0; -ENOSPC when it has EXCHANGES_MAX; -ENOMEM.
int exchange_new(struct exchange **out, struct call *call, const struct exchange *params);
// Between both neither it nor its call is freed.
void exchange_enter(struct exchange *x);
void exchange_leave(struct exchange *x);
// Nothing more comes of it: for what a cell could not know.
void exchange_finish(struct exchange *x);

// The other side finds the session interval that we ask for too small: it gets the request again. False
// when it does not, and the response is a refusal as others (RFC 4028 §7.3, C37).
bool exchange_ask_again(struct exchange *x, const struct sip_msg *response);

// Sends the request as kept with the SDP of the media, or, with in->msg, as it came and without.
exchange_action_h exchange_send;
exchange_action_h exchange_refuse_media;
exchange_action_h exchange_drop;
exchange_action_h exchange_lose;
exchange_action_h exchange_pass_provisional;
exchange_action_h exchange_take_success;
exchange_action_h exchange_pass_refusal;
exchange_action_h exchange_pass_silence;
exchange_action_h exchange_cancel;
exchange_action_h exchange_abandon_sent;
exchange_action_h exchange_pass_success;
exchange_action_h exchange_fail;
exchange_action_h exchange_abandon_answer;
exchange_action_h exchange_pass_ack;
exchange_action_h exchange_fail_ack;
exchange_action_h exchange_close;
