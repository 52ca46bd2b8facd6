// SPDX-License-Identifier: BSD-3-Clause
#include "controlplane/base/mailbox.h"

#include <criterion/criterion.h>

#include <poll.h>
#include <pthread.h>
#include <stdlib.h>

#define SENDERS 3
#define EACH 20000

struct work {
	struct letter letter;
	unsigned int sender;
	unsigned int number;
};

static unsigned int order[64], delivered;
static unsigned int next_of[SENDERS];

static void note(struct letter *letter)
{
	order[delivered++] = caa_container_of(letter, struct work, letter)->number;
}

static bool readable(const struct mailbox *box, int timeout_ms)
{
	struct pollfd p = {.fd = mailbox_fd(box), .events = POLLIN};

	return poll(&p, 1, timeout_ms) == 1;
}

Test(mailbox, delivers_in_order_and_stays_readable_while_letters_wait)
{
	struct mailbox *box = mailbox_new();
	struct work work[10];

	cr_assert_not(readable(box, 0));
	cr_assert_eq(mailbox_deliver(box, 5), 0);
	for (unsigned int i = 0; i < 10; i++) {
		work[i].number = i;
		mailbox_send(box, &work[i].letter, note);
	}
	cr_assert(readable(box, 0));
	cr_assert_eq(mailbox_deliver(box, 4), 4);
	cr_assert(readable(box, 0), "six wait");
	cr_assert_eq(mailbox_deliver(box, 100), 6);
	cr_assert_not(readable(box, 0));
	for (unsigned int i = 0; i < 10; i++)
		cr_assert_eq(order[i], i);
	mailbox_free(box);
	mailbox_free(NULL);
}

static struct mailbox *home;

static void come_back(struct letter *letter)
{
	if (++delivered < 3)
		mailbox_send(home, letter, come_back);
}

Test(mailbox, letter_may_be_sent_again_from_its_delivery)
{
	struct work work;

	home = mailbox_new();
	mailbox_send(home, &work.letter, come_back);
	cr_assert_eq(mailbox_deliver(home, 100), 3);
	mailbox_free(home);
}

static void check_order(struct letter *letter)
{
	struct work *work = caa_container_of(letter, struct work, letter);

	cr_assert_eq(work->number, next_of[work->sender]);
	next_of[work->sender]++;
	free(work);
}

static void *send_many(void *arg)
{
	unsigned int sender = (unsigned int)(uintptr_t)arg;

	for (unsigned int i = 0; i < EACH; i++) {
		struct work *work = malloc(sizeof(*work));

		*work = (struct work){.sender = sender, .number = i};
		mailbox_send(home, &work->letter, check_order);
	}
	return NULL;
}

Test(mailbox, loses_no_letter_of_many_senders_and_no_wake_up, .timeout = 30)
{
	pthread_t thread[SENDERS];
	unsigned int got = 0;

	home = mailbox_new();
	for (uintptr_t s = 0; s < SENDERS; s++)
		pthread_create(&thread[s], NULL, send_many, (void *)s);
	while (got < SENDERS * EACH) {
		cr_assert(readable(home, 5000), "a letter waits and nobody says so");
		got += mailbox_deliver(home, 100);
	}
	for (unsigned int s = 0; s < SENDERS; s++) {
		pthread_join(thread[s], NULL);
		cr_assert_eq(next_of[s], EACH);
	}
	mailbox_free(home);
}
