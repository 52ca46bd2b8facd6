// SPDX-License-Identifier: BSD-3-Clause
// The configuration as the rest of the control plane sees it: one immutable snapshot, resolved and
// checked, published by liburcu. schema.c says how tidegate.yaml maps to it, check.c what is wrong.
//
// Ids (realm, peer) are indices into the snapshot's arrays. Code that outlives a message keeps names
// or a reference to its snapshot (conf_get/conf_put): live calls keep their old settings (L1). The number of a realm
// is in every flow; a reload keeps it (conf_renumber).
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "controlplane/base/codec.h"
#include "controlplane/base/str.h"
#include "include/tidegate/addr.h"
#include "include/tidegate/cmd.h"
#include "include/tidegate/flow.h"

struct conf_sip_listener {
	struct tg_addr address;	   // bound locally
	struct tg_addr advertised; // what Via, Contact say; equals address without 1:1 NAT
	bool tcp;		   // beside UDP
};

struct conf_media_pool {
	struct tg_ip address;
	struct tg_ip advertised; // what SDP says
	uint16_t port_first;	 // even
	uint16_t port_last;	 // odd
};

// What SDP may say and gets to hear towards a realm or a peer.
struct conf_media_rule {
	struct codec_policy codecs; // D7
	struct codec_name *names;   // what its lists are made of; NULL: those are of the realm
	uint32_t ptime_ms;	    // asked for in place of what SDP says; 0: as it says (D12)
	bool rtcp_mux;		    // offer to take RTCP on the port of RTP (D14)
	bool pass_unknown;	    // media that we cannot relay crosses past us (D6)
};

// What may be subscribed to where no configuration says otherwise.
#define CONF_EVENTS "dialog, presence, message-summary, reg, refer, conference"

enum conf_crossing {
	CONF_CROSS_DEFAULT,
	CONF_CROSS_PASS,
	CONF_CROSS_DROP,
};

// A header that crosses otherwise than by itself.
struct conf_header {
	struct str name; // the long one
	uint8_t from;	 // enum conf_crossing: in messages that come from there
	uint8_t to;
};

// What passes the edge of a realm or a peer. A peer's is its realm's with the peer's own laid over it.
struct conf_policy {
	struct str *methods; // that may come; ACK, BYE and CANCEL always may
	unsigned int method_count;
	bool relays_unknown; // methods, else 501
	bool relays_options; // to what has a route, else we answer
	bool relays_notify;  // unsolicited (C32), else 481
	struct str *events;  // packages that may be subscribed to from there; else 489 (C30)
	unsigned int event_count;
	struct conf_header *headers; // hashed by name, names none where free; NULL: no exceptions
	uint32_t header_slots;	     // a power of two
	uint16_t *responses;	     // of each final, from 300 on; 0: goes as it came; NULL: all do
	bool is_plain;		     // all known methods and events, no headers: nothing to look up
	uint16_t local_number;	     // answer to a tel: URI of no context; 0: it is taken (A27)
};

// What calls and requests of sources that are no peer meet in a realm.
enum conf_strangers {
	CONF_STRANGERS_REFUSE,	     // 403
	CONF_STRANGERS_ACCEPT,	     // the routes
	CONF_STRANGERS_REGISTERED,   // likewise those of a registered phone, else 403
	CONF_STRANGERS_AUTHENTICATE, // 407, whoever it is
};

// The strongest first, as they are offered (RFC 8760 §2.2).
enum conf_algorithm {
	CONF_ALGORITHM_SHA512_256,
	CONF_ALGORITHM_SHA256,
	CONF_ALGORITHM_MD5,
	CONF_ALGORITHM_COUNT,
};

// How users of a domain prove who they are (RFC 7616, RFC 8760).
struct conf_digest {
	bool is_off;	    // whoever asks is believed
	uint8_t algorithms; // that are offered and taken: a set of 1 << enum conf_algorithm
	bool sessions;	    // the -sess variants are taken, too
	bool qop;	    // offer qop=auth
	bool legacy;	    // take responses without qop (RFC 2069)
	bool uri_strict;    // the uri of the credentials is the Request-URI (F20)
	uint32_t nonce_ms;
};

