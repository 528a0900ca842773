# SPDX-License-Identifier: MIT
"""Exceptions, one for each status of the library, and the calls that raise them."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING, Any, Callable

from ._binding import ffi, lib

if TYPE_CHECKING:
    from ._images import Image


class Error(Exception):
    """What the library refuses, or fails at.

    The text is one line: it names the thing, says what is wrong and mostly what to do. Settings are
    in backquotes; as keywords they have ``_`` for ``-``.

    Attributes
    ----------
    status : str
        The status in a word: "usage", "input", "device" and so on.
    picture : Image or None
        The picture so far, where `stylize` had one before it failed.
    """

    status: str = "error"
    picture: Image | None = None


class InternalError(Error):
    """A fault of the library: please report it."""


class UsageError(Error, ValueError):
    """An argument or a setting is out of its range."""


class InputError(Error, ValueError):
    """A picture, a checkpoint or the like cannot be read or used."""


class DeviceError(Error, RuntimeError):
    """There is no such device, there are several, or it failed."""


class OutOfMemoryError(Error, MemoryError):
    """The device or the host has too little memory. The text says what would fit, if it is known."""


class WeightsError(Error, ValueError):
    """Weights or a style network cannot be read or used."""


class OutputError(Error, OSError):
    """A file cannot be written."""


class NumericError(Error, ArithmeticError):
    """A loss or a gradient became NaN or infinite."""


class Stopped(Error):
    """A callback asked to stop."""


class Interrupted(KeyboardInterrupt):
    """Ctrl-C came while `stylize` painted.

    It is a `KeyboardInterrupt`, so that a script ends as usual if it does not look for it.

    Attributes
    ----------
    picture : Image or None
        The picture so far; None where the first step had not begun.
    """

    picture: Image | None = None


_BY_STATUS: dict[int, type[Error]] = {
    lib.IMPASTO_ERROR_INTERNAL: InternalError,
    lib.IMPASTO_ERROR_USAGE: UsageError,
    lib.IMPASTO_ERROR_INPUT: InputError,
    lib.IMPASTO_ERROR_DEVICE: DeviceError,
    lib.IMPASTO_ERROR_MEMORY: OutOfMemoryError,
    lib.IMPASTO_ERROR_WEIGHTS: WeightsError,
    lib.IMPASTO_ERROR_OUTPUT: OutputError,
    lib.IMPASTO_ERROR_NUMERIC: NumericError,
    lib.IMPASTO_ERROR_INTERRUPTED: Stopped,
}
for _status, _kind in _BY_STATUS.items():
    _kind.status = ffi.string(lib.impasto_status_text(_status)).decode()

_thread = threading.local()


def keep_exception(_kind: Any, exception: BaseException, _traceback: Any) -> None:
    """For `ffi.def_extern`: C cannot pass an exception on. `call` raises it when C has returned."""
    _thread.raised = exception


def raised() -> BaseException | None:
    """What a callback has raised in the call of the library that this thread is in."""
    return getattr(_thread, "raised", None)


def call(function: Callable[..., int], *arguments: Any) -> None:
    """Calls a function of the library, with an error as the last argument.

    Raises
    ------
    Error
        What the library said.
    BaseException
        What a callback raised meanwhile, Ctrl-C among it.
    """
    error = ffi.new("struct impasto_error *")
    before, _thread.raised = raised(), None
    try:
        status = function(*arguments, error)
        exception = _thread.raised
    finally:
        _thread.raised = before
    if exception is not None:
        raise exception
    if status != lib.IMPASTO_OK:
        raise _BY_STATUS.get(status, InternalError)(string(error.message))


def opened(kind: str, close: Callable[[Any], None], function: Callable[..., int],
           *arguments: Any) -> Any:
    """Calls a function that makes something, and gives the address of its handle."""
    handle = ffi.new(f"struct {kind} **")
    try:
        call(function, *arguments, handle)
    except BaseException:
        close(handle)  # a callback may have raised although it was made
        raise
    return handle


def string(text: Any) -> str | None:
    """A text of C's; None for NULL."""
    return ffi.string(text).decode("utf-8", "replace") if text else None


def c_text(text: str, what: str) -> bytes:
    """A text for C. `what`: how errors name it."""
    if not isinstance(text, str):
        raise TypeError(f"{what}: a str is needed, not {type(text).__name__}")
    if "\0" in text:
        raise ValueError(f"{what}: the text has a null character in it")
    return text.encode("utf-8")


def c_path(path: str | os.PathLike[str]) -> bytes:
    """The name of a file for C."""
    name = os.fsencode(path)
    if b"\0" in name:
        raise ValueError("the name of a file has a null character in it")
    return name
