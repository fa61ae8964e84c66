/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tcpadvisor-persist: makes a confirmed transaction last over reboots, or takes that back. It is root's, since whoever may
 * write below /etc/sysctl.d may set any key at boot; so it believes nobody: what the applier tells is held against the
 * catalogue that is compiled in, and it writes one file of its own.
 */
#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <syslog.h>
#include <time.h>
#include "apply/persist.h"
#include "apply/vetted.h"

enum { EXIT_REFUSED = 1, EXIT_NOTHING_KEPT = 3, EXIT_WRONG_USAGE = 64, PATIENCE_S = 30 };

struct options {
	const char *socket, *root, *id;
	bool withdraw;
};

/* Too large for a stack that may be small. */
struct work {
	struct paper asked, told;
	struct dropin dropin;
};

/* On stderr, good or bad: stdout is that of a command which may print JSON there. The journal knows who speaks. */
_printf_(2, 3) static void say_at(int severity, const char *fmt, ...)
{
	char line[1024];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	if (getenv("JOURNAL_STREAM"))
		fprintf(stderr, "<%d>%s\n", severity, line);
	else
		fprintf(stderr, "tcpadvisor-persist: %s\n", line);
}

#define say(...)    say_at(LOG_NOTICE, __VA_ARGS__)
#define refuse(...) (say_at(LOG_ERR, __VA_ARGS__), EXIT_REFUSED)

static int connect_to(const char *path)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	struct timeval patience = {.tv_sec = PATIENCE_S};
	int fd, r;

	if ((size_t)snprintf(a.sun_path, sizeof(a.sun_path), "%s", path) >= sizeof(a.sun_path))
		return -ENAMETOOLONG;
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) == 0 &&
	    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience)) == 0 &&
	    connect(fd, (struct sockaddr *)&a, sizeof(a)) == 0)
		return fd;
	r = -errno;
	close(fd);
	return r;
}

/* Its directory is not ours to read: the answer to one question is all that we take from it. */
static int ask(const struct options *o, struct paper *asked, struct paper *ret)
{
	_cleanup_close_ int fd = connect_to(o->socket);
	int r = fd;

	asked->verb = VERB_SHOW;
	paper_set(asked->id, "%s", o->id);
	if (fd >= 0) {
		r = paper_send(fd, asked);
		r = r < 0 ? r : paper_receive(fd, ret);
	}
	if (r < 0)
		return refuse("%s: %s", o->socket, r == -EAGAIN ? "no answer" : strerror(-r));
	if (ret->verb != VERB_REPLY)
		return refuse("%s: no reply, but %s", o->socket, paper_verb_name(ret->verb));
	return ret->error ? refuse("the applier says %s: %s", paper_error_name(ret->error), ret->said) : 0;
}

/* sysctl.d is for the network namespace in which PID 1 is. In a sandbox that may be out of sight. */
static bool is_elsewhere(const struct options *o, uint64_t netns)
{
	struct stat st;

	return netns && !strcmp(o->root, "/") && stat("/proc/1/ns/net", &st) == 0 && st.st_ino != netns;
}

static bool is_frozen(const char *root)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s" APPLY_FREEZE, root);
	return access(path, F_OK) == 0 || (errno != ENOENT && errno != ENOTDIR);
}

static int check_change(const struct paper *p, unsigned index)
{
	const struct paper_change *c = &p->changes[index];
	const struct vetted *v = vetted_find(c->key);
	const char *why = v ? vetted_refusal(v, c->old, c->new) : "no key that is ever applied";

	for (unsigned i = 0; i < index && !why; i++)
		if (!strcmp(p->changes[i].key, c->key))
			why = "named twice";
	return why ? refuse("%s = %s: %s: nothing is kept", c->key, c->new, why) : 0;
}

/* One change that is not vetted makes the whole transaction none of ours. */
static int check(const struct options *o, const struct paper *p)
{
	if (strcmp(p->id, o->id))
		return refuse("asked for %s, the applier tells of %s", o->id, *p->id ? p->id : "none");
	if (p->state != STATE_CONFIRMED)
		return refuse("%s is %s: only what is confirmed is kept", p->id, paper_state_name(p->state));
	if (!p->persist)
		return refuse("%s was not meant to be kept (--persist)", p->id);
	if (is_elsewhere(o, p->netns))
		return refuse("%s is of another network namespace than the host's, which is the one that boot sets", p->id);
	for (unsigned i = 0; i < p->change_count; i++) {
		int r = check_change(p, i);

		if (r)
			return r;
	}
	return 0;
}

