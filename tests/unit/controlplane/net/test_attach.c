// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/net/attach.h"

#include <sys/eventfd.h>

#include <criterion/criterion.h>

#include <errno.h>
#include <unistd.h>

#include "tests/unit/controlplane/net/net_world.h"

// A client of which every answer can be chosen.
static struct {
	unsigned int attached, detached, drained, slept, published;
	int attach_status;
	int drain_result; // given once, then 0
	bool wake;
	uint64_t boot_id;
	uint32_t epoch;
	struct attach_segment segment;
} client;

static int on_attach(void *arg, const struct attach_segment *segment)
{
	cr_assert_eq(arg, &client);
	client.attached++;
	client.segment = *segment;
	return client.attach_status;
}

static void on_detach(void *)
{
	client.detached++;
	// Still mapped.
	cr_assert_eq(client.segment.shared->magic, TG_SEGMENT_MAGIC);
}

static int drain(void *, unsigned int max)
{
	int n = client.drain_result;

	cr_assert_gt(max, 0);
	client.drained++;
	client.drain_result = 0;
	return n;
}

static bool go_to_sleep(void *)
{
	client.slept++;
	return true;
}

static bool publish(void *)
{
	client.published++;
	return client.wake;
}

static const struct attach_client handlers = {
	.on_attach = on_attach,
	.on_detach = on_detach,
	.drain = drain,
	.sleep = go_to_sleep,
	.publish = publish,
	.arg = &client,
};

static struct attach *at;

static void init(void)
{
	struct attach_params params = {.sig_threads = 1, .client = {&handlers}};

	world_init();
	params.loop = world.loop;
	params.path = world.path;
	at = attach_new(&params);
	cr_assert_not_null(at);
}

static void fini(void)
{
	attach_free(at);
	world_fini();
}

TestSuite(attach, .init = init, .fini = fini);

static bool is_detached(void)
{
	return !attach_is_attached(at);
}

Test(attach, takes_hold_and_notices_death)
{
	world_attach(at);
	cr_assert_eq(client.attached, 1);
	cr_assert_eq(client.segment.workers, 2);
	cr_assert_eq(client.segment.boot_id, world.seg->shared->boot_id);
	cr_assert_geq(client.drained, 1, "what was there already");
	cr_assert_geq(client.slept, 1);
	world_die();
	cr_assert(world_run(1000, is_detached));
	cr_assert_eq(client.detached, 1);
	world.epoch = 2;
	world_attach(at);
	cr_assert_eq(client.attached, 2);
	cr_assert_eq(client.segment.epoch, 2);
}

Test(attach, waits_for_a_dataplane_that_starts_later)
{
	world_run(20, NULL);
	cr_assert_eq(client.attached, 0);
	world_listen();
	world_pass(ATTACH_RETRY_MS);
	world_attach(at);
	cr_assert_eq(client.attached, 1);
}

static bool accepted_again(void)
{
	return world_accept();
}

Test(attach, asks_again_after_a_refusal)
{
	struct tg_attach_reply busy = world_good_reply();

	busy.status = -EBUSY;
	world_listen();
	cr_assert(world_run(1000, world_accept));
	world_reply(&busy, 0);
	world_run(10, NULL);
	cr_assert_not(attach_is_attached(at));
	world_pass(ATTACH_RETRY_MS);
	cr_assert(world_run(1000, accepted_again));
}

Test(attach, asks_again_when_no_answer_comes)
{
	world_listen();
	cr_assert(world_run(1000, world_accept));
	world_pass(ATTACH_ANSWER_MS);
	world_pass(ATTACH_RETRY_MS);
	cr_assert(world_run(1000, accepted_again));
	cr_assert_eq(client.attached, 0);
}

Test(attach, a_heartbeat_that_stops_is_death)
{
	world_attach(at);
	world_run(150, NULL);
	cr_assert_neq(world.seg->shared->controlplane_beat_ns, 0, "our own");
	for (unsigned int i = 0; i < 20; i++)
		world_pass(100);
	cr_assert(attach_is_attached(at));
	for (unsigned int i = 0; i < 2; i++)
		world_pass(100);
	cr_assert_not(attach_is_attached(at));
	cr_assert_eq(client.detached, 1);
}

Test(attach, a_heartbeat_that_goes_on_is_life)
{
	world_attach(at);
	for (unsigned int i = 0; i < 100; i++) {
		world.seg->shared->dataplane_beat_ns++;
		world_pass(100);
	}
	cr_assert(attach_is_attached(at));
}

// SIGSTOP, or a machine that was asleep: its heartbeat did not stop, we did.
Test(attach, a_pause_of_ours_is_not_its_death)
{
	world_attach(at);
	world_run(150, NULL);
	usleep(2 * TG_BEAT_LOST_MS * 1000);
	world.seg->shared->dataplane_beat_ns++;
	world_run(50, NULL);
	cr_assert(attach_is_attached(at));
	cr_assert_eq(client.detached, 0);
}

Test(attach, a_broken_ring_ends_it)
{
	world_attach(at);
	client.drain_result = -EPROTO;
	cr_assert_eq(eventfd_write(world.fd[TG_ATTACH_FD_WAKE_CONTROL], 1), 0);
	cr_assert(world_run(1000, is_detached));
	cr_assert_eq(client.detached, 1);
}

Test(attach, a_client_may_refuse_the_segment)
{
	struct tg_attach_reply reply = world_good_reply();

	client.attach_status = -EPROTO;
	world_listen();
	cr_assert(world_run(1000, world_accept));
	world_reply(&reply, 3);
	world_run(20, NULL);
	cr_assert_eq(client.attached, 1);
	cr_assert_eq(client.detached, 0);
	cr_assert_not(attach_is_attached(at));
	client.attach_status = 0;
	world_pass(ATTACH_RETRY_MS);
	world_attach(at);
}

Test(attach, what_is_pushed_is_published_once_a_turn)
{
	unsigned int before;

	world_attach(at);
	before = client.published;
	client.wake = true;
	for (unsigned int i = 0; i < 5; i++)
		attach_publish_soon(at);
	cr_assert_eq(client.published, before);
	world_run(5, NULL);
	cr_assert_eq(client.published, before + 1);
	cr_assert(world_was_woken());
	client.wake = false;
	attach_publish_soon(at);
	world_run(5, NULL);
	cr_assert_not(world_was_woken());
}

Test(attach, more_than_a_turn_can_take_is_taken_in_the_next)
{
	unsigned int before;

	world_attach(at);
	before = client.slept;
	client.drain_result = 1000;
	cr_assert_eq(eventfd_write(world.fd[TG_ATTACH_FD_WAKE_CONTROL], 1), 0);
	world_run(20, NULL);
	cr_assert_gt(client.slept, before);
}

Test(attach, nothing_is_published_when_apart)
{
	attach_publish_soon(at);
	world_run(5, NULL);
	cr_assert_eq(client.published, 0);
	attach_free(NULL);
}
