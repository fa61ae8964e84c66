/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the applier does about each request, and about what the health watcher says. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <syslog.h>
#include <unistd.h>
#include "apply/applier-private.h"

static const char frozen[] = "changes are frozen on this host";

enum { RETRY = 1000 /* ms */, COMPLAIN_EACH = 60 /* failures */, TAKEN_TOLD = 5 /* times */ };

/* p may be the transaction's. 0, or -errno: the caller is gone. */
static int reply(int fd, const struct paper *p, enum paper_error e, const char *said)
{
	struct paper answer = p ? *p : (struct paper){0};

	answer.verb = VERB_REPLY;
	answer.error = e;
	paper_set(answer.said, "%s", said);
	return paper_send(fd, &answer);
}

static void answer_applicant(struct applier *a, const struct paper *p, enum paper_error e, const char *said)
{
	if (a->applicant >= 0 && reply(a->applicant, p, e, said) < 0)
		applier_log(LOG_INFO, "who asked for the change left before the answer");
	a->applicant = -1;
}

static void tell_health(struct applier *a, enum paper_verb verb)
{
	struct paper p = a->transaction.paper;

	p.verb = verb;
	p.measure_count = 0;
	if (a->health >= 0 && paper_send(a->health, &p) < 0)
		applier_health_gone(a);
}

static void set_deadline(struct applier *a, uint64_t ms)
{
	struct itimerspec t = {.it_value = {.tv_sec = (time_t)(ms / 1000), .tv_nsec = (long)(ms % 1000) * 1000000}};

	timerfd_settime(a->deadline, TFD_TIMER_ABSTIME, &t, NULL);
}

/* Nothing is open any more. */
static void rest(struct applier *a)
{
	transaction_clear(&a->transaction);
	a->stage = STAGE_IDLE;
	a->failures = a->taken = 0;
	a->idle = applier_now() + IDLE_PATIENCE * 1000;
	set_deadline(a, 0);
}

/* In this order: what may fail on the way finds nothing to do any more. */
static void end(struct applier *a)
{
	a->stage = STAGE_IDLE;
	tell_health(a, VERB_STOP);
	rest(a);
	journal_prune(&a->journal, transaction_is_kept);
}

static void give_up(struct applier *a, enum paper_error e, const char *said)
{
	applier_log(LOG_WARNING, "refused: %s", said);
	answer_applicant(a, NULL, e, said);
	end(a);
}

static void be_stuck(struct applier *a)
{
	bool told = a->stage == STAGE_STUCK;

	a->stage = STAGE_STUCK;
	a->due = applier_now() + RETRY;
	if (!told)
		tell_health(a, VERB_STOP);
}

static void tell_taken(struct applier *a)
{
	const struct paper *p = &a->transaction.paper;

	if (a->taken > TAKEN_TOLD)
		return;
	for (unsigned i = 0; i < p->change_count; i++)
		if (*p->changes[i].taken)
			applier_log(LOG_WARNING, "%s is '%s' by somebody else's hand: left alone", p->changes[i].key,
				    p->changes[i].taken);
	if (a->taken == TAKEN_TOLD)
		applier_log(LOG_WARNING, "it happens again and again: look for tuned, bpftune or another that manages sysctls");
}

void applier_undo(struct applier *a, const char *reason)
{
	struct paper *p = &a->transaction.paper;
	char why[PAPER_TEXT];
	int r;

	paper_set(why, "%s", reason);
	r = transaction_undo(&a->transaction, &a->journal, why);
	if (r < 0) {
		if (a->failures++ % COMPLAIN_EACH == 0)
			applier_log(LOG_CRIT, "%s %s: %s; it is tried again", p->id,
				    a->transaction.restored ? "is undone, and the journal cannot be closed" : "cannot be undone",
				    strerror(-r));
		be_stuck(a);
		return;
	}
	applier_log(LOG_NOTICE, "%s is undone: %s", p->id, p->reason);
	tell_taken(a);
	end(a);
}

void applier_health_gone(struct applier *a)
{
	if (a->health >= 0)
		close(a->health);
	a->health = -1;
	if (a->stage == STAGE_BASELINE)
		give_up(a, ERROR_NO_HEALTH, "the health watcher ended");
	else if (a->stage == STAGE_WATCH)
		applier_undo(a, "the health watcher ended");
}

void applier_applicant_gone(struct applier *a)
{
	a->applicant = -1;
	if (a->stage == STAGE_HEALTH || a->stage == STAGE_BASELINE)
		give_up(a, ERROR_INVALID, "who asked for it has left");
}

