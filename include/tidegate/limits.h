// SPDX-License-Identifier: BSD-3-Clause
// Bounds both processes rely on. Each is a hard limit: reaching one is an error with a name.
#pragma once

#define TG_WORKERS_MAX 16	     // dataplane worker lcores
#define TG_SIG_THREADS_MAX 16	     // signalling threads of the control plane
#define TG_PORTS_MAX 16		     // network ports of the dataplane
#define TG_LISTENERS_MAX 64	     // SIP listeners
#define TG_POOLS_MAX 256	     // media address pools, one local address each
#define TG_TRUST_MAX 4096	     // trusted signalling networks
#define TG_REGISTERED_MAX (1u << 20) // registered signalling sources
#define TG_BANS_MAX 65536	     // banned signalling sources
#define TG_PATTERNS_MAX 64	     // what scanners call themselves
#define TG_SOURCE_SETS 16384	     // of a worker's table of signalling sources
#define TG_SOURCE_WAYS 4
#define TG_REALMS_MAX 256 // realm ids are 0..255
#define TG_STREAMS_MAX (1u << 20)
#define TG_PUNT_BYTES_MAX 16000 // largest SIP datagram that crosses the rings
#define TG_CACHE_LINE 64
