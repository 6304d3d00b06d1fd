"""What a command of 40 ms needs of modules that take 20 ms to import: `typing`, `socket` ...

Type checkers see the real ones.  At run time a named tuple comes from `collections`, sockets and
signals from the modules in C, where constants are plain numbers.
"""

from __future__ import annotations

TYPE_CHECKING = False  # what typing.TYPE_CHECKING is at run time

if TYPE_CHECKING:
    import signal
    import socket
    from functools import cache, lru_cache
    from importlib import import_module
    from socket import socket as Socket
    from typing import Any, Literal, NamedTuple, cast
else:
    import _signal as signal
    import _socket as socket
    import sys
    from _functools import _lru_cache_wrapper
    from collections import namedtuple

    def import_module(name):
        """The module of that full name."""
        __import__(name)
        return sys.modules[name]

    def lru_cache(maxsize):
        """Of functools, without what says how often it was of use."""

        def kept(function):
            made = _lru_cache_wrapper(function, maxsize, False, tuple)
            made.__wrapped__, made.__doc__ = function, function.__doc__
            return made

        return kept

    cache = lru_cache(None)

    class Socket(socket.socket):
        """Closed at the end of `with`."""

        def __enter__(self):
            return self

        def __exit__(self, *failure):
            self.close()

    class Literal:
        """For aliases, which are evaluated."""

        def __class_getitem__(cls, values):
            return values

    Any = object

    def cast(kind, value):
        """The value."""
        return value

    class _Named(type):
        """Makes a tuple class of one with annotations, as `typing.NamedTuple` does."""

        def __new__(cls, name, bases, body):
            if not bases:
                return super().__new__(cls, name, bases, body)
            fields = body.pop("__annotations__", {})
            defaults = [body.pop(field) for field in fields if field in body]
            made = namedtuple(name, fields, defaults=defaults, module=body["__module__"])
            made.__annotations__ = fields
            for key, value in body.items():
                if key not in ("__module__", "__qualname__"):
                    setattr(made, key, value)
            return made

    class NamedTuple(metaclass=_Named):
        """The base of named tuples."""


__all__ = [
    "TYPE_CHECKING",
    "Any",
    "Literal",
    "NamedTuple",
    "Socket",
    "cache",
    "cast",
    "import_module",
    "lru_cache",
    "signal",
    "socket",
]
