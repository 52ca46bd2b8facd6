// SPDX-License-Identifier: BSD-3-Clause
// Digest authentication of users, as the server (RFC 3261 §22, RFC 7616, RFC 8760).
//
//	request ─► auth_judge ─► AUTH_OK          it is answer.user
//	                      ─► AUTH_CHALLENGE   401 or 407 with what auth_challenge writes (F15, F21)
//	                      ─► AUTH_BAD         400
//	                      ─► AUTH_WAIT        params.known(arg, question.id), then judge again
//	                      ─► AUTH_UNAVAILABLE 500 or 503 with Retry-After
//
// Credentials of our realm pass these gates in this order: form, nonce (nothing further is done for one
// that is not ours), what was offered, digest-uri, the user's HA1, the digest, the lockout, the nonce's
// life, its nc.
//
// Nothing tells from outside whether a user exists, whether the password was right while locked, or that
// somebody is locked (I19, F21): an unknown user's digest is made of an HA1 that nobody has and
// compared like any other, and the answer is the same challenge.
//
// A nonce that is not of this key, source and realm gets stale=true (RFC 7616 §3.3: the nonce is
// invalid), so that phones that moved, or outlived a restart of ours, go on without asking their users.
// One whose life is over, or whose nc did not grow, gets it only when the digest was right (F19).
//
// All functions: the signalling thread.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "controlplane/auth/digest.h"
#include "controlplane/auth/lockout.h"
#include "controlplane/auth/users.h"
#include "controlplane/base/timer_wheel.h"

#define AUTH_KEY_BYTES 32
#define AUTH_REALM_MAX 128 // octets
// A challenge for each algorithm fits in.
#define AUTH_CHALLENGES_BYTES 4096

enum auth_verdict {
	AUTH_OK,
	AUTH_CHALLENGE,
	AUTH_BAD,
	AUTH_WAIT,
	AUTH_UNAVAILABLE,
};

// X(NAME, VERDICT, "label"): what became of a request.
#define AUTH_OUTCOMES(X)                                                                           \
	X(ACCEPTED, OK, "accepted")                                                                \
	X(MISSING, CHALLENGE, "missing") /* no credentials of our realm */                         \
	X(MALFORMED, BAD, "malformed")                                                             \
	X(FOREIGN, CHALLENGE, "foreign")	   /* nonce of another key, source or realm */     \
	X(NOT_OFFERED, CHALLENGE, "not_offered")   /* algorithm or qop */                          \
	X(LEGACY, CHALLENGE, "legacy")		   /* no qop, which the domain wants (F16) */      \
	X(URI, BAD, "uri")			   /* digest-uri is not the Request-URI (F20) */   \
	X(WAITING, WAIT, "waiting")		   /* the back end is asked */                     \
	X(UNAVAILABLE, UNAVAILABLE, "unavailable") /* the back end cannot tell */                  \
	X(LOCKED, CHALLENGE, "locked")		   /* right or wrong (F22) */                      \
	X(UNKNOWN, CHALLENGE, "unknown")	   /* no such user, or no HA1 of that hash */      \
	X(WRONG, CHALLENGE, "wrong")		   /* the digest */                                \
	X(STALE, CHALLENGE, "stale")		   /* right, but the nonce's life is over (F19) */ \
	X(REPLAYED, CHALLENGE, "replayed")	   /* right, but its nc did not grow (F17) */

enum auth_outcome {
#define X(name, verdict, label) AUTH_WAS_##name,
	AUTH_OUTCOMES(X)
#undef X
		AUTH_OUTCOME_COUNT,
};

// NULL for what is none. Any thread.
const char *auth_outcome_label(unsigned int outcome);
enum auth_verdict auth_outcome_verdict(enum auth_outcome outcome);
// LOCKED, UNKNOWN, WRONG: what is held against the source. Others are no evidence of guessing.
bool auth_is_failure(enum auth_outcome outcome);

// Which digest-uri is taken for a Request-URI (F20).
enum auth_uri {
	AUTH_URI_STRICT,   // the same text, or an equal URI (RFC 3261 §19.1.4)
	AUTH_URI_TOLERANT, // of the same user and host; port, parameters and headers may differ
};

