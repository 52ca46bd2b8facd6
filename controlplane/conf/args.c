// SPDX-License-Identifier: BSD-3-Clause
#include <errno.h>

#include "controlplane/conf/conf_int.h"

static void write_port(FILE *out, const struct conf_port *port)
{
	if (port->device != NULL)
		fprintf(out, "--port\niface=%s,kernel=%s,device=%s\n", port->interface,
			port->follow ? "follow" : "tap", port->device);
	else
		fprintf(out, "--port\niface=%s,xdp=%s\n", port->interface,
			port->xdp ? "on" : "off");
}

int conf_dataplane_args(const struct conf *conf, FILE *out, struct conf_error *err)
{
	const struct conf_source src = {conf->path, NULL, err};

	for (unsigned int i = 0; i < conf->port_count; i++) {
		if (strcmp(conf->ports[i].interface, CONF_INTERFACE_DEFAULT) == 0) {
			conf_refuse_line(&src, 0,
				"there is no default route to take the interface of; name it in "
				"dataplane.ports");
			return -ENODEV;
		}
		write_port(out, &conf->ports[i]);
	}
	fprintf(out, "--workers\n%u\n", conf->workers);
	if (conf->lcores[0] != '\0')
		fprintf(out, "--lcores\n%s\n", conf->lcores);
	fprintf(out, "--poll\n%s\n", conf->poll == CONF_POLL_BUSY ? "busy" : "adaptive");
	fprintf(out, "--streams\n%u\n", conf->streams_max);
	if (conf->memory_mb != 0)
		fprintf(out, "--memory\n%u\n", conf->memory_mb);
	fprintf(out, "--huge\n%s\n", conf->huge_pages ? "on" : "off");
	fprintf(out, "--attach-socket\n%s\n", conf->attach_socket);
	fprintf(out, "--log-level\n%s\n", conf->log_level);
	return fflush(out) == 0 && !ferror(out) ? 0 : -EIO;
}
