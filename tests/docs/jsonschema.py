# SPDX-License-Identifier: GPL-2.0-or-later
"""
Validates documents against JSON Schema 2020-12, as far as the schemas under docs/ use it. A keyword
that is not known here is an error of the schema: what is not checked must not look as if it were.
"""
import json
import re

ANNOTATIONS = {"$schema", "$id", "$defs", "title", "description"}
APPLICATORS = {"$ref", "oneOf", "properties", "items"}


class SchemaError(Exception):
    """The schema itself is wrong, or uses what is not supported."""


def _unique(pairs):
    keys = [key for key, _ in pairs]
    if len(set(keys)) != len(keys):
        raise ValueError(f"a key stands twice among {keys}")
    return dict(pairs)


def _refuse(name):
    raise ValueError(f"{name} is not JSON")


def loads(text):
    """One JSON document; unlike json.loads() it refuses NaN, and a key that stands twice."""
    return json.loads(text, object_pairs_hook=_unique, parse_constant=_refuse)


def _is_number(value):
    return isinstance(value, (int, float)) and not isinstance(value, bool)


TYPES = {
    "object": lambda v: isinstance(v, dict),
    "array": lambda v: isinstance(v, list),
    "string": lambda v: isinstance(v, str),
    "number": _is_number,
    "integer": lambda v: _is_number(v) and float(v).is_integer(),
    "boolean": lambda v: isinstance(v, bool),
    "null": lambda v: v is None,
}


def _type(value, names, _):
    names = [names] if isinstance(names, str) else names
    if not any(TYPES[name](value) for name in names):
        yield f"is not of type {' or '.join(names)}"


def _enum(value, choices, _):
    # For JSON 1 is 1.0, and neither is true.
    if not any(isinstance(value, bool) == isinstance(c, bool) and value == c for c in choices):
        yield f"is none of {choices}"


def _required(value, keys, _):
    if isinstance(value, dict):
        yield from (f"lacks {key!r}" for key in keys if key not in value)


def _additional(value, _, schema):
    if isinstance(value, dict):
        yield from (f"has {key!r}, which the schema does not name"
                    for key in value if key not in schema.get("properties", {}))


def _pattern(value, pattern, _):
    # Unlike here, $ in a schema does not match before a line break at the end.
    if isinstance(value, str) and not re.search(re.sub(r"\$$", r"\\Z", pattern), value):
        yield f"does not match {pattern}"


def _bound(applies, breaks, text):
    def check(value, limit, _):
        if applies(value) and breaks(value, limit):
            yield text.format(limit)
    return check


CHECKS = {
    "type": _type, "enum": _enum, "required": _required, "pattern": _pattern,
    "const": lambda value, constant, _: _enum(value, [constant], _),
    "additionalProperties": _additional,
    "minimum": _bound(_is_number, lambda v, n: v < n, "is less than {}"),
    "maximum": _bound(_is_number, lambda v, n: v > n, "is more than {}"),
    "minItems": _bound(TYPES["array"], lambda v, n: len(v) < n, "has fewer than {} items"),
    "minLength": _bound(TYPES["string"], lambda v, n: len(v) < n, "is shorter than {}"),
}


def subschemas(schema):
    """The schema and all within it."""
    yield schema
    for key in ("$defs", "properties"):
        for inner in schema.get(key, {}).values():
            yield from subschemas(inner)
    for inner in [*schema.get("oneOf", ()), *([schema["items"]] if "items" in schema else ())]:
        yield from subschemas(inner)


class Schema:
    """A schema that is known to use only what is supported."""

    def __init__(self, root):
        self.root = root
        for schema in subschemas(root):
            unknown = set(schema) - ANNOTATIONS - APPLICATORS - set(CHECKS)
            if unknown or schema.get("additionalProperties", False) is not False:
                raise SchemaError(f"not supported: {unknown or 'additionalProperties but false'}")
            if any(isinstance(v, (dict, list)) for v in schema.get("enum", [schema.get("const")])):
                raise SchemaError("enum and const of arrays and objects are not supported")
            if "$ref" in schema:
                self.resolve(schema["$ref"])

    def resolve(self, ref):
        """What "#/$defs/NAME" stands for."""
        name = ref[len("#/$defs/"):]
        if not ref.startswith("#/$defs/") or name not in self.root.get("$defs", {}):
            raise SchemaError(f"{ref} points nowhere")
        return self.root["$defs"][name]

    def _one_of(self, value, choices, where):
        wrong = [list(self.errors(value, choice, where)) for choice in choices]
        matches = sum(not w for w in wrong)
        if matches != 1:
            yield from min(wrong, key=len) or [f"{where} matches {matches} alternatives, not one"]

    def errors(self, value, schema=None, where="$"):
        """Yield a line for each way in which the value breaks the schema."""
        schema = self.root if schema is None else schema
        for keyword, check in CHECKS.items():
            if keyword in schema:
                yield from (f"{where} {wrong}" for wrong in check(value, schema[keyword], schema))
        if "$ref" in schema:
            yield from self.errors(value, self.resolve(schema["$ref"]), where)
        if "oneOf" in schema:
            yield from self._one_of(value, schema["oneOf"], where)
        for key, inner in schema.get("properties", {}).items():
            if isinstance(value, dict) and key in value:
                yield from self.errors(value[key], inner, f"{where}.{key}")
        if "items" in schema and isinstance(value, list):
            for i, item in enumerate(value):
                yield from self.errors(item, schema["items"], f"{where}[{i}]")
