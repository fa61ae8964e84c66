/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/writers.h"

#include <ctype.h>
#include <errno.h>
#include <pwd.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include "collect/name.h"
#include "root/root-names.h"

/* Three greetings may be lost. */
enum { ALIVE_S = 90, BATCH = 64, WALK_SHARE = 200 };

struct write {
	struct writer_message message;
	struct writer writer; /* as we hand it out */
	double when;	      /* seconds of CLOCK_MONOTONIC */
	bool looked_up;	      /* its unit, whether it was found or not */
};

struct writers {
	sd_event_source *source;
	struct root *root;
	int fd;
	uid_t tracer;
	bool has_tracer;
	double heard;	  /* when the tracer last spoke; 0: never */
	double next_walk; /* over the cgroups, for writes of which nobody asked yet */
	struct writers_counts counts;
	size_t next; /* where the next write goes */
	struct write ring[WRITERS_MAX];
};

static bool ends(const char *s, size_t size)
{
	return memchr(s, 0, size) != NULL;
}

int writer_message_parse(const void *bytes, size_t n, struct writer_message *ret)
{
	struct writer_message m;

	if (n != sizeof(m))
		return -EBADMSG;
	memcpy(&m, bytes, sizeof(m));
	if (m.version != TRACE_VERSION || m.kind > WRITER_WROTE || m.pid > INT32_MAX)
		return -EBADMSG;
	if (!ends(m.command, sizeof(m.command)) || !ends(m.key, sizeof(m.key)) || !ends(m.value, sizeof(m.value)))
		return -EBADMSG;
	if (m.kind == WRITER_WROTE && !m.key[0])
		return -EBADMSG;
	*ret = m;
	return 0;
}

bool writer_key_is(const char *kernel, const char *key)
{
	for (; *kernel && *key; kernel++, key++) {
		char as_ours = *kernel == '/' ? '.' : *kernel == '.' ? '/' : *kernel;

		if (as_ours != *key)
			return false;
	}
	return !*kernel && !*key;
}

static const char *next_word(const char *s, size_t *n)
{
	while (isspace((unsigned char)*s))
		s++;
	*n = 0;
	while (s[*n] && !isspace((unsigned char)s[*n]))
		++*n;
	return s;
}

/* The kernel reads 0x10 and 010 as C does, and shows 16 and 8. */
static bool is_number(const char *s, size_t n, long long *ret)
{
	char word[32], *end;

	if (!n || n >= sizeof(word))
		return false;
	memcpy(word, s, n);
	word[n] = 0;
	errno = 0;
	*ret = strtoll(word, &end, 0);
	return !errno && !*end;
}

static bool same_word(const char *a, size_t n, const char *b, size_t m)
{
	long long x, y;

	if (n == m && !memcmp(a, b, n))
		return true;
	return is_number(a, n, &x) && is_number(b, m, &y) && x == y;
}

/* Words that are there in another order: lists of names come back as the kernel keeps them. */
static bool holds_word(const char *live, const char *word, size_t n)
{
	size_t m;

	for (live = next_word(live, &m); m; live = next_word(live + m, &m))
		if (n == m && !memcmp(live, word, n))
			return true;
	return false;
}

/* A vector may be written in part; what follows then stays. The last word of a value that was cut may be half of one. */
bool writer_value_agrees(const char *written, const char *live)
{
	bool cut = strlen(written) == sizeof(((struct writer_message *)0)->value) - 1;
	const char *all = live;
	size_t n, m;

	for (;;) {
		long long number;

		written = next_word(written, &n);
		live = next_word(live, &m);
		if (!n || (cut && !written[n]))
			return true;
		if (!(m && same_word(written, n, live, m)) && (is_number(written, n, &number) || !holds_word(all, written, n)))
			return false;
		written += n;
		live += m;
	}
}

