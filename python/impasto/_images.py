# SPDX-License-Identifier: MIT
"""Pictures: to and from NumPy, Pillow and files."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any, Union

import numpy as np

from ._binding import ffi, lib
from ._errors import c_path, c_text, call, opened, string

if TYPE_CHECKING:
    import PIL.Image
    from numpy.typing import NDArray

    # What a picture may be given as.
    Picture = Union["Image", str, os.PathLike[str], bytes, bytearray, NDArray[Any], PIL.Image.Image]

_FORMATS = {"png": lib.IMPASTO_FORMAT_PNG, "jpeg": lib.IMPASTO_FORMAT_JPEG,
            "jpg": lib.IMPASTO_FORMAT_JPEG, "tiff": lib.IMPASTO_FORMAT_TIFF,
            "webp": lib.IMPASTO_FORMAT_WEBP}
_PRIVACY = {"private": lib.IMPASTO_PRIVACY_PRIVATE, "keep": lib.IMPASTO_PRIVACY_KEEP,
            "none": lib.IMPASTO_PRIVACY_NONE}
_SHAPES = "give (height, width), or that with 3 or 4 channels behind it"
# How far floats may be beyond 0 and 1, as resizing and arithmetic leave them. They are clipped.
_SLACK = 1e-3


class Image:
    """A picture in memory: sRGB-encoded RGB from 0 to 1, in float32.

    ``numpy.asarray(image)`` is a view of its pixels, of shape (height, width, 3), without a copy.
    What is written there changes the picture.

    Parameters
    ----------
    source : str, path, bytes, array, PIL.Image.Image or Image
        A path, or the bytes of a file, is decoded in a process of its own, which can do nothing
        else. Colour profile and orientation are applied. Its metadata is kept.

        An array has the shape (height, width), or that with 1, 3 or 4 channels behind it, the
        fourth being opacity. Values are uint8, uint16, bool, or floats from 0 to 1. Any strides
        will do. They are taken as sRGB, and so are the pixels of Pillow's images, whatever
        profile and orientation these name.
    max_pixels : int, optional
        Files of more pixels are refused before memory is taken. 0, the default: 100,000,000.

    Raises
    ------
    InputError
        The file cannot be read, or is no picture.
    TypeError, ValueError
        The array has another shape, another type, or values outside of 0 to 1.
    """

    _handle: Any  # its address; what NumPy views is freed with it
    _image: Any

    def __init__(self, source: Picture, *, max_pixels: int = 0) -> None:
        made = _load(source, "picture", max_pixels)
        self._handle, self._image = made._handle, made._image

    @classmethod
    def _made(cls, function: Any, *arguments: Any) -> Image:
        """What a function of the library makes."""
        return cls._owning(opened("impasto_image", lib.impasto_image_free, function, *arguments))

    @classmethod
    def _owning(cls, handle: Any) -> Image:
        image = cls.__new__(cls)
        image._handle = ffi.gc(handle, lib.impasto_image_free)
        image._image = handle[0]
        return image

    # ---- What it is ------------------------------------------------------------------------------

    @property
    def width(self) -> int:
        """Pixels across."""
        return self._image.width

    @property
    def height(self) -> int:
        """Pixels down."""
        return self._image.height

    @property
    def name(self) -> str | None:
        """The file that it was read from; None: it was not."""
        return string(self._image.name)

    @property
    def settings(self) -> str | None:
        """How it was made, in its maker's words, which PNG files keep: JSON, from `impasto`."""
        return string(self._image.settings)

    @settings.setter
    def settings(self, text: str | None) -> None:
        if not lib.binding_set_settings(self._image, ffi.NULL if text is None else c_text(text, "settings")):
            raise MemoryError("no memory for the settings")

    def __repr__(self) -> str:
        return f"<impasto.Image {self.width}x{self.height}{' with alpha' if self._image.alpha else ''}>"

    # ---- As arrays -------------------------------------------------------------------------------

    @property
    def __array_interface__(self) -> dict[str, Any]:
        return _interface(self._image.rgb, (self.height, self.width, 3))

    @property
    def rgb(self) -> NDArray[np.float32]:
        """A view of the colours: float32, (height, width, 3)."""
        return np.asarray(self)

    @property
    def alpha(self) -> NDArray[np.float32] | None:
        """A view of the opacity: float32, (height, width), 0 to 1, not multiplied into the colours.

        None: it is opaque everywhere.
        """
        return np.asarray(_Alpha(self)) if self._image.alpha else None

    def to_uint8(self) -> NDArray[np.uint8]:
        """A copy in 8 bits, as files have it: (height, width, 3), or 4 with transparency."""
        alpha = self.alpha
        made = np.empty((self.height, self.width, 3 if alpha is None else 4), np.uint8)
        made[..., :3] = _to_bytes(self.rgb)
        if alpha is not None:
            made[..., 3] = _to_bytes(alpha)
        return made

    def to_pil(self) -> PIL.Image.Image:
        """A copy in 8 bits for Pillow: RGB, or RGBA with transparency."""
        import PIL.Image
        return PIL.Image.fromarray(self.to_uint8())

    # ---- Others made of it -----------------------------------------------------------------------

    def resize(self, width: int, height: int) -> Image:
        """A picture of another size, by Lanczos-3, in linear light when it shrinks."""
        return Image._made(lib.impasto_image_resize, self._image, width, height)

    def fit(self, longest: int) -> Image:
        """A picture whose longer side has at most so many pixels, for previews; never enlarged."""
        factor = min(1.0, longest / max(self.width, self.height))
        return self.resize(max(1, round(self.width * factor)), max(1, round(self.height * factor)))

    def mask(self, colour: int) -> Image:
        """A mask of where the picture is painted in a colour, with smooth edges.

        Parameters
        ----------
        colour : int
            0xRRGGBB.
        """
        return Image._made(lib.impasto_image_key, self._image, colour)

    # ---- Files -----------------------------------------------------------------------------------

    def save(self, path: str | os.PathLike[str], *, format: str | None = None, bits: int = 8,
             quality: int = 95, metadata: str = "private") -> None:
        """Writes a file: whole or not at all.

        Parameters
        ----------
        path : str or path
            An existing file is replaced.
        format : {"png", "jpeg", "tiff", "webp"}, optional
            The default is what the name's ending says.
        bits : {8, 16}
            Per channel; 16 in PNG and TIFF.
        quality : int
            Of JPEG and WebP, 1 to 100.
        metadata : {"private", "keep", "none"}
            How much of the photograph's metadata is written: without position, owner, serial
            numbers and texts; with these; nothing.

        Raises
        ------
        OutputError
            The file cannot be written.
        """
        call(lib.impasto_image_save, self._image, c_path(path),
             _save_options(format, bits, quality, metadata))

    def encode(self, format: str = "png", *, bits: int = 8, quality: int = 95,
               metadata: str = "private") -> bytes:
        """The bytes that `save` would write."""
        data, size = ffi.new("unsigned char **"), ffi.new("size_t *")
        call(lib.impasto_image_encode, self._image, b"picture",
             _save_options(format, bits, quality, metadata), data, size)
        try:
            return bytes(ffi.buffer(data[0], size[0]))
        finally:
            lib.free(data[0])

    def _repr_png_(self) -> bytes:
        return self.encode("png")


