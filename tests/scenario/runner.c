// SPDX-License-Identifier: BSD-3-Clause
// Runs one scenario file; README.md beside this file tells the language. Exit status 0: as expected;
// 1: not, with the transcript of all messages; 2: the file cannot be understood.
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "controlplane/base/log.h"
#include "tests/scenario/bindings.h"
#include "tests/scenario/check.h"
#include "tests/scenario/connections.h"
#include "tests/scenario/credentials.h"
#include "tests/scenario/restart.h"
#include "tests/scenario/script.h"
#include "tests/scenario/world.h"

#define MESSAGE_BYTES_MAX 65536
#define SETTLE_MS 400000 // longer than any timer of a call that ended

static void need(struct world *w, bool ok, const char *what)
{
	if (!ok)
		world_fail(w, "%s", what);
}

static struct endpoint *endpoint_of(struct world *w, const struct step *step)
{
	struct endpoint *e = step->words > 1 ? world_endpoint(w, step->word[1]) : NULL;

	need(w, e != NULL, "no such endpoint");
	return e;
}

static FILE *open_beside(const struct step *step, unsigned int word)
{
	char path[SCRIPT_PATH_BYTES];

	script_beside(path, step, word);
	return fopen(path, "rb");
}

// As far as the first NUL: text has none.
static char *read_text(FILE *f)
{
	char *text = NULL;
	size_t cap = 0;

	if (f == NULL)
		return NULL;
	getdelim(&text, &cap, '\0', f);
	fclose(f);
	return text;
}

// Replaces {name} and \xNN; lines end in CRLF.
static size_t expand(struct world *w, const char *block, char *out, size_t cap)
{
	size_t len = 0;

	for (const char *p = block; *p != '\0' && len + 512 < cap; p++) {
		const char *close = *p == '{' ? strchr(p, '}') : NULL;
		const char *value = close != NULL
			? vars_get(&w->vars, str_of(p + 1, (size_t)(close - p - 1)))
			: NULL;

		if (value != NULL) {
			len += (size_t)snprintf(out + len, cap - len, "%s", value);
			p = close;
		} else if (pattern_octet(&out[len], p)) {
			len++;
			p += 3;
		} else if (*p == '\n') {
			out[len++] = '\r';
			out[len++] = '\n';
		} else {
			out[len++] = *p;
		}
	}
	out[len] = '\0';
	return len;
}

// Replaces the one {len} by the length of what follows the empty line.
static size_t fill_length(char *text, size_t len, size_t cap)
{
	char *mark = strstr(text, "{len}");
	char *body = strstr(text, "\r\n\r\n");
	char digits[24];
	size_t width, tail;

	if (mark == NULL || body == NULL)
		return len;
	width = (size_t)snprintf(digits, sizeof(digits), "%zu", (size_t)(text + len - (body + 4)));
	tail = (size_t)(text + len - (mark + 5));
	if (len + width + 1 > cap)
		return len;
	memmove(mark + width, mark + 5, tail + 1);
	memcpy(mark, digits, width);
	return len - 5 + width;
}

static void configure(struct world *w, const char *text, const char *name)
{
	static char yaml[MESSAGE_BYTES_MAX];
	size_t len = expand(w, text, yaml, sizeof(yaml));

	world_configure(w, str_of(yaml, len), name);
}

static void step_config(struct world *w, const struct step *step)
{
	char *text;

	if (step->block != NULL) {
		configure(w, step->block, step->file);
		return;
	}
	text = read_text(open_beside(step, 1));
	need(w, text != NULL, "cannot read the configuration");
	if (text != NULL)
		configure(w, text, step->word[1]);
	free(text);
}

