// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/sdp/sdp_int.h"

#include <criterion/criterion.h>

static const char body[] = "v=0\r\no=- 1 1 IN IP4 host.inside.example\r\nc=IN IP4 10.1.2.3\r\n"
			   "m=audio 4 RTP/AVP 0\r\nc=IN IP6 2001:db8::77\r\n";

static const struct {
	char type;
	const char *value;
	bool shows;
} cases[] = {
	{'a', "x-relay:10.1.2.3:4000", true},
	{'a', "x-relay:10.1.2.34", true}, // an address, if not a collected one
	{'a', "x-relay:udp/198.51.100.7", true},
	{'a', "x-relay:10.1.2.3.", true},
	{'a', "x-relay:[2001:DB8::77]:4000", true},
	{'a', "x-relay:fe80::1", true},
	{'a', "x-where:HOST.inside.example", true},
	{'a', "x-where:myhost.inside.example", false}, // another name
	{'a', "ssrc:1 cname:me@10.1.2.3", true},
	{'i', "call from 10.1.2.3", true},
	{'u', "http://host.inside.example/", true},
	{'a', "version:1.2.3", false},
	{'a', "version:1.2.3.400", false},
	{'a', "sendrecv", false},
	{'a', "rtpmap:0 PCMU/8000", false},
	{'a', "fmtp:98 x=10.1.2.3", false},
	{'a', "fingerprint:sha-1 4A:AD:B9:B1:3F:82:18:3B:54:02:12:DF:3E:5D:49:6B:19:E5:7C:AB",
		false},
	{'a', "x-print:4A:AD:B9:B1:3F:82:18:3B:54:02", false},
	{'a', "x-time:12:30:45", false},
	{'i', "a call", false},
};

Test(sdp_leak, D1_lines_that_bear_an_address_are_known)
{
	static struct sdp sdp;
	struct sdp_hidden hidden;

	cr_assert_eq(sdp_parse(&sdp, str_from(body)), 0);
	sdp_hidden_collect(&hidden, &sdp);
	cr_assert_eq(hidden.count, 3);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct sdp_line line = {cases[i].type, str_from(cases[i].value)};

		cr_assert_eq(sdp_hidden_shows(&hidden, &line), cases[i].shows, "case %zu: %s", i,
			cases[i].value);
	}
}
