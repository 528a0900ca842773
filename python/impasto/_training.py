# SPDX-License-Identifier: MIT
"""Training style networks."""

from __future__ import annotations

import math
import os
import pathlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Callable, Iterator, Mapping, Sequence, Union

from ._binding import ffi, lib
from ._device import Device, Opened
from ._errors import c_path, c_text, call, opened, string
from ._images import Image, as_image
from ._networks import Model, model_file
from ._painting import Weights, as_weights
from ._settings import TRAINING

if TYPE_CHECKING:
    from ._images import Picture
    from ._keywords import TrainingSettings, Unpack

    # Pictures by the names that the styles get; None: one that the library draws, by its name. Files
    # give their names.
    TaughtStyles = Union[Mapping[str, Picture | None], str, os.PathLike[str], Sequence[Union[str, os.PathLike[str]]]]


@dataclass(frozen=True)
class TrainStep:
    """What a step of a training did. ``str(step)`` is a line to show.

    Attributes
    ----------
    step, steps : int
        Taken, from 1 on, and of the whole training, as far as is known.
    done : bool
        The training is at its end.
    total, content, style, tv, range : float
        Losses: weighted, and unweighted. `style` is NaN where all crops learn the identity.
    seconds : float
        Since the first step began.
    learning_rate, gradient : float
        Adam's, and the gradient's norm.
    batch, crop, pictures : int
        Crops of the step, their sides, and how many have been learnt from.
    skipped : bool
        Something was not finite, and the step was taken back.
    judged : bool
        The judge has just measured.
    judgement, best : float
        The last one, and the lowest; NaN: none yet.
    best_step : int
        After which that was.
    steady, steady_features : float
        With the setting `steady_weight`, how far paintings and features are from holding still.
    """

    step: int
    steps: int
    done: bool
    total: float
    seconds: float
    content: float
    style: float
    tv: float
    range: float
    learning_rate: float
    gradient: float
    batch: int
    crop: int
    pictures: int
    skipped: bool
    judged: bool
    judgement: float
    best: float
    best_step: int
    steady: float
    steady_features: float

    def __str__(self) -> str:
        judged = "" if math.isnan(self.best) else f", best {self.best:.4g} at {self.best_step}"
        return f"{self.step}/{self.steps}: loss {self.total:.4g}{judged}, {self.seconds:.1f} s"

    @classmethod
    def _of(cls, progress: Any) -> TrainStep:
        head = progress.head
        own = {field.name: getattr(progress, field.name) for field in cls.__dataclass_fields__.values()
               if hasattr(progress, field.name)}
        own |= {name: getattr(head, name) for name in ("step", "steps", "total", "seconds")}
        return cls(done=bool(head.done), **own)


@dataclass(frozen=True)
class TrainInfo:
    """What a training does.

    Attributes
    ----------
    styles : tuple of str
        The names of all styles of its model.
    parameters : int
        Numbers that the network has.
    base : str or None
        The model that it began from.
    drawn : bool
        The training pictures are scenes, no photographs.
    pictures, left_out : int
        Training pictures, and photographs that could not be used.
    memory : int
        Bytes of device memory at the most.
    """

    styles: tuple[str, ...]
    parameters: int
    base: str | None
    drawn: bool
    pictures: int
    left_out: int
    memory: int

    @classmethod
    def _of(cls, info: Any) -> TrainInfo:
        styles = tuple(string(info.styles[i]) or "" for i in range(info.style_count))
        return cls(styles, info.parameters, string(info.base), bool(info.drawn), info.pictures, info.left_out,
                   info.plan_bytes)


def _by_name(styles: Any) -> dict[str, Any]:
    if isinstance(styles, Mapping):
        return dict(styles)
    named = {}
    for path in styles if isinstance(styles, (list, tuple)) else [styles]:
        if not isinstance(path, (str, os.PathLike)):
            raise TypeError("styles: what is no file needs a name: {name: picture}")
        named[pathlib.Path(path).stem] = path
    return named


class _Task:
    """A `struct impasto_train_task`, with all that it points to, which lives as long as this object."""

    def __init__(self, styles: Any, photos: Any, base: Any, keep: bool, shown: Any) -> None:
        self._kept: list[Any] = []
        named = _by_name(styles)
        rows = ffi.new("struct impasto_train_style[]", len(named))
        for row, (name, picture) in zip(rows, named.items()):
            row.struct_size = ffi.sizeof("struct impasto_train_style")
            row.image = self._image(picture, f"style {name}")
            row.name = self._keep(ffi.new("char[]", c_text(name, "a style's name")))
        self.struct = ffi.new("struct impasto_train_task *", {
            "struct_size": ffi.sizeof("struct impasto_train_task"), "styles": self._keep(rows),
            "style_count": len(named), "photos": self._path(photos), "keep": bool(keep),
            "base": self._path(None if base is None else model_file(base)[0]), "shown": self._image(shown, "shown")})

    def _keep(self, thing: Any) -> Any:
        self._kept.append(thing)
        return thing

    def _image(self, source: Any, what: str) -> Any:
        return ffi.NULL if source is None else self._keep(as_image(source, what))._image

    def _path(self, path: Any) -> Any:
        return ffi.NULL if path is None else self._keep(ffi.new("char[]", c_path(path)))


