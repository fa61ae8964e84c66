/* SPDX-License-Identifier: GPL-2.0-or-later */
/* When a change of a sysctl takes effect, for people: from the words of `applies`. */
#include <string.h>
#include "base/text.h"
#include "catalogue/catalogue.h"

static const struct {
	const char *word, *text;
} effects[] = {
	{"live", "at once, for what is open too"},
	{"new-connections", "on new connections"},
	{"new-sockets", "on new sockets; accepted ones take it from their listener"},
	{"new-packets", "on packets from now on"},
	{"new-programs", "on programs that are loaded later"},
	{"scale", "what exceeds the window scale of an open connection on new ones only"},
	{"listen", "when an application calls listen(): on listeners once they are restarted"},
	{"setsockopt", "when an application asks with setsockopt()"},
	{"new-qdiscs", "on qdiscs that are made later"},
	{"new-interfaces", "on interfaces that are made later"},
	{"next-timer", "when a timer is set next: one that runs keeps its time"},
	{"next-orphan", "on connections that are closed later"},
	{"next-netns", "on network namespaces that are made later"},
	{"at-close", "when a connection closes"},
	{"none", "on nothing"},
};

const char *sysctl_takes_effect(struct arena *a, const struct sysctl_def *def)
{
	_cleanup_text_ struct text t = TEXT_NULL;
	char *copy = arena_strdup(a, def->applies), *state = NULL;

	for (char *w = strtok_r(copy, " ", &state); w; w = strtok_r(NULL, " ", &state)) {
		const char *text = w;

		for (size_t i = 0; i < ARRAY_SIZE(effects); i++)
			if (!strcmp(effects[i].word, w))
				text = effects[i].text;
		text_addf(&t, "%s%s", t.len ? "; " : "", text);
	}
	return arena_strdup(a, text_get(&t));
}
