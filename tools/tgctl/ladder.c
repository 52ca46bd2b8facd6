// SPDX-License-Identifier: BSD-3-Clause
#include "tools/tgctl/ladder.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "tools/tgctl/json.h"
#include "tools/tgctl/text.h"

#define TIME_COLUMNS 9
#define LINE "│"
#define DASH "─"

static double since_ms(const json_t *first, const json_t *message)
{
	return (double)(json_integer_value(json_object_get(message, "us"))
		       - json_integer_value(json_object_get(first, "us")))
		/ 1000.0;
}

// The value of a header in its long or compact form, up to the end of its line; "" when absent.
static const char *header(const char *message, const char *name, const char *compact)
{
	const char *line = message;

	while ((line = strchr(line, '\n')) != NULL) {
		const char *colon = strchr(++line, ':');
		size_t len;

		if (*line == '\r' || *line == '\n' || colon == NULL)
			return "";
		for (len = (size_t)(colon - line); len > 0 && line[len - 1] == ' ';)
			len--;
		if ((len == strlen(name) && strncasecmp(line, name, len) == 0)
			|| (len == strlen(compact) && strncasecmp(line, compact, len) == 0))
			return colon + 1 + strspn(colon + 1, " \t");
	}
	return "";
}

static const char *sdp_mark(const char *message)
{
	const char *type = header(message, "Content-Type", "c");

	return strncasecmp(type, "application/sdp", 15) == 0
			|| strncasecmp(type, "multipart/", 10) == 0
		? " SDP"
		: "";
}

// Those beyond A and B share B's side and say which they are.
static const char *leg_mark(const json_t *json)
{
	const char *leg = json_text_of(json, "leg");

	return strcmp(leg, "A") == 0 || strcmp(leg, "B") == 0 ? "" : leg;
}

// "INVITE SDP" or "200 OK (INVITE) SDP". The caller frees it.
static char *label_of(const json_t *json)
{
	const char *message = json_text_of(json, "message"), *leg = leg_mark(json);
	const char *gap = leg[0] != '\0' ? " " : "";
	const char *mark = json_true_of(json, "retransmission") ? " [repeat]" : "";
	const char *cseq;
	char *label, *clean;

	if (strncasecmp(message, "SIP/2.0 ", 8) != 0) {
		label = text_format("%s%s%.*s%s%s", leg, gap, (int)strcspn(message, " \r\n"),
			message, sdp_mark(message), mark);
	} else {
		cseq = header(message, "CSeq", "cseq");
		cseq += strspn(cseq, "0123456789 \t");
		label = text_format("%s%s%.*s (%.*s)%s%s", leg, gap,
			(int)strcspn(message + 8, "\r\n"), message + 8, (int)strcspn(cseq, " \r\n"),
			cseq, sdp_mark(message), mark);
	}
	clean = text_clean(label, 0);
	free(label);
	return clean;
}

static void put_times(FILE *out, const char *text, unsigned int count)
{
	while (count-- > 0)
		fputs(text, out);
}

static void put_arrow(FILE *out, const char *label, unsigned int width, int to_right)
{
	unsigned int room = width - 5; // head, one dash and the blanks around the label
	unsigned int len = text_width(label) < room ? text_width(label) : room;

	fputs(to_right ? DASH " " : "<" DASH " ", out);
	text_put(out, label, len, 0);
	fputs(" ", out);
	put_times(out, DASH, width - len - 4);
	fputs(to_right ? ">" : "", out);
}

static void put_message(FILE *out, const json_t *first, const json_t *json, unsigned int arrow)
{
	int leg_b = strcmp(json_text_of(json, "leg"), "A") != 0;
	int incoming = strcmp(json_text_of(json, "dir"), "in") == 0;
	char *label = label_of(json);

	fprintf(out, "%*.1f  " LINE, TIME_COLUMNS, since_ms(first, json));
	if (leg_b)
		fprintf(out, "%*s" LINE, (int)arrow, "");
	put_arrow(out, label, arrow, leg_b != incoming);
	if (!leg_b)
		fprintf(out, LINE "%*s", (int)arrow, "");
	fputs(LINE "\n", out);
	free(label);
}

static const char *remote_of(const json_t *messages, const char *leg)
{
	const json_t *json;
	size_t i;

	json_array_foreach (messages, i, json) {
		if (strcmp(json_text_of(json, "leg"), leg) == 0)
			return json_text_of(json, "remote");
	}
	return "";
}

// Each further leg on a line of its own, below B.
static void put_more_heads(FILE *out, const json_t *messages, unsigned int width)
{
	for (char leg[] = "C"; leg[0] <= 'Z'; leg[0]++) {
		const char *remote = remote_of(messages, leg);
		char *head;

		if (remote[0] == '\0')
			continue;
		head = text_format("%s %s", remote, leg);
		fprintf(out, "%*s  ", TIME_COLUMNS, "");
		text_put(out, head, width, 1);
		fputc('\n', out);
		free(head);
	}
}

static void put_heads(FILE *out, const json_t *messages, unsigned int arrow)
{
	char *a = text_format("A %s", remote_of(messages, "A"));
	char *b = text_format("%s B", remote_of(messages, "B"));
	unsigned int half = arrow - 3; // "tidegate" stands around the middle line

	fprintf(out, "%*s  ", TIME_COLUMNS, "ms");
	text_put(out, a, half, 0);
	fputs("tidegate", out);
	text_put(out, b, 2 * arrow + 3 - half - 8, 1);
	fputc('\n', out);
	put_more_heads(out, messages, 2 * arrow + 3);
	free(a);
	free(b);
}

static void put_whole(FILE *out, const json_t *first, const json_t *json)
{
	int incoming = strcmp(json_text_of(json, "dir"), "in") == 0;
	char *message = text_clean(json_text_of(json, "message"), 1);
	size_t len = strlen(message);

	fprintf(out, "\n%.1f ms  leg %s  %s %s %s%s\n", since_ms(first, json),
		json_text_of(json, "leg"), json_text_of(json, incoming ? "remote" : "local"), "->",
		json_text_of(json, incoming ? "local" : "remote"),
		json_true_of(json, "retransmission") ? "  [repeat]" : "");
	fputs(message, out);
	if (len == 0 || message[len - 1] != '\n')
		fputc('\n', out);
	free(message);
}

void ladder_print(FILE *out, const json_t *messages, unsigned int width, int verbose)
{
	const json_t *first = json_array_get(messages, 0);
	unsigned int arrow = (width - TIME_COLUMNS - 2 - 3) / 2;
	const json_t *json;
	size_t i;

	fprintf(out, "%*s  %s\n", TIME_COLUMNS, "", json_text_of(first, "time"));
	put_heads(out, messages, arrow);
	json_array_foreach (messages, i, json)
		put_message(out, first, json, arrow);
	if (!verbose)
		return;
	json_array_foreach (messages, i, json)
		put_whole(out, first, json);
}
