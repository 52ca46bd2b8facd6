// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/media/dp_ring.h"

#include <criterion/criterion.h>

#include <errno.h>

#include "tests/unit/controlplane/net/net_world.h"

static struct dp_ring *ring;
static struct dp *dp;
static struct attach *at;
static struct tg_ring commands, events[3];
static struct {
	unsigned int done, events, attached, detached;
	uint64_t tag;
	int status;
	struct tg_stream_ref ref;
	struct tg_event event;
} got;

static void on_done(void *arg, uint64_t tag, int status, struct tg_stream_ref ref)
{
	cr_assert_eq(arg, &got);
	got.done++;
	got.tag = tag;
	got.status = status;
	got.ref = ref;
}

static void on_event(void *, const struct tg_event *event)
{
	got.events++;
	got.event = *event;
}

static void on_attach(void *, bool attached)
{
	got.attached += attached;
	got.detached += !attached;
	cr_assert_eq(dp->attached(dp), attached);
}

static void init(void)
{
	struct attach_params params = {.sig_threads = 1};

	world_init();
	ring = dp_ring_new(0);
	dp = dp_ring_dp(ring);
	dp->on_event = on_event;
	dp->on_attach = on_attach;
	params.loop = world.loop;
	params.path = world.path;
	params.client[0] = dp_ring_client(ring);
	at = attach_new(&params);
	world_attach(at);
	commands = world_commands();
	for (unsigned int i = 0; i < 3; i++)
		events[i] = world_events(i);
}

static void fini(void)
{
	attach_free(at);
	dp_ring_free(ring);
	world_fini();
}

TestSuite(dp_ring, .init = init, .fini = fini);

static int send_command(uint64_t tag)
{
	struct tg_cmd cmd = {.type = TG_CMD_STREAM_ADD, .stream = {.cookie = tag}};

	return dp->send(dp, &cmd, on_done, &got, tag);
}

static void push(unsigned int from, struct tg_event event)
{
	struct tg_event *slot = tg_ring_reserve(&events[from]);

	cr_assert_not_null(slot);
	*slot = event;
	tg_ring_push(&events[from]);
	world_publish(&events[from]);
}

static void complete(uint64_t seq, int status, uint32_t index)
{
	push(0,
		(struct tg_event){.type = TG_EVENT_COMPLETION,
			.ref = {index, 5},
			.completion = {.seq = seq, .status = status}});
}

// The next command as the dataplane reads it.
static struct tg_cmd read_command(void)
{
	const struct tg_cmd *slot = tg_ring_peek(&commands);
	struct tg_cmd cmd;

	cr_assert_not_null(slot);
	cmd = *slot;
	tg_ring_pop(&commands);
	return cmd;
}

Test(dp_ring, a_command_comes_back_as_its_completion)
{
	struct tg_cmd cmd;

	cr_assert_eq(got.attached, 1);
	cr_assert_eq(send_command(42), 0);
	world_run(5, NULL);
	cmd = read_command();
	cr_assert_eq(cmd.stream.cookie, 42);
	complete(cmd.seq, 0, 3);
	world_run(5, NULL);
	cr_assert_eq(got.done, 1);
	cr_assert_eq(got.tag, 42);
	cr_assert_eq(got.status, 0);
	cr_assert_eq(got.ref.index, 3);
	cr_assert_eq(dp_ring_counters(ring)->commands, 1);
	cr_assert_eq(dp_ring_counters(ring)->completions, 1);
}

Test(dp_ring, a_completion_counts_once)
{
	uint64_t seq;

	cr_assert_eq(send_command(1), 0);
	cr_assert_eq(send_command(2), 0);
	world_run(5, NULL);
	seq = read_command().seq;
	complete(seq - 1, 0, 0);
	complete(seq + 2, 0, 0);
	complete(0, 0, 0);
	complete(UINT64_MAX, 0, 0);
	complete(seq + 1, -ENOSPC, 0); // out of order: still its own
	complete(seq + 1, 0, 0);
	complete(seq, 17, 0);
	world_run(5, NULL);
	cr_assert_eq(got.done, 2);
	cr_assert_eq(got.tag, 1);
	cr_assert_eq(got.status, -EPROTO, "a status above 0 is none");
	cr_assert_eq(dp_ring_counters(ring)->bad, 5);
}

Test(dp_ring, only_the_main_lcore_completes)
{
	cr_assert_eq(send_command(1), 0);
	world_run(5, NULL);
	push(1,
		(struct tg_event){
			.type = TG_EVENT_COMPLETION, .completion = {.seq = read_command().seq}});
	world_run(5, NULL);
	cr_assert_eq(got.done, 0);
	cr_assert_eq(dp_ring_counters(ring)->bad, 1);
}

