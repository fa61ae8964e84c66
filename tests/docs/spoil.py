# SPDX-License-Identifier: GPL-2.0-or-later
"""Spoils JSON documents, so that a schema can be seen to refuse them."""
import copy
import functools


def at(document, path):
    """What stands at a path of keys and indices."""
    return functools.reduce(lambda value, key: value[key], path, document)


def thinned(value):
    """The document with the first rows of each list: enough to break each key, and quick."""
    if isinstance(value, dict):
        return {key: inner if key == "columns" else thinned(inner) for key, inner in value.items()}
    return [thinned(item) for item in value[:3]] if isinstance(value, list) else value


def objects(value, path=()):
    """Paths of all objects in a document."""
    if isinstance(value, dict):
        yield path
    inner = value.items() if isinstance(value, dict) else enumerate(value)
    for key, item in inner:
        if isinstance(item, (dict, list)):
            yield from objects(item, path + (key,))


def broken(document):
    """(what was done, a copy with it): each object with a key more, a key less, another type."""
    def changed(path, change, *arguments):
        spoilt = copy.deepcopy(document)
        change(at(spoilt, path), *arguments)
        return spoilt

    for path in objects(document):
        where = ".".join(map(str, path)) or "the top"
        yield f"another key at {where}", changed(path, dict.update, {"surprise": None})
        for key, value in at(document, path).items():
            other = {"0": value} if isinstance(value, list) else [value]
            yield f"{where} without {key}", changed(path, dict.pop, key)
            yield f"{where} with {key} of another type", changed(path, dict.update, {key: other})


def set_at(*path_and_value):
    """An edit that sets the value at a path."""
    *path, key, value = path_and_value
    return lambda document: dict.update(at(document, path), {key: value})