class _Alpha:
    """What holds the picture while a view of its opacity is in use."""

    def __init__(self, image: Image) -> None:
        self._image = image

    @property
    def __array_interface__(self) -> dict[str, Any]:
        return _interface(self._image._image.alpha, (self._image.height, self._image.width))


def _interface(floats: Any, shape: tuple[int, ...]) -> dict[str, Any]:
    """What NumPy makes a view of. The view holds the object that has said so."""
    return {"version": 3, "typestr": np.dtype(np.float32).str, "shape": shape,
            "data": (int(ffi.cast("uintptr_t", floats)), False)}


def _to_bytes(floats: NDArray[np.float32]) -> NDArray[np.uint8]:
    scaled = floats * np.float32(255)
    scaled += np.float32(0.5)
    return scaled.astype(np.uint8)


def _one_of(words: dict[str, int], word: str, what: str) -> int:
    if word not in words:
        raise ValueError(f"{what}: {word!r} is none of {', '.join(words)}")
    return words[word]


def _save_options(format: str | None, bits: int, quality: int, metadata: str) -> Any:
    chosen = lib.IMPASTO_FORMAT_AUTO if format is None else _one_of(_FORMATS, format.lower(), "format")
    return ffi.new("struct impasto_save_options *", {
        "struct_size": ffi.sizeof("struct impasto_save_options"), "format": chosen,
        "privacy": _one_of(_PRIVACY, metadata, "metadata"), "bits": bits, "quality": quality})


