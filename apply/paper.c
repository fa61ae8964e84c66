/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "apply/paper.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <string.h>
#include <sys/socket.h>

#define MAGIC	"tcpadvisor-apply"
#define FORMAT	"1"

enum { NAME_MAX_LENGTH = 16 };

static const char *const verbs[PAPER_VERBS] = {
	[VERB_APPLY] = "apply",	      [VERB_CONFIRM] = "confirm", [VERB_ROLLBACK] = "rollback",
	[VERB_SHOW] = "show",	      [VERB_LIST] = "list",	  [VERB_REPLY] = "reply",
	[VERB_BASELINE] = "baseline", [VERB_WATCH] = "watch",	  [VERB_STOP] = "stop",
	[VERB_MEASURED] = "measured", [VERB_HEARTBEAT] = "heartbeat", [VERB_JOURNAL] = "journal",
};

static const char *const states[PAPER_STATES] = {
	[STATE_NONE] = "none",	   [STATE_OPEN] = "open",	  [STATE_CONFIRMED] = "confirmed",
	[STATE_UNDONE] = "undone", [STATE_REBOOTED] = "rebooted",
};

static const char *const verdicts[PAPER_VERDICTS] = {
	[VERDICT_NONE] = "none", [VERDICT_OK] = "ok", [VERDICT_WORSE] = "worse", [VERDICT_UNPROVEN] = "unproven",
};

static const char *const errors[PAPER_ERRORS] = {
	[PAPER_DONE] = "done",
	[ERROR_INVALID] = "invalid",
	[ERROR_BUSY] = "busy",
	[ERROR_FROZEN] = "frozen",
	[ERROR_NOT_VETTED] = "not-vetted",
	[ERROR_BOUNDS] = "bounds",
	[ERROR_STALE] = "stale",
	[ERROR_NAMESPACE] = "namespace",
	[ERROR_UNAVAILABLE] = "unavailable",
	[ERROR_NO_HEALTH] = "no-health",
	[ERROR_JOURNAL] = "journal",
	[ERROR_WRITE] = "write",
	[ERROR_UNKNOWN_ID] = "unknown-id",
	[ERROR_TOO_LATE] = "too-late",
	[ERROR_STUCK] = "stuck",
};

const char *paper_verb_name(enum paper_verb v)
{
	return v < PAPER_VERBS ? verbs[v] : "?";
}

const char *paper_state_name(enum paper_state s)
{
	return s < PAPER_STATES ? states[s] : "?";
}

const char *paper_verdict_name(enum paper_verdict v)
{
	return v < PAPER_VERDICTS ? verdicts[v] : "?";
}

const char *paper_error_name(enum paper_error e)
{
	return e < PAPER_ERRORS ? errors[e] : "?";
}

enum field_type { FIELD_TEXT, FIELD_ID, FIELD_U64, FIELD_UNSIGNED, FIELD_FLAG, FIELD_WORD };

/* Lines of the paper as a whole, in the order in which they are written; each at most once. */
struct field {
	const char *name;
	enum field_type type;
	size_t offset, size;
	const char *const *words; /* of a FIELD_WORD, an enum */
	unsigned word_count;
};

#define MEMBER(m)	 offsetof(struct paper, m), sizeof(((struct paper *)NULL)->m)
#define WORDS(m, array) #m, FIELD_WORD, MEMBER(m), array, ARRAY_SIZE(array)

static const struct field fields[] = {
	{WORDS(verb, verbs)},
	{"id", FIELD_ID, MEMBER(id)},
	{"boot", FIELD_TEXT, MEMBER(boot)},
	{"netns", FIELD_U64, MEMBER(netns)},
	{"profile", FIELD_TEXT, MEMBER(profile)},
	{WORDS(state, states)},
	{"reason", FIELD_TEXT, MEMBER(reason)},
	{"asked", FIELD_U64, MEMBER(asked)},
	{"closed", FIELD_U64, MEMBER(closed)},
	{"deadline", FIELD_U64, MEMBER(deadline)},
	{"within", FIELD_UNSIGNED, MEMBER(within)},
	{"persist", FIELD_FLAG, MEMBER(persist)},
	{"begun", FIELD_UNSIGNED, MEMBER(begun)},
	{"written", FIELD_UNSIGNED, MEMBER(written)},
	{WORDS(verdict, verdicts)},
	{"signal", FIELD_TEXT, MEMBER(signal)},
	{WORDS(error, errors)},
	{"said", FIELD_TEXT, MEMBER(said)},
};

/* Lines that belong to the change before them. */
static const struct {
	const char *name;
	size_t offset, size;
	bool always;
} change_fields[] = {
#define CHANGE(m) offsetof(struct paper_change, m), sizeof(((struct paper_change *)NULL)->m)
	{"old", CHANGE(old), true},
	{"new", CHANGE(new), true},
	{"why", CHANGE(why), false},
	{"taken", CHANGE(taken), false},
#undef CHANGE
};

static const char *const whens[] = {[MEASURED_BEFORE] = "before", [MEASURED_AFTER] = "after"};

