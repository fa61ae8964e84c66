/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The lines of one file of sysctl.d, in each loader's dialect, and what is odd about them. */
#include <errno.h>
#include <string.h>
#include "collect/sysctld.h"

/* procps trims what isspace() says. */
static const char *const blanks[LOADERS] = {
	[LOADER_SYSTEMD] = " \t\n\r",
	[LOADER_PROCPS] = " \t\n\v\f\r",
};

struct span {
	const char *s;
	size_t n;
};

struct parser {
	struct arena *arena;
	enum sysctld_loader loader;
	const char *file;
	unsigned line;
	struct sysctld_entry **entries;
	size_t *count;
};

static struct span trim_left(struct span t, enum sysctld_loader loader)
{
	while (t.n && strchr(blanks[loader], *t.s)) {
		t.s++;
		t.n--;
	}
	return t;
}

static struct span trim_right(struct span t, enum sysctld_loader loader)
{
	while (t.n && strchr(blanks[loader], t.s[t.n - 1]))
		t.n--;
	return t;
}

static struct span trim(struct span t, enum sysctld_loader loader)
{
	return trim_left(trim_right(t, loader), loader);
}

static unsigned line_end(char c)
{
	return c == '\n' ? 1 : c == '\r' ? 2 : c == '\0' ? 4 : 0;
}

/*
 * systemd ends a line at LF, CR or NUL. A run of them is one end until a byte repeats ("\r\n" and
 * "\n\r" are one, "\n\n" are two) or a NUL is passed.
 */
static struct span systemd_line(const char **at, const char *end)
{
	struct span line = {*at, 0};
	const char *p = *at;
	unsigned seen = 0, kind;

	while (p < end && !line_end(*p))
		p++;
	line.n = (size_t)(p - line.s);
	while (p < end && (kind = line_end(*p)) && !(seen & (kind | line_end('\0')))) {
		seen |= kind;
		p++;
	}
	*at = p;
	return line;
}

/* procps reads up to LF and sees none of what follows a NUL in that line. */
static struct span procps_line(const char **at, const char *end)
{
	const char *newline = memchr(*at, '\n', (size_t)(end - *at));
	struct span line = {*at, (size_t)((newline ? newline : end) - *at)};

	*at = newline ? newline + 1 : end;
	line.n = strnlen(line.s, line.n);
	return line;
}

static bool is_glob(const char *key)
{
	return strpbrk(key, "*?[") != NULL;
}

static void swap_separators(char *s)
{
	for (; *s; s++)
		*s = *s == '.' ? '/' : *s == '/' ? '.' : *s;
}

/* Leave out components that are empty or "." in the path, as open() does. Returns the end. */
static char *simplify(char *key)
{
	char *to = key, *p = key, *end;

	for (;; p = end + 1) {
		size_t n = strcspn(p, ".");

		end = p + n;
		if (n && !(n == 1 && *p == '/')) {
			if (to != key)
				*to++ = '.';
			memmove(to, p, n);
			to += n;
		}
		if (!*end)
			break;
	}
	return to;
}

/*
 * The first separator says how a key is written: if it is a dot, dots separate and a slash stands
 * for a dot; if it is a slash, the key is a path.
 */
static const char *make_key(struct parser *p, struct span s, bool *respelled)
{
	char *key = arena_strndup(p->arena, s.s, s.n), *end;
	bool open_ended;

	if (key[strcspn(key, "./")] == '/')
		swap_separators(key);
	open_ended = s.n && key[s.n - 1] == '.';
	end = simplify(key);
	*respelled = (size_t)(end - key) + open_ended < s.n;
	/* systemd drops a separator at the end, and so does glob(); procps' stat() fails on it. */
	if (open_ended && p->loader == LOADER_PROCPS && end != key && !is_glob(key))
		*end++ = '.';
	*end = 0;
	return key;
}

static struct sysctld_entry *append(struct parser *p)
{
	size_t n = *p->count;
	struct sysctld_entry *grown;

	/* Capacity is 64 or the next power of two: an arena cannot tell how much it gave. */
	if (n == 0 || (n >= 64 && (n & (n - 1)) == 0)) {
		grown = arena_array(p->arena, struct sysctld_entry, n ? 2 * n : 64);
		if (n)
			memcpy(grown, *p->entries, n * sizeof(*grown));
		*p->entries = grown;
	}
	return &(*p->entries)[(*p->count)++];
}

static int add_entry(struct parser *p, struct span key, const struct span *value, bool dash)
{
	struct sysctld_entry *e;
	const char *name;
	bool respelled;

	/* procps looks for the dash again where it makes the path: "--key" is "-key" to it. */
	if (dash && p->loader == LOADER_PROCPS && key.n && *key.s == '-') {
		key.s++;
		key.n--;
	}
	if (!key.n || key.n > SYSCTLD_KEY_MAX)
		return 0;
	name = make_key(p, key, &respelled);
	if (!*name)
		return 0;
	if (*p->count == SYSCTLD_ENTRIES_MAX)
		return -E2BIG;
	e = append(p);
	*e = (struct sysctld_entry){
		.key = name,
		.value = value ? arena_strndup(p->arena, value->s, value->n) : NULL,
		.file = p->file,
		.line = p->line,
		.glob = is_glob(name),
		.tolerant = dash && value,
		.respelled = respelled,
	};
	return 0;
}

