/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "apply/transaction.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include "apply/parameter.h"

static uint64_t now_ms(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

void transaction_boot(char ret[40])
{
	_cleanup_close_ int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, ret, 39);

	ret[n > 0 ? n : 0] = 0;
	ret[strcspn(ret, "\n")] = 0;
}

uint64_t transaction_netns(void)
{
	struct stat st;

	return stat("/proc/self/ns/net", &st) == 0 ? (uint64_t)st.st_ino : 0;
}

void transaction_clear(struct transaction *t)
{
	for (unsigned i = 0; t->open && i < t->paper.change_count; i++)
		closep(&t->fds[i]);
	*t = (struct transaction){0};
}

static enum paper_error refuse(char said[2 * PAPER_TEXT], enum paper_error e, const char *key, const char *why)
{
	paper_print(said, 2 * PAPER_TEXT, "%s: %s", key, why);
	return e;
}

/* One change of a request: vetted, once, and as the plan saw it. */
static enum paper_error take_change(struct transaction *t, unsigned i, char said[2 * PAPER_TEXT])
{
	const struct paper_change *c = &t->paper.changes[i];
	const struct vetted *v = vetted_find(c->key);
	const char *why = v ? vetted_refusal(v, c->old, c->new) : NULL;
	char now[PAPER_VALUE];
	int r;

	if (!v)
		return refuse(said, ERROR_NOT_VETTED, c->key, "this key is never applied");
	if (why)
		return refuse(said, ERROR_BOUNDS, c->key, why);
	if (v->class == VETTED_GATED && !*c->why)
		return refuse(said, ERROR_NOT_VETTED, c->key, "this key is applied for a finding only");
	for (unsigned k = 0; k < i; k++)
		if (!strcmp(t->paper.changes[k].key, c->key))
			return refuse(said, ERROR_INVALID, c->key, "it is there twice");
	t->fds[i] = parameter_open(v);
	r = t->fds[i] < 0 ? t->fds[i] : parameter_read(t->fds[i], now);
	if (r < 0)
		return refuse(said, ERROR_UNAVAILABLE, c->key, strerror(-r));
	if (strcmp(now, c->old))
		return refuse(said, ERROR_STALE, c->key, "it has changed since the plan was made");
	return PAPER_DONE;
}

enum paper_error transaction_take(struct transaction *t, const struct paper *request, char said[2 * PAPER_TEXT])
{
	enum paper_error e = PAPER_DONE;

	if (!request->change_count)
		return refuse(said, ERROR_INVALID, "request", "there is nothing to change");
	if (request->netns != transaction_netns())
		return refuse(said, ERROR_NAMESPACE, "request", "it is for another network namespace than the applier's");
	*t = (struct transaction){.open = true};
	t->paper.change_count = request->change_count;
	t->paper.netns = request->netns;
	t->paper.within = request->within;
	t->paper.persist = request->persist;
	paper_set(t->paper.profile, "%s", request->profile);
	for (unsigned i = 0; i < request->change_count; i++) {
		t->paper.changes[i] = request->changes[i];
		*t->paper.changes[i].taken = 0;
		t->fds[i] = -1;
	}
	for (unsigned i = 0; i < request->change_count && e == PAPER_DONE; i++)
		e = take_change(t, i, said);
	if (e != PAPER_DONE)
		transaction_clear(t);
	return e;
}

/* Somebody may have changed it while the disk was busy. */
static bool is_stale(const struct transaction *t, unsigned i)
{
	char now[PAPER_VALUE];

	return parameter_read(t->fds[i], now) < 0 || strcmp(now, t->paper.changes[i].old);
}

/* Nothing was written yet: has somebody changed a key while we measured? */
static enum paper_error check_stale(const struct transaction *t, char said[2 * PAPER_TEXT])
{
	for (unsigned i = 0; i < t->paper.change_count; i++)
		if (is_stale(t, i))
			return refuse(said, ERROR_STALE, t->paper.changes[i].key, "it has changed since the plan was made");
	return PAPER_DONE;
}

static enum paper_error undo_all(struct transaction *t, const struct journal *j, enum paper_error e,
				 char said[2 * PAPER_TEXT])
{
	char reason[PAPER_TEXT];

	if (!t->paper.begun) {
		journal_discard(j);
		t->paper.state = STATE_NONE;
		return e;
	}
	paper_set(reason, "could not be applied: %.200s", said);
	return transaction_undo(t, j, reason) < 0 && !t->restored ? ERROR_STUCK : e;
}

