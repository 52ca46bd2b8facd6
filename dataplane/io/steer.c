// SPDX-License-Identifier: BSD-3-Clause
#include "dataplane/io/steer.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <linux/if_link.h>

#include <sys/mman.h>

#include <assert.h>
#include <errno.h>
#include <unistd.h>

#include "include/tidegate/time.h"

#define GUARD_HANDLE 1
#define GUARD_PRIORITY 0x7467

// Fills *info with the XDP program on the interface. Returns its descriptor; -ENOENT: none.
static int open_attached(struct bpf_prog_info *info, unsigned int ifindex)
{
	uint32_t bytes = sizeof(*info);
	uint32_t id = 0;
	int fd;
	int rc = bpf_xdp_query_id((int)ifindex, 0, &id);

	if (rc < 0)
		return rc;
	if (id == 0)
		return -ENOENT;
	fd = bpf_prog_get_fd_by_id(id);
	if (fd < 0)
		return fd;
	rc = bpf_obj_get_info_by_fd(fd, info, &bytes);
	if (rc < 0) {
		close(fd);
		return rc;
	}
	return fd;
}

static int clean_xdp(unsigned int ifindex)
{
	struct bpf_prog_info info = {0};
	int fd = open_attached(&info, ifindex);

	if (fd < 0)
		return fd == -ENOENT ? 0 : fd;
	close(fd);
	if (strcmp(info.name, STEER_PROG_XDP) != 0)
		return -EBUSY;
	return bpf_xdp_detach((int)ifindex, 0, NULL);
}

static void detach_guard(unsigned int ifindex)
{
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = (int)ifindex, .attach_point = BPF_TC_INGRESS);
	LIBBPF_OPTS(bpf_tc_opts, opts, .handle = GUARD_HANDLE, .priority = GUARD_PRIORITY);

	bpf_tc_detach(&hook, &opts); // not there, most times
}

int steer_clean(unsigned int ifindex, bool xdp)
{
	detach_guard(ifindex);
	return xdp ? clean_xdp(ifindex) : 0;
}

// Returns a descriptor of the map with this name among ids, or -ENOENT.
static int map_by_name(const uint32_t *ids, uint32_t count, const char *name)
{
	for (uint32_t i = 0; i < count; i++) {
		struct bpf_map_info info = {0};
		uint32_t bytes = sizeof(info);
		int fd = bpf_map_get_fd_by_id(ids[i]);

		if (fd < 0)
			continue;
		if (bpf_obj_get_info_by_fd(fd, &info, &bytes) == 0 && strcmp(info.name, name) == 0)
			return fd;
		close(fd);
	}
	return -ENOENT;
}

static int open_xdp(struct steer *st)
{
	uint32_t ids[16] = {0};
	struct bpf_prog_info info = {.nr_map_ids = 16, .map_ids = (uintptr_t)ids};
	int fd = open_attached(&info, st->ifindex);

	if (fd < 0)
		return fd;
	close(fd);
	if (strcmp(info.name, STEER_PROG_XDP) != 0)
		return -ENOENT;
	if (info.nr_map_ids > 16)
		info.nr_map_ids = 16;
	st->listeners_fd = map_by_name(ids, info.nr_map_ids, STEER_MAP_LISTENERS);
	st->pools_fd = map_by_name(ids, info.nr_map_ids, STEER_MAP_POOLS);
	return st->listeners_fd < 0 || st->pools_fd < 0 ? -ENOENT : 0;
}

static int attach_guard(struct steer *st)
{
	struct bpf_program *prog = bpf_object__find_program_by_name(st->guard, STEER_PROG_TC);
	LIBBPF_OPTS(bpf_tc_hook, hook, .ifindex = (int)st->ifindex, .attach_point = BPF_TC_INGRESS);
	LIBBPF_OPTS(bpf_tc_opts, opts, .handle = GUARD_HANDLE, .priority = GUARD_PRIORITY,
		.flags = BPF_TC_F_REPLACE);
	int rc;

	if (prog == NULL)
		return -ENOENT;
	rc = bpf_tc_hook_create(&hook);
	if (rc < 0 && rc != -EEXIST)
		return rc;
	opts.prog_fd = bpf_program__fd(prog);
	return bpf_tc_attach(&hook, &opts);
}

