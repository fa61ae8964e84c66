/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * record: a judgement with a tap. Whatever the collectors read is written below a new directory, so that a replay
 * finds exactly what they found here; what they could not read is listed with the error.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include "cli/session.h"
#include "mask/mask.h"

struct recorder {
	int dir;
	int error; /* the first */
	struct mask *mask; /* NULL: as it is */
	struct text missing;
	unsigned long files;
};

static void fail(struct recorder *r, const char *path, int error)
{
	if (!r->error)
		complain("%s: %s", path, strerror(error));
	r->error = r->error ? r->error : -error;
}

/* Paths come from names of the system (an interface, say): none may climb out of the directory. */
static bool is_safe(const char *path)
{
	for (const char *p = path; *p; p += strcspn(p, "/"), p += *p == '/')
		if (!strncmp(p, "..", 2) && (p[2] == '/' || !p[2]))
			return false;
	return *path && *path != '/';
}

static int make_parents(struct recorder *r, const char *path)
{
	char part[512];

	for (const char *p = strchr(path, '/'); p; p = strchr(p + 1, '/')) {
		snprintf(part, sizeof(part), "%.*s", (int)(p - path), path);
		if (mkdirat(r->dir, part, 0755) < 0 && errno != EEXIST)
			return -errno;
	}
	return 0;
}

static void write_file(struct recorder *r, const char *path, const void *bytes, size_t n, int flags)
{
	_cleanup_close_ int fd = -1;

	while (*path == '/')
		path++;
	if (!is_safe(path))
		return;
	if (make_parents(r, path) < 0) {
		fail(r, path, errno);
		return;
	}
	fd = openat(r->dir, path, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC | flags, 0644);
	if (fd < 0) {
		fail(r, path, errno);
		return;
	}
	for (const char *p = bytes; n;) {
		ssize_t w = write(fd, p, n);

		if (w < 0 && errno == EINTR)
			continue;
		if (w < 0) {
			fail(r, path, errno);
			return;
		}
		p += w;
		n -= (size_t)w;
	}
	r->files++;
}

/* What the mask does not know is left out. */
static void write_masked(struct recorder *r, const char *path, const void *bytes, size_t n, int flags)
{
	_cleanup_text_ struct text name = TEXT_NULL, masked = TEXT_NULL;

	if (!r->mask)
		write_file(r, path, bytes, n, flags);
	else if (mask_path(r->mask, path, &name) == 0 && mask_bytes(r->mask, path, bytes, n, &masked) == 0)
		write_file(r, text_get(&name), text_get(&masked), masked.len, flags);
}

static void on_file(void *user, const char *path, const char *bytes, size_t n)
{
	write_masked(user, path, bytes, n, O_TRUNC);
}

static void on_append(void *user, const char *path, const void *bytes, size_t n)
{
	write_masked(user, path, bytes, n, O_APPEND);
}

/* Kept as it is: a replay resolves it inside the record. */
static void on_link(void *user, const char *path, const char *target)
{
	_cleanup_text_ struct text name = TEXT_NULL;
	struct recorder *r = user;

	if (r->mask) {
		/* Its target may be any file; only what switches a file off says more than the file itself. */
		if (strcmp(target, "/dev/null") || mask_path(r->mask, path, &name) < 0)
			return;
		path = text_get(&name);
	}
	if (!is_safe(path) || make_parents(r, path) < 0)
		return;
	if (symlinkat(target, r->dir, path) < 0 && errno != EEXIST)
		fail(r, path, errno);
}

static void on_missing(void *user, const char *path, int error)
{
	_cleanup_text_ struct text name = TEXT_NULL;
	struct recorder *r = user;

	if (r->mask) {
		if (mask_path(r->mask, path, &name) < 0)
			return;
		path = text_get(&name);
	}
	/* A name that cannot be an INI key replays as absent. */
	if (strlen(path) > 150 || strpbrk(path, "=:;[ ") || !text_is_plain(path, strlen(path)))
		return;
	text_addf(&r->missing, "%s = %d\n", path, error);
}

/* A hostile host name must not end the value, nor begin a comment in it. */
static void add_value(struct text *t, const char *key, const char *value)
{
	size_t at;

	text_addf(t, "%s = ", key);
	at = t->len;
	text_add_escaped(t, *value ? value : "-", 100);
	for (char *p = t->s + at; *p; p++)
		*p = *p == ';' ? ',' : *p;
	text_add(t, "\n");
}