static int parse_line(struct parser *p, struct span line)
{
	struct span key, value = {0};
	const char *equals;
	bool dash;

	line = trim(line, p->loader);
	if (!line.n || *line.s == '#' || *line.s == ';')
		return 0;
	dash = *line.s == '-';
	equals = memchr(line.s, '=', line.n);
	if (!equals && !dash)
		return 0;
	key = (struct span){line.s, equals ? (size_t)(equals - line.s) : line.n};
	if (equals)
		value = trim((struct span){equals + 1, (size_t)(line.s + line.n - equals - 1)},
			     p->loader);
	if (dash) {
		key.s++;
		key.n--;
	}
	key = trim_right(key, p->loader);
	/* procps keeps blanks after the dash, and then there is no such file. */
	if (p->loader == LOADER_SYSTEMD)
		key = trim_left(key, p->loader);
	return add_entry(p, key, equals ? &value : NULL, dash);
}

int sysctld_parse(struct arena *a, enum sysctld_loader loader, const char *file, const char *bytes,
		  size_t n, struct sysctld_entry **entries, size_t *count)
{
	struct parser p = {.arena = a, .loader = loader, .entries = entries, .count = count};
	const char *at = bytes, *end = bytes + n;

	p.file = arena_strdup(a, file);
	while (at < end) {
		int r;

		p.line++;
		r = parse_line(&p, loader == LOADER_SYSTEMD ? systemd_line(&at, end)
							    : procps_line(&at, end));
		if (r < 0)
			return r;
	}
	return 0;
}

static int add_remark(struct sysctld *s, enum sysctld_remark_kind kind, const char *file, unsigned line,
		      struct span text)
{
	struct sysctld_remark *grown;
	size_t n = s->remark_count;

	if (n == SYSCTLD_REMARKS_MAX)
		return -E2BIG;
	if (n == 0 || (n >= 64 && (n & (n - 1)) == 0)) {
		grown = arena_array(&s->arena, struct sysctld_remark, n ? 2 * n : 64);
		if (n)
			memcpy(grown, s->remarks, n * sizeof(*grown));
		s->remarks = grown;
	}
	s->remarks[s->remark_count++] = (struct sysctld_remark){kind, arena_strndup(&s->arena, text.s, text.n), file, line, 0};
	return 0;
}

/* "# tcpadvisor: ignore …": what follows the colon. */
static bool is_suppression(struct span line, struct span *ret)
{
	static const char word[] = "tcpadvisor:";
	struct span t = {line.s + 1, line.n ? line.n - 1 : 0};

	if (!line.n || (*line.s != '#' && *line.s != ';'))
		return false;
	t = trim_left(t, LOADER_SYSTEMD);
	if (t.n < strlen(word) || strncmp(t.s, word, strlen(word)))
		return false;
	*ret = trim_left((struct span){t.s + strlen(word), t.n - strlen(word)}, LOADER_SYSTEMD);
	return true;
}

/* What is in front of the "=", or behind the dash of an exclusion, as systemd sees it. */
static size_t key_length(struct span line)
{
	const char *equals = memchr(line.s, '=', line.n);
	struct span key = {line.s, equals ? (size_t)(equals - line.s) : line.n};

	if (*line.s == '-') {
		key.s++;
		key.n--;
	}
	key = trim(key, LOADER_SYSTEMD);
	/* Separators alone name nothing. */
	for (size_t i = 0; i < key.n; i++)
		if (key.s[i] != '.' && key.s[i] != '/')
			return key.n;
	return 0;
}

static int remark_on(struct sysctld *s, const char *name, unsigned number, struct span line)
{
	size_t length;

	if (*line.s != '-' && !memchr(line.s, '=', line.n))
		return add_remark(s, REMARK_NO_EQUALS, name, number, line);
	length = key_length(line);
	if (!length)
		return add_remark(s, REMARK_NO_KEY, name, number, line);
	return length > SYSCTLD_KEY_MAX ? add_remark(s, REMARK_LONG_KEY, name, number, line) : 0;
}

int sysctld_remark(struct sysctld *s, const char *file, const char *bytes, size_t n)
{
	const char *at = bytes, *end = bytes + n, *name = arena_strdup(&s->arena, file);
	size_t pending = s->remark_count; /* the suppressions from here on wait for their line */
	unsigned number = 0;

	while (at < end) {
		struct span line = trim(systemd_line(&at, end), LOADER_SYSTEMD), text;
		int r;

		number++;
		if (is_suppression(line, &text)) {
			r = add_remark(s, REMARK_SUPPRESSION, name, number, text);
			if (r < 0)
				return r;
			continue;
		}
		if (line.n && (*line.s == '#' || *line.s == ';'))
			continue;
		for (; pending < s->remark_count; pending++)
			if (line.n && s->remarks[pending].kind == REMARK_SUPPRESSION)
				s->remarks[pending].target = number;
		r = line.n ? remark_on(s, name, number, line) : 0;
		if (r < 0)
			return r;
		pending = s->remark_count;
	}
	return 0;
}

bool sysctld_is_text(const char *bytes, size_t n)
{
	size_t odd = 0;

	if (memchr(bytes, 0, n))
		return false;
	for (size_t i = 0; i < n;) {
		size_t length = utf8_length(bytes + i, n - i);

		odd += !length || ((unsigned char)bytes[i] < ' ' && !strchr("\t\n\r\f\v", bytes[i]));
		i += length ? length : 1;
	}
	/* A comment in some old encoding is still text. */
	return odd * 10 <= n;
}