void applier_stop(struct applier *a)
{
	if (a->stage == STAGE_HEALTH || a->stage == STAGE_BASELINE)
		give_up(a, ERROR_UNAVAILABLE, "the applier is told to end");
	else if (a->stage == STAGE_WATCH)
		applier_undo(a, "the applier was stopped before it was confirmed");
}

void applier_overdue(struct applier *a)
{
	char reason[PAPER_TEXT];

	switch (a->stage) {
	case STAGE_HEALTH:
		give_up(a, ERROR_NO_HEALTH, "the health watcher does not run: see journalctl -u tcpadvisor-health");
		/* It may have ended well, and is started with the applier only: so the next request finds both. */
		a->ending = true;
		break;
	case STAGE_BASELINE:
		give_up(a, ERROR_NO_HEALTH, "the health watcher does not answer: see journalctl -u tcpadvisor-health");
		break;
	case STAGE_WATCH:
		applier_undo(a, "the health watcher fell silent");
		break;
	case STAGE_STUCK:
		paper_set(reason, "%s", a->transaction.paper.reason);
		applier_undo(a, reason);
		break;
	case STAGE_IDLE:
		break;
	}
}

static bool make_id(char ret[PAPER_ID])
{
	unsigned char bytes[(PAPER_ID - 1) / 2];

	if (getrandom(bytes, sizeof(bytes), 0) != sizeof(bytes))
		return false;
	for (size_t i = 0; i < sizeof(bytes); i++)
		snprintf(ret + 2 * i, 3, "%02x", bytes[i]);
	return true;
}

static bool is_frozen(const struct applier *a)
{
	struct stat st;

	/* Where it cannot be told, it is; a link freezes wherever it points. */
	return lstat(a->options->freeze, &st) == 0 || errno != ENOENT;
}

void applier_ask_health(struct applier *a)
{
	a->stage = STAGE_BASELINE;
	a->due = applier_now() + BASELINE_PATIENCE * 1000;
	tell_health(a, VERB_BASELINE);
}

static int answer_apply(struct applier *a, int fd, const struct paper *request)
{
	char said[2 * PAPER_TEXT];
	enum paper_error e;

	if (a->stage != STAGE_IDLE)
		return reply(fd, &a->transaction.paper, ERROR_BUSY,
			     a->stage == STAGE_STUCK ? "a transaction cannot be undone: see history"
						     : "another transaction is open: confirm it, or roll it back");
	if (is_frozen(a))
		return reply(fd, NULL, ERROR_FROZEN, frozen);
	if (request->within < WITHIN_LEAST || request->within > WITHIN_MOST)
		return reply(fd, NULL, ERROR_INVALID, "the time to confirm is from 10 s to a day");
	e = transaction_take(&a->transaction, request, said);
	if (e != PAPER_DONE)
		return reply(fd, NULL, e, said);
	if (!make_id(a->transaction.paper.id)) {
		rest(a);
		return reply(fd, NULL, ERROR_UNAVAILABLE, "no random number for an id");
	}
	a->applicant = fd;
	a->stage = STAGE_HEALTH;
	a->due = applier_now() + HEALTH_PATIENCE * 1000;
	if (a->health >= 0)
		applier_ask_health(a);
	return 0;
}

/* The measures are there: now it is done. */
static void make_change(struct applier *a)
{
	struct paper *p = &a->transaction.paper;
	char said[2 * PAPER_TEXT];
	enum paper_error e;

	/* Since it was asked for: measuring takes its time. */
	if (is_frozen(a)) {
		give_up(a, ERROR_FROZEN, frozen);
		return;
	}
	e = transaction_write(&a->transaction, &a->journal, said);
	if (e != PAPER_DONE && p->state == STATE_OPEN) {
		applier_log(LOG_CRIT, "%s could neither be applied nor be closed: %s; it is tried again", p->id, said);
		answer_applicant(a, p, e, said);
		be_stuck(a);
		return;
	}
	if (e != PAPER_DONE) {
		give_up(a, e, said);
		return;
	}
	a->stage = STAGE_WATCH;
	a->due = applier_now() + HEARTBEAT_PATIENCE * 1000;
	set_deadline(a, p->deadline);
	applier_log(LOG_NOTICE, "%s is applied (%u %s): undone in %u s unless it is confirmed", p->id, p->change_count,
		    p->change_count == 1 ? "key" : "keys", p->within);
	answer_applicant(a, p, PAPER_DONE, "");
	tell_health(a, VERB_WATCH);
}