// endpoint NAME REMOTE LOCAL REALM [tcp] [alias...]
static void step_endpoint(struct world *w, const struct step *step)
{
	struct endpoint *e = &w->endpoint[w->endpoints];
	struct conf *conf = conf_current();
	unsigned int first = 5;
	int realm = step->words > 4 && conf != NULL ? conf_realm_index(conf, step->word[4]) : -1;

	conf_put(conf);
	if (realm < 0 || w->endpoints == ENDPOINTS_MAX
		|| tg_addr_parse(&e->remote, step->word[2]) < 0
		|| tg_addr_parse(&e->local, step->word[3]) < 0) {
		world_fail(w, "endpoint NAME REMOTE LOCAL REALM [tcp] [ALIAS...]");
		return;
	}
	e->realm = (uint8_t)realm;
	snprintf(e->name, sizeof(e->name), "%s", step->word[1]);
	e->piece = SIZE_MAX / 2;
	if (first < step->words && strcmp(step->word[first], "tcp") == 0) {
		e->protocol = TRANSPORT_TCP;
		first++;
	}
	for (unsigned int i = first; i < step->words && e->aliases < ALIASES_MAX; i++)
		snprintf(e->alias[e->aliases++], sizeof(e->alias[0]), "%s", step->word[i]);
	w->endpoints++;
}

static void step_move(struct world *w, const struct step *step)
{
	struct endpoint *e = endpoint_of(w, step);

	if (e != NULL)
		need(w, step->words > 2 && tg_addr_parse(&e->remote, step->word[2]) == 0,
			"move NAME ADDRESS");
}

static void send_bytes(struct world *w, struct endpoint *e, const char *bytes, size_t len)
{
	char *copy = malloc(len + 1);

	memcpy(copy, bytes, len);
	copy[len] = '\0';
	free(e->last_sent);
	e->last_sent = copy;
	e->last_sent_len = len;
	world_receive(w, e, str_of(copy, len));
}

static void step_send(struct world *w, const struct step *step)
{
	static char text[MESSAGE_BYTES_MAX];
	struct endpoint *e = endpoint_of(w, step);
	size_t len = expand(w, step->block, text, sizeof(text));

	len = fill_length(text, len, sizeof(text));
	if (e != NULL)
		send_bytes(w, e, text, len);
}

static size_t unescape(char *out, const char *text)
{
	size_t len = 0;

	for (; *text != '\0'; text++) {
		unsigned int byte = (unsigned char)*text;

		if (*text == '\\' && sscanf(text, "\\x%2x", &byte) == 1)
			text += 3;
		else if (*text == '\\' && text[1] == 'r')
			byte = '\r', text++;
		else if (*text == '\\' && text[1] == 'n')
			byte = '\n', text++;
		else if (*text == '\\' && text[1] == 's')
			byte = ' ', text++;
		out[len++] = (char)byte;
	}
	return len;
}

// bytes NAME TEXT: \r \n \s \xNN
static void step_bytes(struct world *w, const struct step *step)
{
	struct endpoint *e = endpoint_of(w, step);
	char out[1024];

	if (e != NULL && step->words > 2)
		send_bytes(w, e, out, unescape(out, step->word[2]));
}

// file NAME PATH: the octets of that file
static void step_file(struct world *w, const struct step *step)
{
	static char bytes[MESSAGE_BYTES_MAX];
	struct endpoint *e = endpoint_of(w, step);
	FILE *f = open_beside(step, 2);
	size_t len;

	need(w, f != NULL, "cannot read the file");
	if (e == NULL || f == NULL)
		return;
	len = fread(bytes, 1, sizeof(bytes), f);
	fclose(f);
	send_bytes(w, e, bytes, len);
}

static void step_repeat(struct world *w, const struct step *step)
{
	struct endpoint *e = endpoint_of(w, step);
	int times = step->words > 2 ? atoi(step->word[2]) : 1;

	if (e == NULL)
		return;
	need(w, e->last_sent != NULL, "nothing was sent yet");
	for (int i = 0; e->last_sent != NULL && i < times; i++)
		world_receive(w, e, str_of(e->last_sent, e->last_sent_len));
}

static struct str cut_line(struct str *rest)
{
	struct str line = str_cut(rest, '\n');

	if (line.len > 0 && line.at[line.len - 1] == '\r')
		line.len--;
	return line;
}

// *behind is what follows the first line that matches; untouched when none does.
static bool find_line(struct world *w, const char *pattern, struct str message, struct str *behind)
{
	struct str rest = message;

	while (!str_is_none(rest)) {
		struct str line = cut_line(&rest);

		if (!pattern_match(pattern, line, &w->vars))
			continue;
		*behind = rest;
		return true;
	}
	return false;
}

