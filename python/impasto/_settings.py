# SPDX-License-Identifier: MIT
"""Settings as keywords: the library's own tables say what there is."""

from __future__ import annotations

import difflib
import math
import numbers
from dataclasses import dataclass
from typing import Any, Callable, Iterator

from . import _records as records
from ._binding import ffi, lib
from ._errors import c_text, call, string

_KINDS = {lib.IMPASTO_SETTING_FLAG: "flag", lib.IMPASTO_SETTING_INT: "int",
          lib.IMPASTO_SETTING_UINT64: "int", lib.IMPASTO_SETTING_BYTES: "bytes",
          lib.IMPASTO_SETTING_FLOAT: "float", lib.IMPASTO_SETTING_CHOICE: "choice",
          lib.IMPASTO_SETTING_TEXT: "text", lib.IMPASTO_SETTING_LAYERS: "layers",
          lib.IMPASTO_SETTING_SCALES: "scales"}


@dataclass(frozen=True)
class Setting:
    """A setting of a painting or a training, which is a keyword of the same name.

    Attributes
    ----------
    name : str
        The keyword: ``style_size``.
    about : str
        What it does, with the default in parentheses. Other settings are in backquotes.
    kind : str
        "flag", "int", "float", "bytes", "choice", "text", "layers" or "scales".
    standard : str or None
        The default preset's value; None where the weights decide it, or nothing is set.
    low, high : float
        Limits of a number. `high` may be infinite.
    words : tuple of str
        Words that it takes: instead of a number, or alone.
    """

    name: str
    about: str
    kind: str
    standard: str | None
    low: float
    high: float
    words: tuple[str, ...]


class Table:
    """One of the library's tables of settings."""

    def __init__(self, at: Callable[[int], Any]) -> None:
        rows: list[Any] = []
        while row := at(len(rows)):
            rows.append(row)
        self._rows = {_text(row.name).replace("-", "_"): row for row in rows}

    def settings(self) -> dict[str, Setting]:
        """All of them, by their keywords."""
        return {name: Setting(name, _text(row.about), _KINDS[row.kind], string(row.standard), row.low,
                              row.high, tuple(_words(row)))
                for name, row in self._rows.items()}

    def values(self, params: Any) -> dict[str, Any]:
        """What the struct has of all that decides the result, as settings files have it."""
        return records.values(params, self._rows)

    def words(self, name: str) -> list[str]:
        """The words that a setting takes."""
        return list(_words(self._rows[name]))

    def texts(self, given: dict[str, Any]) -> dict[str, bytes]:
        """{keyword: its value's text}. None stands for what is not given."""
        for name in given:
            if name not in self._rows:
                near = difflib.get_close_matches(name, self._rows, 1)
                raise TypeError(f"{name!r} is no setting"
                                + (f"; did you mean {near[0]!r}?" if near else ""))
        return {name: c_text(_value_text(name, self._rows[name].kind, value), name)
                for name, value in given.items() if value is not None}

    def read(self, params: Any, texts: dict[str, Any]) -> None:
        """Puts values into the struct that the table is of."""
        for name, text in texts.items():
            call(lib.impasto_setting_read, self._rows[name], text, params)


def _text(text: Any) -> str:
    return ffi.string(text).decode()


def _words(row: Any) -> Iterator[str]:
    at = 0
    while row.words and row.words[at].text:
        yield _text(row.words[at].text)
        at += 1


def _value_text(name: str, kind: int, value: Any) -> str:
    """How the library reads a value."""
    if isinstance(value, str):
        return value
    if kind == lib.IMPASTO_SETTING_FLAG:
        # NumPy's are not bool.
        if value not in (False, True):
            raise TypeError(f"{name}: {value!r} is neither True nor False")
        return "yes" if value else "no"
    if kind == lib.IMPASTO_SETTING_LAYERS and isinstance(value, dict):
        return ",".join(f"{layer}:{_number(name, weight)}" for layer, weight in value.items())
    if kind in (lib.IMPASTO_SETTING_LAYERS, lib.IMPASTO_SETTING_SCALES) and isinstance(value, (list, tuple)):
        sizes = kind == lib.IMPASTO_SETTING_SCALES
        return ",".join(_number(name, part) if sizes else str(part) for part in value)
    return _number(name, value)


def _number(name: str, value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise TypeError(f"{name}: {value!r} is no number and no text")
    if isinstance(value, numbers.Integral):
        return str(int(value))
    number = float(value)
    # 512.0 is a size, too.
    return str(int(number)) if math.isfinite(number) and number == int(number) else repr(number)


def number_from(name: str, value: Any) -> float:
    """A number that is no setting of a table."""
    return float(_number(name, value))


def whole_from(name: str, value: Any) -> int:
    """A whole number that is no setting of a table."""
    number = _number(name, value)
    if not number.lstrip("-").isdigit():
        raise ValueError(f"{name}: {value!r} is no whole number")
    return int(number)


PAINTING = Table(lib.impasto_setting_at)
TRAINING = Table(lib.impasto_train_setting_at)


def settings() -> dict[str, Setting]:
    """The settings of a painting, by name: what `stylize`, `Job` and others take as keywords."""
    return PAINTING.settings()


def train_settings() -> dict[str, Setting]:
    """The settings of a training, by name: what `train` and `Training` take as keywords."""
    return TRAINING.settings()


def painting_params(weights: Any, preset: str, given: dict[str, Any]) -> tuple[Any, list[Any]]:
    """A `struct impasto_params`, and what must live as long as it is in use."""
    params = ffi.new("struct impasto_params *")
    call(lib.impasto_params_preset_sized, weights, c_text(preset, "preset"), ffi.sizeof("struct impasto_params"),
         params)
    return changed_params(params, given)


def changed_params(params: Any, given: dict[str, Any]) -> tuple[Any, list[Any]]:
    """A copy of a `struct impasto_params` with other settings, and what must live as long as it is in use."""
    changed = ffi.new("struct impasto_params *", params[0])
    # A TEXT is kept by its address.
    texts = {name: ffi.new("char[]", text) for name, text in PAINTING.texts(given).items()}
    if "optimizer" in texts:  # before the others: their defaults depend on it
        asked = ffi.new("struct impasto_params *", params[0])
        PAINTING.read(asked, {"optimizer": texts["optimizer"]})
        lib.impasto_params_optimizer(changed, asked.optimizer)
    PAINTING.read(changed, texts)
    return changed, list(texts.values())


def scratch_params(given: dict[str, Any]) -> Any:
    """A `struct impasto_params` in which nothing but some settings is of use."""
    params = ffi.new("struct impasto_params *", {"struct_size": ffi.sizeof("struct impasto_params")})
    PAINTING.read(params, PAINTING.texts(given))
    return params
