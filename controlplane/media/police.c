// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/media/police.h"

#define INTERVAL_MS_MAX 20 // a codec that packs less often may
#define INTERVAL_MS_DEFAULT 10
#define PACKET_MS 60	// at least so much may be in one packet
#define HEADER_BYTES 40 // RTP, an extension, an SRTP tag with its MKI
#define PACKET_BYTES_MIN 400
#define EVENT_PACKETS_PER_S 50 // RFC 4733 §2.5.1.2, of senders that repeat each 20 ms
#define RTCP_PACKETS_PER_S 2
#define RTCP_BYTES_PER_S 400
#define OTHER_PACKET_BYTES 200 // mean of video and the like, to count packets by
#define FAX_PACKETS_PER_S 100
#define FAX_BYTES_PER_S (33600 / 8 * 5) // V.34, with four packets repeated in each (T.38)

// What a codec makes at most. frame_ms: no packet holds less; 0: any. bits_per_s 0: sample_bits for each
// sample.
static const struct codec {
	const char *name;
	uint32_t clock_hz; // 0: any
	uint32_t bits_per_s;
	uint8_t frame_ms;
	uint8_t sample_bits;
} codecs[] = {
	{"PCMU", 8000, 64000, 0, 0},
	{"PCMA", 8000, 64000, 0, 0},
	{"PCMU-WB", 16000, 96000, 5, 0},
	{"PCMA-WB", 16000, 96000, 5, 0},
	{"G722", 0, 64000, 0, 0},
	{"G7221", 16000, 32000, 20, 0},
	{"G7221", 32000, 48000, 20, 0},
	{"G723", 8000, 6400, 30, 0},
	{"G726-16", 8000, 16000, 0, 0},
	{"G726-24", 8000, 24000, 0, 0},
	{"G726-32", 8000, 32000, 0, 0},
	{"G726-40", 8000, 40000, 0, 0},
	{"AAL2-G726-16", 8000, 16000, 0, 0},
	{"AAL2-G726-24", 8000, 24000, 0, 0},
	{"AAL2-G726-32", 8000, 32000, 0, 0},
	{"AAL2-G726-40", 8000, 40000, 0, 0},
	{"G728", 8000, 16000, 0, 0},
	{"G729", 8000, 8000, 10, 0},
	{"G729D", 8000, 6400, 10, 0},
	{"G729E", 8000, 12000, 10, 0},
	{"GSM", 8000, 13200, 20, 0},
	{"GSM-EFR", 8000, 12400, 20, 0},
	{"GSM-HR-08", 8000, 6000, 20, 0},
	{"AMR", 8000, 13200, 20, 0},
	{"AMR-WB", 16000, 24400, 20, 0},
	{"EVS", 16000, 128000, 20, 0},
	{"iLBC", 8000, 15200, 20, 0},
	{"speex", 8000, 24600, 20, 0},
	{"speex", 16000, 42200, 20, 0},
	{"speex", 32000, 44000, 20, 0},
	{"opus", 48000, 510000, 0, 0},
	{"SILK", 0, 40000, 20, 0},
	{"iSAC", 0, 56000, 30, 0},
	{"BV16", 8000, 16000, 5, 0},
	{"BV32", 16000, 32000, 5, 0},
	{"LPC", 8000, 5600, 20, 0},
	{"QCELP", 8000, 14000, 20, 0},
	{"CN", 0, 4000, 20, 0},
	{"DVI4", 0, 0, 0, 4},
	{"L8", 0, 0, 0, 8},
	{"L16", 0, 0, 0, 16},
	{"L24", 0, 0, 0, 24},
};

static const struct codec *codec_of(const struct sdp_codec *sdp)
{
	for (unsigned int i = 0; i < sizeof(codecs) / sizeof(codecs[0]); i++) {
		if ((codecs[i].clock_hz == 0 || codecs[i].clock_hz == sdp->clock_hz)
			&& str_equal_nocase(sdp->name, str_from(codecs[i].name)))
			return &codecs[i];
	}
	return NULL;
}

static uint32_t larger(uint32_t a, uint32_t b)
{
	return a > b ? a : b;
}

// A packet size that cannot be told is larger than any, but not the one of nothing at all.
static uint32_t join_packet_bytes(const struct police_load *a, const struct police_load *b)
{
	if ((a->packet_bytes == 0 && a->packets_per_s != 0)
		|| (b->packet_bytes == 0 && b->packets_per_s != 0))
		return 0;
	return larger(a->packet_bytes, b->packet_bytes);
}

