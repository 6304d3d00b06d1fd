"""What a command of 40 ms needs of `typing`, `socket` and `signal`: to import them takes 20 ms.

Type checkers see the real ones.  At run time a named tuple comes from `collections`, and sockets
and signals from the modules in C, where constants are plain numbers.
"""

from __future__ import annotations

TYPE_CHECKING = False  # what typing.TYPE_CHECKING is at run time

if TYPE_CHECKING:
    import signal
    import socket
    from socket import socket as Socket
    from typing import Any, Literal, NamedTuple, cast
else:
    import _signal as signal
    import _socket as socket
    from collections import namedtuple

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


__all__ = ["TYPE_CHECKING", "Any", "Literal", "NamedTuple", "Socket", "cast", "signal", "socket"]
