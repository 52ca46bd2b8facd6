// SPDX-License-Identifier: BSD-3-Clause
// Sends. One lcore polls it; another one may start a phase and see when it is over.
#pragma once

#include <rte_mbuf.h>

#include <stdbool.h>
#include <stdint.h>

#include "tools/rtpblast/frame.h"
#include "tools/rtpblast/port.h"

#define GENERATOR_BURST_MAX 64
#define GENERATOR_LANES_MAX (FLOW_PORTS_MAX * ARGS_QUEUES_MAX)

// One queue of one port, and the flows that are sent on it.
struct generator_lane {
	uint32_t *order; // numbers of flows, in the order of their turns
	uint32_t flows;
	uint32_t turn;
	uint16_t queue;
	uint8_t port;
	uint64_t sent;				       // in this phase
	struct rte_mbuf *waiting[GENERATOR_BURST_MAX]; // what the device did not take yet
	unsigned int first;
	unsigned int end;
};

struct generator_phase {
	uint32_t number;
	uint64_t rate;	  // packets a second; 0: as fast as possible
	uint64_t packets; // ends after so many; 0: by time alone
	uint64_t cycles;  // ends after such a time, TSC
};

struct generator {
	const struct port *port;
	struct frame_tx *tx;
	struct generator_lane lane[GENERATOR_LANES_MAX];
	unsigned int lanes;
	unsigned int burst;
	bool garbage;
	uint64_t noise;
	struct generator_phase phase;
	uint64_t began;	  // TSC
	uint64_t ended;	  // TSC
	uint64_t sent;	  // given to the device in this phase
	uint64_t built;	  // likewise, and those that wait
	uint64_t refused; // times the device did not take a whole burst
	bool running;	  // atomic: set by whoever starts a phase, cleared by the sending lcore
	bool stopping;	  // atomic: set by whoever wants the phase to end now
};

// Takes up the flows: tx is all flows', queues how many each port has. Returns 0 or -ENOMEM.
int generator_open(struct generator *g, const struct port *port, struct frame_tx *tx,
	uint32_t flows, const struct args *args);
void generator_close(struct generator *g);

// Begins a phase; the one before must be over.
void generator_start(struct generator *g, const struct generator_phase *phase);
// Ends the phase early; it runs until the sending lcore has seen that.
void generator_stop(struct generator *g);
bool generator_running(const struct generator *g);

// Sending lcore: sends what is due, at most one burst. Never waits.
void generator_poll(struct generator *g);

// Packets a second of the phase that is over.
double generator_rate(const struct generator *g);