struct conf_expires {
	uint32_t default_s;  // of a binding that asks for none
	uint32_t min_s;	     // less is refused (423)
	uint32_t max_s;	     // more is cut
	uint32_t nat_s;	     // what a phone behind NAT by UDP gets at most (E14); 0: as others
	uint32_t upstream_s; // what is asked for upstream
};

enum conf_ping {
	CONF_PING_OFF,
	CONF_PING_OPTIONS,
	CONF_PING_CRLF,
};

// A domain whose users register through us.
struct conf_domain {
	const char *name; // in lower case; of its addresses of record, and realm of its digest
	char **aliases;	  // other hosts that mean it
	unsigned int alias_count;
	int upstream; // peer that keeps its bindings and knows its users (F11); -1: we do
	bool path;    // what comes back comes by Path, else by a Contact of ours
	struct conf_digest digest;
	struct conf_expires expires;
	uint32_t contacts_max; // of one address of record (F9)
	bool contacts_replace; // beyond that the oldest gives way, else 403
	bool outbound;	       // RFC 5626
	bool gruu;	       // RFC 5627
	enum conf_ping ping;   // of phones behind NAT by UDP (E13)
	uint32_t ping_ms;
	uint32_t ping_lost;	// OPTIONS without an answer until the binding goes; 0: never
	bool follows_redirects; // of phones' 3xx, within our routes (C55)
};

// Where the users are kept.
struct conf_users {
	const char *file;     // NULL: none
	struct tg_addr redis; // port 0: none
	uint32_t cache_ms;    // of what Redis said
};

enum conf_store {
	CONF_STORE_NONE, // nothing outlives the process
	CONF_STORE_LMDB,
	CONF_STORE_REDIS,
};

struct conf_realm {
	const char *name;
	struct conf_sip_listener *sip;
	unsigned int sip_count;
	struct conf_media_pool *media;
	unsigned int media_count;
	enum tg_latch latch;
	bool force_rport;	    // responses go to the source even without ;rport (E3)
	bool early_media_to_callee; // A->B audio before the answer (C45)
	uint8_t sip_dscp;
	uint8_t media_dscp;
	uint32_t media_police_percent; // of the rate that SDP promises; 0: not policed (J18)
	uint32_t media_unknown_kbit;   // taken for the rate where SDP tells none
	struct conf_media_rule media_rule;
	struct tg_rate stranger_rate;			  // for each unknown source
	struct tg_rate stranger_methods[TG_METHOD_RATED]; // likewise, within the former
	struct tg_rate strangers_rate;			  // for all of them together
	struct tg_rate registered_rate;			  // for each registered source
	enum conf_strangers strangers;
	uint8_t *domains; // whose users register here; the first one is meant by our own address
	unsigned int domain_count;
	bool is_silent; // they hear nothing while no call comes of what they send (I16)
	struct conf_policy policy;
};

struct conf_network {
	struct tg_ip net;
	uint8_t bits; // of the mapped form
};

enum conf_transport {
	CONF_TRANSPORT_UDP,
	CONF_TRANSPORT_TCP,
};

// What becomes of a REFER towards a peer (C26, C27).
enum conf_refer {
	CONF_REFER_AUTO,   // the peer gets it; what it does not take is done by us
	CONF_REFER_PASS,   // the peer gets it
	CONF_REFER_HANDLE, // it is done by us
};

// A trunk or any other SIP neighbour of fixed address.
struct conf_peer {
	const char *name;
	uint8_t realm;
	struct tg_addr address; // next hop for calls to it
	enum conf_transport transport;
	bool tcp_for_large;	      // what is large for UDP may go by TCP (G2)
	struct conf_network *sources; // where it sends from; at least its address
	unsigned int source_count;
	struct tg_rate rate;	      // for each of its sources
	uint32_t t1_ms, t2_ms, t4_ms; // RFC 3261 §17; from timers: unless set here
	uint32_t no_answer_ms;	      // Timer C
	uint32_t calls_max;	      // concurrent; 0: no limit
	enum tg_latch latch;	      // default off (E10)
	bool follows_redirects;	      // of its 3xx, within our routes (C55)
	enum conf_refer refer;
	struct conf_media_rule media_rule; // what it does not say is as of its realm
	struct conf_policy policy;
};

