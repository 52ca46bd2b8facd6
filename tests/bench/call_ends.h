// SPDX-License-Identifier: BSD-3-Clause
// The two ends of the calls of a bench, as texts: phones, strangers each of its own address, and one
// carrier. They answer what the engine sent last.
#pragma once

#include "controlplane/net/transport.h"
#include "include/tidegate/cmd.h"

#define CALL_ENDS_BYTES 4096

// What one call says, in this order; the answers to it are the engine's.
enum call_step {
	STEP_INVITE,  // phone, with SDP
	STEP_RINGING, // carrier: 180
	STEP_ANSWER,  // carrier: 200 with SDP
	STEP_ACK,     // phone
	STEP_BYE,     // phone
	STEP_BYE_OK,  // carrier: 200
	STEP_COUNT,
};

struct call_message {
	size_t len;
	char text[CALL_ENDS_BYTES];
};

struct call_ends {
	struct transport transport;		  // give this to the code under test
	struct call_message to_phone, to_carrier; // the last ones
};

// What an end must remember of a call between its ACK and its BYE.
struct call_memory {
	uint32_t number;
	char tag[40]; // the engine's, on the phone's side
};

extern const char call_ends_yaml[]; // a configuration for up to 150,000 calls

void call_ends_init(struct call_ends *ends);
// Writes the next message of a call and says by what flow it comes. Aborts when the engine has not sent
// what that message answers.
void call_ends_say(struct call_message *out, struct net_flow *flow, struct call_ends *ends,
	struct call_memory *call, enum call_step step);
