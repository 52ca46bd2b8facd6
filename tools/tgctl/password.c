// SPDX-License-Identifier: BSD-3-Clause
#include "tools/tgctl/password.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <termios.h>
#include <unistd.h>

#include "include/tidegate/ctl.h"
#include "tools/tgctl/text.h"

#define DIFFERENT_MIN 5

const struct password_hash password_hashes[PASSWORD_HASHES] = {
	{"MD5", "MD5", 32},
	{"SHA-256", "SHA256", 64},
	{"SHA-512-256", "SHA512-256", 64},
};

// What phones and PBXs come with, and people begin with.
static const char *const defaults[] = {"password", "passw0rd", "passwd", "pass", "secret", "admin",
	"administrator", "root", "user", "guest", "default", "changeme", "changeit", "change",
	"letmein", "welcome", "test", "temp", "phone", "sip", "voip", "asterisk", "pbx", "0000",
	"1111", "1234", "12345", "123456", "12345678", "123456789", "1234567890", "4321", "54321",
	"654321", "qwerty", "abc123", "abcd1234", "0123456789", "0123456789abcdef",
	"1234567890123456", "correcthorsebatterystaple", "correct horse battery staple"};

#define DEFAULTS (sizeof(defaults) / sizeof(defaults[0]))

// ---- reading

static int fail(struct client_reply *reply, const char *why)
{
	client_fail(reply, TG_CTL_EXIT_REFUSED, "%s", why);
	return -1;
}

// Signals are off while there is no echo, so that none leaves the terminal dumb; ^C comes as a character.
static char *read_line(char *out, const char *prompt)
{
	struct termios before, silent;
	char *got;

	if (tcgetattr(STDIN_FILENO, &before) < 0)
		return fgets(out, PASSWORD_BYTES_MAX, stdin);
	silent = before;
	silent.c_lflag &= ~(tcflag_t)(ECHO | ISIG);
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
	fputs(prompt, stderr);
	got = fgets(out, PASSWORD_BYTES_MAX, stdin);
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
	fputc('\n', stderr);
	return got;
}

static int read_one(
	char out[static PASSWORD_BYTES_MAX], const char *prompt, struct client_reply *reply)
{
	size_t len;

	if (read_line(out, prompt) == NULL)
		return fail(reply, "there is no password on standard input");
	len = strcspn(out, "\r\n");
	if (out[len] == '\0' && len == PASSWORD_BYTES_MAX - 1)
		return fail(reply, "the password has more than 254 octets");
	out[len] = '\0';
	for (size_t i = 0; i < len; i++) {
		if ((unsigned char)out[i] < ' ' || out[i] == 0x7f)
			return fail(
				reply, "the password has a control character: nothing was done");
	}
	return len > 0 ? 0 : fail(reply, "the password is empty");
}

int password_read(char out[static PASSWORD_BYTES_MAX], int is_new, struct client_reply *reply)
{
	char again[PASSWORD_BYTES_MAX] = "";
	int rc = read_one(out, "Password: ", reply);

	if (rc == 0 && is_new && isatty(STDIN_FILENO)) {
		rc = read_one(again, "Again: ", reply);
		if (rc == 0 && strcmp(out, again) != 0)
			rc = fail(reply, "the passwords are not the same");
		OPENSSL_cleanse(again, sizeof(again));
	}
	return rc;
}

// ---- judging

const char *password_guess(unsigned int n, const char *user, const char *domain)
{
	static char whole[2 * PASSWORD_BYTES_MAX];

	if (n < DEFAULTS)
		return defaults[n];
	switch (n - DEFAULTS) {
	case 0:
		return user;
	case 1:
		return domain;
	case 2:
		snprintf(whole, sizeof(whole), "%s@%s", user, domain);
		return whole;
	case 3:
		snprintf(whole, sizeof(whole), "%s%s", user, user);
		return whole;
	case 4:
		snprintf(whole, sizeof(whole), "%s123", user);
		return whole;
	}
	return NULL;
}

// Nothing but that word, once or again and again, in any case.
static int is_made_of(const char *password, const char *word)
{
	size_t len = strlen(word), whole = strlen(password);

	if (len == 0 || whole % len != 0)
		return 0;
	for (size_t at = 0; at < whole; at += len) {
		if (strncasecmp(password + at, word, len) != 0)
			return 0;
	}
	return 1;
}

static unsigned int count_characters(const char *text)
{
	unsigned int count = 0;

	for (; *text != '\0'; text++)
		count += (*text & 0xc0) != 0x80;
	return count;
}

static unsigned int count_different(const char *text)
{
	unsigned char seen[256] = {0};
	unsigned int count = 0;

	for (; *text != '\0'; text++)
		count += !seen[(unsigned char)*text]++;
	return count;
}

const char *password_fault(const char *password, const char *user, const char *domain)
{
	const char *guess;

	for (unsigned int n = 0; (guess = password_guess(n, user, domain)) != NULL; n++) {
		if (is_made_of(password, guess))
			return n < DEFAULTS ? "is one that everybody tries first"
					    : "is made of the user's own name";
	}
	if (count_characters(password) < PASSWORD_CHARACTERS_MIN)
		return "has fewer than 16 characters";
	if (count_different(password) < DIFFERENT_MIN)
		return "has fewer than 5 different characters";
	return NULL;
}

// ---- HA1

static void die(const char *why)
{
	fprintf(stderr, "tgctl: %s\n", why);
	exit(TG_CTL_EXIT_REFUSED);
}

void password_write_ha1(char out[static PASSWORD_HEX_MAX + 1], const struct password_hash *hash,
	const char *user, const char *realm, const char *password)
{
	char *text = text_format("%s:%s:%s", user, realm, password);
	unsigned char octets[EVP_MAX_MD_SIZE];
	size_t len;

	if (EVP_Q_digest(NULL, hash->library, NULL, text, strlen(text), octets, &len) != 1)
		die("OpenSSL has not the hash that is needed");
	for (size_t i = 0; i < len; i++)
		snprintf(out + 2 * i, 3, "%02x", octets[i]);
	OPENSSL_cleanse(text, strlen(text));
	free(text);
}