static enum paper_error write_change(struct transaction *t, const struct journal *j, unsigned i,
				     char said[2 * PAPER_TEXT])
{
	const struct paper_change *c = &t->paper.changes[i];
	char became[PAPER_VALUE];
	int r;

	t->paper.begun = i + 1;
	r = journal_write(j, &t->paper);
	if (r < 0) {
		t->paper.begun = i;
		return refuse(said, ERROR_JOURNAL, "journal", strerror(-r));
	}
	if (is_stale(t, i)) {
		t->paper.begun = i;
		return refuse(said, ERROR_STALE, c->key, "it has changed since the plan was made");
	}
	r = parameter_write(t->fds[i], c->new, became);
	if (r < 0 && r != -ERANGE)
		return refuse(said, ERROR_WRITE, c->key, strerror(-r));
	if (r < 0) {
		paper_print(said, 2 * PAPER_TEXT, "%s: the kernel made '%s' of '%s'", c->key, became, c->new);
		return ERROR_WRITE;
	}
	t->paper.written = i + 1;
	return PAPER_DONE;
}

/* What an end that could not be written left: its keys are restored, and since then others' to change. */
static void close_what_rests(const struct journal *j)
{
	struct paper p;

	/* An end that was written, and not moved yet. */
	if (journal_read(j, &p) == 0 && p.state != STATE_OPEN && journal_close(j, &p) < 0)
		return;
	if (journal_read_restored(j, &p) < 0 || journal_read(j, &(struct paper){0}) != -ENOENT)
		return;
	if (p.state == STATE_OPEN) {
		p.state = STATE_UNDONE;
		p.closed = now_ms(CLOCK_REALTIME);
		paper_set(p.reason, "undone; why could not be written");
	}
	if (journal_close(j, &p) == 0)
		journal_unmark_restored(j);
}

enum paper_error transaction_write(struct transaction *t, const struct journal *j, char said[2 * PAPER_TEXT])
{
	enum paper_error e = check_stale(t, said);
	int r;

	if (e != PAPER_DONE)
		return e;
	/* Without it nobody could tell later whether a reboot has undone it. */
	transaction_boot(t->paper.boot);
	if (!*t->paper.boot)
		return refuse(said, ERROR_JOURNAL, "journal", "the kernel's boot id cannot be read");
	close_what_rests(j);
	t->paper.verb = VERB_JOURNAL;
	t->paper.state = STATE_OPEN;
	t->paper.asked = now_ms(CLOCK_REALTIME);
	t->paper.deadline = now_ms(CLOCK_BOOTTIME) + t->paper.within * 1000ull;
	for (unsigned i = 0; i < t->paper.change_count && e == PAPER_DONE; i++)
		e = write_change(t, j, i, said);
	if (e == PAPER_DONE) {
		r = journal_write(j, &t->paper);
		if (r < 0)
			e = refuse(said, ERROR_JOURNAL, "journal", strerror(-r));
	}
	return e == PAPER_DONE ? e : undo_all(t, j, e, said);
}

/* What is not the value that we wrote is somebody else's, unless it is the old one again. */
static bool is_taken(const struct paper_change *c, const char *now)
{
	return strcmp(now, c->new) && strcmp(now, c->old);
}

unsigned transaction_look(struct transaction *t)
{
	unsigned count = 0;

	for (unsigned i = 0; i < t->paper.change_count; i++) {
		struct paper_change *c = &t->paper.changes[i];
		char now[PAPER_VALUE];

		if (parameter_read(t->fds[i], now) < 0)
			strcpy(now, "(gone)");
		if (!strcmp(now, c->new))
			*now = 0; /* as we made it, or made so again */
		count += *now && strcmp(c->taken, now);
		strcpy(c->taken, now);
	}
	return count;
}

int transaction_confirm(struct transaction *t, const struct journal *j)
{
	struct paper p;
	int r;

	transaction_look(t);
	p = t->paper;
	p.state = STATE_CONFIRMED;
	p.closed = now_ms(CLOCK_REALTIME);
	r = journal_close(j, &p);
	if (r < 0) {
		/* It may be there, only not for sure: who was told that it failed must find it open. */
		(void)!journal_write(j, &t->paper);
		return r;
	}
	t->paper = p;
	return 0;
}

/* Restore one key if it is ours. */
static int restore(struct transaction *t, unsigned i)
{
	struct paper_change *c = &t->paper.changes[i];
	bool in_flight = i >= t->paper.written || t->tried[i];
	char now[PAPER_VALUE];
	int r;

	if (t->fds[i] < 0)
		t->fds[i] = vetted_find(c->key) ? parameter_open(vetted_find(c->key)) : -ENOENT;
	if (t->fds[i] == -ENOENT) {
		/* A module took the key with it: there is nothing to restore. */
		strcpy(c->taken, "(gone)");
		return 0;
	}
	r = t->fds[i] < 0 ? t->fds[i] : parameter_read(t->fds[i], now);
	if (r < 0)
		return r;
	*c->taken = 0;
	if (!strcmp(now, c->old))
		return 0;
	if (!in_flight && is_taken(c, now)) {
		strcpy(c->taken, now);
		return 0;
	}
	t->tried[i] = true;
	return parameter_write(t->fds[i], c->old, now);
}