static int read_dropin(const struct place *place, struct dropin *ret)
{
	_cleanup_text_ struct text t = TEXT_NULL;
	unsigned line = 0;
	int r = place_read(place, &t);

	if (r == -ENOENT)
		return 0;
	if (r < 0)
		return refuse(PERSIST_PATH ": %s", place_error(r));
	r = dropin_parse(text_get(&t), t.len, ret, &line);
	if (r == -EBADMSG)
		return refuse(PERSIST_PATH ":%u: not as it was written by us: what is yours belongs into a file of your own", line);
	return r < 0 ? refuse(PERSIST_PATH ":%u: %s", line, strerror(-r)) : 0;
}

/* NULL: as sysctl.d may have it. The table may be another one than that by which the entry was written. */
static const char *objection(const struct dropin_entry *e)
{
	const struct vetted *v = vetted_find(e->key);

	return v ? vetted_refusal(v, e->old, e->value) : "no key that is ever applied";
}

static int check_kept(const struct dropin *d)
{
	for (unsigned i = 0; i < d->count; i++) {
		const struct dropin_entry *e = &d->entries[i];
		const char *why = e->superseded ? NULL : objection(e);

		if (why)
			return refuse(PERSIST_PATH ":%u: %s = %s: %s: withdraw %s first", e->line, e->key, e->value, why, e->id);
	}
	return 0;
}

static int set_date(uint64_t ms, char ret[DROPIN_DATE])
{
	time_t t = ms ? (time_t)(ms / 1000) : time(NULL);
	struct tm tm;

	if (!gmtime_r(&t, &tm) || tm.tm_year + 1900 > 9999)
		return -ERANGE;
	return strftime(ret, DROPIN_DATE, "%Y-%m-%dT%H:%M:%SZ", &tm) == DROPIN_DATE - 1 ? 0 : -ERANGE;
}

/* Room is made by what is the least missed: the oldest line that is not in force. */
static int add(struct dropin *d, const struct dropin_entry *e)
{
	int r = dropin_add(d, e);

	for (unsigned i = 0; r == -E2BIG && i < d->count; i++)
		if (d->entries[i].superseded) {
			say("%s = %s of %s, long superseded, goes", d->entries[i].key, d->entries[i].value, d->entries[i].id);
			dropin_remove(d, i);
			return dropin_add(d, e);
		}
	return r;
}

static int merge(struct dropin *d, const struct paper *p)
{
	for (unsigned i = 0; i < p->change_count; i++) {
		const struct paper_change *c = &p->changes[i];
		struct dropin_entry e = {0};

		if (*c->taken) {
			say("%s is not kept: somebody else made it %s", c->key, c->taken);
			continue;
		}
		paper_set(e.id, "%s", p->id);
		paper_set(e.key, "%s", c->key);
		paper_set(e.old, "%s", c->old);
		paper_set(e.value, "%s", c->new);
		paper_set(e.why, "%s", c->why);
		if (set_date(p->closed, e.date) < 0)
			return refuse("%s was closed at no time that there is", p->id);
		if (add(d, &e) < 0)
			return refuse(PERSIST_PATH ": full: withdraw older transactions first");
	}
	return 0;
}

static int check_rivals(const struct options *o, const struct text *t, const struct dropin *d)
{
	struct rival rival = {0};
	const char *key = NULL;
	int r = rival_find(o->root, t, d, o->id, &key, &rival);

	if (r == -EIO)
		return refuse("what boot would set cannot be told: %s", rival.file);
	if (r == -EEXIST && !*rival.value)
		return refuse("%s:%u: excludes %s from what " PERSIST_PATH " sets (%s): nothing is kept", rival.file, rival.line, key,
			      rival.reader);
	if (r == -EEXIST)
		return refuse("%s:%u: sets %s to \"%s\" after " PERSIST_PATH " (%s): nothing is kept", rival.file, rival.line, key,
			      rival.value, rival.reader);
	return r;
}

static int replace(const struct place *place, const struct text *t)
{
	int r = place_replace(place, t);

	return r < 0 ? refuse(PERSIST_PATH ": it could not be replaced: %s", strerror(-r)) : 0;
}