Test(dp_ring, events_pass_from_every_ring)
{
	for (unsigned int from = 0; from < 3; from++)
		push(from, (struct tg_event){.type = TG_EVENT_LATCHED, .cookie = 7});
	push(1, (struct tg_event){.type = TG_EVENT_SCANNER + 1});
	push(1, (struct tg_event){.type = UINT32_MAX});
	world_run(5, NULL);
	push(2, (struct tg_event){.type = TG_EVENT_SCANNER, .cookie = 7});
	world_run(5, NULL);
	cr_assert_eq(got.events, 4);
	cr_assert_eq(got.event.cookie, 7);
	cr_assert_eq(dp_ring_counters(ring)->bad, 2);
}

Test(dp_ring, what_is_pending_fails_when_the_dataplane_goes)
{
	for (uint64_t tag = 1; tag <= 3; tag++)
		cr_assert_eq(send_command(tag), 0);
	world_die();
	world_run(20, NULL);
	cr_assert_eq(got.done, 3);
	cr_assert_eq(got.tag, 3);
	cr_assert_eq(got.status, -ENOTCONN);
	cr_assert_eq(got.detached, 1);
	cr_assert_eq(send_command(4), -ENOTCONN);
}

Test(dp_ring, sequence_numbers_differ_between_attachments)
{
	uint64_t first;

	cr_assert_eq(send_command(1), 0);
	world_run(5, NULL);
	first = read_command().seq;
	world_die();
	world_run(20, NULL);
	world.epoch++;
	world_pass(ATTACH_RETRY_MS);
	world_attach(at);
	commands = world_commands();
	cr_assert_eq(send_command(2), 0);
	world_run(5, NULL);
	cr_assert_neq(read_command().seq, first);
	complete(first, 0, 0);
	world_run(5, NULL);
	cr_assert_eq(got.done, 1, "of the first, when it went");
}

Test(dp_ring, a_full_ring_says_so)
{
	uint64_t sent = 0;

	while (send_command(sent + 1) == 0)
		sent++;
	cr_assert_eq(sent, 1024);
	cr_assert_eq(send_command(1), -EAGAIN);
	world_run(5, NULL);
	for (uint64_t i = 0; i < sent; i++)
		complete(read_command().seq, 0, 0);
	world_run(50, NULL);
	cr_assert_eq(got.done, sent);
	cr_assert_eq(send_command(1), 0);
}

Test(dp_ring, commands_wait_for_completions_not_only_for_room)
{
	unsigned int refused = 0;

	for (uint64_t tag = 1; tag <= 6000; tag++) {
		refused += send_command(tag) != 0;
		if (tag % 500 == 0) {
			world_run(2, NULL);
			while (tg_ring_peek(&commands) != NULL)
				tg_ring_pop(&commands);
		}
	}
	cr_assert_eq(refused, 6000 - 4096);
}

Test(dp_ring, numbers_are_of_the_stream_asked_for)
{
	struct tg_stream_stats *stats = &segment_stream_stats(world.seg)[3], out;

	stats->side[0].generation = stats->side[1].generation = 5;
	stats->side[1].packets = 99;
	stats->side[1].learned[TG_RTP] = world_addr("203.0.113.5:4000");
	cr_assert_eq(dp->stats(dp, (struct tg_stream_ref){3, 5}, &out), 0);
	cr_assert_eq(out.side[1].generation, 5);
	cr_assert_eq(out.side[1].packets, 99);
	cr_assert_eq(out.side[1].learned[TG_RTP].port, 4000);
	stats->side[1].latch_seq = 1;
	cr_assert_eq(dp->stats(dp, (struct tg_stream_ref){3, 5}, &out), 0);
	cr_assert_eq(out.side[1].learned[TG_RTP].port, 0, "being written all the time");
	cr_assert_eq(dp->stats(dp, (struct tg_stream_ref){3, 4}, &out), -ESTALE);
	cr_assert_eq(dp->stats(dp, (struct tg_stream_ref){4, 0}, &out), -ESTALE);
	cr_assert_eq(dp->stats(dp, (struct tg_stream_ref){8, 5}, &out), -ESTALE);
	cr_assert_eq(dp->stats(dp, (struct tg_stream_ref){UINT32_MAX, 5}, &out), -ESTALE);
	world_die();
	world_run(20, NULL);
	cr_assert_eq(dp->stats(dp, (struct tg_stream_ref){3, 5}, &out), -ESTALE);
}
