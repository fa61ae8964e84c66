/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/journal.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <syslog.h>

enum { MESSAGE_MAX = 2560 };

/* A field that the event has as a string. The sum of all bounds stays far below what one datagram may hold (200 kB). */
static const struct field {
	const char *name;
	size_t offset, max; /* max: bytes after escaping */
	bool is_value;	    /* the empty one says something too */
} fields[] = {
	{"RULE", offsetof(struct event, rule), 128},
	{"SUBJECT_TYPE", offsetof(struct event, subject_type), 32},
	{"SUBJECT", offsetof(struct event, subject), 1024},
	{"UNIT_OF_SUBJECT", offsetof(struct event, unit), 512},
	{"NETNS", offsetof(struct event, netns), 512},
	{"ADVISE", offsetof(struct event, advise), 2048},
	{"KEY", offsetof(struct event, key), 256},
	{"EXPECTED", offsetof(struct event, expected), 1024, true},
	{"ACTUAL", offsetof(struct event, actual), 1024, true},
	{"PREVIOUS", offsetof(struct event, previous), 1024, true},
	{"BOOT", offsetof(struct event, boot), 1024, true},
	{"BOOT_FILE", offsetof(struct event, boot_file), 1024},
};

/* What is over or went well is no alarm, however grave it was. */
static int priority_of(const struct event *e)
{
	static const int priorities[SEVERITIES] = {
		[SEVERITY_INFO] = LOG_INFO,
		[SEVERITY_NOTICE] = LOG_NOTICE,
		[SEVERITY_WARNING] = LOG_WARNING,
		[SEVERITY_ERROR] = LOG_ERR,
	};
	bool is_over = e->kind == EVENT_CLOSED || e->kind == EVENT_RESTORED;

	return is_over ? max_of(priorities[e->severity], LOG_NOTICE) : priorities[e->severity];
}

/* False: it had to be cut. n: bytes of s that count. */
static bool add_piece(struct text *t, const char *s, size_t n, size_t max)
{
	/* Escaping never shortens: what is beyond max could not be shown. */
	_cleanup_free_ char *piece = strndup(s, min_of(n, max + 8));
	_cleanup_text_ struct text whole = TEXT_NULL;

	if (!piece)
		abort();
	text_add_escaped(&whole, piece, SIZE_MAX / 2);
	if (whole.len <= max) {
		text_addn(t, text_get(&whole), whole.len);
		return true;
	}
	text_add_escaped(t, piece, max);
	return false;
}

/* Escaped line by line, so that newlines stay what they are. */
static void add_lines(struct text *t, const char *s, size_t max)
{
	size_t start = t->len;

	for (;;) {
		size_t n = strcspn(s, "\n"), used = t->len - start;

		if (!add_piece(t, s, n, max - used))
			return;
		s += n;
		if (!*s++)
			return;
		if (t->len - start == max) {
			text_add(t, "…");
			return;
		}
		text_add(t, "\n");
	}
}

static void add_field(struct text *t, const char *name, const char *value, size_t n)
{
	unsigned char length[8];

	text_add(t, name);
	if (!memchr(value, '\n', n)) {
		text_add(t, "=");
	} else {
		for (unsigned i = 0; i < sizeof(length); i++)
			length[i] = (unsigned char)((uint64_t)n >> (8 * i));
		text_add(t, "\n");
		text_addn(t, (const char *)length, sizeof(length));
	}
	text_addn(t, value, n);
	text_add(t, "\n");
}

/* NULL: the line does not have it. */
static void add_string(struct text *t, const char *name, const char *value, size_t max, bool is_value)
{
	_cleanup_text_ struct text escaped = TEXT_NULL;

	if (!value || (!*value && !is_value))
		return;
	add_lines(&escaped, value, max);
	add_field(t, name, text_get(&escaped), escaped.len);
}

static void add_writer(struct text *t, const struct writer *w)
{
	if (!w)
		return;
	if (w->pid > 0)
		text_addf(t, "WRITER_PID=%d\n", w->pid);
	text_addf(t, "WRITER_UID=%u\n", w->uid);
	add_string(t, "WRITER_COMMAND", w->command, 4 * sizeof(w->command), false);
	add_string(t, "WRITER_UNIT", w->unit, 4 * sizeof(w->unit), false);
}

void journal_format(const struct event *e, struct text *ret)
{
	const struct event_def *def = &event_defs[e->kind];
	_cleanup_text_ struct text message = TEXT_NULL;

	text_add_escaped(&message, e->message && *e->message ? e->message : def->name, MESSAGE_MAX);
	add_field(ret, "MESSAGE", text_get(&message), message.len);
	text_addf(ret, "MESSAGE_ID=%s\nPRIORITY=%d\nSYSLOG_IDENTIFIER=tcpadvisord\nTCPADVISOR_EVENT=%s\nSEVERITY=%s\n",
		  def->message_id, priority_of(e), def->name, severity_name(e->severity));
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++) {
		const char *value;

		memcpy(&value, (const char *)e + fields[i].offset, sizeof(value));
		add_string(ret, fields[i].name, value, fields[i].max, fields[i].is_value);
	}
	if (e->boot_file && e->boot_line)
		text_addf(ret, "BOOT_LINE=%u\n", e->boot_line);
	add_writer(ret, e->writer);
}

void journal_open(struct journal *j, const char *path)
{
	*j = (struct journal){
		.fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0),
		.path = path,
	};
}

void journal_close(struct journal *j)
{
	closep(&j->fd);
	j->fd = -1;
}

/* The name is looked up each time: a journald that was restarted made its socket anew. */
static int send_bytes(const struct journal *j, const struct text *t)
{
	struct sockaddr_un to = {.sun_family = AF_UNIX};

	if (j->fd < 0)
		return -ENOTCONN;
	if (strlen(j->path) >= sizeof(to.sun_path))
		return -ENAMETOOLONG;
	strcpy(to.sun_path, j->path);
	if (sendto(j->fd, t->s, t->len, MSG_DONTWAIT | MSG_NOSIGNAL, (struct sockaddr *)&to, sizeof(to)) < 0)
		return -errno;
	return 0;
}

int journal_send(struct journal *j, const struct event *e)
{
	_cleanup_text_ struct text t = TEXT_NULL;
	int r;

	journal_format(e, &t);
	r = send_bytes(j, &t);
	if (r < 0)
		j->dropped++;
	else
		j->sent++;
	return r;
}
