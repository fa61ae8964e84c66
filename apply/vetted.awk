# SPDX-License-Identifier: GPL-2.0-or-later
#
# What the catalogue lets be applied, from rules/sysctl/*.sysctl: rows of C for vetted.c, or with -v mode=units the lines
# ReadWritePaths= of the applier's unit. POSIX awk; it knows no more of the format than it needs, and a unit test holds
# its rows against what the library reads.

function numbers(s, parts, n, i, out)
{
	n = split(s, parts, " ")
	for (i = 1; i <= elements(); i++)
		out = out (i > 1 ? ", " : "") (n == 1 ? parts[1] : parts[i])
	return out
}

function elements()
{
	return ("elements" in field) ? field["elements"] : 1
}

function type()
{
	if (field["type"] == "word")
		return "VETTED_WORD"
	return field["type"] == "ranges" ? "VETTED_RANGES" : "VETTED_NUMBER"
}

function row(path, values, count, parts)
{
	count = split(field["values"], parts, " ")
	values = field["values"]
	gsub(/ +/, ", ", values)
	printf "{\"%s\", \"%s\", VETTED_%s, %s, %d, %s, ", key, path, class[field["apply"]], type(), elements(),
		field["order"] ~ /^(ascending|enforced)/ ? "true" : "false"
	if (("min" in field) && ("max" in field) && type() == "VETTED_NUMBER")
		printf "true, {%s}, {%s}, ", numbers(field["min"]), numbers(field["max"])
	else
		printf "false, {0}, {0}, "
	printf "%d, {%s}, ", count, count ? values : "0"
	print ("words" in field) ? "\"" field["words"] "\"}," : "NULL},"
}

function section(path)
{
	if (key == "" || !(field["apply"] in class) || field["netns"] == "host" || field["type"] == "words" || key ~ /\*/)
		return
	path = key
	gsub(/\./, "/", path)
	path = "/proc/sys/" path
	if (mode == "units")
		print "ReadWritePaths=-" path
	else
		row(path)
}

BEGIN {
	class["gated"] = "GATED"
	class["raise"] = "RAISE"
	class["vetted"] = "FREE"
}

/^[ \t]*([#;].*)?$/ {
	next
}

/^\[/ {
	section()
	key = substr($0, 2, index($0, "]") - 2)
	for (name in field)
		delete field[name]
	name = ""
	next
}

/^[ \t]/ {
	sub(/^[ \t]+/, "")
	if (name != "")
		field[name] = field[name] " " $0
	next
}

{
	name = $0
	sub(/[ \t]*=.*/, "", name)
	field[name] = $0
	sub(/^[^=]*=[ \t]*/, "", field[name])
}

END {
	section()
}
