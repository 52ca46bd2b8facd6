// SPDX-License-Identifier: BSD-3-Clause
// A control plane of a hundred words, for tests of a running dataplane: attaches, reads one command
// a line from stdin, writes one line for each thing that happens to stdout. libc only.
//
//	begin | end | listener ID ADDR | pool ID IP FIRST LAST | trust ID IP BITS LEVEL
//	stream COOKIE IDLE_MS LOCAL0 REMOTE0 LOCAL1 REMOTE1 [ONE_WAY_MS [KEEPALIVE_S]]
//			muxed RTCP, any payload type; with KEEPALIVE_S side 0 is learned
//	update INDEX GENERATION COOKIE IDLE_MS LOCAL0 REMOTE0 LOCAL1 REMOTE1 [ONE_WAY_MS [KEEPALIVE_S]]
//	remove INDEX GENERATION | type N | send LOCAL REMOTE TEXT | big LOCAL REMOTE BYTES
//	pattern ID TEXT | ban IP TTL_MS | register ADDR TTL_MS | unpeer ADDR
//	sender N	what is sent goes by worker N from now on
//	garble		impossible ring indices and a garbled directory
//	stats		counters, all workers added up, and what each received
//	counts INDEX	packets of a stream: accepted from and sent to each side, and
//			how often each was said to be unreachable
//	wait MS		prints what arrives meanwhile
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "include/tidegate/attach.h"
#include "include/tidegate/shm.h"
#include "include/tidegate/time.h"

struct client {
	int fd[TG_ATTACH_DESCRIPTORS];
	int sock;
	struct tg_segment *seg;
	uint64_t bytes;
	struct tg_ring cmd;
	unsigned int workers;
	unsigned int sender;
	struct tg_ring tx[TG_WORKERS_MAX];
	struct tg_ring event[1 + TG_WORKERS_MAX]; // main lcore, then workers
	struct tg_ring punt[TG_WORKERS_MAX][2];	  // by trust
	uint64_t seq;
};

static struct client client;

__attribute__((noreturn, format(printf, 1, 2))) static void die(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vfprintf(stdout, fmt, ap);
	va_end(ap);
	fputc('\n', stdout);
	exit(1);
}

static struct tg_section find(struct tg_section want)
{
	struct tg_section s;
	int rc = tg_segment_find(&s, client.seg, client.bytes, want);

	if (rc < 0)
		die("section kind=%u error=%s", want.kind, strerror(-rc));
	return s;
}

static struct tg_ring ring(struct tg_section want, bool produce)
{
	struct tg_section s = find(want);
	struct tg_ring_shared *shared = tg_segment_at(client.seg, &s);

	return produce ? tg_ring_producer(shared, s.entries, s.entry_bytes)
		       : tg_ring_consumer(shared, s.entries, s.entry_bytes);
}

static void take_up_rings(void)
{
	const uint32_t slot = TG_PUNT_SLOT_BYTES;

	client.cmd = ring((struct tg_section){.kind = TG_SECTION_CMD_RING,
				  .entry_bytes = sizeof(struct tg_cmd)},
		true);
	for (uint16_t i = 0; i <= client.workers; i++)
		client.event[i] = ring((struct tg_section){.kind = TG_SECTION_EVENT_RING,
					       .from = i,
					       .entry_bytes = sizeof(struct tg_event)},
			false);
	for (uint16_t w = 0; w < client.workers; w++) {
		client.tx[w] = ring(
			(struct tg_section){
				.kind = TG_SECTION_TX_RING, .to = w, .entry_bytes = slot},
			true);
		for (uint16_t class = 0; class < 2; class ++)
			client.punt[w][class] = ring(
				(struct tg_section){.kind = TG_SECTION_PUNT_RING,
					.from = w,
					.class = class,
					.entry_bytes = slot},
				false);
	}
}

