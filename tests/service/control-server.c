/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What tcpadvisord answers, without the service: `control-server SOCKET TIMEOUT IDLE [RECORD]` serves canned state on
 * SOCKET, and the audit of a recorded host where one is named. Told by lines on stdin, each answered by one on stdout:
 *
 *	tell KIND		tell subscribers an event of that kind, with all that an event may have
 *	bare KIND		the same with nothing but a sentence
 *	many N			tell N events at once
 *	counts			connections now, accepted, refused
 *	turns			of the event loop so far
 *	rss			kilobytes in memory
 *
 * It ends with its stdin.
 */
#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include "collect/collect.h"
#include "daemon/control.h"

#define HOSTILE "evil\033[31m\nname\xff\xe2\x80\xae"

struct bench {
	sd_event *event;
	struct control *control;
	struct life life;
	struct report report;
	struct report_part part;
	struct root *root;
	struct config config;
	struct ruleset rules;
	char line[256];
	size_t length;
};

static struct life_finding canned[] = {
	{.rule = "listen.accept-queue-full", .subject_type = SUBJECT_LISTENER, .subject = "127.0.0.1:8080", .unit = "app.service",
	 .message = "9 connections wait", .advise = "accept faster", .severity = SEVERITY_ERROR, .opened = 1763660000.25,
	 .seen = 1763660100},
	{.rule = "window.scaling-off", .subject_type = SUBJECT_SYSCTL, .subject = "net.ipv4.tcp_window_scaling",
	 .message = "tcp_window_scaling is 0", .severity = SEVERITY_WARNING, .opened = 1763660000, .seen = 1763660100},
	{.rule = "gone.since-the-reload", .subject_type = SUBJECT_HOST, .message = HOSTILE, .severity = SEVERITY_NOTICE,
	 .netns = HOSTILE, .unit = HOSTILE, .opened = 1, .seen = 2},
	{.rule = "ports.few", .subject_type = SUBJECT_DESTINATION, .subject = HOSTILE, .message = "", .severity = SEVERITY_INFO,
	 .netns = "", .opened = 1763660000, .seen = 1763660100},
	{.rule = "interface.some", .subject_type = SUBJECT_INTERFACE, .subject = "eth0", .message = "x",
	 .severity = SEVERITY_INFO, .opened = 1763660000, .seen = 1763660100},
	{.rule = "path.some", .subject_type = SUBJECT_PATH, .subject = "eth0 192.0.2.0/24", .message = "x",
	 .severity = SEVERITY_INFO, .opened = 1763660000, .seen = 1763660100},
	{.rule = "owner.some", .subject_type = SUBJECT_OWNER, .subject = "app.service", .message = "x",
	 .severity = SEVERITY_INFO, .opened = 1763660000, .seen = 1763660100},
	{.rule = "waiver.expired", .subject_type = SUBJECT_WAIVER, .subject = "w", .message = "x",
	 .severity = SEVERITY_INFO, .opened = 1763660000, .seen = 1763660100},
	{.rule = "line.some", .subject_type = SUBJECT_LINE, .subject = "/etc/sysctl.d/a.conf:1", .message = "x",
	 .severity = SEVERITY_INFO, .opened = 1763660000, .seen = 1763660100},
};

static const struct life *get_life(void *user)
{
	return &((struct bench *)user)->life;
}

static void get_stats(void *user, struct service_stats *ret)
{
	(void)user;
	*ret = (struct service_stats){
		.started = 1763650000.5, .uptime = 10100, .cpu = 1.25, .rss = 5.5e6, .tick = 10, .pass = 60, .pass_least = 60,
		.budget = 0.005, .pass_cpu = 0.0123, .pass_age = 12.5, .slice = 1, .slices = 4, .ticks = 1010, .passes = 168,
		.sockets = 198000, .open_by_severity = {6, 1, 1, 1}, .opened = 21, .closed = 12, .drifts = 3, .drifted = 1,
		.keys_watched = 123, .notified = true, .journal_sent = 40, .journal_dropped = 2, .journal_held = 7, .reloads = 4,
		.reloads_failed = 1, .namespaces = 1, .blind = true, .blind_why = "it was not told to look",
		.traced = false, .settling = true, .profile = "balanced", .version = PACKAGE_VERSION,
	};
}

static const struct report *get_report(void *user)
{
	struct bench *b = user;

	return b->report.count ? &b->report : NULL;
}

static void get_metrics(void *user, struct text *ret)
{
	(void)user;
	text_add(ret, "# TYPE tcpadvisor_up gauge\ntcpadvisor_up{unit=\"Grüße\"} 1\n# EOF\n");
}

static void tell(struct bench *b, enum event_kind kind, bool bare)
{
	const struct writer writer = {.pid = 812, .uid = 1000, .command = "sysc\033tl", .unit = "evil\n.service"};
	const struct event full = {
		.kind = kind, .severity = SEVERITY_WARNING, .when = 1763660200.125, .message = "somebody \033[31mwrote",
		.rule = "sysctl.drift", .subject_type = "sysctl", .subject = "net.ipv4.tcp_sack", .unit = "app.service",
		.netns = "blue", .advise = "look", .key = "net.ipv4.tcp_sack", .expected = "1", .actual = "0", .previous = "1",
		.boot = "1", .boot_file = "/etc/sysctl.d/90-a.conf", .boot_line = 3, .writer = &writer,
	};
	const struct event short_one = {.kind = kind, .severity = SEVERITY_INFO, .when = 1, .message = "done"};

	control_tell(b->control, bare ? &short_one : &full);
}