static void expect_next(struct world *w, const char *pattern, struct str *behind)
{
	struct str line = str_is_none(*behind) ? STR("") : cut_line(behind);

	if (!pattern_match(pattern, line, &w->vars))
		world_fail(w, "the next line is not %s but %.*s", pattern, STR_FMT(line));
}

static void expect_line(struct world *w, char *line, struct str message, struct str *behind)
{
	struct str ignored;

	if (line[0] == '!' && find_line(w, line + 1, message, &ignored))
		world_fail(w, "a line matches, but must not: %s", line + 1);
	else if (line[0] == '+')
		expect_next(w, line + 1, behind);
	else if (line[0] != '!' && !find_line(w, line, message, behind))
		world_fail(w, "no line matches: %s\nin:\n%s", line, message.at);
}

static void expect_message(struct world *w, const struct step *step, struct str message)
{
	struct str start = str_of(message.at, strcspn(message.at, "\r\n"));
	char *block = strdup(step->block);
	char *save = NULL;
	char *line = strtok_r(block, "\n", &save);
	struct str behind = STR_NONE;

	if (line != NULL && !pattern_match(line, start, &w->vars))
		world_fail(w, "expected %s\nbut got:\n%s", line, message.at);
	while (line != NULL && (line = strtok_r(NULL, "\n", &save)) != NULL)
		expect_line(w, line, message, &behind);
	free(block);
}

// expect NAME [at MS]
static void step_expect(struct world *w, const struct step *step)
{
	struct endpoint *e = endpoint_of(w, step);
	struct fake_datagram *d = e != NULL ? world_take(w, e) : NULL;
	uint64_t at_ms;

	if (e == NULL)
		return;
	if (d == NULL) {
		world_fail(w, "nothing was sent to %s", e->name);
		return;
	}
	at_ms = tg_mono_ms(d->when) - w->mark_ms;
	if (step->words > 3 && at_ms != (uint64_t)atoll(step->word[3]))
		world_fail(w, "sent at %" PRIu64 " ms", at_ms);
	if (!tg_addr_equal(&d->flow.local, &e->local))
		world_fail(w, "sent from another local address (E6)");
	expect_message(w, step, str_of(d->bytes, d->len));
	free(d);
}

static void step_none(struct world *w, const struct step *step)
{
	struct fake_datagram *d = w->net.first;

	for (; d != NULL; d = d->next) {
		const struct endpoint *e = step->words > 1 ? endpoint_of(w, step) : NULL;

		if (step->words == 1
			|| (e != NULL && tg_addr_equal(&e->remote, &d->flow.remote)
				&& e->protocol == d->flow.protocol))
			world_fail(w, "nothing should have been sent, but:\n%s", d->bytes);
	}
}

static void step_ignore(struct world *w, const struct step *step)
{
	struct endpoint *e = endpoint_of(w, step);

	if (e != NULL)
		e->ignored = true;
}

static void step_forget(struct world *w, const struct step *step)
{
	struct endpoint *e = endpoint_of(w, step);
	struct fake_datagram *d;

	while (e != NULL && (d = world_take(w, e)) != NULL)
		free(d);
}

static void step_wait(struct world *w, const struct step *step)
{
	world_advance(w, step->words > 1 ? (uint64_t)atoll(step->word[1]) : 0);
}

static void step_mark(struct world *w, const struct step * /*step*/)
{
	w->mark_ms = world_now_ms(w);
}

static void step_set(struct world *w, const struct step *step)
{
	char text[1024], value[1024];
	struct strbuf b = strbuf_on(text, sizeof(text) - 1);

	for (unsigned int i = 2; i < step->words; i++) {
		strbuf_put(&b, i > 2 ? STR(" ") : STR(""));
		strbuf_put(&b, str_from(step->word[i]));
	}
	text[b.len] = '\0';
	need(w,
		step->words > 2
			&& vars_set(&w->vars, str_from(step->word[1]),
				   str_of(value, expand(w, text, value, sizeof(value))))
				== 0,
		"set NAME VALUE");
}