static void receive_reply(struct tg_attach_reply *reply)
{
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(client.fd))];
	struct iovec iov = {reply, sizeof(*reply)};
	struct msghdr msg = {.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control)};
	struct cmsghdr *cmsg;

	if (recvmsg(client.sock, &msg, MSG_CMSG_CLOEXEC) != sizeof(*reply))
		die("attach error=no reply");
	if (reply->status != 0)
		die("attach status=%d %s", reply->status, strerror(-reply->status));
	cmsg = CMSG_FIRSTHDR(&msg);
	if (cmsg == NULL || cmsg->cmsg_len != CMSG_LEN(sizeof(client.fd)))
		die("attach error=no descriptors");
	memcpy(client.fd, CMSG_DATA(cmsg), sizeof(client.fd));
}

static void attach(const char *path, uint32_t abi, uint32_t threads)
{
	struct sockaddr_un sun = {.sun_family = AF_UNIX};
	struct tg_attach_hello hello = {TG_ATTACH_MAGIC, abi, (uint32_t)getpid(), threads};
	struct tg_attach_reply reply;

	snprintf(sun.sun_path, sizeof(sun.sun_path), "%s", path);
	client.sock = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (connect(client.sock, (struct sockaddr *)&sun, sizeof(sun)) < 0)
		die("attach error=%s", strerror(errno));
	if (send(client.sock, &hello, sizeof(hello), MSG_NOSIGNAL) != sizeof(hello))
		die("attach error=%s", strerror(errno));
	receive_reply(&reply);
	client.bytes = reply.segment_bytes;
	client.seg = mmap(NULL, client.bytes, PROT_READ | PROT_WRITE, MAP_SHARED,
		client.fd[TG_ATTACH_FD_SEGMENT], 0);
	if (client.seg == MAP_FAILED || client.seg->magic != TG_SEGMENT_MAGIC)
		die("attach error=mapping");
	client.workers = client.seg->workers;
	if (client.workers == 0 || client.workers > TG_WORKERS_MAX)
		die("attach error=workers");
	take_up_rings();
	printf("attached epoch=%u bytes=%" PRIu64 "\n", reply.epoch, client.bytes);
}

static void wake_dataplane(void)
{
	const uint64_t one = 1;

	if (write(client.fd[TG_ATTACH_FD_WAKE_DATAPLANE], &one, sizeof(one)) < 0)
		die("wake error=%s", strerror(errno));
}

static void print_event(const struct tg_event *e)
{
	char addr[TG_ADDR_TEXT_BYTES];

	switch ((enum tg_event_type)e->type) {
	case TG_EVENT_COMPLETION:
		printf("completion seq=%" PRIu64 " type=%u status=%d index=%u generation=%u "
		       "cookie=%" PRIu64 "\n",
			e->completion.seq, e->completion.cmd_type, e->completion.status,
			e->ref.index, e->ref.generation, e->cookie);
		break;
	case TG_EVENT_LATCHED:
	case TG_EVENT_SOURCE_REFUSED:
	case TG_EVENT_SSRC_CHANGED:
		printf("event type=%u cookie=%" PRIu64 " side=%u reason=%u addr=%s\n", e->type,
			e->cookie, e->source.side, e->source.reason,
			tg_addr_write(&e->source.addr, addr));
		break;
	case TG_EVENT_SCANNER:
		printf("scanner pattern=%u dropped=%u addr=%s\n", e->scanner.pattern,
			e->scanner.dropped, tg_addr_write(&e->scanner.addr, addr));
		break;
	case TG_EVENT_MEDIA_IDLE:
	case TG_EVENT_LIMITER_TRIPPED:
	case TG_EVENT_STREAM_EXPIRED:
	case TG_EVENT_POLICED:
		printf("event type=%u cookie=%" PRIu64 " index=%u\n", e->type, e->cookie,
			e->ref.index);
		break;
	case TG_EVENT_ONE_WAY:
	case TG_EVENT_TWO_WAY:
		printf("event type=%u cookie=%" PRIu64 " side=%u heard=%u silent_ms=%u\n", e->type,
			e->cookie, e->silence.side, e->silence.heard, e->silence.silent_ms);
		break;
	case TG_EVENT_UNREACHABLE:
		printf("event type=%u cookie=%" PRIu64 " side=%u icmp=%u/%u addr=%s\n", e->type,
			e->cookie, e->unreachable.side, e->unreachable.type, e->unreachable.code,
			tg_addr_write(&e->unreachable.remote, addr));
		break;
	}
}