static void write_conf(struct recorder *rec, const struct report_part *p)
{
	_cleanup_text_ struct text t = TEXT_NULL;
	struct root_host masked = p->host;
	const struct root_host *h = &masked;

	if (rec->mask)
		mask_host(rec->mask, &masked);
	text_add(&t, "# A host recorded by tcpadvisor; replay it with --root=DIR.\nformat = 1\n\n[host]\n");
	add_value(&t, "kernel", h->kernel);
	add_value(&t, "machine", h->machine);
	add_value(&t, "hostname", h->hostname);
	text_addf(&t, "page-size = %ld\nclock-ticks = %ld\nclock = %.3f\nwindow = %.6f\n", h->page_size, h->clock_ticks,
		  h->clock, p->facts->window);
	text_addf(&t, "netns-inode = %llu\nprivileged = %s\n", (unsigned long long)h->netns_inode,
		  h->privileged ? "yes" : "no");
	if (*h->netns)
		add_value(&t, "netns", h->netns);
	if (rec->missing.len)
		text_addf(&t, "\n[missing]\n%s", text_get(&rec->missing));
	write_file(rec, "record.conf", text_get(&t), t.len, O_TRUNC);
}

/* The session read its configuration before the tap was there; a replay needs it, so read it again. */
static void record_configuration(const struct session *s)
{
	_cleanup_(ruleset_clearp) struct ruleset *again = &(struct ruleset){0};
	struct config config = CONFIG_DEFAULT;
	struct diag d;

	if (config_load(&config, s->root, &d) < 0 ||
	    config_load_rules(s->root, s->datadir, s->rules.profile, again, &d) < 0)
		complain_diag(&d);
	config_clear(&config);
}

/* "/usr/share/tcpadvisor/profiles/latency.profile": everybody has one of that name. */
static void publish_names(struct mask *m, const char *datadir, const char *sub)
{
	char path[512], name[256];
	_cleanup_closedir_ DIR *dir = NULL;
	struct dirent *e;

	snprintf(path, sizeof(path), "%s/%s", datadir, sub);
	dir = opendir(path);
	while (dir && (e = readdir(dir))) {
		snprintf(name, sizeof(name), "%.*s", (int)strcspn(e->d_name, "."), e->d_name);
		mask_publish(m, name);
	}
}

static int make_mask(struct recorder *r, const struct session *s)
{
	int err = mask_new(&s->rules.catalogue, NULL, &r->mask);

	if (!err)
		err = mask_learn(r->mask, s->root);
	if (err < 0) {
		complain("no mask: %s", strerror(-err));
		return EXIT_COULD_NOT_CHECK;
	}
	publish_names(r->mask, s->datadir, "profiles");
	publish_names(r->mask, s->datadir, "rules");
	publish_names(r->mask, s->datadir, "rules/sysctl");
	return 0;
}

static int open_target(struct recorder *r, const char *path)
{
	/* It holds the peers' addresses: not for everybody to read. */
	if (mkdir(path, 0700) < 0) {
		complain("%s: %s", path, errno == EEXIST ? "there already; a record is written to a new directory"
							 : strerror(errno));
		return EXIT_COULD_NOT_CHECK;
	}
	r->dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (r->dir < 0) {
		complain("%s: %s", path, strerror(errno));
		return EXIT_COULD_NOT_CHECK;
	}
	return 0;
}

int verb_record(const struct options *o)
{
	_cleanup_session_ struct session s = {0};
	struct recorder rec = {.dir = -1};
	struct root_tap tap = {&rec, on_file, on_append, on_link, on_missing};
	int r;

	if ((o->root && !o->mask) || (o->netns && !strcmp(o->netns, "all"))) {
		complain("record writes one network namespace of the running host, or with --mask another record");
		return EXIT_USAGE;
	}
	r = session_open(&s, o);
	if (!r && o->mask)
		r = make_mask(&rec, &s);
	if (!r)
		r = open_target(&rec, o->args[0]);
	if (!r) {
		root_set_tap(s.root, &tap);
		s.everything = true; /* a replay may ask for another profile */
		record_configuration(&s);
		r = session_judge(&s, o);
	}
	if (!r) {
		write_conf(&rec, &s.report.parts[0]);
		r = rec.error ? EXIT_COULD_NOT_CHECK : EXIT_OK;
	}
	if (!r)
		complain("%lu reads recorded in %s", rec.files, o->args[0]);
	text_clear(&rec.missing);
	mask_free(rec.mask);
	if (rec.dir >= 0)
		close(rec.dir);
	return r;
}