/* The exit status: who confirmed shall not believe that a value is kept which is somebody else's now. */
static int tell(const struct dropin *d, const char *id)
{
	bool kept = false;

	for (unsigned i = 0; i < d->count; i++) {
		if (strcmp(d->entries[i].id, id))
			continue;
		say("%s = %s is %s " PERSIST_PATH, d->entries[i].key, d->entries[i].value,
		    d->entries[i].superseded ? "superseded by a later transaction in" : "kept in");
		kept = true;
	}
	if (!kept)
		say("nothing of %s is to be kept", id);
	return kept ? 0 : EXIT_NOTHING_KEPT;
}

static int persist(const struct options *o, const struct place *place, struct work *w)
{
	_cleanup_text_ struct text t = TEXT_NULL;
	int r;

	if (is_frozen(o->root))
		return refuse(APPLY_FREEZE " is there: nothing is kept");
	r = ask(o, &w->asked, &w->told);
	r = r ? r : check(o, &w->told);
	r = r ? r : read_dropin(place, &w->dropin);
	r = r ? r : merge(&w->dropin, &w->told);
	r = r ? r : check_kept(&w->dropin);
	if (r)
		return r;
	dropin_format(&w->dropin, &t);
	r = check_rivals(o, &t, &w->dropin);
	r = r || !t.len ? r : replace(place, &t);
	return r ? r : tell(&w->dropin, o->id);
}

/* What a withdrawn line superseded is in force again, unless it may not be applied any more. */
static void tell_restored(struct dropin *d)
{
	for (unsigned i = 0; i < d->count; i++) {
		const struct dropin_entry *e = &d->entries[i];
		const char *why = e->restored ? objection(e) : NULL;

		if (e->restored)
			say("%s = %s of %s %s%s", e->key, e->value, e->id, why ? "goes too: " : "is in force again", why ? why : "");
		if (why) {
			dropin_remove(d, i);
			i = (unsigned)-1; /* another may be in force now */
		}
	}
}

static int withdraw(const struct options *o, const struct place *place, struct dropin *d)
{
	_cleanup_text_ struct text t = TEXT_NULL;
	int r = read_dropin(place, d);

	if (r)
		return r;
	if (!dropin_withdraw(d, o->id)) {
		say("%s has no line in " PERSIST_PATH, o->id);
		return 0;
	}
	tell_restored(d);
	dropin_format(d, &t);
	r = replace(place, &t);
	if (!r)
		say("%s is taken out of " PERSIST_PATH "%s", o->id, t.len ? "" : ", which held nothing else");
	return r;
}

/* The lock is taken before the applier is asked: a rollback that comes meanwhile finds our lines when it withdraws them. */
static int run(const struct options *o)
{
	_cleanup_place_ struct place place = PLACE_NULL;
	_cleanup_free_ struct work *w = calloc(1, sizeof(*w));
	int r = w ? place_open(o->root, &place) : -ENOMEM;

	if (r < 0)
		return refuse("/" PERSIST_DIR ": %s", place_error(r));
	return o->withdraw ? withdraw(o, &place, &w->dropin) : persist(o, &place, w);
}

static int usage(FILE *to)
{
	fputs("usage: tcpadvisor-persist [--withdraw] [--socket=PATH] [--root=DIR] ID\n"
	      "\n"
	      "Keep a confirmed transaction over reboots, in " PERSIST_PATH ".\n"
	      "\n"
	      "  --withdraw       take its lines out again\n"
	      "  --socket=PATH    where the applier listens [" APPLY_SOCKET "]\n"
	      "  --root=DIR       the directory that has etc/sysctl.d [/]\n",
	      to);
	return to == stdout ? 0 : EXIT_WRONG_USAGE;
}

int main(int argc, char *argv[])
{
	static const struct option long_options[] = {
		{"withdraw", no_argument, NULL, 'w'}, {"socket", required_argument, NULL, 's'},
		{"root", required_argument, NULL, 'r'}, {"help", no_argument, NULL, 'h'},
		{"version", no_argument, NULL, 'v'}, {0},
	};
	struct options o = {.socket = APPLY_SOCKET, .root = "/"};
	int c;

	while ((c = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
		if (c == 'w')
			o.withdraw = true;
		else if (c == 's')
			o.socket = optarg;
		else if (c == 'r')
			o.root = optarg;
		else if (c == 'v')
			return printf("tcpadvisor-persist " PACKAGE_VERSION "\n") < 0;
		else
			return usage(c == 'h' ? stdout : stderr);
	}
	if (optind + 1 != argc || !paper_is_id(argv[optind]))
		return usage(stderr);
	o.id = argv[optind];
	return run(&o);
}
