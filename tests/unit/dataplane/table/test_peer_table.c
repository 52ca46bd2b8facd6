// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/table/peer_table.h"

#include "include/tidegate/limits.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include <errno.h>

#define NOW_MS 5000ull
#define EPOCH 7
#define REGISTERED_MAX 10000
#define BANS_MAX 100

static struct peer_table *table;

static struct tg_addr addr(const char *text)
{
	struct tg_addr parsed;

	cr_assert(eq(int, tg_addr_parse(&parsed, text), 0), "%s", text);
	return parsed;
}

static int put(const char *text, enum tg_trust_level level, uint32_t ttl_ms)
{
	struct tg_peer peer = {.addr = addr(text),
		.level = (uint8_t)level,
		.ttl_ms = ttl_ms,
		.rate = {.per_s = 10, .burst = 20}};

	return peer_table_put(table, &peer, EPOCH, NOW_MS);
}

static bool registered_at(const char *text, uint64_t now_ms)
{
	struct tg_addr key = addr(text);

	return peer_table_registered(table, &key, now_ms) != NULL;
}

static bool banned_at(const char *text, uint64_t now_ms)
{
	struct tg_addr key = addr(text);

	return peer_table_banned(table, &key.ip, now_ms);
}

static int remove_peer(const char *text, uint64_t now_ms)
{
	struct tg_addr key = addr(text);

	return peer_table_remove(table, &key, now_ms);
}

// Fills up a level; returns how many there was room for.
static uint32_t room(enum tg_trust_level level, uint32_t epoch)
{
	struct tg_peer peer = {
		.level = (uint8_t)level, .addr.port = level == TG_TRUST_REGISTERED ? 5060 : 0};
	uint32_t count = 0;
	int rc;

	do {
		peer.addr.ip = tg_ip_v4(htonl(0x0c000000 + count));
		rc = peer_table_put(table, &peer, epoch, NOW_MS);
		count += rc == 0;
	} while (rc == 0 && count <= REGISTERED_MAX);
	cr_assert(eq(int, rc, -ENOSPC));
	return count;
}

static void setup(void)
{
	cr_assert(eq(int, peer_table_new(&table, REGISTERED_MAX, BANS_MAX), 0));
}

static void teardown(void)
{
	peer_table_free(table);
	peer_table_free(NULL);
}

TestSuite(peer_table, .init = setup, .fini = teardown);

