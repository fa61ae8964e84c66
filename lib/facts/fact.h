/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Facts: what was measured, each with a dimension, a source, and a reason where it is missing. A fact belongs to a
 * subject: the thing that a rule judges. The rows of facts.def name them all; a rule that names another is
 * refused when it is loaded.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/arena.h"
#include "base/dim.h"

struct sysctl_def;

enum subject_type {
	SUBJECT_HOST,
	SUBJECT_SYSCTL,
	SUBJECT_INTERFACE,
	SUBJECT_PATH,
	SUBJECT_LISTENER,
	SUBJECT_DESTINATION,
	SUBJECT_OWNER,
	SUBJECT_WAIVER,
	SUBJECT_LINE,
	SUBJECT_TYPES,
};

enum value_state {
	VALUE_ABSENT, /* not there: this kernel, host or subject has none (also: never collected) */
	VALUE_KNOWN,
	VALUE_DENIED,	 /* there, but not for us to read */
	VALUE_FEW,	 /* too few samples to say */
	VALUE_NO_WINDOW, /* needs two samples, and there was one */
	VALUE_GARBLED,	 /* read, and not understood */
	VALUE_UNREAD,	 /* its source is missing or failed */
	VALUE_LEFT_OUT,	 /* not looked at this time: not even that it is unknown may be made something of */
};

struct value {
	enum value_state state;
	bool has_delta;
	double num;
	double delta;	    /* growth over the window, of a counter with two samples */
	const char *text;   /* of DIM_TEXT and DIM_LIST; untrusted */
	const char *reason; /* a clause, where not known: "this kernel has no …" */
	const char *source; /* where it differs from the row's */
	const char *what;   /* name of the fact, set when an expression finds it missing */
};

#define FACT(id, name, dim, counter, source, about) id,
enum host_fact {
#define HOST_FACTS
#include "facts/facts.def"
#undef HOST_FACTS
	HOST_FACT_COUNT,
};
enum key_fact {
#define KEY_FACTS
#include "facts/facts.def"
#undef KEY_FACTS
	KEY_FACT_COUNT,
};
enum interface_fact {
#define INTERFACE_FACTS
#include "facts/facts.def"
#undef INTERFACE_FACTS
	INTERFACE_FACT_COUNT,
};
enum path_fact {
#define PATH_FACTS
#include "facts/facts.def"
#undef PATH_FACTS
	PATH_FACT_COUNT,
};
enum listener_fact {
#define LISTENER_FACTS
#include "facts/facts.def"
#undef LISTENER_FACTS
	LISTENER_FACT_COUNT,
};
enum destination_fact {
#define DESTINATION_FACTS
#include "facts/facts.def"
#undef DESTINATION_FACTS
	DESTINATION_FACT_COUNT,
};
enum owner_fact {
#define OWNER_FACTS
#include "facts/facts.def"
#undef OWNER_FACTS
	OWNER_FACT_COUNT,
};
enum waiver_fact {
#define WAIVER_FACTS
#include "facts/facts.def"
#undef WAIVER_FACTS
	WAIVER_FACT_COUNT,
};
enum line_fact {
#define LINE_FACTS
#include "facts/facts.def"
#undef LINE_FACTS
	LINE_FACT_COUNT,
};
#undef FACT

struct fact_def {
	const char *name;
	size_t length; /* of the name */
	enum dim dim;
	bool counter;
	const char *source;
	const char *about;
};

struct subject_def {
	const char *name;   /* as `for =` and JSON say it */
	const char *prefix; /* of its facts, for messages; "" for the host's, which have several */
	const struct fact_def *facts;
	size_t fact_count;
};

extern const struct subject_def subject_defs[SUBJECT_TYPES];

/* What the kernel reports with a link of its configuration, by family: rows as in uapi linux/ip.h and linux/ipv6.h. */
enum conf_family { CONF_IPV4, CONF_IPV6, CONF_FAMILIES };

struct interface_conf {
	enum value_state state; /* where a family has no rows: absent, or not reported */
	struct conf_rows {
		const int32_t *rows;
		unsigned count;
		bool forwards;
		const char *off; /* why the family is not in use on the link, or NULL */
	} family[CONF_FAMILIES];
	const struct value *files; /* by row of the catalogue: keys that are read from files; or NULL */
};