// How a domain authenticates. Lies in the caller's configuration.
struct auth_rules {
	struct str realm; // of the digest; AUTH_REALM_MAX
	// Offered and taken: a set of DIGEST_BIT. Its users need an HA1 of the hash of each.
	uint32_t algorithms;
	uint32_t nonce_ms; // life of a nonce
	uint8_t uri;	   // enum auth_uri
	bool legacy;	   // credentials without qop are taken (F16)
	bool no_qop;	   // qop is not offered, for phones that stumble over it; wants legacy
};

// The lock that a failure brought. Views until the callback returns.
struct auth_lock {
	enum lockout_key by;
	struct tg_ip source; // of IPv6 the network
	struct str user;
	struct str domain;
	uint32_t for_ms;
	uint32_t times;
};

struct auth_params {
	struct timer_wheel *wheel; // its time only
	struct tg_wall wall;	   // what people's clocks say at the wheel's time; 0: now
	// Of nonces: AUTH_KEY_BYTES, copied; NULL: made of random octets. Processes that share it
	// know each other's nonces.
	const uint8_t *key;
	struct users users; // owned by the auth from now on, also when auth_new fails
	struct lockout_limits lockout;
	uint32_t nonces_max;  // in use whose nc is remembered; 0: 262,144
	uint32_t trusted_max; // pairs of source and AOR whose success is remembered; 0: 262,144
	// A back end answered: the request of that id can be judged again. It may have gone.
	void (*known)(void *arg, uint64_t id);
	// Somebody is locked now (F22). Not called again while the lock lasts. NULL: nobody cares.
	void (*on_lock)(void *arg, const struct auth_lock *lock);
	void *arg;
};

// The words are written by the signalling thread only; any thread may read them (counter_get).
struct auth_counters {
	uint64_t outcomes[AUTH_OUTCOME_COUNT];
	uint64_t locks[LOCKOUT_KEY_COUNT];
	uint64_t hashes;
};

struct auth;

// NULL when memory or the library's hashes are out.
struct auth *auth_new(const struct auth_params *params);
// NULL is legal.
void auth_free(struct auth *auth);
const struct auth_counters *auth_counters(const struct auth *auth);
// As it was given; a file's content is swapped behind it (users_file.h).
struct users auth_users(const struct auth *auth);
// Takes up other limits. What is locked stays so.
void auth_set_lockout(struct auth *auth, const struct lockout_limits *limits);

struct auth_question {
	const struct auth_rules *rules;
	struct str domain; // in lower case: whose user it must be
	struct str method; // of the request
	struct str uri;	   // its Request-URI
	struct tg_ip source;
	// All values of Authorization of a request that we serve, of Proxy-Authorization of one that
	// goes through; those of other realms and schemes are passed over (F28). Of several
	// of our realm the first is judged.
	const struct str *values;
	unsigned int count;
	uint64_t id; // for params.known
};

struct auth_answer {
	enum auth_outcome outcome;
	bool stale; // what auth_challenge is to say
	struct str
		user; // who it is, or claims to be; none before credentials were read; lies as long as
		      // the values and this answer, which is not to be copied
	struct digest_credentials credentials;
};

// Once a request, never for a retransmission: nc has grown by the first (F17). *out is filled.
// After AUTH_WAIT the same question may be judged again; nothing was counted but the wait. A back end
// that makes it wait again and again is its asker's to give up on.
enum auth_verdict auth_judge(
	struct auth *auth, const struct auth_question *question, struct auth_answer *out);

// Writes the values of WWW-Authenticate or Proxy-Authenticate, one for each algorithm, the strongest
// first (F18), with one fresh nonce bound to the source. values are views into *text, which
// has AUTH_CHALLENGES_BYTES. Returns how many; 0 when it does not fit.
unsigned int auth_challenge(struct auth *auth, const struct auth_rules *rules,
	const struct tg_ip *source, bool stale, struct strbuf *text,
	struct str values[static DIGEST_ALGORITHM_COUNT]);
