/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "facts/fact.h"

#include <errno.h>
#include <string.h>

#define FACT(id, name, dim, counter, source, about) [id] = {name, sizeof(name) - 1, dim, counter, source, about},
static const struct fact_def host_facts[] = {
#define HOST_FACTS
#include "facts/facts.def"
#undef HOST_FACTS
};
static const struct fact_def key_facts[] = {
#define KEY_FACTS
#include "facts/facts.def"
#undef KEY_FACTS
};
static const struct fact_def interface_facts[] = {
#define INTERFACE_FACTS
#include "facts/facts.def"
#undef INTERFACE_FACTS
};
static const struct fact_def path_facts[] = {
#define PATH_FACTS
#include "facts/facts.def"
#undef PATH_FACTS
};
static const struct fact_def listener_facts[] = {
#define LISTENER_FACTS
#include "facts/facts.def"
#undef LISTENER_FACTS
};
static const struct fact_def destination_facts[] = {
#define DESTINATION_FACTS
#include "facts/facts.def"
#undef DESTINATION_FACTS
};
static const struct fact_def owner_facts[] = {
#define OWNER_FACTS
#include "facts/facts.def"
#undef OWNER_FACTS
};
static const struct fact_def waiver_facts[] = {
#define WAIVER_FACTS
#include "facts/facts.def"
#undef WAIVER_FACTS
};
static const struct fact_def line_facts[] = {
#define LINE_FACTS
#include "facts/facts.def"
#undef LINE_FACTS
};

const struct subject_def subject_defs[SUBJECT_TYPES] = {
	[SUBJECT_HOST] = {"host", "", host_facts, ARRAY_SIZE(host_facts)},
	[SUBJECT_SYSCTL] = {"sysctl", "key.", key_facts, ARRAY_SIZE(key_facts)},
	[SUBJECT_INTERFACE] = {"interface", "interface.", interface_facts, ARRAY_SIZE(interface_facts)},
	[SUBJECT_PATH] = {"path", "path.", path_facts, ARRAY_SIZE(path_facts)},
	[SUBJECT_LISTENER] = {"listener", "listener.", listener_facts, ARRAY_SIZE(listener_facts)},
	[SUBJECT_DESTINATION] = {"destination", "destination.", destination_facts,
				 ARRAY_SIZE(destination_facts)},
	[SUBJECT_OWNER] = {"owner", "owner.", owner_facts, ARRAY_SIZE(owner_facts)},
	[SUBJECT_WAIVER] = {"waiver", "waiver.", waiver_facts, ARRAY_SIZE(waiver_facts)},
	[SUBJECT_LINE] = {"line", "line.", line_facts, ARRAY_SIZE(line_facts)},
};

struct facts *facts_new(void)
{
	struct facts *f = calloc(1, sizeof(*f));

	if (!f)
		abort();
	for (size_t i = 0; i < SUBJECT_TYPES; i++)
		f->last[i] = &f->first[i];
	f->host = facts_add(f, SUBJECT_HOST, "host");
	return f;
}

struct facts *facts_free(struct facts *f)
{
	if (f)
		arena_clear(&f->arena);
	free(f);
	return NULL;
}

static void leave_out(const struct facts *f, struct subject *s)
{
	if (f->left_out && (s->type == SUBJECT_HOST || s->type == SUBJECT_INTERFACE || s->type == SUBJECT_LISTENER))
		for (size_t i = 0; i < subject_defs[s->type].fact_count; i++)
			s->values[i] = value_missing(VALUE_LEFT_OUT, f->left_out);
}

void facts_leave_out(struct facts *f, const char *reason)
{
	f->left_out = reason;
	leave_out(f, f->host);
}

struct subject *facts_add(struct facts *f, enum subject_type type, const char *name)
{
	struct subject *s = arena_new(&f->arena, struct subject);

	s->type = type;
	s->name = arena_strdup(&f->arena, name);
	s->values = arena_array(&f->arena, struct value, subject_defs[type].fact_count);
	leave_out(f, s);
	*f->last[type] = s;
	f->last[type] = &s->next;
	return s;
}

void facts_note(struct facts *f, const char *fmt, ...)
{
	const char **grown = arena_array(&f->arena, const char *, f->note_count + 1);
	va_list ap;

	if (f->note_count)
		memcpy(grown, f->notes, f->note_count * sizeof(*grown));
	va_start(ap, fmt);
	grown[f->note_count++] = arena_vprintf(&f->arena, fmt, ap);
	va_end(ap);
	f->notes = grown;
}

struct value value_number(double v)
{
	return (struct value){.state = VALUE_KNOWN, .num = v};
}

struct value value_text(const char *text)
{
	return (struct value){.state = VALUE_KNOWN, .text = text};
}

struct value value_missing(enum value_state state, const char *reason)
{
	return (struct value){.state = state, .reason = reason};
}

enum value_state value_state_of(int error)
{
	return error == -EACCES || error == -EPERM ? VALUE_DENIED : VALUE_UNREAD;
}

const char *value_reason(const struct value *v)
{
	static const char *const reasons[] = {
		[VALUE_ABSENT] = "it does not exist here",
		[VALUE_KNOWN] = "it is known",
		[VALUE_DENIED] = "reading it was denied",
		[VALUE_FEW] = "there were too few samples",
		[VALUE_NO_WINDOW] = "it needs two samples, and the window is 0",
		[VALUE_GARBLED] = "what was read was not understood",
		[VALUE_UNREAD] = "its source could not be read",
		[VALUE_LEFT_OUT] = "it was not looked at",
	};

	return v->reason ? v->reason : reasons[v->state];
}

int fact_find(enum subject_type type, const char *name)
{
	const struct subject_def *s = &subject_defs[type];
	size_t n = strlen(name);

	/* Some thousand look-ups are made when rules are loaded: lengths part nearly all names. */
	for (size_t i = 0; i < s->fact_count; i++)
		if (s->facts[i].length == n && !memcmp(s->facts[i].name, name, n))
			return (int)i;
	return -1;
}

bool subject_type_from_name(const char *name, enum subject_type *ret)
{
	for (enum subject_type t = 0; t < SUBJECT_TYPES; t++)
		if (!strcmp(subject_defs[t].name, name)) {
			*ret = t;
			return true;
		}
	return false;
}