static struct police_load larger_of(const struct police_load *a, const struct police_load *b)
{
	return (struct police_load){
		.packets_per_s = larger(a->packets_per_s, b->packets_per_s),
		.bytes_per_s = larger(a->bytes_per_s, b->bytes_per_s),
		.packet_bytes = join_packet_bytes(a, b),
		.unknown = a->unknown || b->unknown,
	};
}

// The number of "name=" in a=fmtp. Returns fallback when there is none.
static uint64_t read_param(struct str params, struct str name, uint64_t fallback)
{
	while (!str_is_none(params) && params.len != 0) {
		struct str value = str_trim(str_cut(&params, ';'));
		struct str key = str_trim(str_cut(&value, '='));
		uint64_t n;

		if (str_equal_nocase(key, name) && str_to_u64(&n, str_trim(value), UINT32_MAX) == 0)
			return n;
	}
	return fallback;
}

static uint64_t bits_of(const struct codec *codec, const struct sdp_codec *sdp)
{
	// RFC 7587 §6.1: no bound unless one is said.
	if (str_equal_nocase(sdp->name, STR("opus"))) {
		uint64_t bits = read_param(
			sdp->params, STR("maxaveragebitrate"), codec->bits_per_s);

		return bits < codec->bits_per_s ? bits : codec->bits_per_s;
	}
	if (codec->bits_per_s != 0)
		return codec->bits_per_s;
	return (uint64_t)codec->sample_bits * sdp->clock_hz * sdp->channels;
}

static uint32_t interval_ms(const struct sdp_media *m, const struct codec *codec)
{
	uint32_t ms = INTERVAL_MS_DEFAULT;

	if (m->ptime_ms != 0)
		ms = m->ptime_ms < INTERVAL_MS_MAX ? m->ptime_ms : INTERVAL_MS_MAX;
	if (m->max_ptime_ms != 0 && m->max_ptime_ms < ms)
		ms = m->max_ptime_ms;
	return ms > codec->frame_ms ? ms : codec->frame_ms;
}

static uint32_t packet_ms(const struct sdp_media *m)
{
	uint32_t ms = PACKET_MS;

	if (m->ptime_ms > ms)
		ms = m->ptime_ms;
	return m->max_ptime_ms > ms ? m->max_ptime_ms : ms;
}

static uint32_t clamp(uint64_t n)
{
	return n < UINT32_MAX ? (uint32_t)n : UINT32_MAX;
}

static struct police_load load_of_codec(
	const struct sdp_media *m, const struct codec *codec, const struct sdp_codec *sdp)
{
	uint64_t bytes = (bits_of(codec, sdp) + 7) / 8;
	uint32_t packets = (1000 + interval_ms(m, codec) - 1) / interval_ms(m, codec);

	return (struct police_load){
		.packets_per_s = packets,
		.bytes_per_s = clamp(bytes + (uint64_t)packets * HEADER_BYTES),
		.packet_bytes = clamp(bytes * packet_ms(m) / 1000 + HEADER_BYTES),
	};
}

static struct police_load load_of_bits(uint64_t bits_per_s)
{
	uint64_t bytes = bits_per_s / 8, packets = bytes / OTHER_PACKET_BYTES + 50;

	return (struct police_load){
		.packets_per_s = clamp(packets),
		.bytes_per_s = clamp(bytes + packets * HEADER_BYTES),
	};
}

// RFC 2198 §5: how often each packet's media is sent, by the types in "97/97/97".
static uint32_t redundancy_of(const struct sdp_codec *red)
{
	uint32_t times = 1;

	for (size_t i = 0; i < red->params.len; i++)
		times += red->params.at[i] == '/';
	return times > 1 ? times : 2;
}

static bool is_event(struct str name)
{
	return str_equal_nocase(name, STR("telephone-event"))
		|| str_equal_nocase(name, STR("tone"));
}

struct survey {
	struct police_load load;
	uint32_t redundancy; // 1: none
	bool events;
};

static void look_at(struct survey *s, const struct sdp_media *m, const struct sdp_codec *own)
{
	const struct codec *codec;
	struct police_load load;

	if (is_event(own->name)) {
		s->events = true;
	} else if (str_equal_nocase(own->name, STR("red"))) {
		s->redundancy = redundancy_of(own);
	} else if ((codec = codec_of(own)) != NULL) {
		load = load_of_codec(m, codec, own);
		s->load = larger_of(&s->load, &load);
	} else {
		s->load.unknown = true;
	}
}