Test(peer_table, unsound_peers_are_refused)
{
	static const struct {
		const char *addr;
		int level;
		int want;
	} cases[] = {
		{"192.0.2.1:5060", TG_TRUST_REGISTERED, 0},
		{"[2001:db8::1]:5060", TG_TRUST_REGISTERED, 0},
		{"192.0.2.1", TG_TRUST_BANNED, 0},
		{"2001:db8::", TG_TRUST_BANNED, 0},
		{"192.0.2.1", TG_TRUST_REGISTERED, -EINVAL},
		{"192.0.2.1:5060", TG_TRUST_BANNED, -EINVAL},
		{"0.0.0.0:5060", TG_TRUST_REGISTERED, -EINVAL},
		{"::", TG_TRUST_BANNED, -EINVAL},
		{"0.0.0.0", TG_TRUST_BANNED, -EINVAL},
		{"192.0.2.1:5060", TG_TRUST_TRUNK, -EINVAL},
		{"192.0.2.1", TG_TRUST_STRANGER, -EINVAL},
		{"192.0.2.1", TG_TRUST_LEVELS, -EINVAL},
		{"192.0.2.1", 255, -EINVAL},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		cr_expect(eq(int, put(cases[i].addr, (enum tg_trust_level)cases[i].level, 0),
				  cases[i].want),
			"%s %d", cases[i].addr, cases[i].level);
	cr_assert(eq(u32, room(TG_TRUST_REGISTERED, EPOCH), REGISTERED_MAX - 2));
	cr_assert(eq(u32, room(TG_TRUST_BANNED, EPOCH), BANS_MAX - 2));
}

Test(peer_table, I2_registered_is_an_address_and_a_port)
{
	struct tg_addr key = addr("192.0.2.1:5060");
	const struct tg_rate *rate;

	cr_assert(eq(int, put("192.0.2.1:5060", TG_TRUST_REGISTERED, 0), 0));
	rate = peer_table_registered(table, &key, NOW_MS);
	cr_assert(rate != NULL);
	cr_assert(eq(u32, rate->per_s, 10));
	cr_assert(eq(u32, rate->burst, 20));
	cr_assert(not(registered_at("192.0.2.1:5061", NOW_MS)));
	cr_assert(not(registered_at("192.0.2.2:5060", NOW_MS)));
	cr_assert(not(banned_at("192.0.2.1", NOW_MS)));
}

Test(peer_table, I4_a_ban_holds_an_address_or_a_slash_64)
{
	cr_assert(eq(int, put("192.0.2.1", TG_TRUST_BANNED, 0), 0));
	cr_assert(eq(int, put("2001:db8:1:2:3::9", TG_TRUST_BANNED, 0), 0));
	cr_assert(banned_at("192.0.2.1", NOW_MS));
	cr_assert(not(banned_at("192.0.2.2", NOW_MS)));
	cr_assert(banned_at("2001:db8:1:2::", NOW_MS));
	cr_assert(banned_at("2001:db8:1:2:ffff::1", NOW_MS));
	cr_assert(not(banned_at("2001:db8:1:3::", NOW_MS)));
	cr_assert(eq(int, remove_peer("2001:db8:1:2:5::", NOW_MS), 0));
	cr_assert(not(banned_at("2001:db8:1:2:3::9", NOW_MS)));
	cr_assert(eq(int, remove_peer("2001:db8:1:2:5::", NOW_MS), -ENOENT));
	cr_assert(not(registered_at("192.0.2.1:5060", NOW_MS)));
}

Test(peer_table, I4_a_ban_ends_by_itself_and_a_put_prolongs_it)
{
	cr_assert(eq(int, put("192.0.2.1", TG_TRUST_BANNED, 100), 0));
	cr_assert(banned_at("192.0.2.1", NOW_MS + 99));
	cr_assert(not(banned_at("192.0.2.1", NOW_MS + 100)));
	cr_assert(eq(int, put("192.0.2.1", TG_TRUST_BANNED, 200), 0));
	cr_assert(banned_at("192.0.2.1", NOW_MS + 199));
	cr_assert(eq(int, remove_peer("192.0.2.1", NOW_MS + 200), -ENOENT));
	cr_assert(eq(int, put("192.0.2.1", TG_TRUST_BANNED, UINT32_MAX), 0));
	cr_assert(banned_at("192.0.2.1", NOW_MS + UINT32_MAX - 1));
	cr_assert(not(banned_at("192.0.2.1", NOW_MS + UINT32_MAX)));
	cr_assert(eq(u32, room(TG_TRUST_BANNED, EPOCH), BANS_MAX - 1), "it was one all the time");
}

Test(peer_table, the_sweep_takes_back_what_is_past_its_time)
{
	for (int i = 0; i < REGISTERED_MAX; i++) {
		char text[32];

		snprintf(text, sizeof(text), "10.0.%d.%d:%d", i / 256, i % 256, 1000 + i);
		cr_assert(eq(int, put(text, TG_TRUST_REGISTERED, i % 2 == 0 ? 50 : 0), 0));
	}
	for (int i = 0; i < 4; i++)
		peer_table_sweep(table, NOW_MS + 60);
	cr_assert(registered_at("10.0.0.1:1001", NOW_MS + 60));
	cr_assert(not(registered_at("10.0.0.2:1002", NOW_MS + 60)));
	cr_assert(eq(u32, room(TG_TRUST_REGISTERED, EPOCH), REGISTERED_MAX / 2));
}

Test(peer_table, I4_full_of_bans_is_an_error_and_keeps_registrations)
{
	struct tg_peer ban = {.level = TG_TRUST_BANNED, .ttl_ms = 1000};

	for (uint32_t i = 0; i < BANS_MAX; i++) {
		ban.addr.ip = tg_ip_v4(htonl(0x0a000000 + i));
		cr_assert(eq(int, peer_table_put(table, &ban, EPOCH, NOW_MS), 0));
	}
	cr_assert(eq(int, put("192.0.2.1", TG_TRUST_BANNED, 0), -ENOSPC));
	cr_assert(eq(int, peer_table_put(table, &ban, EPOCH, NOW_MS + 1), 0), "replaces");
	cr_assert(eq(int, put("192.0.2.1:5060", TG_TRUST_REGISTERED, 0), 0));
	ban.addr.ip = tg_ip_v4(htonl(0x0b000000));
	cr_assert(eq(int, peer_table_put(table, &ban, EPOCH, NOW_MS + 1000), 0),
		"the old ones have ended");
	cr_assert(banned_at("11.0.0.0", NOW_MS + 1000));
}

Test(peer_table, a_new_control_plane_keeps_only_what_it_put)
{
	struct tg_peer ban = {.addr = addr("192.0.2.2"), .level = TG_TRUST_BANNED};

	put("192.0.2.1:5060", TG_TRUST_REGISTERED, 0);
	put("192.0.2.1", TG_TRUST_BANNED, 0);
	put("192.0.2.2", TG_TRUST_BANNED, 0);
	peer_table_config_end(table, EPOCH);
	cr_assert(eq(int, peer_table_put(table, &ban, EPOCH + 1, NOW_MS), 0));
	cr_assert(banned_at("192.0.2.1", NOW_MS), "until the new one is configured");
	cr_assert(registered_at("192.0.2.1:5060", NOW_MS));
	peer_table_config_end(table, EPOCH + 1);
	cr_assert(not(banned_at("192.0.2.1", NOW_MS)));
	cr_assert(not(registered_at("192.0.2.1:5060", NOW_MS)));
	cr_assert(banned_at("192.0.2.2", NOW_MS));
	peer_table_sweep(table, NOW_MS);
	cr_assert(eq(u32, room(TG_TRUST_BANNED, EPOCH + 1), BANS_MAX - 1));
	cr_assert(eq(u32, room(TG_TRUST_REGISTERED, EPOCH + 1), REGISTERED_MAX));
}
