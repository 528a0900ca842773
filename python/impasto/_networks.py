# SPDX-License-Identifier: MIT
"""Style networks: their files, and painting pictures with them."""

from __future__ import annotations

import difflib
import numbers
import os
import pathlib
import sysconfig
from typing import TYPE_CHECKING, Any, Mapping, Sequence, Union

import numpy as np

from ._binding import ffi, lib
from ._device import Device, Opened
from ._errors import WeightsError, c_path, c_text, call, keep_exception, opened, string
from ._frames import Frame
from ._images import Image, as_image
from . import _records as records
from ._settings import number_from, scratch_params, whole_from

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ._images import Picture
    from ._keywords import ApplyingSettings, Unpack

    # A style by its name, or several with their weights.
    Mix = Union[str, Mapping[str, float]]

_ENDING = ".model"
_USUAL = "base-16"  # its styles go by their names alone


# ---- Files -----------------------------------------------------------------------------------------


@ffi.def_extern(name="binding_place", onerror=keep_exception)
def _place(user: Any, path: Any, _is_there: bool) -> None:
    ffi.from_handle(user).append(pathlib.Path(os.fsdecode(ffi.string(path))).parent)


def _folders() -> list[pathlib.Path]:
    """Where models are looked for: beside weights, then as they come with the package: as it is built, as a wheel
    brings them, as the library was to be installed."""
    found: list[pathlib.Path] = []
    lib.impasto_weights_places(lib.binding_place, ffi.new_handle(found))
    return [*found, pathlib.Path(__file__).resolve().parents[2],
            pathlib.Path(sysconfig.get_path("data"), "share/impasto"),
            pathlib.Path(os.fsdecode(ffi.string(lib.binding_data_folder())))]


def _installed(name: str) -> pathlib.Path | None:
    files = (folder / (name + _ENDING) for folder in _folders())
    return next((file for file in files if file.is_file()), None)


def model_file(source: str | os.PathLike[str]) -> tuple[pathlib.Path, str | None]:
    """The file that a word or a path means, and the style of it, if the word is a style's."""
    path = pathlib.Path(source)
    if not isinstance(source, str) or path.exists() or path.name != source or source.endswith(_ENDING):
        return path, None
    installed = _installed(source)
    if installed:
        return installed, None
    usual = _installed(_USUAL)
    return (usual, source) if usual else (path, None)


class Model:
    """A style network: it paints any picture in a moment. See `apply` and `Applier`.

    Parameters
    ----------
    source : str or path
        A file; the name of an installed model, such as "base-16"; or of a style that this one has,
        such as "ink".

    Raises
    ------
    WeightsError
        There is no such model, or it cannot be read.
    """

    _handle: Any
    _model: Any
    _info: Any

    def __init__(self, source: str | os.PathLike[str]) -> None:
        path, style = model_file(source)
        self._own(opened("impasto_model", lib.impasto_model_close, lib.impasto_model_open, c_path(path)))
        if style is not None:
            if style not in self.styles:
                near = difflib.get_close_matches(style, self.styles, 1)
                raise WeightsError(f"{style}: neither a file nor an installed model, nor a style of {_USUAL}; "
                                   + (f"did you mean {near[0]}?" if near else f"it has {', '.join(self.styles)}"))
            picked = self.pick(*dict.fromkeys([style, self.identity or style]))
            self._handle, self._model, self._info = picked._handle, picked._model, picked._info

    def _own(self, handle: Any) -> None:
        self._handle = ffi.gc(handle, lib.impasto_model_close)
        self._model = handle[0]
        self._info = lib.impasto_model_info(self._model)

    @property
    def source(self) -> str:
        """The file that it was read from."""
        return string(self._info.source) or ""

    @property
    def styles(self) -> tuple[str, ...]:
        """The names of its styles."""
        return tuple(string(self._info.styles[i]) or "" for i in range(self._info.style_count))

    @property
    def identity(self) -> str | None:
        """The style that leaves photographs as they are; without one, the strength can only be 1."""
        return self.styles[self._info.identity] if self._info.identity >= 0 else None

    @property
    def parameters(self) -> int:
        """Numbers that were trained."""
        return int(self._info.parameters)

    @property
    def training(self) -> str | None:
        """How it was trained, as JSON."""
        return string(self._info.training)

    @property
    def licence(self) -> str | None:
        """The model's licence."""
        return string(self._info.licence)

    def pick(self, *styles: str) -> Model:
        """A model of some of its styles, in their order."""
        names = [ffi.new("char[]", c_text(style, "style")) for style in styles]
        picked = Model.__new__(Model)
        picked._own(opened("impasto_model", lib.impasto_model_close, lib.impasto_model_pick, self._model, names,
                           len(names)))
        return picked

    def save(self, path: str | os.PathLike[str], *, half: bool = False) -> None:
        """Writes it as safetensors. `half`: numbers of 16 bits, which halve the file."""
        call(lib.impasto_model_save, self._model, c_path(path), half)

    def __repr__(self) -> str:
        return f"<impasto.Model {self.source}: {', '.join(self.styles)}>"


