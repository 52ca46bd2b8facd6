// SPDX-License-Identifier: BSD-3-Clause
// Which packets are ours, decided in the kernel. tg_redirect (XDP) sends them to our AF_XDP socket;
// tg_guard (tc ingress) drops them where a packet socket has already given us a copy, so that the
// kernel does not answer for us. All else passes: ARP, ICMP, TCP, fragments, other UDP.
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/pkt_cls.h>
#include <linux/udp.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include <stdbool.h>
#include <stddef.h>

#include "dataplane/xdp/steer.h"

#define IP_OFFSET_OR_MORE 0x3fff

// The AF_XDP driver of DPDK looks for this name.
struct {
	__uint(type, BPF_MAP_TYPE_XSKMAP);
	__uint(max_entries, 64);
	__type(key, __u32);
	__type(value, __u32);
} xsks_map SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, STEER_LISTENERS_MAX);
	__type(key, struct steer_listener_key);
	__type(value, __u8);
} tg_listeners SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, STEER_POOLS_MAX);
	__type(key, __u8[16]);
	__type(value, struct steer_pool_value);
} tg_pools SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, __u64);
} tg_alive SEC(".maps");

// Fills the key with the packet's destination. False when it is not whole UDP over IP.
static __always_inline bool read_destination(
	struct steer_listener_key *key, const void *data, const void *end)
{
	const struct ethhdr *eth = data;
	const struct udphdr *udp;

	if ((const void *)(eth + 1) > end)
		return false;
	if (eth->h_proto == bpf_htons(ETH_P_IP)) {
		const struct iphdr *ip = (const void *)(eth + 1);

		if ((const void *)(ip + 1) > end || ip->protocol != IPPROTO_UDP || ip->ihl < 5
			|| (ip->frag_off & bpf_htons(IP_OFFSET_OR_MORE)) != 0)
			return false;
		key->ip[10] = key->ip[11] = 0xff;
		__builtin_memcpy(&key->ip[12], &ip->daddr, 4);
		udp = (const void *)((const __u8 *)ip + ip->ihl * 4);
	} else if (eth->h_proto == bpf_htons(ETH_P_IPV6)) {
		const struct ipv6hdr *ip = (const void *)(eth + 1);

		if ((const void *)(ip + 1) > end || ip->nexthdr != IPPROTO_UDP)
			return false;
		__builtin_memcpy(key->ip, &ip->daddr, 16);
		udp = (const void *)(ip + 1);
	} else {
		return false;
	}
	if ((const void *)(udp + 1) > end)
		return false;
	key->port = bpf_ntohs(udp->dest);
	return true;
}

static __always_inline bool in_pool(const struct steer_listener_key *key)
{
	const struct steer_pool_value *pool = bpf_map_lookup_elem(&tg_pools, key->ip);

	if (pool == NULL)
		return false;
#pragma unroll
	for (int i = 0; i < STEER_RANGES_MAX; i++) {
		if (key->port >= pool->range[i].first && key->port <= pool->range[i].last)
			return true;
	}
	return false;
}

static __always_inline bool is_ours(const void *data, const void *end)
{
	struct steer_listener_key key = {};

	return read_destination(&key, data, end)
		&& (bpf_map_lookup_elem(&tg_listeners, &key) != NULL || in_pool(&key));
}

SEC("xdp")
int tg_redirect(struct xdp_md *ctx)
{
	const void *data = (const void *)(long)ctx->data;
	const void *end = (const void *)(long)ctx->data_end;

	if (!is_ours(data, end))
		return XDP_PASS;
	return (int)bpf_redirect_map(&xsks_map, ctx->rx_queue_index, XDP_PASS);
}

// A filter outlives the process that set it; a dataplane that was killed must not go on dropping.
static __always_inline bool is_alive(void)
{
	__u32 zero = 0;
	const __u64 *alive = bpf_map_lookup_elem(&tg_alive, &zero);

	return alive != NULL && bpf_ktime_get_ns() - *alive < STEER_ALIVE_NS;
}

SEC("tc")
int tg_guard(struct __sk_buff *ctx)
{
	const void *data;

	if (!is_alive())
		return TC_ACT_OK;
	// The headers may lie outside the linear part.
	bpf_skb_pull_data(ctx, ctx->len < 128 ? ctx->len : 128);
	data = (const void *)(long)ctx->data;
	return is_ours(data, (const void *)(long)ctx->data_end) ? TC_ACT_SHOT : TC_ACT_OK;
}

const char _license[] SEC("license") = "Dual BSD/GPL";