static int find_kind(const char *name)
{
	for (int k = 0; k < EVENT_KINDS; k++)
		if (!strcmp(event_defs[k].name, name))
			return k;
	return -1;
}

static void print_rss(void)
{
	_cleanup_fclose_ FILE *f = fopen("/proc/self/statm", "re");
	long size = 0, rss = 0;

	if (f && fscanf(f, "%ld %ld", &size, &rss) == 2)
		printf("%ld\n", rss * sysconf(_SC_PAGESIZE) / 1024);
}

static void obey(struct bench *b, const char *line)
{
	char word[16] = "", argument[64] = "";
	uint64_t turns = 0;

	sscanf(line, "%15s %63s", word, argument);
	if (!strcmp(word, "tell") || !strcmp(word, "bare")) {
		if (find_kind(argument) >= 0)
			tell(b, (enum event_kind)find_kind(argument), *word == 'b');
		puts("told");
	} else if (!strcmp(word, "many")) {
		for (int i = atoi(argument); i > 0; i--)
			tell(b, EVENT_OPENED, false);
		puts("told");
	} else if (!strcmp(word, "counts")) {
		struct varlink_counts c = control_counts(b->control);

		printf("%u %lu %lu\n", c.connections, c.accepted, c.refused);
	} else if (!strcmp(word, "turns")) {
		sd_event_get_iteration(b->event, &turns);
		printf("%lu\n", (unsigned long)turns);
	} else if (!strcmp(word, "rss")) {
		print_rss();
	} else {
		puts("what?");
	}
	fflush(stdout);
}

static int on_stdin(sd_event_source *source, int fd, uint32_t revents, void *user)
{
	struct bench *b = user;
	ssize_t n = read(fd, b->line + b->length, sizeof(b->line) - 1 - b->length);
	char *end;

	(void)source;
	(void)revents;
	if (n <= 0)
		return sd_event_exit(b->event, 0);
	b->length += (size_t)n;
	b->line[b->length] = 0;
	while ((end = strchr(b->line, '\n'))) {
		*end = 0;
		obey(b, b->line);
		b->length -= (size_t)(end + 1 - b->line);
		memmove(b->line, end + 1, b->length + 1);
	}
	return 0;
}

/* As an audit of the verb would. */
static int load_record(struct bench *b, const char *dir)
{
	const char *datadir = getenv("TCPADVISOR_DATADIR");
	const struct collect_options options = {.rules = &b->rules, .config = &b->config, .owners = true};
	struct diag d = {0};

	b->config = CONFIG_DEFAULT;
	if (root_open(dir, &b->root, &d) < 0 || config_load_rules(b->root, datadir ? datadir : ".", "balanced", &b->rules, &d) < 0 ||
	    collect(b->root, &options, &b->part.facts) < 0) {
		fprintf(stderr, "control-server: %s: %s\n", dir, d.message);
		return -EINVAL;
	}
	b->part.host = *root_host(b->root);
	judge(&b->rules, b->part.facts, b->part.host.clock, &b->part.judgement);
	b->report = (struct report){
		.version = PACKAGE_VERSION, .recorded = true, .rules = &b->rules, .parts = &b->part, .count = 1};
	return 0;
}

static int listen_on(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0 || strlen(path) >= sizeof(address.sun_path))
		return -1;
	strcpy(address.sun_path, path);
	if (bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0 || chmod(path, 0666) < 0 || listen(fd, 128) < 0)
		return -1;
	return fd;
}

int main(int argc, char **argv)
{
	struct bench b = {.life = {.findings = canned, .count = ARRAY_SIZE(canned)}};
	struct control_source source = {.user = &b, .life = get_life, .stats = get_stats, .report = get_report,
					.metrics = get_metrics};
	int fd;

	if (argc < 4 || argc > 5)
		return 64;
	source.timeout = atof(argv[2]);
	source.idle = atof(argv[3]);
	fd = listen_on(argv[1]);
	if (fd < 0 || sd_event_default(&b.event) < 0 || (argc > 4 && load_record(&b, argv[4]) < 0) ||
	    control_new(b.event, &source, &b.control) < 0 || control_add(b.control, fd) < 0 ||
	    sd_event_add_io(b.event, NULL, STDIN_FILENO, EPOLLIN, on_stdin, &b) < 0) {
		perror("control-server");
		return 1;
	}
	puts("ready");
	fflush(stdout);
	sd_event_loop(b.event);
	control_free(b.control);
	sd_event_unref(b.event);
	judgement_clear(&b.part.judgement);
	facts_free(b.part.facts);
	ruleset_clear(&b.rules);
	root_free(b.root);
	return 0;
}