static void step_unset(struct world *w, const struct step *step)
{
	for (unsigned int i = 1; i < step->words; i++)
		vars_unset(&w->vars, str_from(step->word[i]));
}

static void step_stat(struct world *w, const struct step *step)
{
	uint64_t value = 0;

	if (step->words != 3 || check_counter(w, step->word[1], &value) < 0)
		world_fail(w, "no such counter");
	else if (value != (uint64_t)atoll(step->word[2]))
		world_fail(w, "%s is %" PRIu64, step->word[1], value);
}

static void step_dataplane(struct world *w, const struct step *step)
{
	const char *what = step->words > 1 ? step->word[1] : "";

	if (strcmp(what, "down") == 0 || strcmp(what, "up") == 0)
		fake_dp_set_up(&w->dp, what[0] == 'u');
	else if (strcmp(what, "pause") == 0 || strcmp(what, "resume") == 0)
		w->dp.paused = what[0] == 'p';
	else if (strcmp(what, "fail") == 0 && step->words > 2)
		w->dp.fail_next = -atoi(step->word[2]);
	else
		world_fail(w, "dataplane down|up|pause|resume|fail ERRNO");
	world_settle(w);
}

// SIDE [heard] [refused N]
static bool silence_event(struct tg_event *event, const struct step *step)
{
	if (step->words < 4)
		return false;
	event->silence.side = step->word[3][0] == 'b';
	event->silence.silent_ms = 5000;
	for (unsigned int i = 4; i < step->words; i++) {
		if (strcmp(step->word[i], "heard") == 0)
			event->silence.heard = 1;
		else if (strcmp(step->word[i], "refused") == 0 && i + 1 < step->words)
			event->silence.refused = (uint64_t)atoll(step->word[++i]);
		else
			return false;
	}
	return true;
}

// SIDE rtp|rtcp ADDRESS [COUNT]
static bool source_event(struct tg_event *event, const struct step *step)
{
	if (step->words < 6 || tg_addr_parse(&event->source.addr, step->word[5]) < 0)
		return false;
	event->source.side = step->word[3][0] == 'b';
	event->source.component = strcmp(step->word[4], "rtcp") == 0 ? TG_RTCP : TG_RTP;
	event->source.count = step->words > 6 ? (uint32_t)atol(step->word[6]) : 1;
	return true;
}

static bool plain_event(struct tg_event * /*event*/, const struct step * /*step*/)
{
	return true;
}

static bool policed_event(struct tg_event *event, const struct step *step)
{
	if (step->words < 5)
		return false;
	event->policed.side = step->word[3][0] == 'b';
	event->policed.dropped = (uint32_t)atol(step->word[4]);
	return true;
}

static bool unreachable_event(struct tg_event *event, const struct step *step)
{
	if (step->words < 5 || tg_addr_parse(&event->unreachable.remote, step->word[4]) < 0)
		return false;
	event->unreachable.side = step->word[3][0] == 'b';
	event->unreachable.type = 3;
	event->unreachable.code = 3;
	return true;
}

// event STREAM WHAT ...
static void step_event(struct world *w, const struct step *step)
{
	static const struct {
		const char *name;
		enum tg_event_type type;
		bool (*read)(struct tg_event *event, const struct step *step);
	} kinds[] = {
		{"idle", TG_EVENT_MEDIA_IDLE, plain_event},
		{"one_way", TG_EVENT_ONE_WAY, silence_event},
		{"two_way", TG_EVENT_TWO_WAY, silence_event},
		{"latched", TG_EVENT_LATCHED, source_event},
		{"refused", TG_EVENT_SOURCE_REFUSED, source_event},
		{"policed", TG_EVENT_POLICED, policed_event},
		{"unreachable", TG_EVENT_UNREACHABLE, unreachable_event},
	};
	const char *what = step->words > 2 ? step->word[2] : "";

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		struct tg_event event = {.type = kinds[i].type};

		if (strcmp(kinds[i].name, what) != 0 || !kinds[i].read(&event, step))
			continue;
		fake_dp_event(&w->dp, (unsigned int)atoi(step->word[1]), &event);
		world_settle(w);
		return;
	}
	world_fail(w, "no such event, or words are missing");
}