# ---- Pictures from what people have ----------------------------------------------------------------


def as_image(source: Picture, what: str) -> Image:
    """The picture itself, or one made of what was given. `what`: how errors name it."""
    return source if isinstance(source, Image) else _load(source, what, 0)


def _load(source: Any, what: str, max_pixels: int) -> Image:
    if isinstance(source, (str, os.PathLike)):
        return Image._made(lib.impasto_image_load_apart, c_path(source), max_pixels)
    if isinstance(source, (bytes, bytearray)):
        return Image._made(lib.impasto_image_decode_apart, ffi.from_buffer(source), len(source),
                           what.encode(), max_pixels)
    if isinstance(source, Image):
        return source.resize(source.width, source.height)
    return _from_array(_pixels(source, what), what)


def _pixels(source: Any, what: str) -> NDArray[Any]:
    """An array of whatever has pixels."""
    pil = sys.modules.get("PIL.Image")
    if pil is not None and isinstance(source, pil.Image):
        return _pil_pixels(source, what)
    if not any(hasattr(source, name) for name in ("__array_interface__", "__array__")):
        raise TypeError(f"{what}: a path, bytes, an array or a picture is needed, not "
                        f"{type(source).__name__}")
    if isinstance(source, np.ma.MaskedArray):
        raise TypeError(f"{what}: is a masked array; array.filled(0) says what is behind the mask")
    return np.asarray(source)


def _pil_pixels(picture: PIL.Image.Image, what: str) -> NDArray[Any]:
    if picture.mode in ("I", "F"):
        raise TypeError(f"{what}: nothing says which range Pillow's mode {picture.mode} has; give the path "
                        "of the file, or an array of uint16 or of floats from 0 to 1")
    if picture.mode in ("LA", "PA", "La", "RGBa") or "transparency" in picture.info:
        picture = picture.convert("RGBA")
    elif picture.mode not in ("RGB", "RGBA", "L", "1") and not picture.mode.startswith("I;16"):
        picture = picture.convert("RGB")
    return np.asarray(picture)


def _from_array(array: NDArray[Any], what: str) -> Image:
    if array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[2] not in (1, 3, 4)):
        raise ValueError(f"{what}: the shape is {array.shape}; {_SHAPES}{_shape_advice(array.shape)}")
    _check_values(array, what)
    image = Image._made(lib.impasto_image_create, array.shape[1], array.shape[0])
    _fill(image.rgb, array[..., None] if array.ndim == 2 else array[..., :3])
    if array.ndim == 3 and array.shape[2] == 4:
        if not lib.binding_add_alpha(image._image):
            raise MemoryError(f"{what}: no memory for its transparency")
        _fill(np.asarray(image.alpha), array[..., 3])
    return image


def _shape_advice(shape: tuple[int, ...]) -> str:
    if len(shape) == 3 and shape[0] in (1, 3, 4):
        return "; if these are planes of channels, array.transpose(1, 2, 0) has the right order"
    if len(shape) == 4:
        return "; give the pictures of a batch one by one"
    return ""


def _check_values(array: NDArray[Any], what: str) -> None:
    kind = array.dtype.kind
    if kind == "b" or (kind == "u" and array.dtype.itemsize <= 2):
        return
    if kind != "f":
        raise TypeError(f"{what}: its values are {array.dtype}; give uint8, uint16, or floats from 0 to 1")
    if array.size and not (array.min() >= -_SLACK and array.max() <= 1 + _SLACK):
        raise ValueError(f"{what}: its values go from {array.min():.6g} to {array.max():.6g}; floats are to be "
                         "from 0 to 1" + (": divide them by 255" if 2 < array.max() <= 255 else ""))


def _fill(to: NDArray[np.float32], array: NDArray[Any]) -> None:
    if array.dtype.kind == "f":
        np.clip(array, 0, 1, out=to, casting="same_kind")
    elif array.dtype.kind == "b":
        to[...] = array
    else:
        np.divide(array, np.float32(np.iinfo(array.dtype).max), out=to, dtype=np.float32)