static unsigned int drain_events(void)
{
	unsigned int seen = 0;
	const struct tg_event *slot;

	for (unsigned int i = 0; i <= client.workers; i++) {
		while ((slot = tg_ring_peek(&client.event[i])) != NULL) {
			print_event(slot);
			tg_ring_pop(&client.event[i]);
			seen++;
		}
	}
	return seen;
}

static unsigned int drain_punt(unsigned int worker, struct tg_ring *punt)
{
	unsigned int seen = 0;
	const struct tg_packet *slot;

	while ((slot = tg_ring_peek(punt)) != NULL) {
		char local[TG_ADDR_TEXT_BYTES];
		char remote[TG_ADDR_TEXT_BYTES];

		printf("punt trust=%u listener=%u local=%s remote=%s bytes=%u worker=%u "
		       "text=%.*s\n",
			slot->trust, slot->listener, tg_addr_write(&slot->local, local),
			tg_addr_write(&slot->remote, remote), slot->bytes, worker,
			(int)strcspn((const char *)slot->payload, "\r\n"), slot->payload);
		tg_ring_pop(punt);
		seen++;
	}
	return seen;
}

static unsigned int drain_punts(void)
{
	unsigned int seen = 0;

	for (unsigned int w = 0; w < client.workers; w++) {
		for (unsigned int class = 0; class < 2; class ++)
			seen += drain_punt(w, &client.punt[w][class]);
	}
	return seen;
}

static bool sleep_begin(void)
{
	bool sleep = true;

	for (unsigned int i = 0; i <= client.workers; i++)
		sleep &= tg_ring_wait_begin(&client.event[i]);
	for (unsigned int w = 0; w < client.workers; w++) {
		for (unsigned int class = 0; class < 2; class ++)
			sleep &= tg_ring_wait_begin(&client.punt[w][class]);
	}
	return sleep;
}

// Prints what arrives for so long. Sleeps on the eventfd: a wake-up that is not sent shows as
// "timeout-with-work".
static void wait_ms(uint64_t ms)
{
	uint64_t end_ms = tg_mono_ms(tg_mono_now()) + ms;

	for (;;) {
		struct pollfd pfd = {client.fd[TG_ATTACH_FD_WAKE_CONTROL], POLLIN, 0};
		uint64_t now_ms = tg_mono_ms(tg_mono_now());
		uint64_t count;

		drain_events();
		drain_punts();
		__atomic_store_n(
			&client.seg->controlplane_beat_ns, tg_mono_now().ns, __ATOMIC_RELAXED);
		if (now_ms >= end_ms)
			return;
		if (!sleep_begin())
			continue;
		if (poll(&pfd, 1, (int)(end_ms - now_ms)) > 0) {
			if (read(pfd.fd, &count, sizeof(count)) < 0)
				continue;
		} else if (drain_events() + drain_punts() > 0) {
			printf("timeout-with-work\n");
		}
	}
}

static void command(struct tg_cmd cmd)
{
	struct tg_cmd *slot = tg_ring_reserve(&client.cmd);

	if (slot == NULL)
		die("command error=ring full");
	cmd.seq = ++client.seq;
	*slot = cmd;
	tg_ring_push(&client.cmd);
	if (tg_ring_publish(&client.cmd))
		wake_dataplane();
}