// heard STREAM a|b PACKETS LOST: what the dataplane counted of a side.
static void step_heard(struct world *w, const struct step *step)
{
	struct fake_dp_stream *s = step->words > 4
		? fake_dp_stream(&w->dp, (unsigned int)atoi(step->word[1]))
		: NULL;
	struct tg_side_stats *side;

	if (s == NULL) {
		world_fail(w, "heard STREAM a|b PACKETS LOST");
		return;
	}
	side = &s->stats.side[step->word[2][0] == 'b'];
	side->packets = (uint64_t)atoll(step->word[3]);
	side->loss_runs = (uint32_t)atol(step->word[4]);
	side->seq_max_ext = (uint32_t)(side->packets + side->loss_runs - 1);
	side->payload_type = 8;
}

// source NAME scanner|limited
static void step_source(struct world *w, const struct step *step)
{
	const struct endpoint *e = endpoint_of(w, step);
	struct tg_event event = {.type = TG_EVENT_SCANNER};

	if (e == NULL || step->words < 3) {
		world_fail(w, "source NAME scanner|limited");
		return;
	}
	if (strcmp(step->word[2], "limited") == 0) {
		event.type = TG_EVENT_LIMITER_TRIPPED;
		event.limiter.addr = e->remote;
	} else {
		event.scanner.addr = e->remote;
	}
	w->dp.dp.on_event(w->dp.dp.arg, &event);
	world_settle(w);
}

// banned NAME [MS], free NAME: as the dataplane has it.
static void step_banned(struct world *w, const struct step *step)
{
	const struct endpoint *e = endpoint_of(w, step);
	const struct tg_peer *peer;
	struct tg_addr addr = {0};

	if (e == NULL)
		return;
	addr.ip = guard_source(&e->remote.ip);
	peer = fake_dp_peer(&w->dp, &addr);
	if (strcmp(step->word[0], "free") == 0)
		need(w, peer == NULL, "it is banned");
	else if (peer == NULL || peer->level != TG_TRUST_BANNED)
		world_fail(w, "it is not banned");
	else if (step->words > 2 && peer->ttl_ms != (uint32_t)atol(step->word[2]))
		world_fail(w, "it is banned for %u ms", peer->ttl_ms);
}

static void step_unban(struct world *w, const struct step *step)
{
	const struct endpoint *e = endpoint_of(w, step);

	if (e != NULL)
		need(w, guard_unban(engine_guard(w->engine), &e->remote.ip) == 0,
			"it was not banned");
	world_settle(w);
}

static void step_drain(struct world *w, const struct step *step)
{
	engine_set_drain(w->engine, step->words > 1 && strcmp(step->word[1], "on") == 0);
}

static void step_hangup(struct world *w, const struct step * /*step*/)
{
	struct call_view view;
	uint32_t cursor = 0;

	need(w,
		engine_call_next(w->engine, &cursor, &view)
			&& engine_hangup(w->engine, view.id) == 0,
		"no call to hang up");
	world_settle(w);
}

static void step_network(struct world *w, const struct step *step)
{
	const char *what = step->words > 1 ? step->word[1] : "";

	w->net.fail = strcmp(what, "down") == 0 ? -EHOSTUNREACH : 0;
}

static FILE *log_to;
static char *transcript;

// logged PATTERN...: a line was logged that holds this.
static void step_logged(struct world *w, const struct step *step)
{
	char want[1024] = "*";
	size_t len = 1;
	struct str rest;

	for (unsigned int i = 1; i < step->words && len + 2 < sizeof(want); i++)
		len += (size_t)snprintf(
			want + len, sizeof(want) - len, "%s%s", i > 1 ? " " : "", step->word[i]);
	snprintf(want + len, len < sizeof(want) ? sizeof(want) - len : 0, "*");
	fflush(log_to);
	rest = str_from(transcript);
	while (!str_is_none(rest)) {
		struct str line = str_cut(&rest, '\n');

		if (line.len != 0 && line.at[0] == '[' && pattern_match(want, line, &w->vars))
			return;
	}
	world_fail(w, "nothing like it was logged");
}