def _plain(value: Any) -> Any:
    """NumPy's numbers as JSON has them."""
    if isinstance(value, numbers.Real) and not isinstance(value, bool):
        return int(value) if isinstance(value, numbers.Integral) else float(value)
    return value


def as_model(model: Model | str | os.PathLike[str]) -> Model:
    return model if isinstance(model, Model) else Model(model)


# ---- Painting --------------------------------------------------------------------------------------


def _weights_of(mix: Any, styles: Sequence[str], what: str) -> Any:
    """A weight for each style, in C; NULL for None."""
    if mix is None:
        return ffi.NULL
    given = {mix: 1.0} if isinstance(mix, str) else dict(mix)
    for style in given:
        if style not in styles:
            near = difflib.get_close_matches(str(style), styles, 1)
            raise ValueError(f"{what}: there is no style {style!r}; "
                             + (f"did you mean {near[0]!r}?" if near else f"there are {', '.join(styles)}"))
    return ffi.new("float[]", [number_from(what, given.get(style, 0)) for style in styles])


def applying_params(model_styles: Sequence[str], given: dict[str, Any]) -> tuple[Any, Any]:
    """A `struct impasto_apply_params`, and what must live as long as it is in use."""
    params = ffi.new("struct impasto_apply_params *", lib.impasto_apply_defaults())
    given = {name: value for name, value in given.items() if value is not None}
    mix = _weights_of(given.pop("mix", None), model_styles, "mix")
    params.mix = mix
    params.mix_count = len(model_styles) if mix else 0
    # These are read as those of a painting are.
    read = scratch_params({name: value for name, value in given.items() if name in ("colour", "memory")})
    for name, value in given.items():
        if name in ("colour", "memory"):
            setattr(params, name, getattr(read, name))
        elif name == "size":
            params.size = lib.IMPASTO_SIZE_SOURCE if value == "source" else whole_from(name, value)
        elif name in ("strength", "stroke", "steady", "smooth"):
            setattr(params, name, number_from(name, value))
        else:
            raise TypeError(f"{name!r} is no setting of style networks: these are mix, strength, size, stroke, colour, "
                            "memory, steady, smooth")
    return params, mix


