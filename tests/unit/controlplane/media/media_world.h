// SPDX-License-Identifier: BSD-3-Clause
// One media object over the fake dataplane, with a configuration made by hand and a memory of what
// the user was told.
#pragma once

#include "controlplane/media/media_int.h"
#include "tests/mock/fake_dp.h"

#define WORLD_CALL 77

struct media_world {
	struct timer_wheel *wheel;
	struct fake_dp dp;
	struct media *media;
	struct media_session *session;
	bool free_when_told; // the callbacks free the session
	unsigned int ready, idle, lost;
	bool attached;		    // as last told
	struct tg_event source;	    // likewise
	enum media_failure failure; // of the last on_ready
	uint32_t tag;		    // likewise
	char sdp[2 * SDP_BYTES_MAX];
};

extern struct media_world world;

// Realm 0 "access" has 192.0.2.1 ports 10000-10019, realm 1 "core" has 198.51.100.1 ports
// 20000-20019 and 2001:db8::1 ports 20000-20019; quarantine 1000 ms.
extern struct conf world_conf;
// References to any configuration taken and not given back.
extern int world_conf_references;

// Criterion .init and .fini: media configured over an attached dataplane, and a session of realm 0
// to realm 1.
void world_init(void);
void world_fini(void);
// Another session of the same parameters.
struct media_session *world_session(uint64_t call);
struct media_session_params world_session_params(uint64_t call);

// The dataplane answers all, and ms pass.
void world_run(uint64_t ms);
// Offer and answer and what came of it; both run the dataplane.
enum media_failure world_offer(enum media_side from, const char *sdp);
enum media_failure world_answer(enum media_side from, const char *sdp, bool final);
// The n-th stream in the dataplane.
const struct tg_stream_spec *world_spec(unsigned int n);
// An offer from A, an answer from B, final: one stream both ways.
void world_answered_call(void);
// The port of the n-th m= line of the SDP last told.
unsigned int world_port(unsigned int n);

// The number of a gauge in the first pool of a realm.
struct media_pool_view world_pool(uint8_t realm);

#define SDP_HEAD(ip) "v=0\r\no=- 1 1 IN IP4 " ip "\r\ns=-\r\nc=IN IP4 " ip "\r\nt=0 0\r\n"
#define SDP_A SDP_HEAD("203.0.113.5") "m=audio 4000 RTP/AVP 0 8 101\r\n"
#define SDP_B SDP_HEAD("198.51.100.77") "m=audio 6000 RTP/AVP 8 96\r\n"
