# SPDX-License-Identifier: Apache-2.0
"""The methods of a service, found by name, arguments and firmware."""

from . import errors


class Mismatch(Exception):
    """An argument is not of the type that a method takes."""


class Reply:
    """A reply with another status than 200, or without a body."""

    def __init__(self, value=None, status=200, empty=False):
        self.value = value
        self.status = status
        self.empty = empty


NOTHING = Reply(empty=True)


# The types of arguments.  The array takes strings for all of them.

def text(value):
    if value is None:
        return ''
    if isinstance(value, str):
        return value
    raise Mismatch


def boolean(value):
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in ('true', 'false'):
        return value.lower() == 'true'
    raise Mismatch


def number(value):
    if isinstance(value, bool):
        raise Mismatch
    if isinstance(value, int):
        return value
    if isinstance(value, float) and value == int(value):
        return int(value)
    if isinstance(value, str):
        try:
            return int(value)
        except ValueError:
            pass
    raise Mismatch


def mapping(value):
    if isinstance(value, dict):
        return value
    raise Mismatch


def array(value):
    if isinstance(value, list):
        return value
    raise Mismatch


def member(value, name, kind, default=None):
    """A member of an object, or the default if it is not there or null."""
    given = value.get(name)
    if given is None:
        return default
    try:
        return kind(given)
    except Mismatch:
        raise errors.invalid(f'{name} value {given!r}: wrong type') from None


class Registry:
    def __init__(self, service, first):
        self.service = service
        self._first = first             # the firmware that has it
        self._methods = {}

    def method(self, name, since, *types):
        """Decorator: function(state, *arguments) is that method."""
        def register(function):
            self._methods.setdefault(name, []).append(
                (since, types, function))
            return function
        return register

    def exists(self, firmware):
        return firmware >= self._first

    def names(self):
        return sorted(self._methods)

    def find(self, name, params, firmware):
        """A callable that takes the state, or ApiError."""
        for since, types, function in self._methods.get(name, ()):
            if since > firmware or len(types) != len(params):
                continue
            try:
                values = [kind(value) for kind, value in zip(types, params)]
            except Mismatch:
                continue
            return lambda state: function(state, *values)
        raise errors.no_such_method(self.service)