// traced N: so many messages of the first call are in the trace, all of its legs.
static void step_traced(struct world *w, const struct step *step)
{
	struct trace_entry entry;
	uint64_t cursor = 0;
	unsigned int count = 0;

	while (trace_next(w->trace, 0, &cursor, &entry))
		count += entry.call != 0;
	if (step->words < 2 || count != (unsigned int)atoi(step->word[1]))
		world_fail(w, "%u messages of calls are in the trace", count);
}

static const struct verb {
	const char *name;
	void (*run)(struct world *w, const struct step *step);
} verbs[] = {
	{"users", step_users},
	{"digest", step_digest},
	{"config", step_config},
	{"endpoint", step_endpoint},
	{"move", step_move},
	{"send", step_send},
	{"bytes", step_bytes},
	{"file", step_file},
	{"repeat", step_repeat},
	{"expect", step_expect},
	{"none", step_none},
	{"ignore", step_ignore},
	{"forget", step_forget},
	{"wait", step_wait},
	{"mark", step_mark},
	{"set", step_set},
	{"unset", step_unset},
	{"stat", step_stat},
	{"stream", check_stream},
	{"dataplane", step_dataplane},
	{"event", step_event},
	{"heard", step_heard},
	{"logged", step_logged},
	{"network", step_network},
	{"source", step_source},
	{"banned", step_banned},
	{"free", step_banned},
	{"unban", step_unban},
	{"connect", step_connect},
	{"refused", step_connect},
	{"close", step_close},
	{"reset", step_close},
	{"closed", step_closed},
	{"door", step_door},
	{"split", step_split},
	{"pong", step_pong},
	{"bind", step_bind},
	{"unbind", step_unbind},
	{"gruu", step_gruu},
	{"token", step_token},
	{"attempt", step_attempt},
	{"store", step_store},
	{"restart", step_restart},
	{"drain", step_drain},
	{"hangup", step_hangup},
	{"traced", step_traced},
};

static void run_step(struct world *w, const struct step *step)
{
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		if (strcmp(verbs[i].name, step->word[0]) == 0) {
			verbs[i].run(w, step);
			return;
		}
	}
	world_fail(w, "unknown step");
}

static void check_leftovers(struct world *w)
{
	struct fake_datagram *d;

	for (unsigned int i = 0; i < w->endpoints; i++)
		while (w->endpoint[i].ignored && (d = world_take(w, &w->endpoint[i])) != NULL)
			free(d);
	if (w->net.first != NULL)
		world_fail(w, "sent but not expected:\n%s", w->net.first->bytes);
}

// All that was sent was expected, and when time has passed nothing is left.
static void finish(struct world *w)
{
	check_leftovers(w);
	if (w->failure[0] != '\0')
		return;
	world_advance(w, SETTLE_MS);
	check_leftovers(w);
	check_clean(w);
}

static void sink(enum log_level level, struct str line)
{
	fprintf(log_to, "[%s] %.*s\n", log_level_name(level), STR_FMT(line));
}

int main(int argc, char **argv)
{
	static struct world w;
	struct step *steps;
	size_t len = 0;
	int status = 0;

	if (argc != 2) {
		fprintf(stderr, "usage: %s FILE\n", argv[0]);
		return 2;
	}
	steps = script_load(argv[1]);
	log_to = open_memstream(&transcript, &len);
	log_set_sink(sink);
	log_set_level(LOG_DEBUG);
	world_init(&w, log_to);
	vars_set(&w.vars, STR("pvia"), STR("UDP"));
	vars_set(&w.vars, STR("cvia"), STR("UDP"));
	for (const struct step *s = steps; s != NULL && w.failure[0] == '\0'; s = s->next) {
		run_step(&w, s);
		if (w.failure[0] != '\0')
			fprintf(stderr, "%s:%u: %s: ", s->file, s->line, s->word[0]);
	}
	if (w.failure[0] == '\0')
		finish(&w);
	fflush(log_to);
	if (w.failure[0] != '\0') {
		fprintf(stderr, "%s\n\n%s", w.failure, transcript);
		status = 1;
	}
	world_fini(&w);
	log_set_sink(NULL);
	fclose(log_to);
	free(transcript);
	script_free(steps);
	return status;
}
