// SPDX-License-Identifier: BSD-3-Clause
#include <criterion/criterion.h>

#include <sys/eventfd.h>

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "dataplane/ctl/cmd.h"
#include "tests/unit/dataplane/ctl/fake_io.h"

#define STREAMS 8
#define EPOCH 3

static struct port port = {.xdp = true};
static struct segment *seg;
static struct tables *tables;
static struct claims claims;
static struct events events;
static struct commands cmds;
static struct tg_ring sender;	// the control plane's end
static struct tg_ring receiver; // likewise
static uint64_t seq;

static void set_up(void)
{
	fake_io = (struct fake_io){0};
	cr_assert_eq(segment_new(&seg, &(struct segment_shape){1, 2, STREAMS}), 0);
	cr_assert_eq(tables_new(&tables, &(struct tables_shape){STREAMS, 16, 16},
			     segment_stream_stats(seg)),
		0);
	claim_init(&claims, &port, 1, tables->flows);
	events = (struct events){.wake_fd = eventfd(0, EFD_NONBLOCK)};
	cmds = (struct commands){
		.tables = tables, .claims = &claims, .events = &events, .sig_threads = 2};
	event_attach(&events, seg, 1);
	cmd_attach(&cmds, seg, 1, EPOCH);
	sender = cmds.ring[0];
	receiver = segment_consumer(seg, TG_SECTION_EVENT_RING, 0, 0);
}

static void tear_down(void)
{
	tables_free(tables);
	segment_free(seg);
	close(events.wake_fd);
}

TestSuite(cmd, .init = set_up, .fini = tear_down);

static void push(struct tg_cmd cmd)
{
	struct tg_cmd *slot = tg_ring_reserve(&sender);

	cr_assert_not_null(slot);
	cmd.seq = ++seq;
	*slot = cmd;
	tg_ring_push(&sender);
}

// Sends one command and returns its completion.
static struct tg_event run(struct tg_cmd cmd)
{
	const struct tg_event *got;
	struct tg_event copy;

	push(cmd);
	tg_ring_publish(&sender);
	cr_assert_eq(cmd_run(&cmds, 1000), CMD_ALL_DONE);
	event_publish(&events);
	got = tg_ring_peek(&receiver);
	cr_assert_not_null(got, "no completion");
	copy = *got;
	tg_ring_pop(&receiver);
	cr_assert_null(tg_ring_peek(&receiver), "more than one completion");
	cr_assert_eq(copy.type, TG_EVENT_COMPLETION);
	cr_assert_eq(copy.completion.seq, seq);
	cr_assert_eq(copy.completion.cmd_type, cmd.type);
	return copy;
}

static void put_pool(uint16_t id, const char *ip)
{
	struct tg_cmd cmd = {.type = TG_CMD_POOL_PUT,
		.pool = {.id = id, .port_first = 10000, .port_last = 19999}};

	tg_ip_parse(&cmd.pool.local, ip);
	cr_assert_eq(run(cmd).completion.status, 0);
}

static struct tg_cmd stream_cmd(enum tg_cmd_type type, uint16_t port_a)
{
	struct tg_cmd cmd = {.type = type, .stream = {.cookie = 77, .idle_ms = 1000}};

	tg_addr_parse(&cmd.stream.side[0].local, "192.0.2.1:0");
	tg_addr_parse(&cmd.stream.side[1].local, "192.0.2.2:0");
	cmd.stream.side[0].local.port = cmd.stream.side[1].local.port = port_a;
	return cmd;
}