static void add_events(struct police_load *load)
{
	load->packets_per_s = clamp((uint64_t)load->packets_per_s + EVENT_PACKETS_PER_S);
	load->bytes_per_s = clamp(load->bytes_per_s + (uint64_t)EVENT_PACKETS_PER_S * HEADER_BYTES);
}

// RFC 3550 §6.2: a twentieth of the session's bandwidth, and what small sessions take more.
static void add_rtcp(struct police_load *load)
{
	load->packets_per_s = clamp(
		load->packets_per_s + (uint64_t)load->packets_per_s / 20 + RTCP_PACKETS_PER_S);
	load->bytes_per_s = clamp(
		load->bytes_per_s + (uint64_t)load->bytes_per_s / 20 + RTCP_BYTES_PER_S);
}

static void read_rtp(struct police_load *out, const struct sdp_media *m,
	const struct sdp_codec codec[static SDP_PAYLOAD_TYPES])
{
	struct survey s = {.redundancy = 1};

	for (unsigned int pt = 0; pt < SDP_PAYLOAD_TYPES; pt++) {
		if (tg_types_has(m->payload_types, pt))
			look_at(&s, m, &codec[pt]);
	}
	s.load.bytes_per_s = clamp((uint64_t)s.load.bytes_per_s * s.redundancy);
	s.load.packet_bytes = clamp((uint64_t)s.load.packet_bytes * s.redundancy);
	if (s.load.unknown && m->bandwidth_bps != 0) {
		struct police_load said = load_of_bits(m->bandwidth_bps);

		s.load.unknown = false;
		s.load.packet_bytes = 0;
		said.packet_bytes = 0;
		s.load = larger_of(&s.load, &said);
	}
	if (s.load.unknown)
		s.load.packet_bytes = 0;
	else if (s.load.packet_bytes != 0 && s.load.packet_bytes < PACKET_BYTES_MIN)
		s.load.packet_bytes = PACKET_BYTES_MIN;
	if (s.events)
		add_events(&s.load);
	add_rtcp(&s.load);
	*out = s.load;
}

void police_read(struct police_load *out, const struct sdp_media *m,
	const struct sdp_codec codec[static SDP_PAYLOAD_TYPES])
{
	if (m->is_rtp) {
		read_rtp(out, m, codec);
	} else if (str_equal_nocase(m->protocol, STR("udptl"))) {
		*out = (struct police_load){
			.packets_per_s = FAX_PACKETS_PER_S,
			.bytes_per_s = FAX_BYTES_PER_S + FAX_PACKETS_PER_S * HEADER_BYTES,
		};
	} else if (m->bandwidth_bps != 0) {
		*out = load_of_bits(m->bandwidth_bps);
	} else {
		*out = (struct police_load){.unknown = true};
	}
}

static bool is_empty(const struct police_load *load)
{
	return load->packets_per_s == 0 && !load->unknown;
}

struct police_load police_join(const struct police_load *a, const struct police_load *b)
{
	const struct police_load *known = a->unknown ? b : a;
	struct police_load other = a->unknown ? *a : *b;

	if (is_empty(a) || is_empty(b))
		return is_empty(a) ? *b : *a;
	if (other.unknown && !known->unknown) {
		other.unknown = false;
		other.packet_bytes = known->packet_bytes;
	}
	return larger_of(known, &other);
}

static struct tg_rate rate_of(uint32_t nominal, uint32_t percent)
{
	uint32_t rate = clamp((uint64_t)nominal * percent / 100);

	return (struct tg_rate){rate, rate};
}

void police_fill(
	struct tg_side_spec *out, const struct police_load *load, const struct police_rule *rule)
{
	struct police_load own = *load;

	out->packets = out->bytes = (struct tg_rate){0};
	out->packet_bytes_max = 0;
	if (rule->percent == 0)
		return;
	if (own.unknown) {
		struct police_load taken = load_of_bits((uint64_t)rule->unknown_kbit * 1000);

		own = larger_of(&own, &taken);
	}
	out->packets = rate_of(own.packets_per_s, rule->percent);
	out->bytes = rate_of(own.bytes_per_s, rule->percent);
	if (own.packet_bytes <= UINT16_MAX)
		out->packet_bytes_max = (uint16_t)own.packet_bytes;
}

enum tg_clock police_clock(uint32_t hz)
{
	static const uint32_t known[TG_CLOCK_COUNT] = TG_CLOCK_HZ;

	for (unsigned int i = 0; i < TG_CLOCK_COUNT; i++) {
		if (known[i] == hz)
			return (enum tg_clock)i;
	}
	return TG_CLOCK_8000;
}
