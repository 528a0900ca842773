# SPDX-License-Identifier: MIT
"""What results say of how they were made, as those of the program do."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

from ._binding import ffi, lib
from ._errors import string

if TYPE_CHECKING:
    from ._device import DeviceInfo
    from ._images import Image


def base(device: DeviceInfo, settings: dict[str, Any], command: str | None = None) -> dict[str, Any]:
    """A record without what a run has come to. Nothing in it tells where things are on this machine."""
    record: dict[str, Any] = {"impasto": string(lib.impasto_version())}
    if command:
        record["command"] = command
    record["device"] = {"name": device.name, "platform": device.platform, "driver": device.driver}
    return record | {"settings": settings}


def names(content: Image, styles: list[tuple[Image, float]]) -> dict[str, Any]:
    """The pictures as settings files have them, if all were files."""
    found = [picture.name for picture, _ in styles]
    if content.name is None or None in found:
        return {}
    weighted = [shown(name or "") + (f":{weight:.9g}" if weight != 1 else "") for name, (_, weight) in zip(found, styles)]
    return {"content": shown(content.name), "style": weighted}


def shown(path: str) -> str:
    """A file's name, without where it is."""
    return os.path.basename(path)


def give(image: Image, record: dict[str, Any], **more: Any) -> Image:
    """Writes a record, with what else there is to say, into a picture."""
    text = json.dumps(record | more, separators=(",", ":"), ensure_ascii=False)
    if len(text.encode()) <= lib.IMPASTO_SETTINGS_MOST:
        image.settings = text
    return image


def values(params: Any, rows: dict[str, Any]) -> dict[str, Any]:
    """All settings that decide a painting, by the names that they have in settings files."""
    found = {}
    text = ffi.new("char[]", lib.IMPASTO_SETTING_LONGEST)
    error = ffi.new("struct impasto_error *")
    for row in rows.values():
        if row.decides == lib.IMPASTO_DECIDES_NOTHING or row.kind == lib.IMPASTO_SETTING_TEXT:
            continue
        if lib.impasto_setting_get(params, row.name, text, lib.IMPASTO_SETTING_LONGEST, error) != lib.IMPASTO_OK:
            continue
        written = ffi.string(text).decode()
        if written:
            found[ffi.string(row.name).decode()] = _value(row.kind, written)
    return found


_WHOLE = {lib.IMPASTO_SETTING_INT, lib.IMPASTO_SETTING_UINT64, lib.IMPASTO_SETTING_BYTES}


def _value(kind: int, text: str) -> Any:
    if kind == lib.IMPASTO_SETTING_FLAG:
        return text == "yes"
    try:
        return int(text) if kind in _WHOLE else float(text) if kind == lib.IMPASTO_SETTING_FLOAT else text
    except ValueError:
        return text  # one of its words