Test(cmd, life_of_a_stream)
{
	struct tg_cmd cmd = stream_cmd(TG_CMD_STREAM_ADD, 10000);
	struct tg_event done;

	cr_assert_eq(run(cmd).completion.status, -EADDRNOTAVAIL);
	put_pool(0, "192.0.2.1");
	put_pool(1, "192.0.2.2");
	done = run(cmd);
	cr_assert_eq(done.completion.status, 0);
	cr_assert_neq(done.ref.generation, 0);
	cr_assert_eq(done.cookie, 77);
	cr_assert_eq(flow_table_owner(tables->flows, done.ref), EPOCH);
	cr_assert_eq(fake_io.watched, 1);
	cr_assert_eq(run(cmd).completion.status, -EADDRINUSE);

	cmd = stream_cmd(TG_CMD_STREAM_UPDATE, 10000);
	cmd.ref = done.ref;
	cmd.stream.cookie = 78;
	cr_assert_eq(run(cmd).completion.status, 0);
	cr_assert_eq(flow_table_spec(tables->flows, done.ref)->cookie, 78);
	cmd.stream.side[0].local.port = 10002;
	cr_assert_eq(run(cmd).completion.status, -EINVAL);

	cmd.type = TG_CMD_STREAM_REMOVE;
	cr_assert_eq(run(cmd).completion.status, 0);
	cr_assert_eq(run(cmd).completion.status, -ESTALE);
	cr_assert_eq(run((struct tg_cmd){.type = TG_CMD_STREAM_UPDATE, .ref = done.ref})
			     .completion.status,
		-ESTALE);
}

Test(cmd, config_that_is_not_sent_again_goes)
{
	struct tg_cmd listener = {.type = TG_CMD_LISTENER_PUT};

	tg_addr_parse(&listener.listener.local, "192.0.2.1:5060");
	cr_assert_eq(run(listener).completion.status, 0);
	put_pool(0, "192.0.2.1");
	cr_assert_not_null(listener_table_find(tables->listeners, &listener.listener.local));
	cr_assert_eq(run((struct tg_cmd){.type = TG_CMD_CONFIG_BEGIN}).completion.status, 0);
	put_pool(0, "192.0.2.1");
	cr_assert_eq(run((struct tg_cmd){.type = TG_CMD_CONFIG_END}).completion.status, 0);
	cr_assert_null(listener_table_find(tables->listeners, &listener.listener.local));
	cr_assert_not(fake_listener_claimed("192.0.2.1:5060"));
	cr_assert_not_null(fake_pool_find("192.0.2.1"));
}

Test(cmd, hostile_commands_are_refused)
{
	struct tg_cmd all_ones;
	struct tg_cmd cmd;
	static const struct {
		uint32_t type;
		int status;
	} cases[] = {
		{TG_CMD_LISTENER_PUT, -EINVAL},
		{TG_CMD_POOL_PUT, -EINVAL},
		{TG_CMD_TRUST_PUT, -EINVAL},
		{TG_CMD_STREAM_ADD, -EINVAL},
		{TG_CMD_STREAM_UPDATE, -EINVAL},
		{TG_CMD_STREAM_REMOVE, -ESTALE},
		{TG_CMD_PATTERN_PUT, -EINVAL},
		{TG_CMD_PEER_PUT, -EINVAL},
		{TG_CMD_PEER_REMOVE, -ENOENT},
		{TG_CMD_PEER_REMOVE + 1, -EOPNOTSUPP},
		{UINT32_MAX, -EOPNOTSUPP},
		{1u << 31, -EOPNOTSUPP},
	};

	memset(&all_ones, 0xff, sizeof(all_ones));
	for (unsigned int i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		cmd = all_ones;
		cmd.type = cases[i].type;
		cr_assert_eq(run(cmd).completion.status, cases[i].status, "case %u", i);
	}
	cr_assert_eq(fake_io.listeners + fake_io.pools, 0);
	for (uint32_t i = 0; i < STREAMS; i++)
		cr_assert_null(flow_table_at(tables->flows, i)->spec);
}

