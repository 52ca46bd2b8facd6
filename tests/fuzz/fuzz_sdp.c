// SPDX-License-Identifier: BSD-3-Clause
// Whatever SDP came in, what leaves is strict, shows no address but ours, and reads back the same.
#include <stdlib.h>

#include "controlplane/sdp/sdp.h"

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
