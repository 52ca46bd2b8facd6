// SPDX-License-Identifier: BSD-3-Clause
#include "tests/scenario/script.h"

#include <errno.h>
#include <libgen.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

struct loader {
	struct step **last;
	unsigned int depth;
};

static const char *const with_block[] = {"send", "expect", "config", "users"};

static _Noreturn void die(const char *file, unsigned int line, const char *what)
{
	fprintf(stderr, "%s:%u: %s\n", file, line, what);
	exit(2);
}

static bool takes_block(const struct step *step)
{
	for (size_t i = 0; i < sizeof(with_block) / sizeof(*with_block); i++)
		if (strcmp(step->word[0], with_block[i]) == 0)
			return strcmp(step->word[0], "config") != 0 || step->words == 1;
	return false;
}

static void split(struct step *step, char *text)
{
	char *save = NULL;

	for (char *w = strtok_r(text, " \t\n", &save); w != NULL;
		w = strtok_r(NULL, " \t\n", &save)) {
		if (step->words == STEP_WORDS_MAX)
			die(step->file, step->line, "too many words");
		step->word[step->words++] = strdup(w);
	}
}

static char *read_block(FILE *f, const struct step *step, unsigned int *line)
{
	char *block = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&block, &len);
	char *text = NULL;
	size_t cap = 0;

	while (getline(&text, &cap, f) >= 0) {
		(*line)++;
		if (strcmp(text, ".\n") == 0) {
			free(text);
			fclose(out);
			return block;
		}
		fputs(text, out);
	}
	die(step->file, step->line, "block without its closing \".\"");
}

static void load_file(struct loader *loader, const char *path);

void script_beside(char path[static SCRIPT_PATH_BYTES], const struct step *step, unsigned int word)
{
	char dir[PATH_MAX];

	snprintf(dir, sizeof(dir), "%s", step->file);
	snprintf(path, SCRIPT_PATH_BYTES, "%s/%s", dirname(dir),
		step->words > word ? step->word[word] : "");
}

static void include(struct loader *loader, const struct step *step)
{
	char path[SCRIPT_PATH_BYTES];

	script_beside(path, step, 1);
	if (loader->depth == 8)
		die(step->file, step->line, "includes nest too deep");
	loader->depth++;
	load_file(loader, path);
	loader->depth--;
}

static void step_free(struct step *step)
{
	for (unsigned int i = 0; i < step->words; i++)
		free(step->word[i]);
	free(step->file);
	free(step->block);
	free(step);
}

static void load_line(
	struct loader *loader, const char *path, FILE *f, char *text, unsigned int *line)
{
	struct step *step = calloc(1, sizeof(*step));

	step->file = strdup(path);
	step->line = *line;
	if (text[0] != '#')
		split(step, text);
	if (step->words == 0) {
		step_free(step);
		return;
	}
	if (strcmp(step->word[0], "include") == 0) {
		include(loader, step);
		step_free(step);
		return;
	}
	if (takes_block(step))
		step->block = read_block(f, step, line);
	*loader->last = step;
	loader->last = &step->next;
}

static void load_file(struct loader *loader, const char *path)
{
	FILE *f = fopen(path, "r");
	unsigned int line = 0;
	char *text = NULL;
	size_t cap = 0;

	if (f == NULL)
		die(path, 0, strerror(errno));
	while (getline(&text, &cap, f) >= 0) {
		line++;
		load_line(loader, path, f, text, &line);
	}
	free(text);
	fclose(f);
}

struct step *script_load(const char *path)
{
	struct step *first = NULL;
	struct loader loader = {.last = &first};

	load_file(&loader, path);
	return first;
}

void script_free(struct step *steps)
{
	while (steps != NULL) {
		struct step *next = steps->next;

		step_free(steps);
		steps = next;
	}
}