/* ISO 3309, as gzip and zlib have it. */
static uint32_t crc32(const char *bytes, size_t n)
{
	uint32_t crc = ~0u;

	for (size_t i = 0; i < n; i++) {
		crc ^= (unsigned char)bytes[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0xedb88320u : 0);
	}
	return ~crc;
}

static bool is_printable(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (s[i] < ' ' || s[i] > '~')
			return false;
	return true;
}

bool paper_is_id(const char *s)
{
	return strlen(s) == PAPER_ID - 1 && strspn(s, "0123456789abcdef") == PAPER_ID - 1;
}

void paper_print(char *buf, size_t size, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(buf, size, fmt, ap);
	va_end(ap);
	for (char *p = buf; *p; p++)
		if (*p < ' ' || *p > '~')
			*p = '?';
}

bool paper_add_measure(struct paper *p, enum paper_when when, const char *text)
{
	struct paper_measure *m = &p->measures[p->measure_count];

	if (p->measure_count == PAPER_MEASURES)
		return false;
	m->when = when;
	paper_set(m->text, "%s", text);
	p->measure_count++;
	return true;
}

/* Writing. */
struct pen {
	char *buf;
	size_t size, n;
	int error;
};

static void put(struct pen *p, const char *name, const char *value)
{
	int n;

	if (!is_printable(value, strlen(value)))
		p->error = p->error ? p->error : -EINVAL;
	n = snprintf(p->buf + p->n, p->size - p->n, "%s %s\n", name, value);
	if (n < 0 || (size_t)n >= p->size - p->n)
		p->error = p->error ? p->error : -EMSGSIZE;
	else
		p->n += (size_t)n;
}

static void put_number(struct pen *p, const char *name, uint64_t v)
{
	char digits[24];

	snprintf(digits, sizeof(digits), "%" PRIu64, v);
	put(p, name, digits);
}

static void put_field(struct pen *pen, const struct field *f, const struct paper *p)
{
	const void *member = (const char *)p + f->offset;

	switch (f->type) {
	case FIELD_TEXT:
	case FIELD_ID:
		if (*(const char *)member)
			put(pen, f->name, member);
		break;
	case FIELD_U64:
		if (*(const uint64_t *)member)
			put_number(pen, f->name, *(const uint64_t *)member);
		break;
	case FIELD_UNSIGNED:
		if (*(const unsigned *)member)
			put_number(pen, f->name, *(const unsigned *)member);
		break;
	case FIELD_FLAG:
		if (*(const bool *)member)
			put(pen, f->name, "yes");
		break;
	case FIELD_WORD:
		if (*(const unsigned *)member >= f->word_count)
			pen->error = -EINVAL;
		else if (*(const unsigned *)member || f->words == verbs)
			put(pen, f->name, f->words[*(const unsigned *)member]);
		break;
	}
}

static void put_change(struct pen *pen, const struct paper_change *c)
{
	put(pen, "change", c->key);
	for (size_t i = 0; i < ARRAY_SIZE(change_fields); i++) {
		const char *value = (const char *)c + change_fields[i].offset;

		if (change_fields[i].always || *value)
			put(pen, change_fields[i].name, value);
	}
}

int paper_format(const struct paper *p, char *buf, size_t size)
{
	struct pen pen = {.buf = buf, .size = size};
	char sum[16];

	if (p->change_count > PAPER_CHANGES || p->measure_count > PAPER_MEASURES || p->listed_count > PAPER_LISTED)
		return -EINVAL;
	put(&pen, MAGIC, FORMAT);
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
		put_field(&pen, &fields[i], p);
	for (unsigned i = 0; i < p->change_count; i++)
		put_change(&pen, &p->changes[i]);
	for (unsigned i = 0; i < p->measure_count; i++)
		put(&pen, whens[p->measures[i].when == MEASURED_AFTER], p->measures[i].text);
	for (unsigned i = 0; i < p->listed_count; i++)
		put(&pen, "listed", p->listed[i]);
	snprintf(sum, sizeof(sum), "%08" PRIx32, crc32(buf, pen.n));
	put(&pen, "end", sum);
	return pen.error ? pen.error : (int)pen.n;
}

/* Reading. */
static bool read_number(const char *s, uint64_t most, uint64_t *ret)
{
	uint64_t v = 0;

	if (!*s || strlen(s) > 19 || (*s == '0' && s[1]))
		return false;
	for (; *s; s++) {
		if (!isdigit((unsigned char)*s))
			return false;
		v = v * 10 + (uint64_t)(*s - '0');
	}
	*ret = v;
	return v <= most;
}

static bool read_text(char *to, size_t size, const char *value)
{
	size_t n = strlen(value);

	if (n >= size)
		return false;
	memcpy(to, value, n + 1);
	return true;
}

