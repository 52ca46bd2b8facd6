// SPDX-License-Identifier: BSD-3-Clause
#include "tools/tgctl/show.h"

#include <inttypes.h>

#include "tools/tgctl/json.h"

void show_hangup(FILE *out, const json_t *result, const struct show_options *)
{
	fprintf(out, "call %" PRIu64 " hung up\n", json_number_of(result, "hung_up"));
}

void show_reload(FILE *out, const json_t *result, const struct show_options *)
{
	const json_t *names = json_object_get(result, "restart_needed");
	const json_t *name;
	size_t i;

	fprintf(out, "reloaded: configuration %" PRIu64 " is in force\n",
		json_number_of(result, "generation"));
	json_array_foreach (names, i, name)
		fprintf(out, "%s needs a restart to change\n", json_string_value(name));
}

void show_drain(FILE *out, const json_t *result, const struct show_options *)
{
	if (json_true_of(result, "draining"))
		fprintf(out, "draining: new calls are refused, %" PRIu64 " left\n",
			json_number_of(result, "calls"));
	else
		fprintf(out, "not draining: new calls are taken, %" PRIu64 " live\n",
			json_number_of(result, "calls"));
}

void show_log(FILE *out, const json_t *result, const struct show_options *)
{
	fprintf(out, "log level is %s\n", json_text_of(result, "level"));
}

void show_count(FILE *out, const json_t *result, const char *what)
{
	uint64_t shown = json_number_of(result, "shown");
	uint64_t live = json_number_of(result, "live");

	if (shown < live)
		fprintf(out, "%" PRIu64 " of %" PRIu64 " %ss; \"show %ss 0\" lists all\n", shown,
			live, what, what);
	else
		fprintf(out, "%" PRIu64 " %s%s\n", shown, what, shown == 1 ? "" : "s");
}
