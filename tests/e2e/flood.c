// SPDX-License-Identifier: BSD-3-Clause
// Sends forged UDP over IPv4 from one interface as fast as it can, or at a rate: what strangers do to a
// border. Frames are whole, checksums too, unless fuzz spoils what SIP they carry.
//
//	flood -i INTERFACE -m MAC -s ADDRESS[/COUNT] -d ADDRESS -P FIRST[-LAST]|@FILE
//	      [-p SOURCE-PORT] [-r PACKETS-PER-SECOND] [-t SECONDS] [-S SSRC] [-f FOLDER] MODE
//
// MODE: invite, options, register (each with identifiers of its own), garbage (random bytes), rtp (G.711
// with a sound header, its SSRC the given one plus the index of the port), fuzz (files of FOLDER, spoilt).
// Source addresses are COUNT consecutive ones in random order. -P @FILE: ports, one a line.
// Ends after -t or SIGTERM; prints "sent N failed N in_ms N".
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
	HEADERS_BYTES = 42, // Ethernet, IPv4, UDP
	PAYLOAD_MAX = 1400,
	BATCH = 64,
	PORTS_MAX = 65536,
	MARKS_MAX = 8,
	SEEDS_MAX = 256,
	RTP_BYTES = 172,
	GARBAGE_MAX = 256,
};

#define MARK "########" // eight hexadecimal digits that differ from packet to packet

struct seed {
	uint8_t data[PAYLOAD_MAX];
	size_t bytes;
};

struct frame {
	uint8_t data[HEADERS_BYTES + PAYLOAD_MAX];
	size_t bytes;
};

struct target {
	uint8_t header[HEADERS_BYTES];
	uint32_t source; // first address, host order
	uint32_t sources;
	uint16_t source_port; // 0: random
	uint16_t ports[PORTS_MAX];
	unsigned int port_count;
};

typedef size_t payload_fn(uint8_t *out, unsigned int port_index);

static struct target target;
static struct seed seeds[SEEDS_MAX];
static unsigned int seed_count, marks[MARKS_MAX], mark_count;
static uint32_t ssrc_base = 1;
static uint64_t random_state = 88172645463325252u;
static uint32_t serial;
static volatile sig_atomic_t stopping;

static void die(const char *what)
{
	fprintf(stderr, "flood: %s: %s\n", what, strerror(errno));
	exit(EXIT_FAILURE);
}

static void stop(int signal_number)
{
	stopping = signal_number;
}

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

// Marsaglia's xorshift: what is forged need not be unpredictable.
static uint64_t random_next(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state;
}

static uint32_t random_below(uint32_t bound)
{
	return (uint32_t)((random_next() >> 32) * bound >> 32);
}