static struct tg_addr addr_arg(const char *text)
{
	struct tg_addr addr = {0};

	if (text == NULL || tg_addr_parse(&addr, text) < 0)
		die("bad address %s", text != NULL ? text : "(none)");
	return addr;
}

static uint64_t number_arg(char **save)
{
	const char *text = strtok_r(NULL, " ", save);

	if (text == NULL)
		die("number missing");
	return strtoull(text, NULL, 0);
}

static struct tg_stream_spec spec_args(char **save)
{
	struct tg_stream_spec spec = {.cookie = number_arg(save)};
	const char *text;

	spec.idle_ms = (uint32_t)number_arg(save);
	for (unsigned int i = 0; i < 2; i++) {
		spec.side[i].local = addr_arg(strtok_r(NULL, " ", save));
		spec.side[i].remote[TG_RTP] = addr_arg(strtok_r(NULL, " ", save));
		spec.side[i].remote[TG_RTCP] = spec.side[i].remote[TG_RTP];
		spec.side[i].latch = TG_LATCH_OFF;
		spec.side[i].flags = TG_SIDE_RECEIVE | TG_SIDE_SEND;
	}
	text = strtok_r(NULL, " ", save);
	spec.one_way_ms = text != NULL ? (uint32_t)strtoul(text, NULL, 0) : 0;
	text = strtok_r(NULL, " ", save);
	spec.keepalive_s[0] = text != NULL ? (uint16_t)strtoul(text, NULL, 0) : 0;
	spec.side[0].latch = spec.keepalive_s[0] != 0 ? TG_LATCH_ANY : TG_LATCH_OFF;
	return spec;
}

static void do_send(
	const struct tg_addr *local, const struct tg_addr *remote, const char *text, uint32_t bytes)
{
	struct tg_ring *tx = &client.tx[client.sender];
	struct tg_packet *slot = tg_ring_reserve(tx);

	if (slot == NULL)
		die("send error=ring full");
	*slot = (struct tg_packet){.local = *local, .remote = *remote, .bytes = bytes};
	if (text != NULL)
		memcpy(slot->payload, text, bytes);
	else
		memset(slot->payload, 'x', bytes <= TG_PUNT_BYTES_MAX ? bytes : 0);
	tg_ring_push(tx);
	tg_ring_publish(tx);
}

static void garble(void)
{
	struct tg_ring_shared *shared = client.cmd.shared;

	__atomic_store_n(&shared->tail, shared->head + 123456789u, __ATOMIC_SEQ_CST);
	for (unsigned int i = 0; i <= client.workers; i++)
		__atomic_store_n(&client.event[i].shared->head, 0xdeadbeefu, __ATOMIC_SEQ_CST);
	for (unsigned int w = 0; w < client.workers; w++) {
		__atomic_store_n(&client.tx[w].shared->tail, 0x87654321u, __ATOMIC_SEQ_CST);
		for (unsigned int class = 0; class < 2; class ++)
			__atomic_store_n(
				&client.punt[w][class].shared->head, 0xdeadbeefu, __ATOMIC_SEQ_CST);
	}
	memset(client.seg->section, 0xff, sizeof(client.seg->section));
	wake_dataplane();
	printf("garbled\n");
}

