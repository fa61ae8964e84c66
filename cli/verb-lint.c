/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lint: a configuration judged without the host that it is for. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include "cli/session.h"
#include "collect/lint.h"

struct files {
	struct sysctld_file *list;
	struct text *bytes;
	size_t count;
};

static void files_clear(struct files *f)
{
	for (size_t i = 0; i < f->count; i++)
		text_clear(&f->bytes[i]);
	free(f->list);
	free(f->bytes);
}

/* A pipe will do; what is larger than a configuration may be is not read to its end. */
static int read_file(const char *name, struct text *ret)
{
	_cleanup_close_ int fd = open(name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	char chunk[4096];
	struct stat st;
	ssize_t n;

	text_addn(ret, "", 0);
	if (fd < 0 || fstat(fd, &st) < 0)
		return -errno;
	if (S_ISDIR(st.st_mode))
		return -EISDIR;
	/* A FIFO that nobody writes to would hold us; a pipe that the shell gives has its writer. */
	if (!S_ISREG(st.st_mode) && strcmp(name, "/dev/stdin") && strncmp(name, "/dev/fd/", 8) && strncmp(name, "/proc/self/fd/", 14))
		return -ENODEV;
	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK);
	if (S_ISREG(st.st_mode) && st.st_size > SYSCTLD_FILE_MAX)
		return -EFBIG;
	while ((n = read(fd, chunk, sizeof(chunk))) > 0) {
		if (ret->len + (size_t)n > SYSCTLD_FILE_MAX)
			return -EFBIG;
		text_addn(ret, chunk, (size_t)n);
	}
	return n < 0 ? -errno : 0;
}

static int read_files(struct files *f, const struct options *o)
{
	f->list = calloc((size_t)o->arg_count + 1, sizeof(*f->list));
	f->bytes = calloc((size_t)o->arg_count + 1, sizeof(*f->bytes));
	if (!f->list || !f->bytes)
		abort();
	for (int i = 0; i < o->arg_count; i++) {
		struct text *t = &f->bytes[f->count++];
		int r = read_file(o->args[i], t);

		if (r == -EFBIG) {
			complain("%s: larger than 1 MiB: refused", o->args[i]);
		} else if (r == -ENODEV) {
			complain("%s: no file, and no pipe given as /dev/stdin: refused", o->args[i]);
		} else if (r < 0) {
			complain("%s: %s", o->args[i], strerror(-r));
		} else if (!sysctld_is_text(text_get(t), t->len)) {
			complain("%s: no text: refused", o->args[i]);
			r = -EINVAL;
		}
		if (r < 0)
			return EXIT_COULD_NOT_CHECK;
		f->list[i] = (struct sysctld_file){o->args[i], text_get(t), t->len};
	}
	return 0;
}

/* A file alone does not say for which kernel it is: for the newest that the catalogue knows. */
static void choose_kernel(struct session *s, const struct options *o)
{
	struct kernel_version newest = s->rules.catalogue.known_through;
	char release[32];

	s->report.kernel_taken = !o->kernel && (o->arg_count || !root_host(s->root)->version[0]);
	snprintf(release, sizeof(release), "%u.%u", newest.major, newest.minor);
	if (o->kernel || s->report.kernel_taken)
		root_set_kernel(s->root, o->kernel ? o->kernel : release);
}

static int judge_files(struct session *s, const struct options *o, const struct files *files)
{
	struct lint_options lint = {
		.rules = &s->rules,
		.config = &s->config,
		.files = files->list,
		.file_count = files->count,
		.this_host = !o->root && !o->kernel,
		.memory = o->memory,
		.ret_memory = &s->report.memory,
	};
	struct report_part *part = calloc(1, sizeof(*part));
	struct diag d = {0};

	if (!part)
		abort();
	s->report.parts = part;
	if (collect_lint(s->root, &lint, &part->facts, &d) < 0) {
		complain_diag(&d);
		return EXIT_COULD_NOT_CHECK;
	}
	s->report.memory_taken = !o->memory && s->report.memory == lint_default_memory;
	part->host = *root_host(s->root);
	judge(&s->rules, part->facts, part->host.clock, &part->judgement);
	s->report.count = 1;
	return 0;
}

static int verdict(const struct session *s, const struct options *o)
{
	struct report_totals t = report_totals(&s->report);

	for (enum severity level = o->fail_on; level < SEVERITIES; level++)
		if (t.by_severity[level])
			return EXIT_FINDINGS;
	/* Where there was no line, nothing was checked. */
	if (!s->report.parts[0].facts->first[SUBJECT_LINE])
		return EXIT_NOTHING_JUDGED;
	return o->fail_on_unknown && t.by_status[STATUS_UNKNOWN] ? EXIT_FINDINGS : EXIT_OK;
}

int verb_lint(const struct options *o)
{
	_cleanup_session_ struct session s = {0};
	_cleanup_(files_clear) struct files files = {0};
	_cleanup_text_ struct text t = TEXT_NULL;
	struct render_options ro = output_options(o);
	int r;

	if (o->root && o->arg_count) {
		complain("lint takes files, or --root");
		return EXIT_USAGE;
	}
	r = read_files(&files, o);
	if (r || (r = session_open_tree(&s, o)))
		return r;
	choose_kernel(&s, o);
	r = judge_files(&s, o, &files);
	if (r)
		return r;
	lint_format_find(o->format)->render(&s.report, &ro, &t);
	r = output_write(&t);
	return r ? r : verdict(&s, o);
}