class Applier(Opened):
    """A style network on a device, which is given picture after picture.

    Parameters
    ----------
    device : Device
        The model is not needed afterwards.
    model : Model, str or path
        See `Model`.
    mix : str or dict, optional
        A style, or {style: weight}. None: the first style.
    strength : float
        1: as it was trained; towards 0: the photograph; above 1: more. 0 to 2. As far as the mix is the
        identity, mean and covariance of the painting's colours become the photograph's.
    size : int or "source"
        Longer side of results.
    stroke : float
        Size of the strokes, 0.25 to 4.
    colour : {"style", "luma", "match"}
        The style's colours; the photograph's; the style's with the photograph's mean and covariance.
    memory : int or str
        Device memory to use at most, such as "900M".
    steady : float
        For `frame`: the standard deviation of a camera's noise, 0 to 1, which is averaged out of what
        does not move.
    smooth : float
        For `frame`: how much of the layers' statistics stays from frame to frame, 0 to below 1.
    """

    def __init__(self, device: Device, model: Model | str | os.PathLike[str],
                 **settings: Unpack[ApplyingSettings]) -> None:
        network = as_model(model)
        self._styles = network.styles
        self._model = records.shown(model if isinstance(model, str) else network.source)
        self._settings: dict[str, Any] = dict(settings)
        params, _mix = applying_params(self._styles, self._settings)
        super().__init__(device, "impasto_applier", lib.impasto_applier_close, lib.impasto_applier_open,
                         network._model, params)

    @property
    def styles(self) -> tuple[str, ...]:
        """The names of the model's styles."""
        return self._styles

    def change(self, **settings: Unpack[ApplyingSettings]) -> None:
        """Other settings for the pictures that follow. What is not named stays."""
        changed = {**self._settings, **settings}
        params, _mix = applying_params(self._styles, changed)
        self._call(lib.impasto_applier_change, params)
        self._settings = changed

    def paint(self, content: Picture, *, keep: Picture | None = None,
              regions: Sequence[tuple[Picture, Mix]] = ()) -> Image:
        """Paints a picture.

        Parameters
        ----------
        content : picture
            Transparent parts stay so.
        keep : picture, optional
            A mask of the parts that stay as they are.
        regions : sequence of (mask, mix)
            Parts with styles of their own. Where they overlap, the later one is on top.
        """
        pictures = [as_image(content, "content"), *([] if keep is None else [as_image(keep, "keep")])]
        kept = []
        rows = ffi.new("struct impasto_apply_region[]", len(regions))
        for row, (mask, mix) in zip(rows, regions):
            kept += [as_image(mask, "a region's mask"), _weights_of(mix, self._styles, "a region's mix")]
            row.struct_size = ffi.sizeof("struct impasto_apply_region")
            row.mask, row.mix, row.mix_count = kept[-2]._image, kept[-1], len(self._styles)
        struct = ffi.new("struct impasto_apply_pictures *", {
            "struct_size": ffi.sizeof("struct impasto_apply_pictures"), "content": pictures[0]._image,
            "keep": pictures[1]._image if keep is not None else ffi.NULL, "regions": rows,
            "region_count": len(regions)})
        made = ffi.new("struct impasto_image **")
        self._call(lib.impasto_applier_paint, struct, made)
        return records.give(Image._owning(made), self._record(pictures[0]))

    def _record(self, content: Image) -> dict[str, Any]:
        """Without masks and regions, which are not named, and without what is of frames alone."""
        settings = {name: _plain(value) for name, value in self._settings.items()
                    if value is not None and name not in ("mix", "steady", "smooth")}
        mix = self._settings.get("mix")
        if mix is not None:
            settings["mix"] = mix if isinstance(mix, str) else ",".join(
                f"{style}:{float(weight):.9g}" for style, weight in mix.items())
        named = {} if content.name is None else {"content": records.shown(content.name)}
        return records.base(self._device.info, named | {"model": self._model} | settings, "apply")

    def frame(self, frame: NDArray[np.uint8], out: NDArray[np.uint8] | None = None) -> NDArray[np.uint8]:
        """Paints a frame, the fastest way where many have one size.

        Parameters
        ----------
        frame : array
            uint8 of shape (height, width, 3). Rows may have gaps between them.
        out : array, optional
            Where the result goes; it may be `frame` itself. None: a new one.
        """
        taken = Frame(frame, "frame", [np.uint8])
        given = Frame.for_result(out, taken.array.shape, np.dtype(np.uint8))
        self._call(lib.impasto_applier_frame, taken.width, taken.height, taken.bytes, taken.stride, given.bytes,
                   given.stride)
        return given.array


def apply(content: Picture, model: Model | str | os.PathLike[str], *, device: Device | str | int | None = None,
          keep: Picture | None = None, regions: Sequence[tuple[Picture, Mix]] = (),
          **settings: Unpack[ApplyingSettings]) -> Image:
    """Paints a picture with a style network.

    Parameters
    ----------
    content : picture
        See `Image` for what is taken.
    model : Model, str or path
        A file, or a name such as "ink": see `Model`.
    device : Device, str or int, optional
        An open device, or which one to open. None: the best.
    keep, regions
        See `Applier.paint`.
    **settings
        See `Applier`: ``mix={"ink": 1, "oil": 1}``, ``strength=0.8``, ``size=1024`` and others.

    Examples
    --------
    >>> impasto.apply("photo.jpg", "ink", strength=0.8).save("inked.png")
    """
    own = not isinstance(device, Device)
    opened_device = device if isinstance(device, Device) else Device(device)
    try:
        with Applier(opened_device, model, **settings) as applier:
            return applier.paint(content, keep=keep, regions=regions)
    finally:
        if own:
            opened_device.close()