static void print_stats(void)
{
	static const char *const counters[] = {
#define X(name, text, help) text,
		TG_WORKER_COUNTERS(X)
#undef X
	};
	static const char *const drops[] = {
#define X(name, text, help) text,
		TG_DROP_REASONS(X)
#undef X
	};
	struct tg_section s = find((struct tg_section){
		.kind = TG_SECTION_WORKER_STATS, .entry_bytes = sizeof(struct tg_worker_stats)});
	const struct tg_worker_stats *stats = tg_segment_at(client.seg, &s);
	struct tg_worker_stats sum = {0};

	for (unsigned int w = 0; w < client.workers; w++) {
		for (unsigned int i = 0; i < TG_COUNT_COUNT; i++)
			sum.counter[i] += tg_stat_load(&stats[w].counter[i]);
		for (unsigned int i = 0; i < TG_DROP_COUNT; i++)
			sum.drop[i] += tg_stat_load(&stats[w].drop[i]);
		for (unsigned int i = 0; i < TG_DELAY_BUCKETS; i++)
			sum.delay[i] += tg_stat_load(&stats[w].delay[i]);
	}
	printf("stats");
	for (unsigned int i = 0; i < TG_COUNT_COUNT; i++)
		printf(" %s=%" PRIu64, counters[i], sum.counter[i]);
	for (unsigned int i = 0; i < TG_DROP_COUNT; i++) {
		if (sum.drop[i] != 0)
			printf(" drop_%s=%" PRIu64, drops[i], sum.drop[i]);
	}
	for (unsigned int i = 0; i < TG_DELAY_BUCKETS; i++)
		printf(" delay%u=%" PRIu64, i, sum.delay[i]);
	for (unsigned int w = 0; w < client.workers; w++)
		printf(" rx_worker%u=%" PRIu64, w,
			tg_stat_load(&stats[w].counter[TG_COUNT_RX_PACKETS]));
	printf(" beat_age_ms=%" PRIu64 "\n",
		(uint64_t)((tg_mono_now().ns - client.seg->dataplane_beat_ns) / TG_NS_PER_MS));
}

static void print_counts(uint32_t index)
{
	struct tg_section s = find((struct tg_section){
		.kind = TG_SECTION_STREAM_STATS, .entry_bytes = sizeof(struct tg_stream_stats)});
	const struct tg_stream_stats *stats = tg_segment_at(client.seg, &s);

	if (index >= s.entries)
		die("counts error=index");
	printf("counts index=%u", index);
	for (unsigned int i = 0; i < 2; i++) {
		const struct tg_side_stats *side = &stats[index].side[i];

		printf(" packets%u=%" PRIu64 " relayed%u=%" PRIu64, i, tg_stat_load(&side->packets),
			i, tg_stat_load(&side->relayed_packets));
	}
	for (unsigned int i = 0; i < 2; i++)
		printf(" unreachable%u=%u", i,
			__atomic_load_n(&stats[index].side[i].unreachable, __ATOMIC_RELAXED));
	printf("\n");
}

static void config_word(const char *word, char **save)
{
	struct tg_cmd cmd = {0};

	if (strcmp(word, "listener") == 0) {
		cmd.type = TG_CMD_LISTENER_PUT;
		cmd.listener.id = (uint16_t)number_arg(save);
		cmd.listener.local = addr_arg(strtok_r(NULL, " ", save));
	} else if (strcmp(word, "pool") == 0) {
		cmd.type = TG_CMD_POOL_PUT;
		cmd.pool.id = (uint16_t)number_arg(save);
		cmd.pool.local = addr_arg(strtok_r(NULL, " ", save)).ip;
		cmd.pool.port_first = (uint16_t)number_arg(save);
		cmd.pool.port_last = (uint16_t)number_arg(save);
	} else if (strcmp(word, "trust") == 0) {
		cmd.type = TG_CMD_TRUST_PUT;
		cmd.trust.id = (uint16_t)number_arg(save);
		cmd.trust.net = addr_arg(strtok_r(NULL, " ", save)).ip;
		cmd.trust.bits = (uint8_t)number_arg(save);
		cmd.trust.level = (uint8_t)number_arg(save);
	} else if (strcmp(word, "type") == 0) {
		cmd.type = (uint32_t)number_arg(save);
		memset(&cmd.ref, 0xff, sizeof(cmd) - offsetof(struct tg_cmd, ref));
	} else {
		cmd.type = strcmp(word, "begin") == 0 ? TG_CMD_CONFIG_BEGIN : TG_CMD_CONFIG_END;
	}
	command(cmd);
}

