// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/sip/txn.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>

#include "controlplane/sip/stack_int.h"
#include "tests/unit/controlplane/sip/world.h"

static struct world w;

static void make(void)
{
	world_init(&w, 200000);
}

static void unmake(void)
{
	world_fini(&w);
}

TestSuite(txn, .init = make, .fini = unmake, .timeout = 60);

static struct txn *new_txn(enum txn_kind kind, uint64_t number)
{
	struct txn *txn = NULL;

	cr_assert_eq(txn_new(&txn, w.stack,
			     &(struct txn_params){
				     .kind = kind,
				     .key = {number, ~number},
				     .flow = &w.flow,
				     .timers = w.timers,
			     }),
		0);
	return txn;
}

Test(txn, found_by_key_and_id_until_freed)
{
	struct txn *a = new_txn(TXN_CLIENT, 1);
	struct txn *b = new_txn(TXN_SERVER, 2);
	uint64_t id = a->id;

	cr_assert_eq(txn_find(w.stack, (struct txn_key){1, ~1ull}), a);
	cr_assert_eq(txn_find(w.stack, (struct txn_key){2, ~2ull}), b);
	cr_assert_null(txn_find(w.stack, (struct txn_key){1, 1}), "both halves count");
	cr_assert_eq(txn_get(w.stack, id), a);
	txn_free(w.stack, a);
	cr_assert_null(txn_get(w.stack, id));
	cr_assert_null(txn_find(w.stack, (struct txn_key){1, ~1ull}));
}

Test(txn, keeps_its_last_message)
{
	struct txn *txn = new_txn(TXN_CLIENT, 1);

	cr_assert_eq(txn_send(w.stack, txn, false), 0);
	cr_assert_null(world_take(&w), "nothing kept, nothing sent");
	cr_assert_eq(txn_keep(txn, STR("first")), 0);
	cr_assert_eq(txn_keep(txn, STR("the second")), 0);
	txn_send(w.stack, txn, false);
	cr_assert_str_eq(world_take(&w), "the second");
	txn_forget(txn);
	txn_send(w.stack, txn, false);
	cr_assert_null(world_take(&w));
}

Test(txn, settling_stops_the_timers_before)
{
	struct txn *txn = new_txn(TXN_INVITE_SERVER, 1);

	txn_keep(txn, STR("x"));
	txn_expire(w.stack, txn, 100);
	txn_repeat(w.stack, txn, 10);
	txn_settle(w.stack, txn, TXN_CONFIRMED, UINT32_MAX);
	cr_assert_eq(timer_wheel_count(w.wheel), 0);
	txn_settle(w.stack, txn, TXN_CONFIRMED, 50);
	world_pass_ms(&w, 50);
	cr_assert_eq(sip_stack_counters(w.stack)->transactions, 0);
	cr_assert_null(world_take(&w));
}

// Each timer fires within 50 ms of its time, however many there are.
Test(txn, B35_a_hundred_thousand_transactions_keep_their_time)
{
	enum { COUNT = 100000 };

	for (uint64_t i = 0; i < COUNT; i++)
		txn_expire(w.stack, new_txn(TXN_CLIENT, i + 1), 1 + (uint32_t)(i % 5000));
	cr_assert_eq(timer_wheel_count(w.wheel), COUNT);
	for (unsigned int step = 1; step <= 100; step++) {
		world_pass_ms(&w, 50);
		cr_assert_eq(sip_stack_counters(w.stack)->transactions,
			COUNT - (uint64_t)step * 50 * (COUNT / 5000), "step %u", step);
	}
	cr_assert_eq(w.told.ends, COUNT);
}

Test(txn, a_ringing_invite_keeps_its_head_only)
{
	const struct txn *txn = txn_get(w.stack, world_send(&w, SIP_INVITE));
	uint32_t before = txn->wire_len;

	cr_assert(world_take(&w) != NULL);
	world_answer(&w, "180 Ringing", "t1");
	cr_assert_eq(txn->wire_len, before - strlen("v=0\r\n"));
	cr_assert(str_ends(str_of(txn->wire, txn->wire_len), STR("\r\n\r\n")));
}

Test(txn, B34_memory_of_one_is_bounded)
{
	cr_assert_leq(sizeof(struct txn), 320, "%zu", sizeof(struct txn));
}
