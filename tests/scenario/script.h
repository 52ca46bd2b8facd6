// SPDX-License-Identifier: BSD-3-Clause
// A scenario file as a list of steps. README.md beside this file tells the language.
#pragma once

#include <limits.h>

#include "controlplane/base/str.h"

#define STEP_WORDS_MAX 16
#define SCRIPT_PATH_BYTES (2 * PATH_MAX)

struct step {
	char *file;
	unsigned int line;
	char *word[STEP_WORDS_MAX];
	unsigned int words;
	char *block; // lines up to the closing ".", each ended by \n; NULL when the step has none
	struct step *next;
};

// Reads a file, with what it includes. Exits with a message when it cannot be read or understood.
struct step *script_load(const char *path);
void script_free(struct step *steps);
// The path of a file that a word of the step names: it lies beside the step's own.
void script_beside(char path[static SCRIPT_PATH_BYTES], const struct step *step, unsigned int word);
