# SPDX-License-Identifier: MIT
"""Films: clips, which are given frame after frame."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Callable, Iterable, Iterator

import numpy as np

from ._binding import ffi, lib
from ._device import Device, Opened, is_ending
from ._errors import c_path, keep_exception
from ._frames import Frame
from ._networks import Model, applying_params, as_model
from ._painting import Pictures, Step, Weights, as_weights
from ._settings import number_from, painting_params, whole_from

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ._keywords import ApplyingSettings, PaintingSettings, Unpack
    from ._painting import Styles

_CONSISTENCY = {"none": lib.IMPASTO_CONSISTENCY_NONE, "film": lib.IMPASTO_CONSISTENCY_FILM,
                "fine": lib.IMPASTO_CONSISTENCY_FINE}
_SAMPLES = {np.dtype(np.uint8): lib.IMPASTO_SAMPLES_BYTE, np.dtype(np.uint16): lib.IMPASTO_SAMPLES_SHORT,
            np.dtype(np.float32): lib.IMPASTO_SAMPLES_FLOAT}


@dataclass(frozen=True)
class ClipInfo:
    """What a clip says of itself. What is of the last frame is 0 before it.

    Attributes
    ----------
    width, height, result_width, result_height : int
        Of its frames, and of its results, pixels.
    frames, scenes : int
        Painted and begun so far. Networks do not look for scenes.
    begins_scene : bool
        The last frame does.
    iterations : int
        That it took.
    loss, content_loss, style_loss, temporal_loss : float
        Of the last frame, if it was painted by a job.
    warp : list of dict or None
        With ``measure``, of frames 1, 4 and 16 apart: how much results differ where the same is to be
        seen, and how much the source does ("last", "mean", "last_source", "mean_source", "pairs").
    """

    width: int
    height: int
    result_width: int
    result_height: int
    frames: int
    scenes: int
    begins_scene: bool
    iterations: int
    loss: float
    content_loss: float
    style_loss: float
    temporal_loss: float
    warp: list[dict[str, float]]

    @classmethod
    def _of(cls, info: Any) -> ClipInfo:
        names = ("last", "mean", "last_source", "mean_source", "pairs")
        return cls(info.width, info.height, info.result_width, info.result_height, info.frames, info.scenes,
                   bool(info.begins_scene), info.iterations, info.loss, info.content_loss, info.style_loss,
                   info.temporal_loss, [{name: getattr(row, name) for name in names} for row in info.warp])


@ffi.def_extern(name="binding_step", error=1, onerror=keep_exception)
def _step(user: Any, progress: Any) -> int:
    return int(bool(ffi.from_handle(user)(Step._of(progress, None))) or is_ending())


def _go_on(_step: Step) -> None:
    """Where nobody asked to be told: Ctrl-C comes between two iterations all the same."""


class Clip(Opened):
    """A film on its way, frame after frame in the order in which they are shown.

    `Clip.network` and `Clip.painting` make one. Frames are arrays of shape (height, width, 3): uint8,
    uint16, or float32 from 0 to 1. Results have the same type.
    """

    @classmethod
    def network(cls, device: Device, model: Model | str | os.PathLike[str], width: int, height: int,
                **settings: Unpack[ApplyingSettings]) -> Clip:
        """A film that a style network paints. The settings are those of `Applier`."""
        network = as_model(model)
        params, _mix = applying_params(network.styles, dict(settings))
        film = _film_params(width, height)
        clip = cls.__new__(cls)
        Opened.__init__(clip, device, "impasto_clip", lib.impasto_clip_close, lib.impasto_clip_open_network,
                        network._model, params, film)
        return clip

    @classmethod
    def painting(cls, device: Device, styles: Styles, width: int, height: int, *,
                 weights: Weights | str | os.PathLike[str] | None = None, preset: str = "default",
                 consistency: str = "film", temporal_weight: float | None = None,
                 frame_iterations: int | None = None, measure: bool = False,
                 progress: Callable[[Step], object] | None = None, **settings: Unpack[PaintingSettings]) -> Clip:
        """A film that is painted as `stylize` paints pictures, but so that strokes move with what they paint.

        Parameters
        ----------
        consistency : {"film", "fine", "none"}
            What frames are held to: the result before; also those two and four before; nothing.
        temporal_weight : float, optional
            How much. None: 20.
        frame_iterations : int, optional
            Of each frame but a scene's first. None: a third of ``iterations``.
        measure : bool
            Fill `ClipInfo.warp`.
        progress : callable, optional
            Is given each `Step`. A true value stops the frame, which then raises `Stopped`. It may not
            use the device.
        **settings
            Those of `stylize`.
        """
        if consistency not in _CONSISTENCY:
            raise ValueError(f"consistency: {consistency!r} is none of {', '.join(_CONSISTENCY)}")
        network = as_weights(weights)
        params, _texts = painting_params(network._weights, preset, dict(settings))
        film = _film_params(width, height)
        film.consistency = _CONSISTENCY[consistency]
        film.measure = bool(measure)
        if temporal_weight is not None:
            film.temporal_weight = number_from("temporal_weight", temporal_weight)
        if frame_iterations is not None:
            film.iterations = whole_from("frame_iterations", frame_iterations)
        pictures, teller = Pictures(ffi.NULL, styles), ffi.new_handle(progress or _go_on)
        film.progress, film.user = lib.binding_step, teller

        def close(handle: Any, _kept: Any = (network, pictures, teller)) -> None:
            """With it live the things that the library looks at until then."""
            lib.impasto_clip_close(handle)

        clip = cls.__new__(cls)
        Opened.__init__(clip, device, "impasto_clip", close, lib.impasto_clip_open_painting, network._weights,
                        pictures.struct, params, film)
        return clip

    def frame(self, frame: NDArray[Any], out: NDArray[Any] | None = None) -> NDArray[Any]:
        """Paints the next frame.

        Parameters
        ----------
        frame : array
            Rows may have gaps between them; what lies otherwise is copied.
        out : array, optional
            Where the result goes, of the same type; it may be `frame` if the sizes agree. None: a new one.
        """
        taken = Frame(frame, "frame", list(_SAMPLES))
        info = self.info
        kind = taken.array.dtype
        given = Frame.for_result(out, (info.result_height, info.result_width, 3), kind)
        self._call(lib.impasto_clip_frame, taken.struct(_SAMPLES[kind]), given.struct(_SAMPLES[kind]))
        return given.array

    def frames(self, frames: Iterable[NDArray[Any]]) -> Iterator[NDArray[Any]]:
        """Paints frame after frame: a generator of results."""
        for frame in frames:
            yield self.frame(frame)

    @property
    def info(self) -> ClipInfo:
        """What it says of itself and of the last frame."""
        return self._guard.look(self._handle, lambda clip: ClipInfo._of(lib.impasto_clip_info(clip)))

    def save(self, path: str | os.PathLike[str]) -> None:
        """Saves what the next frame depends on."""
        self._call(lib.impasto_clip_save, c_path(path))

    def load(self, path: str | os.PathLike[str]) -> None:
        """Goes on where a clip was saved. The next frame is that after ``info.frames``."""
        self._call(lib.impasto_clip_load, c_path(path))


def _film_params(width: int, height: int) -> Any:
    return ffi.new("struct impasto_clip_params *",
                   lib.impasto_clip_defaults(whole_from("width", width), whole_from("height", height)))
