# SPDX-License-Identifier: MIT
"""Devices, and the rule that all that is open on one belongs to one thread at a time."""

from __future__ import annotations

import atexit
import logging
import os
import threading
import weakref
from dataclasses import dataclass
from typing import Any, Callable, TypeVar

from ._binding import ffi, lib
from ._errors import DeviceError, UsageError, c_text, call, keep_exception, opened, string

logger = logging.getLogger("impasto")
_LEVELS = {lib.IMPASTO_LOG_WARNING: logging.WARNING, lib.IMPASTO_LOG_INFO: logging.INFO,
           lib.IMPASTO_LOG_DEBUG: logging.DEBUG}
_TYPES = {lib.IMPASTO_DEVICE_NONE: "none", lib.IMPASTO_DEVICE_GPU: "gpu", lib.IMPASTO_DEVICE_IGPU: "igpu",
          lib.IMPASTO_DEVICE_CPU: "cpu", lib.IMPASTO_DEVICE_ACCELERATOR: "accel"}


@dataclass(frozen=True)
class DeviceInfo:
    """An OpenCL device, or a platform that offers none.

    Attributes
    ----------
    index : int
        ``Device(str(index))`` opens it; -1 for a platform without a device.
    type : str
        "gpu", "igpu" (shares the host's memory), "cpu", "accel", or "none".
    preferred, hidden : bool
        Whether "auto" tries it first, or never.
    memory, max_allocation, local_memory : int
        Bytes: of all its memory, of the largest buffer, of local memory.
    note : str
        What is odd about it, or why it cannot be used; may be empty.
    """

    index: int
    platform_index: int
    device_index: int
    type: str
    preferred: bool
    hidden: bool
    name: str
    platform: str
    driver: str
    opencl: str
    pci: str
    uuid: str
    memory: int
    max_allocation: int
    local_memory: int
    max_work_group: int
    compute_units: int
    note: str

    @classmethod
    def _of(cls, info: Any) -> DeviceInfo:
        facts: dict[str, Any] = {}
        for name, kind in ffi.typeof("struct impasto_device_info").fields:
            value = getattr(info, name)
            facts[name] = string(value) if kind.type.kind == "array" else value
        return cls(**{**facts, "type": _TYPES[info.type]})


@ffi.def_extern(name="binding_log", onerror=keep_exception)
def _log(user: Any, level: int, line: Any) -> None:
    ffi.from_handle(user).log(_LEVELS[level], "%s", string(line))


@ffi.def_extern(name="binding_device", onerror=keep_exception)
def _list_device(user: Any, info: Any) -> None:
    ffi.from_handle(user).append(DeviceInfo._of(info))


def devices() -> list[DeviceInfo]:
    """All OpenCL devices, and all platforms without one, in the order of their indices.

    A driver that ends its process ends Python, too; ``impasto devices`` on the command line asks
    in another process first.
    """
    found: list[DeviceInfo] = []
    _touch()
    user = ffi.new_handle(found)
    call(lib.impasto_device_list, lib.binding_device, user)
    return found


# ---- Other processes, and the end of this one -------------------------------------------------------

_touched = False  # this process has asked a driver
_forked = False  # the process that this one is a fork of has
_ending = False
_guards: weakref.WeakSet[Guard] = weakref.WeakSet()


def _touch() -> None:
    global _touched
    if _forked:
        raise DeviceError("OpenCL does not work in a process that was forked from one that has used it; start it "
                          "by multiprocessing's method \"spawn\", or use devices in such processes alone")
    _touched = True


def _after_fork() -> None:
    """Drivers' threads are not in this process: what is open here can be neither used nor closed."""
    global _forked
    _forked = _forked or _touched
    for guard in list(_guards):
        guard.lock = threading.RLock()
        guard.closed = True


def _at_exit() -> None:
    """What is at work, in a thread that nobody waits for, ends with its iteration. Then all is closed."""
    global _ending
    _ending = True
    for guard in list(_guards):
        guard.close()


os.register_at_fork(after_in_child=_after_fork)
atexit.register(_at_exit)


def is_ending() -> bool:
    """Whether the interpreter is on its way out: callbacks then ask for a stop."""
    return _ending


# ---- One thread at a time ----------------------------------------------------------------------------


