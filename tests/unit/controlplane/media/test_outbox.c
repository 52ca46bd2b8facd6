// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/media/outbox.h"

#include <criterion/criterion.h>

#include <errno.h>

static struct {
	struct dp dp;
	unsigned int room;
	bool up;
	unsigned int sent;
	uint64_t last_tag;
	unsigned int failed;
} ring;

static struct timer_wheel *wheel;
static struct outbox box;

static int ring_send(struct dp *, struct tg_cmd *, dp_done_h *, void *arg, uint64_t tag)
{
	cr_assert_eq(arg, &ring);
	if (!ring.up)
		return -ENOTCONN;
	if (ring.room == 0)
		return -EAGAIN;
	ring.room--;
	ring.sent++;
	cr_assert_eq(tag, ring.last_tag + 1, "in order");
	ring.last_tag = tag;
	return 0;
}

static bool ring_attached(const struct dp *)
{
	return ring.up;
}

static void on_done(void *, uint64_t tag, int status, struct tg_stream_ref)
{
	cr_assert_eq(status, -ENOTCONN);
	cr_assert_eq(tag, ring.last_tag + 1 + ring.failed, "in order");
	ring.failed++;
}

static void init(void)
{
	ring.dp.send = ring_send;
	ring.dp.attached = ring_attached;
	ring.up = true;
	wheel = timer_wheel_new((struct tg_mono){0});
	outbox_init(&box, &ring.dp, wheel, &ring);
}

static void fini(void)
{
	outbox_fini(&box);
	cr_assert_eq(timer_wheel_count(wheel), 0);
	timer_wheel_free(wheel);
}

TestSuite(outbox, .init = init, .fini = fini);

static int send_tag(uint64_t tag, bool must)
{
	struct tg_cmd cmd = {.type = TG_CMD_STREAM_ADD};

	return outbox_send(&box, &cmd, on_done, tag, must);
}

static void pass_ms(unsigned int ms)
{
	timer_wheel_advance(wheel, tg_mono_add_ms(timer_wheel_now(wheel), ms));
}

Test(outbox, sends_at_once_and_later_in_order)
{
	ring.room = 2;
	for (uint64_t tag = 1; tag <= 1000; tag++)
		cr_assert_eq(send_tag(tag, false), 0);
	cr_assert_eq(ring.sent, 2);
	ring.room = 500;
	cr_assert_eq(send_tag(1001, false), 0);
	cr_assert_eq(ring.sent, 2, "none overtakes");
	pass_ms(OUTBOX_RETRY_MS);
	cr_assert_eq(ring.sent, 502);
	ring.room = 10000;
	pass_ms(OUTBOX_RETRY_MS);
	cr_assert_eq(ring.sent, 1001);
	cr_assert_eq(send_tag(1002, false), 0);
	cr_assert_eq(ring.sent, 1002);
}

Test(outbox, what_may_be_refused_is_bounded)
{
	uint64_t tag = 1;

	for (; tag <= OUTBOX_WAITING_MAX; tag++)
		cr_assert_eq(send_tag(tag, false), 0);
	cr_assert_eq(send_tag(tag, false), -EAGAIN);
	cr_assert_eq(send_tag(tag, true), 0);
	ring.room = 10000;
	pass_ms(OUTBOX_RETRY_MS);
	cr_assert_eq(ring.sent, OUTBOX_WAITING_MAX + 1);
}

Test(outbox, a_dataplane_that_went_answers_all)
{
	ring.room = 3;
	for (uint64_t tag = 1; tag <= 10; tag++)
		cr_assert_eq(send_tag(tag, false), 0);
	ring.up = false;
	cr_assert_eq(send_tag(11, true), -ENOTCONN);
	outbox_fail(&box);
	cr_assert_eq(ring.failed, 7);
	pass_ms(100);
	cr_assert_eq(ring.sent, 3);
}

Test(outbox, a_dataplane_that_is_found_gone_answers_all)
{
	for (uint64_t tag = 1; tag <= 10; tag++)
		cr_assert_eq(send_tag(tag, false), 0);
	ring.up = false;
	pass_ms(OUTBOX_RETRY_MS);
	cr_assert_eq(ring.failed, 10);
}
