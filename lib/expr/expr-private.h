/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The tree, shared by parser and evaluator only. */
#pragma once

#include "expr/expr.h"

enum expr_op {
	OP_LITERAL, /* number, text or truth */
	OP_FACT,
	OP_SYSCTL,
	OP_CONF, /* a template's key, of the subject's interface */
	OP_THRESHOLD,
	OP_NEGATE,
	OP_NOT,
	OP_ADD,
	OP_SUBTRACT,
	OP_MULTIPLY,
	OP_DIVIDE,
	OP_LESS,
	OP_LESS_EQUAL,
	OP_EQUAL,
	OP_UNEQUAL,
	OP_GREATER_EQUAL,
	OP_GREATER,
	OP_AND,
	OP_OR,
	OP_MIN,
	OP_MAX,
	OP_ROUNDUP,
	OP_SQRT,
	OP_IF,
	OP_HAS,
	OP_KNOWN,
	OP_ABSENT,
	OP_DELTA,
	OP_RATE,
	OP_DEFAULT,
	OP_WINDOW,
	OP_BITAND,
	OP_KERNEL,
};

struct expr {
	enum expr_op op;
	enum dim dim;
	double num;
	const char *text;
	enum subject_type subject; /* OP_FACT */
	int index;		   /* row of the fact, key or threshold */
	int element;		   /* OP_SYSCTL; OP_CONF: the part */
	const struct expr *arg[3];
};