int transaction_undo(struct transaction *t, const struct journal *j, const char *reason)
{
	struct paper p;
	int r = 0;

	paper_set(t->paper.reason, "%s", reason);
	for (unsigned i = t->restored ? 0 : t->paper.begun; i-- > 0;) {
		int one = restore(t, i);

		r = r < 0 ? r : one;
	}
	if (r < 0)
		return r;
	t->restored = true;
	p = t->paper;
	p.state = STATE_UNDONE;
	p.closed = now_ms(CLOCK_REALTIME);
	r = journal_close(j, &p);
	if (r < 0) {
		journal_mark_restored(j);
		return r;
	}
	journal_unmark_restored(j);
	t->paper = p;
	return 0;
}

bool transaction_is_kept(const struct paper *p)
{
	char boot[40];

	transaction_boot(boot);
	return p->state == STATE_CONFIRMED && *boot && (p->persist || !strcmp(p->boot, boot));
}

const char *transaction_shares(const struct paper *p, const struct paper *other)
{
	for (unsigned i = 0; i < p->change_count; i++)
		for (unsigned k = 0; k < other->change_count; k++)
			if (!strcmp(p->changes[i].key, other->changes[k].key))
				return p->changes[i].key;
	return NULL;
}

void transaction_load(struct transaction *t, const struct paper *p)
{
	*t = (struct transaction){.paper = *p, .open = true};
	for (unsigned i = 0; i < ARRAY_SIZE(t->fds); i++)
		t->fds[i] = -1;
}

static int close_rebooted(const struct journal *j, struct paper *p, const char *what, char said[2 * PAPER_TEXT])
{
	paper_print(said, 2 * PAPER_TEXT, "%s: the %s was started anew, which undid it", p->id, what);
	paper_set(p->reason, "the %s was started anew, which undid it", what);
	p->state = STATE_REBOOTED;
	p->closed = now_ms(CLOCK_REALTIME);
	return journal_close(j, p);
}

/*
 * The host went down while somebody took back what had been confirmed, and was to be kept: boot has set it again, so that it
 * is in force, to be taken back anew. Only what was closed before has a time of that.
 */
static int close_restarted(const struct journal *j, struct paper *p, char said[2 * PAPER_TEXT])
{
	if (!p->persist || !p->closed)
		return close_rebooted(j, p, "host", said);
	paper_print(said, 2 * PAPER_TEXT, "%s: the host was started anew while it was rolled back: roll it back again", p->id);
	*p->reason = 0;
	p->state = STATE_CONFIRMED;
	return journal_close(j, p);
}

/* A journal that does not make sense is kept, and nothing is touched. */
static int set_aside(const struct journal *j, int error, char said[2 * PAPER_TEXT])
{
	int r;

	paper_print(said, 2 * PAPER_TEXT, "the journal is %s, and was set aside: nothing was changed by it",
		    error == -EPERM ? "not a file of ours alone" : "torn or damaged");
	r = journal_quarantine(j);
	return r == -ENOENT ? 0 : r;
}

int transaction_recover(struct transaction *t, const struct journal *j, bool settled, char said[2 * PAPER_TEXT])
{
	struct paper p;
	char boot[40];
	int r;

	*said = 0;
	close_what_rests(j);
	r = journal_read(j, &p);
	if (r == -ENOENT)
		return 0;
	if (r == -EBADMSG || r == -EPERM)
		return set_aside(j, r, said);
	if (r < 0) {
		paper_print(said, 2 * PAPER_TEXT, "the journal is %s", r == -EPROTO ? "of another version: nothing was changed by it"
									      : strerror(-r));
		return r;
	}
	if (p.state != STATE_OPEN)
		return journal_close(j, &p);
	transaction_boot(boot);
	if (!*boot) {
		paper_print(said, 2 * PAPER_TEXT, "%s: the kernel's boot id cannot be read", p.id);
		return -EIO;
	}
	if (strcmp(boot, p.boot))
		return close_restarted(j, &p, said);
	/* The boot id of a container is its kernel's where a sandbox has a procfs of its own. */
	if (p.netns != transaction_netns() && settled)
		return close_rebooted(j, &p, "container", said);
	if (p.netns != transaction_netns()) {
		paper_print(said, 2 * PAPER_TEXT, "%s is of another network namespace: nothing was changed by it", p.id);
		return -EXDEV;
	}
	transaction_load(t, &p);
	r = transaction_undo(t, j, "the applier ended before it was confirmed");
	if (r < 0)
		paper_print(said, 2 * PAPER_TEXT, "%s could not be undone: %s", p.id, strerror(-r));
	else
		paper_print(said, 2 * PAPER_TEXT, "%s is undone: the applier had ended before it was confirmed", p.id);
	return r;
}
