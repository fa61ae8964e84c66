# SPDX-License-Identifier: GPL-2.0-or-later
"""Varlink's interface language: a parser, and a checker that holds JSON against the types."""
import re

TOKEN = re.compile(r"\s*(?:(->|[()\[\]:,?])|([A-Za-z][A-Za-z0-9_.-]*))")
PLAIN = {"bool": bool, "int": int, "float": float, "string": str, "object": dict}


class Interface:
    """Types, methods and errors of one definition."""

    def __init__(self, text):
        self.tokens = self._tokens(re.sub(r"#[^\n]*", "", text))
        self.types, self.methods, self.errors, self.seen = {}, {}, {}, {}
        self._expect("interface")
        self.name = self._next()
        while self.tokens:
            self._member(self._next())

    @staticmethod
    def _tokens(text):
        tokens, at = [], 0
        while text[at:].strip():
            match = TOKEN.match(text, at)
            if not match:
                raise ValueError(f"not understood: {text[at:at + 40]!r}")
            tokens.append(match.group(1) or match.group(2))
            at = match.end()
        return tokens[::-1]

    def _next(self):
        return self.tokens.pop()

    def _expect(self, token):
        found = self._next()
        if found != token:
            raise ValueError(f"{token} expected, found {found}")

    def _member(self, keyword):
        name = self._next()
        if name in {**self.types, **self.methods, **self.errors}:
            raise ValueError(f"{name} is defined twice")
        if keyword == "type":
            self.types[name] = self._struct()
        elif keyword == "error":
            self.errors[name] = self._struct()
        elif keyword == "method":
            parameters = self._struct()
            self._expect("->")
            self.methods[name] = (parameters, self._struct())
        else:
            raise ValueError(f"type, method or error expected, found {keyword}")

    def _struct(self):
        """A struct is a dict of types, an enumeration a list of names."""
        self._expect("(")
        fields, names = {}, []
        while self.tokens[-1] != ")":
            name = self._next()
            if self.tokens[-1] == ":":
                self._next()
                fields[name] = self._type()
            else:
                names.append(name)
            if self.tokens[-1] != ")":
                self._expect(",")
        self._next()
        if names and fields:
            raise ValueError("neither struct nor enumeration")
        return names or fields

    def _type(self):
        """(kind, of what): "maybe", "array", "map", "plain", "named" or "inline"."""
        token = self._next()
        if token == "?":
            return "maybe", self._type()
        if token == "[":
            if self.tokens[-1] == "]":
                self._next()
                return "array", self._type()
            self._expect("string")
            self._expect("]")
            return "map", self._type()
        if token == "(":
            self.tokens.append(token)
            return "inline", self._struct()
        return ("plain" if token in PLAIN else "named"), token

    def struct_errors(self, value, fields, path):
        """Every member of its type; none missing that may not be, none that is not defined."""
        if not isinstance(value, dict):
            yield f"{path} is {value!r}, no object"
            return
        for name in value:
            if name not in fields:
                yield f"{path}.{name} is not defined"
        for name, kind in fields.items():
            if name in value:
                yield from self.errors_of(value[name], kind, f"{path}.{name}")
            elif kind[0] != "maybe":
                yield f"{path}.{name} is missing"

    def named_errors(self, value, definition, path, name):
        """A struct, or one name of an enumeration."""
        if isinstance(definition, dict):
            yield from self.struct_errors(value, definition, path)
        elif value not in definition:
            yield f"{path} is {value!r}, none of {definition}"
        else:
            self.seen.setdefault(name, set()).add(value)

    def errors_of(self, value, kind, path):
        """What is wrong with a value."""
        form, of = kind
        if form == "maybe":
            if value is not None:
                yield from self.errors_of(value, of, path)
        elif form in ("array", "map"):
            if not isinstance(value, list if form == "array" else dict):
                yield f"{path} is {value!r}, no {form}"
                return
            for key, item in enumerate(value) if form == "array" else value.items():
                yield from self.errors_of(item, of, f"{path}[{key}]")
        elif form == "named":
            yield from self.named_errors(value, self.types[of], path, of)
        elif form == "inline":
            yield from self.named_errors(value, of, path, path)
        elif type(value) is not PLAIN[of]:  # pylint: disable=unidiomatic-typecheck
            yield f"{path} is {value!r}, no {of}"

    def reply_errors(self, method, parameters):
        """A reply of a method."""
        return self.struct_errors(parameters, self.methods[method][1], method)

    def error_errors(self, error, parameters):
        """An error, by its name without the interface."""
        if error not in self.errors:
            return [f"error {error} is not defined"]
        return self.struct_errors(parameters, self.errors[error] or {}, error)