static int map_alive(struct steer *st)
{
	int fd = bpf_object__find_map_fd_by_name(st->guard, STEER_MAP_ALIVE);
	void *at;

	if (fd < 0)
		return -ENOENT;
	at = mmap(NULL, sizeof(*st->alive_ns), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (at == MAP_FAILED)
		return -errno;
	st->alive_ns = at;
	steer_beat(st, tg_mono_now().ns);
	return 0;
}

static int open_guard(struct steer *st, const char *object_path)
{
	int rc;

	st->guard = bpf_object__open_file(object_path, NULL);
	if (st->guard == NULL)
		return -errno;
	rc = bpf_object__load(st->guard);
	if (rc < 0)
		return rc;
	st->listeners_fd = dup(bpf_object__find_map_fd_by_name(st->guard, STEER_MAP_LISTENERS));
	st->pools_fd = dup(bpf_object__find_map_fd_by_name(st->guard, STEER_MAP_POOLS));
	if (st->listeners_fd < 0 || st->pools_fd < 0)
		return -ENOENT;
	rc = map_alive(st);
	return rc < 0 ? rc : attach_guard(st);
}

int steer_open(struct steer *st, unsigned int ifindex, bool xdp, const char *object_path)
{
	int rc;

	*st = (struct steer){.ifindex = ifindex, .xdp = xdp, .listeners_fd = -1, .pools_fd = -1};
	rc = xdp ? open_xdp(st) : open_guard(st, object_path);
	if (rc < 0)
		steer_close(st);
	return rc;
}

void steer_close(struct steer *st)
{
	if (st->ifindex == 0)
		return;
	if (st->xdp)
		clean_xdp(st->ifindex);
	else
		detach_guard(st->ifindex);
	if (st->listeners_fd >= 0)
		close(st->listeners_fd);
	if (st->pools_fd >= 0)
		close(st->pools_fd);
	if (st->alive_ns != NULL)
		munmap(st->alive_ns, sizeof(*st->alive_ns));
	bpf_object__close(st->guard);
	*st = (struct steer){.listeners_fd = -1, .pools_fd = -1};
}

static int delete_key(int fd, const void *key)
{
	int rc = bpf_map_delete_elem(fd, key);

	return rc == -ENOENT ? 0 : rc;
}

int steer_listener_set(struct steer *st, const struct tg_addr *local, bool ours)
{
	struct steer_listener_key key = {.port = local->port};
	uint8_t one = 1;

	if (st->ifindex == 0)
		return 0;
	memcpy(key.ip, local->ip.byte, sizeof(key.ip));
	if (!ours)
		return delete_key(st->listeners_fd, &key);
	return bpf_map_update_elem(st->listeners_fd, &key, &one, BPF_ANY);
}

int steer_pool_set(struct steer *st, const struct tg_ip *local, const struct steer_range *range,
	unsigned int count)
{
	struct steer_pool_value value;

	assert(count <= STEER_RANGES_MAX);
	if (st->ifindex == 0)
		return 0;
	if (count == 0)
		return delete_key(st->pools_fd, local->byte);
	for (unsigned int i = 0; i < STEER_RANGES_MAX; i++)
		value.range[i] = i < count ? range[i] : (struct steer_range){.first = 1, .last = 0};
	return bpf_map_update_elem(st->pools_fd, local->byte, &value, BPF_ANY);
}

void steer_beat(struct steer *st, uint64_t mono_ns)
{
	if (st->alive_ns != NULL)
		__atomic_store_n(st->alive_ns, mono_ns, __ATOMIC_RELAXED);
}