struct subject {
	enum subject_type type;
	const char *name;     /* stable between runs; untrusted */
	const char *unit;     /* systemd unit that owns it, or NULL; untrusted */
	const char *process;  /* "nginx[812]" of an offender, or NULL; untrusted */
	int pid;	      /* 0: not known */
	const char *file;     /* that assigns it, of a line and of a sysctl that boot sets, or NULL; untrusted */
	unsigned line;	      /* in that file; 0: the file as a whole */
	struct value *values; /* one for each row of its type */
	const struct subject *interface; /* of a path */
	const struct interface_conf *conf; /* of an interface */
	const struct sysctl_state *key;	 /* of a sysctl subject */
	struct subject *next;
};

/* One kernel parameter as found: live, and in the boot configuration as each loader would read it. */
struct boot_value {
	const char *raw; /* NULL: no file sets it */
	const char *file;
	unsigned line;
};

enum { SYSCTL_ELEMENTS_MAX = 3 };

struct sysctl_state {
	const struct sysctl_def *def;
	const char *key; /* that of the definition, or of one interface where that is a template */
	enum value_state state;
	const char *reason;
	const char *raw;			     /* canonical: elements joined by one space */
	struct value elements[SYSCTL_ELEMENTS_MAX]; /* in base units */
	struct value defaults[SYSCTL_ELEMENTS_MAX]; /* this kernel's own, where its formula is known */
	struct value boot[SYSCTL_ELEMENTS_MAX];	     /* what the elements will be after boot, by systemd's order */
	struct boot_value systemd, procps;	     /* winner of each loader's order */
};

/* A comment in a configuration file that waives findings about the line below it. */
struct suppression {
	const char *rules;  /* ids or TOPIC.*, separated by commas; untrusted */
	const char *reason; /* untrusted */
	const char *file;
	unsigned line; /* of what it waives */
};

/* Everything known about one network namespace. Freed as a whole. */
struct facts {
	struct arena arena;
	struct subject *first[SUBJECT_TYPES], **last[SUBJECT_TYPES];
	struct subject *host; /* the only SUBJECT_HOST */
	struct sysctl_state *sysctls;
	size_t sysctl_count; /* one for each row of the catalogue, in its order, then keys of interfaces that files set */
	const struct value *conf_all, *conf_default; /* of the templates that are needed, by row of the catalogue */
	bool again; /* another namespace of a host that is judged: what concerns the whole was said */
	double window;	     /* seconds between the samples; 0: one sample */
	const char *untold[SUBJECT_TYPES]; /* why subjects of a type could not be told at all, or NULL */
	const char *left_out; /* why what no collector tells is left out, not absent; or NULL */
	bool offline; /* only a configuration: nothing but its sysctls and lines can be judged */
	struct suppression *suppressions;
	size_t suppression_count;
	const char *const *notes; /* what could not be read, for the scope line */
	size_t note_count;
};

struct facts *facts_new(void);
struct facts *facts_free(struct facts *f);
DEFINE_CLEANUP(struct facts *, facts_free)

/* A new subject at the end of its type's list; the name is copied. */
struct subject *facts_add(struct facts *f, enum subject_type type, const char *name);
/*
 * Only some collectors will run: what they do not tell of the host, its interfaces and listeners is left out for this
 * reason (a literal), and not absent.
 */
void facts_leave_out(struct facts *f, const char *reason);
void facts_note(struct facts *f, const char *fmt, ...) _printf_(2, 3);

struct value value_number(double v);
struct value value_text(const char *text);
/* reason must outlive the facts: a literal, or from their arena. */
struct value value_missing(enum value_state state, const char *reason);
/* The state for a failed read (-errno). */
enum value_state value_state_of(int error);
const char *value_reason(const struct value *v);

/* Row of a type's fact by its whole name ("path.bdp"), or -1. */
int fact_find(enum subject_type type, const char *name);
bool subject_type_from_name(const char *name, enum subject_type *ret);