static int answer_confirm(struct applier *a, int fd, const struct paper *request)
{
	struct paper closed;
	int r;

	if (a->stage != STAGE_WATCH || strcmp(request->id, a->transaction.paper.id)) {
		r = *request->id ? journal_find(&a->journal, request->id, &closed) : -ENOENT;
		if (r < 0)
			return reply(fd, NULL, ERROR_UNKNOWN_ID, "no such transaction is open");
		return reply(fd, &closed, closed.state == STATE_CONFIRMED ? PAPER_DONE : ERROR_TOO_LATE,
			     closed.state == STATE_CONFIRMED ? "it was confirmed before" : "it is undone already");
	}
	r = transaction_confirm(&a->transaction, &a->journal);
	if (r < 0)
		return reply(fd, &a->transaction.paper, ERROR_JOURNAL, strerror(-r));
	applier_log(LOG_NOTICE, "%s is confirmed", a->transaction.paper.id);
	tell_taken(a);
	r = reply(fd, &a->transaction.paper, PAPER_DONE, "");
	end(a);
	return r;
}

/* One that was confirmed later and changes a key of it too would be left with a value that is nobody's. */
static bool is_built_on(struct applier *a, const struct paper *p, char said[2 * PAPER_TEXT])
{
	struct paper list = {0}, later;

	if (journal_list(&a->journal, &list) < 0)
		return false;
	for (unsigned i = 0; i < list.listed_count && strcmp(list.listed[i], p->id); i++) {
		const char *key;

		if (journal_find(&a->journal, list.listed[i], &later) < 0 || !transaction_is_kept(&later))
			continue;
		key = transaction_shares(p, &later);
		if (!key)
			continue;
		paper_print(said, 2 * PAPER_TEXT, "%.8s came later and changed %s too: roll that one back first", later.id, key);
		return true;
	}
	return false;
}

/* A confirmed one becomes open again, so that it is undone whatever happens. */
static enum paper_error reopen(struct applier *a, const char *id, char said[2 * PAPER_TEXT])
{
	struct paper p;
	char boot[40];
	int r = journal_find(&a->journal, id, &p);

	paper_print(said, 2 * PAPER_TEXT, "no such transaction");
	if (r < 0)
		return ERROR_UNKNOWN_ID;
	transaction_boot(boot);
	if (!transaction_is_kept(&p)) {
		paper_print(said, 2 * PAPER_TEXT, "it is not in force any more");
		return ERROR_TOO_LATE;
	}
	if (is_built_on(a, &p, said))
		return ERROR_BUSY;
	/* Each boot numbers namespaces anew: then boot set it, in the one where a unit is. */
	if (!strcmp(p.boot, boot) && p.netns != transaction_netns()) {
		paper_print(said, 2 * PAPER_TEXT, "it is of another network namespace than the applier's");
		return ERROR_NAMESPACE;
	}
	p.state = STATE_OPEN;
	p.netns = transaction_netns();
	memcpy(p.boot, boot, sizeof(boot));
	transaction_load(&a->transaction, &p);
	r = journal_write(&a->journal, &p);
	if (r == 0)
		return PAPER_DONE;
	paper_print(said, 2 * PAPER_TEXT, "journal: %s", strerror(-r));
	transaction_clear(&a->transaction);
	return ERROR_JOURNAL;
}

/* What is open, as it is: once every key is restored it is undone, whatever the disk has of it. */
static const struct paper *shown(struct applier *a)
{
	if (a->transaction.restored)
		a->transaction.paper.state = STATE_UNDONE;
	return &a->transaction.paper;
}

static int answer_rollback(struct applier *a, int fd, const struct paper *request)
{
	bool is_open = a->stage == STAGE_WATCH && !strcmp(request->id, a->transaction.paper.id);
	char said[2 * PAPER_TEXT], id[PAPER_ID];
	enum paper_error e = PAPER_DONE;
	struct paper p;

	if (a->stage != STAGE_IDLE && !is_open)
		return reply(fd, &a->transaction.paper, ERROR_BUSY, "another transaction is open");
	if (!is_open)
		e = *request->id ? reopen(a, request->id, said) : ERROR_UNKNOWN_ID;
	if (e != PAPER_DONE)
		return reply(fd, NULL, e, *request->id ? said : "no transaction is open");
	strcpy(id, request->id);
	applier_undo(a, "rolled back by a person");
	if (a->stage == STAGE_STUCK)
		return reply(fd, shown(a), ERROR_STUCK,
			     a->transaction.restored ? "it is undone; only its journal could not be closed: that is tried again"
						     : "a key could not be restored: it is tried again");
	return journal_find(&a->journal, id, &p) < 0 ? reply(fd, NULL, PAPER_DONE, "") : reply(fd, &p, PAPER_DONE, "");
}

