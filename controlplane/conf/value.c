// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/conf/value.h"

#include "controlplane/base/log.h"

#include <ctype.h>
#include <errno.h>

#define DEVICE_BYTES_MAX 255
#define NAME_BYTES_MAX 63
#define PATH_BYTES_MAX 107 // sun_path without its NUL

#define REFUSE(spot, ...) conf_refuse((spot)->src, (spot)->path, __VA_ARGS__)

static bool is_name(const char *name)
{
	size_t len = strlen(name);

	for (size_t i = 0; i < len; i++) {
		if (!isalnum((unsigned char)name[i]) && strchr("-_.", name[i]) == NULL)
			return false;
	}
	return len >= 1 && len <= NAME_BYTES_MAX;
}

int value_check_name(struct value_spot *spot, const char *name)
{
	if (!is_name(name))
		return REFUSE(spot, "%s is no name; use 1 to %d letters, digits, '-', '_' and '.'",
			LOG_STR(str_from(name)), NAME_BYTES_MAX);
	return 0;
}

int value_check_path(struct value_spot *spot, const char *path)
{
	if (path[0] != '/' || strlen(path) > PATH_BYTES_MAX)
		return REFUSE(spot,
			"%s is no path; give one of at most %d bytes that starts with '/'",
			LOG_STR(str_from(path)), PATH_BYTES_MAX);
	return 0;
}

static int auto_ip(struct value_spot *spot, struct tg_ip *out)
{
	const char *interface = spot->auto_interface;
	int err = conf_iface_ipv4(out, interface);

	if (err == 0)
		return 0;
	if (err == -ENODEV && strcmp(interface, CONF_INTERFACE_DEFAULT) == 0)
		return REFUSE(
			spot, "auto needs a default route and there is none; write the address");
	return REFUSE(spot, "auto: interface %s %s; write the address",
		LOG_STR(str_from(interface)),
		err == -ENODEV ? "does not exist" : "has no IPv4 address");
}

// An address that packets can be sent from and to.
static int check_unicast(struct value_spot *spot, const struct tg_ip *ip, const char *text)
{
	bool v4 = tg_ip_is_v4(ip);
	uint8_t first = v4 ? ip->byte[12] : ip->byte[0];

	if (tg_ip_is_unset(ip))
		return REFUSE(spot, "%s means any address; write one of this machine",
			LOG_STR(str_from(text)));
	if ((v4 && first >= 224) || (!v4 && first == 0xff))
		return REFUSE(spot, "%s is not the address of one machine; write one that is",
			LOG_STR(str_from(text)));
	return 0;
}

int value_read_ip(struct value_spot *spot, struct tg_ip *out, const char *text)
{
	if (strcmp(text, "auto") == 0)
		return auto_ip(spot, out);
	if (tg_ip_parse(out, text) < 0)
		return REFUSE(spot,
			"%s is no IP address; write one such as 192.0.2.1 or 2001:db8::1",
			LOG_STR(str_from(text)));
	return check_unicast(spot, out, text);
}

static int read_auto_addr(struct value_spot *spot, struct tg_addr *out, struct str rest)
{
	uint64_t port = 0;

	if (rest.len != 0
		&& (rest.at[0] != ':'
			|| str_to_u64(&port, str_of(rest.at + 1, rest.len - 1), UINT16_MAX) < 0
			|| port == 0))
		return REFUSE(spot, "after auto comes nothing or a port, as in auto:5060");
	out->port = (uint16_t)port;
	return auto_ip(spot, &out->ip);
}

// A port that the text leaves out becomes port.
int value_read_addr(struct value_spot *spot, struct tg_addr *out, const char *text, uint16_t port)
{
	struct tg_addr addr = {0};
	int err;

	if (strncmp(text, "auto", 4) == 0) {
		err = read_auto_addr(spot, &addr, str_from(text + 4));
	} else if (tg_addr_parse(&addr, text) < 0) {
		return REFUSE(spot,
			"%s is no address; write IP:port, such as 192.0.2.1:5060 or "
			"[2001:db8::1]:5060",
			LOG_STR(str_from(text)));
	} else {
		err = check_unicast(spot, &addr.ip, text);
	}
	if (err < 0)
		return err;
	if (addr.port == 0)
		addr.port = port;
	*out = addr;
	return 0;
}

int value_check_family(struct value_spot *spot, const struct tg_ip *a, const struct tg_ip *b)
{
	if (tg_ip_is_v4(a) != tg_ip_is_v4(b))
		return REFUSE(spot, "is not of the address's family; give both IPv4 or both IPv6");
	return 0;
}

static int refuse_ports(struct value_spot *spot, const char *text)
{
	return REFUSE(spot,
		"%s is no range of media ports; write one such as 20000-39999, of 1024 to "
		"65535, first even and last odd",
		LOG_STR(str_from(text)));
}

int value_read_ports(struct value_spot *spot, struct conf_media_pool *pool, const char *text)
{
	struct str last = str_from(text), first = str_cut(&last, '-');
	uint64_t from, to;

	if (str_to_u64(&from, str_trim(first), UINT16_MAX) < 0
		|| str_to_u64(&to, str_trim(last), UINT16_MAX) < 0 || from < 1024 || from > to
		|| from % 2 != 0 || to % 2 != 1)
		return refuse_ports(spot, text);
	pool->port_first = (uint16_t)from;
	pool->port_last = (uint16_t)to;
	return 0;
}

static int refuse_network(struct value_spot *spot, const char *text)
{
	return REFUSE(spot,
		"%s is no network; write one such as 198.51.100.0/24, or a single address",
		LOG_STR(str_from(text)));
}

static bool has_host_bits(const struct conf_network *net)
{
	for (unsigned int bit = net->bits; bit < 128; bit++) {
		if ((net->net.byte[bit / 8] & 0x80 >> bit % 8) != 0)
			return true;
	}
	return false;
}

int value_read_network(struct value_spot *spot, struct conf_network *out, const char *text)
{
	struct str bits = str_from(text), ip = str_cut(&bits, '/');
	unsigned int family_bits;
	uint64_t n;

	if (str_to_ip(&out->net, ip) < 0)
		return refuse_network(spot, text);
	family_bits = tg_ip_is_v4(&out->net) ? 32 : 128;
	n = family_bits;
	if (!str_is_none(bits) && str_to_u64(&n, bits, family_bits) < 0)
		return refuse_network(spot, text);
	out->bits = (uint8_t)(128 - family_bits + n);
	if (has_host_bits(out))
		return REFUSE(spot,
			"%s has bits set beyond its prefix; clear them or write a longer prefix",
			LOG_STR(str_from(text)));
	return 0;
}

int value_check_iface(struct value_spot *spot, const char *name)
{
	size_t len = strlen(name);

	if (len == 0 || len >= IF_NAMESIZE || strpbrk(name, ",[]() \t/") != NULL)
		return REFUSE(spot, "%s is no name of an interface; see ip link",
			LOG_STR(str_from(name)));
	return 0;
}

int value_check_device(struct value_spot *spot, const char *device)
{
	size_t len = strlen(device);

	// The dataplane takes one argument a line.
	if (len > DEVICE_BYTES_MAX || strcspn(device, " \t\r\n") != len
		|| (strncmp(device, "net_", 4) != 0
			&& strspn(device, "0123456789abcdefABCDEF:.") < 12))
		return REFUSE(spot,
			"%s is no device; write a PCI address such as 0000:03:00.0, or "
			"net_DRIVER with its arguments, of at most %d bytes",
			LOG_STR(str_from(device)), DEVICE_BYTES_MAX);
	return 0;
}
