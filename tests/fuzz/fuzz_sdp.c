// SPDX-License-Identifier: BSD-3-Clause
// Whatever SDP came in, what leaves is strict, shows no address but ours, and reads back the same.
#include <stdlib.h>

#include "controlplane/sdp/sdp.h"
#include "include/tidegate/flow.h"

static struct sdp sdp;
static char first[4 * SDP_BYTES_MAX], second[4 * SDP_BYTES_MAX];

static struct str write_edited(char *out, const struct sdp_edit *edit)
{
	struct strbuf b = strbuf_on(out, sizeof(first));

	sdp_write(&b, &sdp, edit);
	if (b.failed)
		abort();
	return strbuf_str(&b);
}

static void check_strict(struct str s)
{
	static const char order[] = "vosiuepcbtka";
	const char *at = order;
	bool media = false;

	if (!str_starts_nocase(s, STR("v=0\r\no=- ")) || !str_ends(s, STR("\r\n")))
		abort();
	while (s.len != 0) {
		struct str line = str_cut(&s, '\n');

		if (line.len < 3 || line.at[1] != '=' || line.at[line.len - 1] != '\r')
			abort();
		if (str_index(line, '\r') != line.len - 1 || str_index(line, '\0') != line.len)
			abort();
		media = media || line.at[0] == 'm';
		// Types of the session stand in their order; others may stand among the attributes.
		if (!media && strchr(order, line.at[0]) != NULL) {
			at = strchr(at, line.at[0]);
			if (at == NULL)
				abort();
		}
	}
}

static void read_codecs(void)
{
	struct sdp_codec codec[SDP_PAYLOAD_TYPES];

	for (unsigned int i = 0; i < sdp.media_count; i++)
		sdp_codecs_read(codec, &sdp, &sdp.media[i]);
}

// The last two bytes choose the codecs that are taken away and the numbers that others get.
static void filter(const uint8_t *data, size_t len)
{
	static struct codec_name names[] = {{{"PCMA", 4}, 0}, {{"opus", 4}, 48000},
		{{"telephone-event", 15}, 0}, {{"rtx", 3}, 0}};
	uint8_t choice = len != 0 ? data[len - 1] : 0;
	struct codec_list list = {&names[choice % 4], 1 + choice % (4 - choice % 4)};
	struct codec_policy policy = {.allow = choice & 0x10 ? list : (struct codec_list){0},
		.deny = choice & 0x20 ? list : (struct codec_list){0}};
	const struct codec_policy *const both[2] = {&policy, NULL};

	sdp_filter(&sdp, both);
}

// Every type has its line once, and none that was taken away is there.
static void choose_types(struct sdp_types *types, const struct sdp_media *m, uint8_t choice)
{
	static struct codec_name preferred = {{"PCMU", 4}, 0};
	struct codec_list order = {&preferred, 1};
	uint64_t left[2] = {m->payload_types[0], m->payload_types[1]};

	types->count = sdp_order(types->order, &sdp, m, &order);
	for (unsigned int pt = 0; pt < SDP_PAYLOAD_TYPES; pt++)
		types->to[pt] = (uint8_t)(pt < 96 ? pt : 96 + (pt + choice) % 32);
	for (unsigned int i = 0; i < types->count; i++) {
		if (!tg_types_has(left, types->order[i]))
			abort();
		tg_types_remove(left, types->order[i]);
	}
	if ((left[0] | left[1]) != 0)
		abort();
}

// The same once more with all that the legs' rules may ask for.
static void write_ruled(const uint8_t *data, size_t len, struct sdp_edit *edit)
{
	static struct sdp_types types[SDP_MEDIA_MAX];
	struct sdp_stream_edit stream[SDP_MEDIA_MAX] = {0};
	struct strbuf b = strbuf_on(second, sizeof(second));
	uint8_t choice = len > 1 ? data[len - 2] : 0;

	if (sdp_parse(&sdp, str_of(data, len)) != 0)
		abort();
	filter(data, len);
	for (unsigned int i = 0; i < sdp.media_count; i++) {
		const struct sdp_media *m = &sdp.media[i];

		choose_types(&types[i], m, choice);
		stream[i] = (struct sdp_stream_edit){
			.rtp_port = m->is_emptied ? 0 : (uint16_t)(30000 + 2 * i),
			.rtcp_mux = choice & 1,
			.ptime_ms = choice & 2 ? 40 : 0,
			.pass = choice & 4 && !m->is_rtp && !m->is_datagrams,
			.types = m->is_rtp ? &types[i] : NULL,
		};
	}
	edit->stream = stream;
	sdp_write(&b, &sdp, edit);
	if (b.failed)
		return;
	check_strict(strbuf_str(&b));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct sdp_stream_edit stream[SDP_MEDIA_MAX] = {0};
	struct sdp_edit edit = {.session_id = 1, .version = 2, .stream = stream};
	struct str a, b;

	if (sdp_parse(&sdp, str_of(data, len)) != 0)
		return 0;
	if (sdp.media_count > SDP_MEDIA_MAX || sdp.line_count > SDP_LINES_MAX)
		abort();
	read_codecs();
	edit.address = tg_ip_v4(htonl(0xc6336409));
	write_ruled(data, len, &edit);
	edit.stream = stream;
	if (sdp_parse(&sdp, str_of(data, len)) != 0)
		abort();
	for (unsigned int i = 0; i < sdp.media_count; i++) {
		stream[i].rtp_port = sdp.media[i].port != 0 ? (uint16_t)(30000 + 2 * i) : 0;
		stream[i].rtcp_port = (uint16_t)(30001 + 2 * i);
	}
	a = write_edited(first, &edit);
	check_strict(a);
	if (a.len > SDP_BYTES_MAX || sdp_parse(&sdp, a) == -E2BIG)
		return 0;
	if (sdp_parse(&sdp, a) != 0)
		abort();
	b = write_edited(second, &edit);
	if (!str_equal(a, b) || sdp_fingerprint(a) != sdp_fingerprint(b))
		abort();
	return 0;
}