static bool read_field(const struct field *f, struct paper *p, const char *value)
{
	void *member = (char *)p + f->offset;
	uint64_t v;

	switch (f->type) {
	case FIELD_TEXT:
		return *value && read_text(member, f->size, value);
	case FIELD_ID:
		return paper_is_id(value) && read_text(member, f->size, value);
	case FIELD_U64:
		return read_number(value, UINT64_MAX, member);
	case FIELD_UNSIGNED:
		return read_number(value, UINT32_MAX, &v) && (*(unsigned *)member = (unsigned)v, true);
	case FIELD_FLAG:
		return (*(bool *)member = !strcmp(value, "yes"));
	case FIELD_WORD:
		for (unsigned i = 0; i < f->word_count; i++)
			if (!strcmp(f->words[i], value))
				return *(unsigned *)member = i, true;
		return false;
	}
	return false;
}

static bool read_change(struct paper *p, const char *key)
{
	struct paper_change *c;

	if (p->change_count == PAPER_CHANGES || !*key)
		return false;
	c = &p->changes[p->change_count];
	if (!read_text(c->key, sizeof(c->key), key))
		return false;
	p->change_count++;
	return true;
}

/* Lines that may come more than once. -1: it is none of these. */
static int read_repeated(struct paper *p, const char *name, const char *value)
{
	if (!strcmp(name, "change"))
		return read_change(p, value);
	if (!strcmp(name, "listed"))
		return p->listed_count < PAPER_LISTED && paper_is_id(value) &&
		       read_text(p->listed[p->listed_count++], PAPER_ID, value);
	for (size_t i = 0; i < ARRAY_SIZE(whens); i++)
		if (!strcmp(name, whens[i]))
			return strlen(value) < PAPER_TEXT && paper_add_measure(p, (enum paper_when)i, value);
	for (size_t i = 0; i < ARRAY_SIZE(change_fields); i++)
		if (!strcmp(name, change_fields[i].name))
			return p->change_count && read_text((char *)&p->changes[p->change_count - 1] + change_fields[i].offset,
							    change_fields[i].size, value);
	return -1;
}

static bool read_line(struct paper *p, const char *name, const char *value, unsigned *seen)
{
	int r = read_repeated(p, name, value);

	if (r >= 0)
		return r;
	for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
		if (!strcmp(name, fields[i].name)) {
			bool again = *seen & 1u << i;

			*seen |= 1u << i;
			return !again && read_field(&fields[i], p, value);
		}
	return false;
}

/* The next line, without its end, split at the first blank. NULL: there is none. */
static const char *next_line(const char *s, const char *end, char *name, char *value, size_t size)
{
	const char *stop = memchr(s, '\n', (size_t)(end - s)), *blank;

	if (!stop || !is_printable(s, (size_t)(stop - s)))
		return NULL;
	blank = memchr(s, ' ', (size_t)(stop - s));
	if (!blank || blank - s >= NAME_MAX_LENGTH + 1 || (size_t)(stop - blank) > size)
		return NULL;
	memcpy(name, s, (size_t)(blank - s));
	name[blank - s] = 0;
	memcpy(value, blank + 1, (size_t)(stop - blank - 1));
	value[stop - blank - 1] = 0;
	return stop + 1;
}

/* Is the version ours? 0, -EPROTO or -EBADMSG; and where the second line begins. */
static int check_magic(const char **s, const char *end, char *name, char *value, size_t size)
{
	*s = next_line(*s, end, name, value, size);
	if (!*s || strcmp(name, MAGIC))
		return -EBADMSG;
	return strcmp(value, FORMAT) ? -EPROTO : 0;
}

int paper_parse(const char *bytes, size_t n, struct paper *ret)
{
	const char *s = bytes, *end = bytes + n, *start;
	char name[NAME_MAX_LENGTH + 1], value[2 * PAPER_TEXT], sum[16];
	struct paper p = {0};
	unsigned seen = 0;
	int r;

	if (n > PAPER_MAX)
		return -EBADMSG;
	r = check_magic(&s, end, name, value, sizeof(value));
	if (r < 0)
		return r;
	for (;;) {
		start = s;
		s = next_line(s, end, name, value, sizeof(value));
		if (!s)
			return -EBADMSG;
		if (!strcmp(name, "end"))
			break;
		if (!read_line(&p, name, value, &seen))
			return -EBADMSG;
	}
	snprintf(sum, sizeof(sum), "%08" PRIx32, crc32(bytes, (size_t)(start - bytes)));
	if (strcmp(sum, value) || s != end || !(seen & 1) || p.begun > p.change_count || p.written > p.begun)
		return -EBADMSG;
	*ret = p;
	return 0;
}

int paper_send(int fd, const struct paper *p)
{
	char buf[PAPER_MAX];
	int n = paper_format(p, buf, sizeof(buf));

	if (n < 0)
		return n;
	if (send(fd, buf, (size_t)n, MSG_NOSIGNAL) == n)
		return 0;
	return errno == ECONNRESET ? -EPIPE : -errno;
}

int paper_receive(int fd, struct paper *ret)
{
	char buf[PAPER_MAX];
	ssize_t n = recv(fd, buf, sizeof(buf), MSG_TRUNC);

	if (n < 0)
		return errno == ECONNRESET ? -EPIPE : -errno;
	if (n == 0)
		return -EPIPE;
	return (size_t)n > sizeof(buf) ? -EBADMSG : paper_parse(buf, (size_t)n, ret);
}