class Guard:
    """An open device, what is open on it, and the lock that calls on all of these take."""

    def __init__(self, spec: str | None, log: logging.Logger) -> None:
        self.lock = threading.RLock()
        self.closed = False
        self.at_work = False
        self.children: dict[Any, Callable[[Any], None]] = {}
        self.orphans: list[Any] = []
        self.log = ffi.new_handle(log)
        _touch()
        self.handle = opened("impasto_device", lib.impasto_device_close, lib.impasto_device_open,
                             ffi.NULL if spec is None else c_text(spec, "device"), lib.binding_log, self.log)
        _guards.add(self)

    def call(self, handle: Any, function: Callable[..., int], *arguments: Any) -> None:
        """Calls a function of the library on something that is open on the device."""
        with self.lock:
            self._check(handle)
            self._work(call, function, handle[0], *arguments)

    def open(self, kind: str, close: Callable[[Any], None], function: Callable[..., int], *arguments: Any) -> Any:
        """Opens something on the device, which closes it if nobody else does."""
        with self.lock:
            self._check(self.handle)
            handle = self._work(opened, kind, close, function, self.handle[0], *arguments)
            self.children[handle] = close
            return handle

    def look(self, handle: Any, function: Callable[[Any], Any]) -> Any:
        """Calls a function that cannot fail."""
        with self.lock:
            self._check(handle)
            return function(handle[0])

    def _check(self, handle: Any) -> None:
        if self.closed and _ending and threading.current_thread() is not threading.main_thread():
            raise SystemExit  # of this thread, without a word
        if self.closed:
            raise UsageError("the device is closed, or was opened by the process that this one is a fork of")
        if self.at_work:
            raise UsageError("a callback may not use the device that calls it")
        if not handle[0]:
            raise UsageError("it is closed")

    def _work(self, function: Callable[..., Any], *arguments: Any) -> Any:
        try:
            self.at_work = True
            return function(*arguments)
        finally:
            self.at_work = False
            self._bury()

    def _bury(self) -> None:
        while self.orphans:
            handle = self.orphans.pop()
            self.children.pop(handle, lambda handle: None)(handle)

    def close_child(self, handle: Any) -> None:
        """Closes what was opened, as soon as the call that is at work has returned."""
        with self.lock:
            if not self.closed:
                self.orphans.append(handle)
                if not self.at_work:
                    self._bury()

    def forget_child(self, handle: Any) -> None:
        """The same for finalizers, which run anywhere and must not wait."""
        self.orphans.append(handle)
        if self.lock.acquire(blocking=False):
            try:
                if not self.closed and not self.at_work:
                    self._bury()
            finally:
                self.lock.release()

    def close(self) -> None:
        with self.lock:
            if self.at_work:
                raise UsageError("a callback may not close the device that calls it")
            if self.closed:
                return
            self.closed = True
            for handle, close in self.children.items():
                close(handle)
            self.children.clear()
            lib.impasto_device_close(self.handle)


_Own = TypeVar("_Own", bound="Opened")


class Opened:
    """Something that is open on a device."""

    def __init__(self, device: Device, kind: str, close: Callable[[Any], None],
                 function: Callable[..., int], *arguments: Any) -> None:
        if not isinstance(device, Device):
            raise TypeError(f"device: an open impasto.Device is needed, not {type(device).__name__}")
        self._device = device
        self._guard = device._guard
        self._handle = self._guard.open(kind, close, function, *arguments)

    @property
    def device(self) -> Device:
        """The device that it is open on."""
        return self._device

    def _call(self, function: Callable[..., int], *arguments: Any) -> None:
        self._guard.call(self._handle, function, *arguments)

    def close(self) -> None:
        """Gives its memory back. It can be called more than once."""
        self._guard.close_child(self._handle)

    def __enter__(self: _Own) -> _Own:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    def __del__(self) -> None:
        if hasattr(self, "_handle"):
            self._guard.forget_child(self._handle)


class Device:
    """An open OpenCL device. All that paints or trains is opened on one.

    A device and what is open on it are for one thread at a time: calls of other threads wait.
    Different devices work beside each other, and the interpreter is free meanwhile. What the
    library has to say goes to the logger "impasto".

    Parameters
    ----------
    spec : str, optional
        "auto", the default: the best. "gpu", "igpu", "cpu", "accel": the first of its type. Or an
        index of `devices`, "platform:device", "pci:…", "uuid:…", or a piece of a name.
    log : logging.Logger, optional
        Receives warnings, what is used (INFO), and choices (DEBUG).

    Raises
    ------
    DeviceError
        There is no such device, there are several, or it does not work.

    Examples
    --------
    >>> with impasto.Device("cpu") as device:
    ...     with impasto.Job(device, "photo.jpg", "painting.jpg", size=256) as job:
    ...         for step in job:
    ...             print(step)
    ...         job.picture().save("painted.png")
    """

    def __init__(self, spec: str | int | None = None, *, log: logging.Logger | None = None) -> None:
        self._guard = Guard(None if spec is None else str(spec), log or logger)
        self._info = DeviceInfo._of(lib.impasto_device_info(self._guard.handle[0]))

    @property
    def info(self) -> DeviceInfo:
        """What was opened."""
        return self._info

    def __repr__(self) -> str:
        return f"<impasto.Device {self._info.name}{', closed' if self._guard.closed else ''}>"

    def close(self) -> None:
        """Closes the device and all that is open on it. It can be called more than once."""
        self._guard.close()

    def __enter__(self) -> Device:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    def __del__(self) -> None:
        if hasattr(self, "_guard") and not _ending:
            self._guard.close()