static void put16(uint8_t *at, uint32_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static void put32(uint8_t *at, uint32_t value)
{
	put16(at, value >> 16);
	put16(at + 2, value);
}

// RFC 1071, over an even number of bytes; the caller pads.
static uint64_t sum16(const uint8_t *data, size_t bytes)
{
	uint64_t sum = 0;
	uint16_t word;

	for (size_t i = 0; i < bytes; i += 2) {
		memcpy(&word, data + i, 2);
		sum += word;
	}
	return sum;
}

static void put_checksum(uint8_t *at, uint64_t sum)
{
	uint16_t word;

	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	word = (uint16_t)~sum;
	if (word == 0)
		word = 0xffff;
	memcpy(at, &word, 2);
}

static void finish_headers(struct frame *f, uint32_t source, uint32_t ports, size_t bytes)
{
	uint8_t *ip = f->data + 14, *udp = ip + 20;
	uint32_t length = (uint32_t)(8 + bytes);

	memcpy(f->data, target.header, HEADERS_BYTES);
	put16(ip + 2, 20 + length);
	put16(ip + 4, (uint32_t)random_next());
	put32(ip + 12, source);
	put_checksum(ip + 10, sum16(ip, 20));
	put32(udp, ports);
	put16(udp + 4, length);
	udp[8 + bytes] = 0;
	put_checksum(udp + 6,
		sum16(ip + 12, 8) + sum16(udp, length + (length & 1)) + htons(IPPROTO_UDP)
			+ htons((uint16_t)length));
	f->bytes = HEADERS_BYTES + bytes;
}

static void load_template(const char *method)
{
	static const char sdp[] = "v=0\r\no=- 1 1 IN IP4 100.64.0.1\r\ns=-\r\nc=IN IP4 "
				  "100.64.0.1\r\nt=0 0\r\n"
				  "m=audio 40000 RTP/AVP 8\r\na=rtpmap:8 PCMA/8000\r\n";
	bool invite = strcmp(method, "INVITE") == 0;
	struct seed *s = &seeds[0];
	char to[INET_ADDRSTRLEN];
	const char *mark;

	inet_ntop(AF_INET, target.header + 30, to, sizeof(to));
	s->bytes = (size_t)snprintf((char *)s->data, sizeof(s->data),
		"%s sip:%s%s SIP/2.0\r\nVia: SIP/2.0/UDP 100.64.0.1:5060;branch=z9hG4bK" MARK
		"\r\nMax-Forwards: 70\r\nFrom: <sip:" MARK "@%s>;tag=" MARK "\r\nTo: <sip:" MARK
		"@%s>\r\nCall-ID: " MARK "-flood\r\nCSeq: 1 %s\r\n"
		"Contact: <sip:a@100.64.0.1:5060>\r\n%sContent-Length: %zu\r\n\r\n%s",
		method, invite ? "+442079460123@" : "", to, to, to, method,
		invite ? "Content-Type: application/sdp\r\n" : "", invite ? strlen(sdp) : 0,
		invite ? sdp : "");
	for (mark = (char *)s->data; (mark = strstr(mark, MARK)) != NULL; mark += 8)
		marks[mark_count++] = (unsigned int)(mark - (char *)s->data);
}

static void load_folder(const char *path)
{
	DIR *folder = opendir(path);
	struct dirent *entry;

	if (folder == NULL)
		die(path);
	while ((entry = readdir(folder)) != NULL && seed_count < SEEDS_MAX) {
		char name[512];
		FILE *file;

		snprintf(name, sizeof(name), "%s/%s", path, entry->d_name);
		file = entry->d_name[0] == '.' ? NULL : fopen(name, "rb");
		if (file == NULL)
			continue;
		seeds[seed_count].bytes = fread(seeds[seed_count].data, 1, PAYLOAD_MAX, file);
		seed_count += seeds[seed_count].bytes > 0;
		fclose(file);
	}
	closedir(folder);
	if (seed_count == 0) {
		errno = ENOENT;
		die(path);
	}
}

static size_t sip_payload(uint8_t *out, unsigned int port_index)
{
	static const char digits[] = "0123456789abcdef";
	uint32_t number = serial++;
	char text[8];

	(void)port_index;
	for (int i = 0; i < 8; i++)
		text[i] = digits[number >> (28 - 4 * i) & 15];
	memcpy(out, seeds[0].data, seeds[0].bytes);
	for (unsigned int i = 0; i < mark_count; i++)
		memcpy(out + marks[i], text, 8);
	return seeds[0].bytes;
}

static size_t garbage_payload(uint8_t *out, unsigned int port_index)
{
	uint64_t word = random_next();

	(void)port_index;
	for (size_t i = 0; i < GARBAGE_MAX; i += 8, word = word * 6364136223846793005u + 1)
		memcpy(out + i, &word, 8);
	return 1 + random_below(GARBAGE_MAX);
}

static size_t rtp_payload(uint8_t *out, unsigned int port_index)
{
	uint32_t number = serial++;

	memset(out, 0xd5, RTP_BYTES);
	out[0] = 0x80;
	out[1] = 8;
	put16(out + 2, number);
	put32(out + 4, number * 160);
	put32(out + 8, ssrc_base + port_index);
	return RTP_BYTES;
}

static size_t fuzz_payload(uint8_t *out, unsigned int port_index)
{
	const struct seed *s = &seeds[random_below(seed_count)];
	size_t bytes = s->bytes;

	(void)port_index;
	memcpy(out, s->data, bytes);
	for (uint32_t spoil = random_below(8); spoil > 0; spoil--) {
		size_t at = random_below((uint32_t)bytes), from = random_below((uint32_t)bytes);
		size_t run = 1 + random_below(32);

		if (run > bytes - (at > from ? at : from))
			run = bytes - (at > from ? at : from);
		if (spoil % 4 == 0)
			memmove(out + at, out + from, run);
		else if (spoil % 4 == 1)
			bytes = at + run;
		else
			out[at] = (uint8_t)random_next();
	}
	return bytes;
}

static void make_frame(struct frame *f, payload_fn *payload)
{
	unsigned int index = random_below(target.port_count);
	uint32_t from = target.source_port != 0 ? target.source_port : 1024 + random_below(64000);
	uint32_t source = target.source + random_below(target.sources);
	size_t bytes = payload(f->data + HEADERS_BYTES, index);

	finish_headers(f, source, from << 16 | target.ports[index], bytes);
}

// Returns how many left.
static unsigned int send_batch(int fd, payload_fn *payload, unsigned int count)
{
	static struct frame frames[BATCH];
	struct iovec iov[BATCH];
	struct mmsghdr msg[BATCH] = {0};
	int sent;

	for (unsigned int i = 0; i < count; i++) {
		make_frame(&frames[i], payload);
		iov[i] = (struct iovec){frames[i].data, frames[i].bytes};
		msg[i].msg_hdr.msg_iov = &iov[i];
		msg[i].msg_hdr.msg_iovlen = 1;
	}
	sent = sendmmsg(fd, msg, count, 0);
	return sent > 0 ? (unsigned int)sent : 0;
}

static void flood(int fd, payload_fn *payload, uint64_t rate, uint64_t seconds)
{
	uint64_t start = now_ns(), now = start, tried = 0, sent = 0;

	while (!stopping && (seconds == 0 || now - start < seconds * 1000000000u)) {
		uint64_t due = rate == 0 ? tried + BATCH : (now - start) * rate / 1000000000u;
		unsigned int count = due - tried > BATCH ? BATCH : (unsigned int)(due - tried);

		if (count == 0)
			nanosleep(&(struct timespec){.tv_nsec = 50000}, NULL);
		else
			sent += send_batch(fd, payload, count);
		tried += count;
		now = now_ns();
	}
	printf("sent %llu failed %llu in_ms %llu\n", (unsigned long long)sent,
		(unsigned long long)(tried - sent), (unsigned long long)((now - start) / 1000000));
}

static int open_interface(const char *name, uint8_t *mac)
{
	struct sockaddr_ll ll = {.sll_family = AF_PACKET, .sll_ifindex = (int)if_nametoindex(name)};
	struct ifreq request = {0};
	int fd = socket(AF_PACKET, SOCK_RAW, 0);
	int on = 1;

	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
	if (fd < 0 || ll.sll_ifindex == 0 || ioctl(fd, SIOCGIFHWADDR, &request) != 0
		|| bind(fd, (const struct sockaddr *)&ll, sizeof(ll)) != 0
		|| setsockopt(fd, SOL_PACKET, PACKET_QDISC_BYPASS, &on, sizeof(on)) != 0)
		die(name);
	memcpy(mac, request.ifr_hwaddr.sa_data, 6);
	return fd;
}

static void parse_ports(const char *text)
{
	unsigned int first, last;
	FILE *file;

	if (*text != '@') {
		int found = sscanf(text, "%u-%u", &first, &last);

		for (unsigned int p = found > 0 ? first : 1, end = found == 2 ? last : p; p <= end;
			p++)
			target.ports[target.port_count++ % PORTS_MAX] = (uint16_t)p;
		return;
	}
	file = fopen(text + 1, "r");
	if (file == NULL)
		die(text + 1);
	while (target.port_count < PORTS_MAX && fscanf(file, "%u", &first) == 1)
		target.ports[target.port_count++] = (uint16_t)first;
	fclose(file);
}

static void parse_source(const char *text)
{
	char address[INET_ADDRSTRLEN] = "";
	struct in_addr first = {0};

	target.sources = 1;
	if (sscanf(text, "%15[0-9.]/%u", address, &target.sources) < 1
		|| inet_pton(AF_INET, address, &first) != 1 || target.sources == 0) {
		errno = EINVAL;
		die(text);
	}
	target.source = ntohl(first.s_addr);
}

static payload_fn *choose(const char *mode, const char *folder)
{
	static const struct {
		const char *name, *method;
		payload_fn *payload;
	} modes[] = {
		{"invite", "INVITE", sip_payload},
		{"options", "OPTIONS", sip_payload},
		{"register", "REGISTER", sip_payload},
		{"garbage", NULL, garbage_payload},
		{"rtp", NULL, rtp_payload},
		{"fuzz", NULL, fuzz_payload},
	};

	for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		if (strcmp(mode, modes[i].name) != 0)
			continue;
		if (modes[i].method != NULL)
			load_template(modes[i].method);
		if (modes[i].payload == fuzz_payload)
			load_folder(folder);
		return modes[i].payload;
	}
	errno = EINVAL;
	die(mode);
	return NULL;
}

