# SPDX-License-Identifier: MIT
"""Frames of films as arrays that the library reads and writes where they are."""

from __future__ import annotations

from typing import Any, Sequence

import numpy as np

from ._binding import ffi


class Frame:
    """An array of shape (height, width, 3), and its memory. Rows may have gaps; other strides are copied."""

    def __init__(self, array: Any, what: str, types: Sequence[Any]) -> None:
        if not isinstance(array, np.ndarray):
            raise TypeError(f"{what}: an array is needed, not {type(array).__name__}")
        if array.ndim != 3 or array.shape[2] != 3:
            raise ValueError(f"{what}: the shape is {array.shape}, not (height, width, 3)")
        if array.dtype not in types:
            names = " or ".join(np.dtype(kind).name for kind in types)
            raise TypeError(f"{what}: its values are {array.dtype}, not {names}")
        if not self.lies_well(array):
            array = np.ascontiguousarray(array)
        self.array: Any = array
        self.height, self.width = array.shape[:2]
        self.stride = array.strides[0] if self.height > 1 else array.shape[1] * 3 * array.itemsize
        self.bytes = ffi.cast("unsigned char *", array.__array_interface__["data"][0])

    @staticmethod
    def lies_well(array: Any) -> bool:
        """Whether rows are whole, and follow each other downwards."""
        size = array.itemsize
        return bool(array.strides[1:] == (3 * size, size) and array.strides[0] >= 3 * size * array.shape[1]
                    and array.strides[0] % size == 0) or array.size == 0

    @classmethod
    def for_result(cls, out: Any, shape: tuple[int, ...], kind: np.dtype[Any]) -> Frame:
        """What the library writes to: the caller's array, or a new one."""
        if out is None:
            return cls(np.empty(shape, kind), "out", [kind])
        frame = cls(out, "out", [kind])
        if out.shape != shape:
            raise ValueError(f"out: the shape is {out.shape}, not {shape}")
        if not out.flags.writeable or frame.array is not out:
            raise ValueError("out: it cannot be written to" if not out.flags.writeable
                             else "out: its rows are not whole, or not in order")
        return frame

    def struct(self, samples: int) -> Any:
        """A `struct impasto_frame`. It must not outlive the array."""
        return ffi.new("struct impasto_frame *", {
            "struct_size": ffi.sizeof("struct impasto_frame"), "width": self.width, "height": self.height,
            "samples": samples, "pixels": self.bytes, "stride": self.stride})