// Sources of all peers, for conf_peer_by_source: sorted by length of prefix, the longest first.
struct conf_indexed {
	struct tg_ip net;
	uint8_t bits; // of the mapped form
	uint8_t realm;
	uint16_t peer;
	uint32_t end; // index of the first entry with a shorter prefix
};

struct conf_peer_index {
	struct conf_indexed *entry;
	unsigned int count;
};

// Calls that enter through a realm or a peer leave to a peer. First match wins.
struct conf_route {
	int from_realm;	    // -1: any
	int from_peer;	    // -1: any of the realm
	const char *prefix; // of the user part of the Request-URI, "" matches all
	uint8_t to_peer;    // when to_domain is -1
	int to_domain;	    // the user of that name in it; -1: none
	uint8_t *forks;	    // peers that are called at the same time (C41)
	unsigned int fork_count;
	uint8_t *alternatives; // one after the other, when those fail (C42)
	unsigned int alternative_count;
};

// Against scanners and guessers: whom to drop, whom to ban and for how long.
struct conf_guard {
	struct tg_pattern *scanners; // ids are their indices
	unsigned int scanner_count;
	struct conf_network *never; // nobody inside is banned
	unsigned int never_count;
	uint32_t ban_after; // events within ban_within_ms; 0: nobody is banned but by hand
	uint32_t ban_within_ms;
	uint32_t ban_for_ms;	 // the first time; doubled each time
	uint32_t ban_longest_ms; // but no longer than this
	uint32_t bans_max;
	uint32_t lockout_after; // failed digests within lockout_within_ms; 0: never (F22)
	uint32_t lockout_within_ms;
	uint32_t lockout_for_ms; // the first time; doubled each time
	uint32_t lockout_longest_ms;
};

// Of SIP over TCP.
struct conf_connections {
	uint32_t max;
	uint32_t per_source; // of one that is no peer
	uint32_t idle_ms;    // 0: for ever
	uint32_t unfinished_ms;
	uint32_t connect_ms;
	uint32_t queue_bytes;
};

struct conf_port {
	// Resolved at load. Only where no port was configured and there is no default route it
	// stays "default", which conf_dataplane_args refuses.
	const char *interface;
	bool xdp;
	const char *device; // of DPDK, with its arguments, which interface stands for; NULL: none
	bool follow;	    // interface is there already, else the dataplane makes it
};

struct conf {
	uint64_t generation; // counts published snapshots, from 1
	const char *path;
	const char *node_name; // never leaves the node; for logs
	const char *user;      // to run as
	const char *attach_socket;
	const char *control_socket;
	enum { CONF_POLL_ADAPTIVE, CONF_POLL_BUSY } poll;
	uint32_t workers;
	const char *lcores; // "" : chosen by the dataplane
	bool huge_pages;
	uint32_t memory_mb; // 0: chosen by the dataplane
	struct conf_port *ports;
	unsigned int port_count;
	struct conf_domain *domains;
	unsigned int domain_count;
	struct conf_realm *realms;
	unsigned int realm_count;
	struct conf_peer *peers;
	unsigned int peer_count;
	struct conf_peer_index peer_index;
	struct conf_route *routes;
	unsigned int route_count;
	struct conf_users users;
	enum conf_store store;
	const char *store_path;
	struct tg_addr store_redis;
	const char *store_password_file; // NULL: none
	struct conf_guard guard;
	struct conf_connections connections;
	uint32_t calls_max;
	uint32_t transactions_max;
	uint32_t relays_max; // requests outside of calls that wait for an answer
	uint32_t subscriptions_max;
	uint32_t bindings_max;
	uint32_t streams_max;
	uint32_t t1_ms, t2_ms, t4_ms;
	uint32_t no_answer_ms;
	uint32_t session_s;	       // RFC 4028, asked for; 0: not
	uint32_t session_min_s;	       // shorter ones are refused
	uint32_t call_max_ms;	       // C54; 0: no limit
	uint32_t media_idle_ms;	       // J12, C53
	uint32_t media_one_way_ms;     // J16; 0: never
	uint32_t port_quarantine_ms;   // J2
	struct tg_addr metrics_listen; // port 0: off
	uint32_t trace_bytes;
	const char *log_level;
};

