// SPDX-License-Identifier: BSD-3-Clause
// What the files of transfer share: transfer.c the table, transfer_act.c what both kinds do, referral.c and
// replace.c what each does.
#pragma once

#include "controlplane/call/transfer.h"

struct farewell;

typedef void transfer_action_h(struct transfer *t, const struct call_input *in);

// NULL when it is gone.
struct leg *transfer_staying(const struct transfer *t);
struct leg *transfer_leaving(const struct transfer *t);
struct leg *transfer_fresh(const struct transfer *t);
// Re-INVITE to the staying leg; its final is MOVED or STAYED, TIMEOUT that there is none for so long as its
// peer may ring.
void transfer_move(struct transfer *t, struct str sdp);
// Nobody waits for that any more: CANCEL.
void transfer_stop_move(struct transfer *t);
// The staying leg was moved in vain: it is told again what it was told before.
void transfer_move_back(struct transfer *t);
// The fresh leg takes the place of the leaving one, which gets BYE.
void transfer_complete(struct transfer *t);
// Nothing more comes of it: for what a cell could not know.
void transfer_finish(struct transfer *t);

// A target refused, or says nothing: others ring on, the next are called, or it was the last.
void referral_on_refusal(struct transfer *t, struct leg *leg, const struct call_input *in);

// Sends the INVITE to the targets, and so on.
transfer_action_h referral_call;
transfer_action_h referral_fail_media;
transfer_action_h referral_tell;
transfer_action_h referral_take_answer;
transfer_action_h referral_next;
transfer_action_h referral_fail;
transfer_action_h referral_move;
transfer_action_h referral_lose;
transfer_action_h referral_complete;
transfer_action_h referral_settle;
transfer_action_h referral_end;
transfer_action_h replace_move;
transfer_action_h replace_fail_media;
transfer_action_h replace_fail_answer;
transfer_action_h replace_drop;
transfer_action_h replace_drop_moving;
transfer_action_h replace_drop_slow;
transfer_action_h replace_drop_moved;
transfer_action_h replace_take_answer;
transfer_action_h replace_refuse;
transfer_action_h replace_complete;
transfer_action_h transfer_undo;