static int answer_show(struct applier *a, int fd, const struct paper *request)
{
	struct paper p;

	if (a->stage >= STAGE_WATCH && (!*request->id || !strcmp(request->id, a->transaction.paper.id))) {
		/* While it is being undone an old value is our own doing. */
		if (a->stage == STAGE_WATCH)
			transaction_look(&a->transaction);
		return reply(fd, shown(a), PAPER_DONE, "");
	}
	if (!*request->id || journal_find(&a->journal, request->id, &p) < 0)
		return reply(fd, NULL, ERROR_UNKNOWN_ID, *request->id ? "no such transaction" : "no transaction is open");
	return reply(fd, &p, PAPER_DONE, "");
}

static int answer_list(struct applier *a, int fd)
{
	struct paper p = {0};
	int r = journal_list(&a->journal, &p);

	if (r < 0)
		return reply(fd, NULL, ERROR_JOURNAL, strerror(-r));
	/* The open one is `id`. */
	if (a->stage >= STAGE_WATCH)
		strcpy(p.id, a->transaction.paper.id);
	return reply(fd, &p, PAPER_DONE, "");
}

int applier_answer(struct applier *a, int fd)
{
	struct paper request;
	int r = paper_receive(fd, &request);

	if (r == -EAGAIN)
		return 0;
	if (r == -EBADMSG || r == -EPROTO)
		return reply(fd, NULL, ERROR_INVALID, r == -EPROTO ? "of another version" : "not understood");
	if (r < 0)
		return r;
	if (fd == a->applicant)
		return reply(fd, NULL, ERROR_BUSY, "one request at a time");
	switch (request.verb) {
	case VERB_APPLY:
		return answer_apply(a, fd, &request);
	case VERB_CONFIRM:
		return answer_confirm(a, fd, &request);
	case VERB_ROLLBACK:
		return answer_rollback(a, fd, &request);
	case VERB_SHOW:
		return answer_show(a, fd, &request);
	case VERB_LIST:
		return answer_list(a, fd);
	default:
		return reply(fd, NULL, ERROR_INVALID, "no such request");
	}
}

/* Take the measures of one kind from a message; the others stay. */
static void take_measures(struct paper *p, const struct paper *from, enum paper_when when)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < p->measure_count; i++)
		if (p->measures[i].when != when)
			p->measures[kept++] = p->measures[i];
	p->measure_count = kept;
	/* Half of the room for each kind. */
	for (unsigned i = 0; i < min_of(from->measure_count, (unsigned)PAPER_MEASURES / 2); i++)
		paper_add_measure(p, when, from->measures[i].text);
}

static void weigh(struct applier *a, const struct paper *beat)
{
	struct paper *p = &a->transaction.paper;
	char reason[PAPER_TEXT];

	if (transaction_look(&a->transaction)) {
		a->taken++;
		tell_taken(a);
	}
	p->verdict = beat->verdict;
	paper_set(p->signal, "%s", beat->signal);
	take_measures(p, beat, MEASURED_AFTER);
	a->due = applier_now() + HEARTBEAT_PATIENCE * 1000;
	if (beat->verdict != VERDICT_WORSE)
		return;
	paper_set(reason, "%s", *beat->signal ? beat->signal : "worse");
	applier_undo(a, reason);
}

int applier_hear(struct applier *a)
{
	struct paper p;
	int r = paper_receive(a->health, &p);

	if (r == -EAGAIN)
		return 0;
	if (r < 0)
		return r;
	/* Of a transaction that was over when it was sent. */
	if ((a->stage != STAGE_BASELINE && a->stage != STAGE_WATCH) || strcmp(p.id, a->transaction.paper.id))
		return 0;
	if (p.verb == VERB_MEASURED && a->stage == STAGE_BASELINE) {
		take_measures(&a->transaction.paper, &p, MEASURED_BEFORE);
		make_change(a);
	} else if (p.verb == VERB_HEARTBEAT && a->stage == STAGE_WATCH)
		weigh(a, &p);
	return 0;
}
