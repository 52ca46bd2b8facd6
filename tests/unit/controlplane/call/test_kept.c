// SPDX-License-Identifier: BSD-3-Clause
#include <criterion/criterion.h>
#include <stdlib.h>

#include "controlplane/call/call_int.h"
#include "controlplane/sip/body.h"

static struct sip_msg parse(struct arena *arena, char *text)
{
	struct sip_msg msg;

	sip_msg_setup();
	cr_assert_eq(sip_msg_parse(&msg, arena, str_from(text)), SIP_FAULT_NONE);
	return msg;
}

Test(kept, A5_outlives_the_message_without_what_does_not_cross)
{
	char text[] = "SIP/2.0 183 Far  Away\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\n"
		      "From: <sip:a@h>;tag=1\r\nTo: <sip:b@h>;tag=2\r\nCall-ID: c\r\nCSeq: 1 "
		      "INVITE\r\n"
		      "Server: X\r\nX-Thing:  as it, was \r\nReason: Q.850;cause=17\r\n"
		      "Content-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello";
	struct arena *arena = arena_new(1 << 20);
	struct sip_msg msg = parse(arena, text);
	struct kept *kept = kept_new(&msg);

	memset(text, '?', sizeof(text) - 1);
	arena_free(arena);
	cr_expect_eq(kept->msg.status, 183);
	cr_expect_not(kept->msg.is_request);
	cr_expect(str_equal(kept->msg.reason, STR("Far  Away")));
	cr_expect(str_equal(kept->msg.content_type, STR("text/plain")));
	cr_expect(str_equal(kept->msg.body, STR("hello")));
	cr_expect_eq(kept->msg.hdr_count, 3);
	// a policy may let it cross
	cr_expect_eq(kept->hdr[0].id, SIP_HDR_SERVER);
	cr_expect(str_equal(kept->hdr[1].name, STR("X-Thing")));
	cr_expect(str_equal(kept->hdr[1].value, STR("as it, was")));
	cr_expect_eq(kept->hdr[2].id, SIP_HDR_REASON);
	free(kept);
}

Test(kept, sdp_goes_by_way_of_the_media)
{
	char text[] = "SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\n"
		      "From: <sip:a@h>;tag=1\r\nTo: <sip:b@h>;tag=2\r\nCall-ID: c\r\nCSeq: 1 "
		      "INVITE\r\n"
		      "Content-Type: application/sdp\r\nContent-Length: 5\r\n\r\nv=0\r\n";
	struct arena *arena = arena_new(1 << 20);
	struct sip_msg msg = parse(arena, text);
	struct kept *kept = kept_new(&msg);

	cr_expect_eq(kept->msg.body.len, 0);
	free(kept);
	arena_free(arena);
}

Test(kept, A31_several_parts_wait_with_it)
{
	char text[] = "SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\n"
		      "From: <sip:a@h>;tag=1\r\nTo: <sip:b@h>;tag=2\r\nCall-ID: c\r\nCSeq: 1 "
		      "INVITE\r\n"
		      "Content-Type: multipart/mixed;boundary=b\r\n\r\n"
		      "--b\r\nContent-Type: application/sdp\r\n\r\nv=0\r\n--b--";
	struct arena *arena = arena_new(1 << 20);
	struct sip_msg msg = parse(arena, text);
	struct kept *kept = kept_new(&msg);
	char body[256];
	struct strbuf b = strbuf_on(body, sizeof(body));

	memset(text, '?', sizeof(text) - 1);
	arena_free(arena);
	sip_body_write(&b, &kept->msg, STR("v=1\r\n"));
	cr_expect(str_equal(strbuf_str(&b),
		STR("--b\r\nContent-Type: application/sdp\r\n\r\nv=1\r\n\r\n--b--")));
	free(kept);
}
