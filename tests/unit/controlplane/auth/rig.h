// SPDX-License-Identifier: BSD-3-Clause
// An auth of one domain with one user, whose back end does as it is told, and a phone that answers.
#pragma once

#include "controlplane/auth/auth.h"

#define RIG_USER "alice"
#define RIG_PASSWORD "correct horse battery staple"
#define RIG_DOMAIN "example.com"
#define RIG_URI "sip:example.com"

struct rig {
	struct timer_wheel *wheel;
	struct auth *auth;
	struct auth_params params;
	struct auth_rules rules;
	struct auth_question question; // a REGISTER from 192.0.2.7
	struct auth_answer answer;
	int find_rc; // what the back end says instead of an answer
	unsigned int finds;
	unsigned int locks; // told by on_lock
	struct auth_lock lock;
	char lock_user[64];
	uint64_t known; // id of the last call of known
	struct users_query waiting;
	struct digest_ha1 ha1[DIGEST_HASH_COUNT];
	struct str ha1_realm;
};

extern struct rig rig;

// What a phone would be asked for and answer with.
struct rig_phone {
	const char *user, *password;
	const char *realm, *uri; // NULL: of the rig
	const char *method;	 // likewise
	char nonce[64];
	enum digest_algorithm algorithm;
	bool unsaid; // the algorithm
	bool no_qop;
	uint32_t nc;
};

void rig_init(void);
void rig_fini(void);
// Another auth of the same parameters.
void rig_restart(void);
void rig_sleep(uint64_t ms);
void rig_from(const char *source);

// The challenges as they would go out, one a line.
const char *rig_challenge(bool stale);
// Takes the nonce of a fresh challenge; a phone with RIG_USER and RIG_PASSWORD.
struct rig_phone rig_challenged(enum digest_algorithm algorithm);
// The value of the Authorization header; valid until the next call.
const char *rig_credentials(const struct rig_phone *phone);
// Judges one value.
enum auth_outcome rig_judge(const char *value);
enum auth_outcome rig_try(const struct rig_phone *phone);