// What is wrong with a configuration. Bounded text: "FILE:LINE: reason".
struct conf_error {
	char text[512];
};

// Reads, checks and resolves one file. *out is a new snapshot with one reference.
// Returns 0; -errno with *err filled. Nothing is published.
int conf_load(struct conf **out, const char *path, struct conf_error *err);
// Likewise from memory; name stands for the file in errors. For tests and scenarios.
int conf_parse(struct conf **out, struct str yaml, const char *name, struct conf_error *err);

// Gives the realms of a snapshot that is not published yet the numbers that they have in the one before (NULL: there
// was none), as far as it has so many: flows, bindings and transactions live through a reload and know their realm by its number. New ones
// get those that are free; where a realm went, one above the new end moves. Returns 0 or -ENOMEM.
int conf_renumber(struct conf *conf, const struct conf *before);

// References, any thread. conf_put frees after the last one.
struct conf *conf_get(struct conf *conf);
void conf_put(struct conf *conf);

// Publishes a snapshot (takes over the reference) and drops the one before after a grace period.
// NULL: none is published any more. Management thread, or a test.
void conf_publish(struct conf *conf);
// The published snapshot with a reference of the caller's, or NULL before the first. Any
// registered reader thread.
struct conf *conf_current(void);

// The peer whose sources hold ip in that realm, longest prefix first; NULL for a stranger.
const struct conf_peer *conf_peer_by_source(
	const struct conf *conf, unsigned int realm, const struct tg_ip *ip);
// Of a peer, or of a stranger in that realm.
const struct conf_policy *conf_policy_of(
	const struct conf *conf, unsigned int realm, const struct conf_peer *peer);
// Whether a method stands in the list; case counts.
bool conf_policy_has_method(const struct conf_policy *policy, struct str name);
// Likewise an event package without its parameters; of no policy (NULL) CONF_EVENTS.
bool conf_policy_has_event(const struct conf_policy *policy, struct str package);
// The exception for a header by its long name in any case; NULL when there is none.
const struct conf_header *conf_policy_header(const struct conf_policy *policy, struct str name);
// What a final of this status leaves as.
uint16_t conf_policy_response(const struct conf_policy *policy, uint16_t status);
// The domain that a host means in a realm, be it its name, an alias or our own address there;
// NULL when it is none of the realm's.
const struct conf_domain *conf_domain_of(
	const struct conf *conf, unsigned int realm, struct str host);
// The domain of an address of record (reg/location.h), NULL when it is none of ours any more.
const struct conf_domain *conf_domain_of_aor(const struct conf *conf, struct str aor);
// "MD5" and the like.
const char *conf_algorithm_name(enum conf_algorithm algorithm);
// Index of a domain, realm or peer by its name, -1 when there is none.
int conf_domain_index(const struct conf *conf, const char *name);
int conf_realm_index(const struct conf *conf, const char *name);
int conf_peer_index(const struct conf *conf, const char *name);

// The dataplane's command line, one argument a line, as its option --args FILE reads it.
// Returns 0; -ENODEV with *err filled when the interface of the default route was meant and there
// is no default route; -EIO when out cannot be written.
int conf_dataplane_args(const struct conf *conf, FILE *out, struct conf_error *err);

// Writes tidegate.yaml with all options, their defaults and what they mean. It is itself a valid
// configuration, the embedded default. Returns 0 or -EIO.
int conf_dump_schema(FILE *out);
