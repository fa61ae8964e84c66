/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Compiler attributes and clean-up helpers that every file may use. */
#pragma once

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define _cleanup_(fn)	  __attribute__((cleanup(fn)))
#define _printf_(a, b)	  __attribute__((format(printf, a, b)))
#define _must_check_	  __attribute__((warn_unused_result))
#define _pure_		  __attribute__((pure))
#define _unused_	  __attribute__((unused))

#define ARRAY_SIZE(a)	  (sizeof(a) / sizeof((a)[0]))

/* Define the function that a clean-up attribute calls for a pointer type; fn(NULL) must be harmless. */
#define DEFINE_CLEANUP(type, fn)                                                                   \
	static inline void fn##p(type *p)                                                          \
	{                                                                                          \
		if (*p)                                                                            \
			fn(*p);                                                                    \
	}

static inline void freep(void *p)
{
	free(*(void **)p);
}

static inline void closep(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

DEFINE_CLEANUP(FILE *, fclose)
DEFINE_CLEANUP(DIR *, closedir)

#define _cleanup_free_	   _cleanup_(freep)
#define _cleanup_close_	   _cleanup_(closep)
#define _cleanup_fclose_   _cleanup_(fclosep)
#define _cleanup_closedir_ _cleanup_(closedirp)

#define min_of(a, b)                                                                               \
	({                                                                                         \
		__typeof__(a) _a = (a);                                                            \
		__typeof__(b) _b = (b);                                                            \
		_a < _b ? _a : _b;                                                                 \
	})
#define max_of(a, b)                                                                               \
	({                                                                                         \
		__typeof__(a) _a = (a);                                                            \
		__typeof__(b) _b = (b);                                                            \
		_a > _b ? _a : _b;                                                                 \
	})