int main(int argc, char **argv)
{
	uint8_t *h = target.header;
	const char *folder = ".";
	uint64_t rate = 0, seconds = 0;
	int fd = -1, option;

	memcpy(h + 12, (uint8_t[]){0x08, 0x00, 0x45}, 3);
	memcpy(h + 22, (uint8_t[]){64, IPPROTO_UDP}, 2);
	while ((option = getopt(argc, argv, "i:m:s:d:P:p:r:t:S:f:")) != -1) {
		bool right = true;

		switch (option) {
		case 'i':
			fd = open_interface(optarg, h + 6);
			break;
		case 'm':
			right = sscanf(optarg, "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx", h, h + 1, h + 2,
					h + 3, h + 4, h + 5)
				== 6;
			break;
		case 's':
			parse_source(optarg);
			break;
		case 'd':
			right = inet_pton(AF_INET, optarg, h + 30) == 1;
			break;
		case 'P':
			parse_ports(optarg);
			break;
		case 'p':
			target.source_port = (uint16_t)strtoul(optarg, NULL, 10);
			break;
		case 'r':
			rate = strtoull(optarg, NULL, 10);
			break;
		case 't':
			seconds = strtoull(optarg, NULL, 10);
			break;
		case 'S':
			ssrc_base = (uint32_t)strtoul(optarg, NULL, 0);
			break;
		case 'f':
			folder = optarg;
			break;
		default:
			right = false;
		}
		if (!right)
			return 2;
	}
	if (fd < 0 || target.sources == 0 || target.port_count == 0 || optind + 1 != argc) {
		fprintf(stderr,
			"usage: flood -i INTERFACE -m MAC -s ADDRESS[/COUNT] -d ADDRESS"
			" -P PORTS [options] MODE\n");
		return 2;
	}
	signal(SIGTERM, stop);
	signal(SIGINT, stop);
	flood(fd, choose(argv[optind], folder), rate, seconds);
	return EXIT_SUCCESS;
}
