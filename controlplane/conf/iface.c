// SPDX-License-Identifier: BSD-3-Clause
#include <errno.h>
#include <ifaddrs.h>
#include <net/route.h>
#include <netinet/in.h>

#include "controlplane/conf/conf_int.h"

int conf_iface_default(char name[static IF_NAMESIZE], FILE *routes)
{
	unsigned int destination, flags, metric, mask, best = UINT32_MAX;
	char line[256], iface[IF_NAMESIZE];
	int found = -ENODEV;

	while (fgets(line, sizeof(line), routes) != NULL) {
		if (sscanf(line, "%15s %x %*x %x %*d %*d %u %x", iface, &destination, &flags,
			    &metric, &mask)
				!= 5
			|| destination != 0 || mask != 0 || (flags & RTF_UP) == 0 || metric > best
			|| (found == 0 && metric == best))
			continue;
		best = metric;
		found = 0;
		memcpy(name, iface, sizeof(iface));
	}
	return found;
}

int conf_iface_ipv4(struct tg_ip *out, const char *name)
{
	struct ifaddrs *all;
	int found = -EADDRNOTAVAIL;

	if (if_nametoindex(name) == 0)
		return -ENODEV;
	if (getifaddrs(&all) < 0)
		return -errno;
	for (const struct ifaddrs *a = all; a != NULL && found < 0; a = a->ifa_next) {
		if (a->ifa_addr == NULL || a->ifa_addr->sa_family != AF_INET
			|| strcmp(a->ifa_name, name) != 0)
			continue;
		*out = tg_ip_v4(
			((const struct sockaddr_in *)(const void *)a->ifa_addr)->sin_addr.s_addr);
		found = 0;
	}
	freeifaddrs(all);
	return found;
}