static double monotonic(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static struct cgroup_name *find_name(struct cgroup_name *names, size_t n, uint64_t id)
{
	for (size_t i = 0; i < n; i++)
		if (names[i].id == id)
			return &names[i];
	return NULL;
}

/* All that are not known yet, by one walk. */
static void look_up_units(struct writers *w)
{
	_cleanup_free_ struct cgroup_name *names = calloc(WRITERS_MAX, sizeof(*names));
	size_t n = 0;

	if (!names)
		return;
	for (size_t i = 0; i < WRITERS_MAX; i++) {
		struct write *x = &w->ring[i];

		if (x->message.cgroup && !x->looked_up && !find_name(names, n, x->message.cgroup))
			names[n++].id = x->message.cgroup;
	}
	if (n && root_cgroups(w->root, names, n) < 0)
		return;
	for (size_t i = 0; i < WRITERS_MAX; i++) {
		struct write *x = &w->ring[i];
		const struct cgroup_name *name = x->looked_up ? NULL : find_name(names, n, x->message.cgroup);

		if (name && name->path[0])
			unit_from_cgroup(name->path, x->writer.unit, sizeof(x->writer.unit));
		x->looked_up = true;
	}
}

/* Another write by the same cgroup, ids being used once only, has what we would look for. */
static bool borrow_unit(struct writers *w, struct write *x)
{
	for (size_t i = 0; i < WRITERS_MAX; i++) {
		const struct write *other = &w->ring[i];

		if (other != x && other->looked_up && other->message.cgroup == x->message.cgroup) {
			memcpy(x->writer.unit, other->writer.unit, sizeof(x->writer.unit));
			return x->looked_up = true;
		}
	}
	return false;
}

/*
 * The cgroup of a short-lived unit is gone when somebody asks, so it is looked up at once, for as small a share of our
 * time as nobody notices.
 */
static void look_up_early(struct writers *w, struct write *x)
{
	double before = monotonic(), after;

	if (borrow_unit(w, x) || before < w->next_walk)
		return;
	look_up_units(w);
	after = monotonic();
	w->next_walk = after + (after - before) * WALK_SHARE;
}

static void add_write(struct writers *w, const struct writer_message *m)
{
	struct write *x = &w->ring[w->next];
	double now = monotonic(), when = (double)m->when / 1e9;

	w->next = (w->next + 1) % WRITERS_MAX;
	*x = (struct write){.message = *m, .when = min_of(when, now)};
	x->writer.pid = (int)m->pid;
	x->writer.uid = m->uid;
	memcpy(x->writer.command, m->command, sizeof(x->writer.command));
	look_up_early(w, x);
}

static bool is_trusted(const struct writers *w, struct msghdr *h)
{
	const struct cmsghdr *c = CMSG_FIRSTHDR(h);
	struct ucred from;

	if (h->msg_flags & (MSG_TRUNC | MSG_CTRUNC))
		return false;
	if (!c || c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_CREDENTIALS || c->cmsg_len != CMSG_LEN(sizeof(from)))
		return false;
	memcpy(&from, CMSG_DATA(c), sizeof(from));
	/* Whoever runs as our own user could be us. */
	return from.uid == 0 || from.uid == geteuid() || (w->has_tracer && from.uid == w->tracer);
}

/* 1: one message was taken; 0: there is none; -errno. */
static int receive(struct writers *w)
{
	union {
		struct cmsghdr align;
		char bytes[CMSG_SPACE(sizeof(struct ucred))];
	} control;
	char bytes[sizeof(struct writer_message) + 1];
	struct iovec iov = {bytes, sizeof(bytes)};
	struct msghdr h = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control)};
	struct writer_message m;
	ssize_t n = recvmsg(w->fd, &h, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);

	if (n < 0)
		return errno == EAGAIN || errno == EINTR ? 0 : -errno;
	if (!is_trusted(w, &h) || writer_message_parse(bytes, (size_t)n, &m) < 0) {
		w->counts.rejected++;
		return 1;
	}
	w->counts.received++;
	w->counts.lost = m.lost;
	w->heard = monotonic();
	if (m.kind == WRITER_WROTE)
		add_write(w, &m);
	return 1;
}

/* Bounded: other events have their turn too. */
static int drain(struct writers *w)
{
	int r = 1;

	for (unsigned i = 0; i < BATCH && r > 0; i++)
		r = receive(w);
	return r;
}

void writers_drain(struct writers *w)
{
	if (w && w->fd >= 0)
		drain(w);
}

/* A socket that fails for good is disabled by sd-event: who writes is then not known, and no more than that. */
static int on_input(sd_event_source *s, int fd, uint32_t events, void *user)
{
	int r = drain(user);

	(void)s;
	(void)fd;
	(void)events;
	return min_of(r, 0);
}

static void find_tracer(struct writers *w)
{
	const struct passwd *user = getpwnam("tcpadvisor-trace");

	w->has_tracer = user != NULL;
	if (user)
		w->tracer = user->pw_uid;
}

int writers_open(sd_event *e, int fd, struct root *root, struct writers **ret)
{
	_cleanup_free_ struct writers *w = calloc(1, sizeof(*w));
	int on = 1, r;

	if (!w)
		return -ENOMEM;
	w->fd = -1;
	w->root = root;
	if (fd >= 0) {
		/* systemd may have set it, for what was sent before we came. */
		if (setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)) < 0)
			return -errno;
		find_tracer(w);
		r = sd_event_add_io(e, &w->source, fd, EPOLLIN, on_input, w);
		if (r < 0)
			return r;
		sd_event_source_set_description(w->source, "writers");
	}
	w->fd = fd;
	*ret = w;
	w = NULL;
	return 0;
}

struct writers *writers_free(struct writers *w)
{
	if (!w)
		return NULL;
	sd_event_source_disable_unref(w->source);
	if (w->fd >= 0)
		close(w->fd);
	free(w);
	return NULL;
}

bool writers_alive(const struct writers *w, double now)
{
	return w && w->heard > 0 && now - w->heard < ALIVE_S;
}

struct writers_counts writers_counts(const struct writers *w)
{
	return w ? w->counts : (struct writers_counts){0};
}

const struct writer *writers_find(struct writers *w, const char *key, const char *value, double since)
{
	for (size_t i = 1; w && i <= WRITERS_MAX; i++) {
		struct write *x = &w->ring[(w->next + WRITERS_MAX - i) % WRITERS_MAX];

		if (!x->message.key[0])
			break;
		if (x->when < since || !writer_key_is(x->message.key, key))
			continue;
		if (value && !writer_value_agrees(x->message.value, value))
			continue;
		if (!x->looked_up && !borrow_unit(w, x))
			look_up_units(w);
		return &x->writer;
	}
	return NULL;
}