Test(cmd, I4_peers_and_patterns_come_and_go)
{
	struct tg_cmd peer = {.type = TG_CMD_PEER_PUT, .peer.level = TG_TRUST_BANNED};
	struct tg_cmd pattern = {
		.type = TG_CMD_PATTERN_PUT, .pattern = {.bytes = 6, .text = "sipcli"}};
	struct tg_ip ip;

	cr_assert_eq(tg_ip_parse(&ip, "192.0.2.9"), 0);
	peer.peer.addr.ip = ip;
	cr_assert_eq(run(peer).completion.status, 0);
	cr_assert_eq(run(pattern).completion.status, 0);
	cr_assert(peer_table_banned(tables->peers, &ip, 1000));
	cr_assert_eq(pattern_table_find(tables->patterns, pattern.pattern.text, 6), 0);
	peer.type = TG_CMD_PEER_REMOVE;
	cr_assert_eq(run(peer).completion.status, 0);
	cr_assert_eq(run(peer).completion.status, -ENOENT);
	peer.type = TG_CMD_PEER_PUT;
	cr_assert_eq(run(peer).completion.status, 0);
	cmd_attach(&cmds, seg, 1, EPOCH + 1);
	sender = cmds.ring[0];
	cr_assert(peer_table_banned(tables->peers, &ip, 1000));
	cr_assert_eq(run((struct tg_cmd){.type = TG_CMD_CONFIG_BEGIN}).completion.status, 0);
	cr_assert_eq(run((struct tg_cmd){.type = TG_CMD_CONFIG_END}).completion.status, 0);
	cr_assert_not(peer_table_banned(tables->peers, &ip, 1000));
	cr_assert_eq(pattern_table_find(tables->patterns, pattern.pattern.text, 6), PATTERN_NONE);
}

Test(cmd, thread_beyond_the_segment_is_refused)
{
	struct tg_cmd cmd = stream_cmd(TG_CMD_STREAM_ADD, 10000);

	put_pool(0, "192.0.2.1");
	put_pool(1, "192.0.2.2");
	cmd.stream.sig_thread = 2;
	cr_assert_eq(run(cmd).completion.status, -EINVAL);
	cmd.stream.sig_thread = 1;
	cr_assert_eq(run(cmd).completion.status, 0);
}

Test(cmd, random_commands_are_each_answered_once)
{
	struct tg_cmd cmd;
	unsigned int seed = 1;

	for (unsigned int n = 0; n < 20000; n++) {
		uint8_t *bytes = (uint8_t *)&cmd;

		for (size_t i = 0; i < sizeof(cmd); i++)
			bytes[i] = (uint8_t)rand_r(&seed);
		cmd.type %= TG_CMD_LOG_LEVEL + 2;
		if (cmd.type == TG_CMD_LOG_LEVEL)
			continue;
		run(cmd);
	}
}

Test(cmd, waits_while_completions_have_no_room)
{
	uint32_t slots = segment_section(seg, TG_SECTION_EVENT_RING, 0, 0, 0)->entries;
	const struct tg_event filler = {.type = TG_EVENT_MEDIA_IDLE};
	uint32_t completions = 0;
	const struct tg_event *got;

	for (uint32_t i = 0; i < slots - 2; i++)
		cr_assert(event_send(&events, 0, &filler));
	for (int i = 0; i < 5; i++)
		push((struct tg_cmd){.type = TG_CMD_CONFIG_BEGIN});
	tg_ring_publish(&sender);
	cr_assert_eq(cmd_run(&cmds, 1000), CMD_BLOCKED);
	cr_assert_eq(tg_ring_depth(&cmds.ring[0]), 3);
	for (int round = 0; round < 2; round++) {
		event_publish(&events);
		while ((got = tg_ring_peek(&receiver)) != NULL) {
			completions += got->type == TG_EVENT_COMPLETION;
			tg_ring_pop(&receiver);
		}
		cr_assert_eq(cmd_run(&cmds, 1000), CMD_ALL_DONE);
	}
	cr_assert_eq(completions, 5);
	cr_assert_eq(events.lost, 0);
}

Test(cmd, impossible_index_stops_the_ring_until_the_next_attach)
{
	__atomic_store_n(&sender.shared->tail, 0x7fffffffu, __ATOMIC_RELEASE);
	cr_assert_eq(cmd_run(&cmds, 1000), CMD_ALL_DONE);
	cr_assert(cmds.ring[0].dead);
	cmd_attach(&cmds, seg, 1, EPOCH + 1);
	sender = tg_ring_producer(cmds.ring[0].shared, cmds.ring[0].size, cmds.ring[0].slot_bytes);
	cr_assert_eq(run((struct tg_cmd){.type = TG_CMD_CONFIG_BEGIN}).completion.status, 0);
}