class Training(Opened):
    """A style network on its way. Each iteration over it takes a step and gives a `TrainStep`.

    Parameters
    ----------
    device : Device
        Pictures and weights are not needed afterwards.
    styles : dict, path, or sequence of paths
        {name: picture}; None as the picture has the library draw the style of that name. Files give
        their names.
    photos : str or path, optional
        A folder with photographs to train on. None: the library draws scenes.
    base : str or path, optional
        A model to start from, such as "base-16". None: a network begins from nothing, which takes many
        more steps.
    keep : bool
        The base's own styles stay in the model.
    shown : picture, optional
        One that `picture` will be asked for, so that there is memory for it.
    weights : Weights, str or path, optional
        As for `stylize`.
    **settings
        All that `train_settings` lists, such as ``steps=450``, ``minutes=30``.
    """

    _done = False

    def __init__(self, device: Device, styles: TaughtStyles, *, photos: str | os.PathLike[str] | None = None,
                 base: str | os.PathLike[str] | None = None, keep: bool = False, shown: Picture | None = None,
                 weights: Weights | str | os.PathLike[str] | None = None, **settings: Unpack[TrainingSettings]) -> None:
        network = as_weights(weights)
        params = ffi.new("struct impasto_train_params *")
        call(lib.impasto_train_params_default_sized, ffi.sizeof("struct impasto_train_params"), params)
        TRAINING.read(params, TRAINING.texts(dict(settings)))
        task = _Task(styles, photos, base, keep, shown)
        super().__init__(device, "impasto_train", lib.impasto_train_close, lib.impasto_train_open, network._weights,
                         task.struct, params)

    @classmethod
    def resume(cls, device: Device, checkpoint: str | os.PathLike[str], styles: TaughtStyles, *,
               photos: str | os.PathLike[str] | None = None, base: str | os.PathLike[str] | None = None,
               keep: bool = False, shown: Picture | None = None,
               weights: Weights | str | os.PathLike[str] | None = None) -> Training:
        """Goes on where a training was saved by `checkpoint`. All else must be as it was."""
        network = as_weights(weights)
        saved = opened("impasto_train_checkpoint", lib.impasto_train_checkpoint_close,
                       lib.impasto_train_checkpoint_open, c_path(checkpoint))
        try:
            task = _Task(styles, photos, base, keep, shown)
            training = cls.__new__(cls)
            Opened.__init__(training, device, "impasto_train", lib.impasto_train_close, lib.impasto_train_resume,
                            network._weights, task.struct, saved[0], ffi.NULL)
        finally:
            lib.impasto_train_checkpoint_close(saved)
        return training

    def __iter__(self) -> Iterator[TrainStep]:
        return self

    def __next__(self) -> TrainStep:
        if self._done:
            raise StopIteration
        return self.step()

    def step(self) -> TrainStep:
        """Takes one step."""
        progress = ffi.new("struct impasto_train_progress **")
        self._call(lib.impasto_train_step, progress)
        step: TrainStep = self._guard.look(self._handle, lambda _: TrainStep._of(progress[0]))
        self._done = step.done
        return step

    @property
    def done(self) -> bool:
        """Whether the last step has been taken."""
        return self._done

    @property
    def info(self) -> TrainInfo:
        """What it does."""
        return self._guard.look(self._handle, lambda train: TrainInfo._of(lib.impasto_train_info(train)))

    def picture(self, content: Picture, style: str | None = None) -> Image:
        """A picture as the model would paint it by now; its longer side has at most ``judge_size`` pixels.

        Parameters
        ----------
        style : str, optional
            None: the first one.
        """
        styles = self.info.styles
        if style is not None and style not in styles:
            raise ValueError(f"style: {style!r} is none of {', '.join(styles)}")
        shown, made = as_image(content, "content"), ffi.new("struct impasto_image **")
        self._call(lib.impasto_train_image, shown._image, styles.index(style) if style else 0, made)
        return Image._owning(made)

    def save(self, path: str | os.PathLike[str], *, half: bool = False) -> None:
        """Writes the model: what the judge likes best so far. `half`: in numbers of 16 bits."""
        self._call(lib.impasto_train_save, c_path(path), half)

    def checkpoint(self, path: str | os.PathLike[str], *, note: str | None = None) -> None:
        """Saves the training, from which `Training.resume` goes on to the same bytes."""
        self._call(lib.impasto_train_save_checkpoint, c_path(path), ffi.NULL if note is None else c_text(note, "note"))


def train(styles: TaughtStyles, out: str | os.PathLike[str], *, device: Device | str | int | None = None,
          progress: Callable[[TrainStep], object] | None = None, photos: str | os.PathLike[str] | None = None,
          base: str | os.PathLike[str] | None = None, keep: bool = False,
          weights: Weights | str | os.PathLike[str] | None = None, **settings: Unpack[TrainingSettings]) -> Model:
    """Trains a style network, writes it to a file, and gives it.

    Parameters
    ----------
    styles : dict, path, or sequence of paths
        See `Training`.
    out : str or path
        The model's file. After Ctrl-C it is written, too, if the judge has measured.
    device : Device, str or int, optional
        An open device, or which one to open. None: the best.
    progress : callable, optional
        Is given each `TrainStep`, such as `print`. A true value ends the training.
    photos, base, keep, weights, **settings
        See `Training`.

    Examples
    --------
    >>> model = impasto.train("painting.jpg", "painting.model", base="base-16", progress=print)
    >>> impasto.apply("photo.jpg", model).save("painted.png")
    """
    own = not isinstance(device, Device)
    opened_device = device if isinstance(device, Device) else Device(device)
    judged = False
    try:
        with Training(opened_device, styles, photos=photos, base=base, keep=keep, weights=weights,
                      **settings) as training:
            try:
                for step in training:
                    judged = judged or step.judged
                    if progress is not None and progress(step):
                        break
            except KeyboardInterrupt:
                if judged:
                    training.save(out)
                raise
            training.save(out)
    finally:
        if own:
            opened_device.close()
    return Model(pathlib.Path(out))