static void peer_word(const char *word, char **save)
{
	struct tg_cmd cmd = {.type = TG_CMD_PEER_PUT, .peer.level = TG_TRUST_BANNED};

	cmd.peer.addr = addr_arg(strtok_r(NULL, " ", save));
	if (cmd.peer.addr.port != 0)
		cmd.peer.level = TG_TRUST_REGISTERED;
	if (strcmp(word, "unpeer") == 0)
		cmd.type = TG_CMD_PEER_REMOVE;
	else
		cmd.peer.ttl_ms = (uint32_t)number_arg(save);
	command(cmd);
}

static void pattern_word(char **save)
{
	struct tg_cmd cmd = {.type = TG_CMD_PATTERN_PUT};

	cmd.pattern.id = (uint16_t)number_arg(save);
	cmd.pattern.bytes = (uint8_t)strlen(*save);
	memcpy(cmd.pattern.text, *save,
		cmd.pattern.bytes < TG_PATTERN_BYTES_MAX ? cmd.pattern.bytes
							 : TG_PATTERN_BYTES_MAX);
	command(cmd);
}

static void stream_word(const char *word, char **save)
{
	struct tg_cmd cmd = {.type = TG_CMD_STREAM_ADD};

	if (strcmp(word, "stream") != 0) {
		cmd.ref.index = (uint32_t)number_arg(save);
		cmd.ref.generation = (uint32_t)number_arg(save);
		cmd.type = TG_CMD_STREAM_REMOVE;
	}
	if (strcmp(word, "remove") != 0)
		cmd.stream = spec_args(save);
	if (strcmp(word, "update") == 0)
		cmd.type = TG_CMD_STREAM_UPDATE;
	command(cmd);
}

static void send_word(const char *word, char **save)
{
	struct tg_addr local = addr_arg(strtok_r(NULL, " ", save));
	struct tg_addr remote = addr_arg(strtok_r(NULL, " ", save));

	if (strcmp(word, "big") == 0)
		do_send(&local, &remote, NULL, (uint32_t)number_arg(save));
	else
		do_send(&local, &remote, *save, (uint32_t)strlen(*save));
}

static void on_line(char *line)
{
	char *save = NULL;
	const char *word;

	line[strcspn(line, "\n")] = '\0';
	word = strtok_r(line, " ", &save);
	if (word == NULL)
		return;
	if (strcmp(word, "wait") == 0)
		wait_ms(number_arg(&save));
	else if (strcmp(word, "stats") == 0)
		print_stats();
	else if (strcmp(word, "counts") == 0)
		print_counts((uint32_t)number_arg(&save));
	else if (strcmp(word, "sender") == 0)
		client.sender = (unsigned int)number_arg(&save) % client.workers;
	else if (strcmp(word, "garble") == 0)
		garble();
	else if (strcmp(word, "send") == 0 || strcmp(word, "big") == 0)
		send_word(word, &save);
	else if (strcmp(word, "stream") == 0 || strcmp(word, "update") == 0
		|| strcmp(word, "remove") == 0)
		stream_word(word, &save);
	else if (strcmp(word, "ban") == 0 || strcmp(word, "register") == 0
		|| strcmp(word, "unpeer") == 0)
		peer_word(word, &save);
	else if (strcmp(word, "pattern") == 0)
		pattern_word(&save);
	else
		config_word(word, &save);
	printf("ok %s\n", word);
}

int main(int argc, char **argv)
{
	static char line[TG_PUNT_BYTES_MAX];

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc < 2)
		die("usage: dp_client SOCKET [ABI [THREADS]]");
	attach(argv[1], argc > 2 ? (uint32_t)atoi(argv[2]) : TG_ABI_VERSION,
		argc > 3 ? (uint32_t)atoi(argv[3]) : 1);
	while (fgets(line, sizeof(line), stdin) != NULL)
		on_line(line);
	return 0;
}
