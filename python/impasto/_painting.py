# SPDX-License-Identifier: MIT
"""Painting a picture: weights, styles, regions, jobs."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Callable, Iterator, Sequence, Union

import numpy as np

from . import _records as records
from ._binding import ffi, lib
from ._device import Device, Opened
from ._errors import Error, Interrupted, c_path, c_text, call, opened, string
from ._images import Image, as_image
from ._settings import PAINTING, changed_params, painting_params

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from ._images import Picture
    from ._keywords import PaintingSettings, Unpack

    # How styles may be given: one, or several, each with a weight or without.
    Styles = Union[Picture, "Style", Sequence[Union[Picture, "Style", tuple[Picture, float]]]]

_CONVENTIONS = {"auto": lib.IMPASTO_CONVENTION_AUTO, "caffe": lib.IMPASTO_CONVENTION_CAFFE,
                "torchvision": lib.IMPASTO_CONVENTION_TORCHVISION}
LAYERS: tuple[str, ...] = tuple(string(lib.impasto_layer_name(i)) or "" for i in range(lib.IMPASTO_LAYERS))


class Weights:
    """The network's weights. They may be shared by devices and threads.

    Parameters
    ----------
    path : str or path, optional
        A file in safetensors or Keras' HDF5, or "builtin". None: the first that is found where
        `impasto` looks, and else the built-in weights.
    convention : {"auto", "caffe", "torchvision"}
        Which input the network expects; "auto": told from the file.

    Raises
    ------
    WeightsError
        The file cannot be read or used.
    """

    def __init__(self, path: str | os.PathLike[str] | None = None, *, convention: str = "auto") -> None:
        if convention not in _CONVENTIONS:
            raise ValueError(f"convention: {convention!r} is none of {', '.join(_CONVENTIONS)}")
        handle = opened("impasto_weights", lib.impasto_weights_close, lib.impasto_weights_open,
                        ffi.NULL if path is None else c_path(path), _CONVENTIONS[convention])
        self._handle = ffi.gc(handle, lib.impasto_weights_close)
        self._weights = handle[0]
        self._info = lib.impasto_weights_info(self._weights)

    @property
    def source(self) -> str:
        """The file's path, or "built-in"."""
        return string(self._info.source) or ""

    @property
    def builtin(self) -> bool:
        """Whether they are Impasto's own."""
        return bool(self._info.builtin)

    @property
    def layers(self) -> tuple[str, ...]:
        """The layers that there are weights of, from "conv1_1" on."""
        return LAYERS[:self._info.layers]

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes all layers as safetensors."""
        call(lib.impasto_weights_save, self._weights, c_path(path))

    def __repr__(self) -> str:
        return f"<impasto.Weights {self.source}, up to {self.layers[-1]}>"


@dataclass(frozen=True, eq=False)
class Region:
    """A part of the result with styles of its own. Where regions overlap, both count.

    Parameters
    ----------
    mask : picture, optional
        Where in the content: white is all of it, black nothing. Any size of the content's aspect.
        None: everywhere.
    weight : float
        Relative to the other regions, whatever their sizes.
    """

    mask: Picture | None = None
    weight: float = 1.0


@dataclass(frozen=True, eq=False)
class Style:
    """A style picture, and what it is for.

    Parameters
    ----------
    picture : picture
        Its transparent parts do not count.
    weight : float
        Relative to the other pictures of the region.
    mask : picture, optional
        The parts of the picture that count; None: all.
    where : Region, optional
        Which part of the content is painted like this. Styles that share a `Region` are mixed
        there. None: everywhere.
    """

    picture: Picture
    weight: float = 1.0
    mask: Picture | None = None
    where: Region | None = None


@dataclass(frozen=True)
class Step:
    """The picture after some iterations, as it was measured.

    ``str(step)`` is a line to show. `picture` is a preview.

    Attributes
    ----------
    step, steps : int
        Iterations taken, from 0, the start picture, on; and those of the whole job.
    done : bool
        The job is at its end.
    total : float
        The loss that is minimised.
    seconds : float
        Since the first step began.
    scale, scales : int
        The size at hand, from 0 on, and how many there are.
    width, height : int
        Of the picture at this size.
    content, style : dict
        {layer: loss} of the layers that are used, unweighted.
    tv : float
        Total variation.
    """

    step: int
    steps: int
    done: bool
    total: float
    seconds: float
    scale: int
    scales: int
    width: int
    height: int
    content: dict[str, float]
    style: dict[str, float]
    tv: float
    _job: Job | None = field(repr=False, compare=False, default=None)

    def picture(self, longest: int | None = None) -> Image:
        """The job's picture as it is now; `longest`: its longer side at most, for a preview."""
        if self._job is None:
            raise ValueError("this step has no job to ask for a picture")
        return self._job.picture(longest)

    def __str__(self) -> str:
        return f"{self.step}/{self.steps}: {self.width}x{self.height}, loss {self.total:.4g}, {self.seconds:.1f} s"

    @classmethod
    def _of(cls, progress: Any, job: Job | None) -> Step:
        head = progress.head

        def used(losses: Any) -> dict[str, float]:
            return {layer: losses[i] for i, layer in enumerate(LAYERS) if losses[i] != 0}

        return cls(head.step, head.steps, bool(head.done), head.total, head.seconds, progress.scale, progress.scales,
                   progress.width, progress.height, used(progress.content), used(progress.style), progress.tv, job)


@dataclass(frozen=True)
class ProfileRow:
    """The time that one kernel took on behalf of one layer.

    Attributes
    ----------
    label : str
        Layer, direction and kernel: "conv3_2 forward conv_direct".
    launches : int
        How often it was begun.
    seconds : float
        In all.
    flops : float
        Operations that it computes; 0: they are not counted.
    """

    label: str
    launches: int
    seconds: float
    flops: float

    @classmethod
    def _all(cls, info: Any) -> list[ProfileRow]:
        rows = [info.profile[i] for i in range(info.profile_rows)]
        made = [cls(string(row.label) or "", row.launches, row.seconds, row.flops) for row in rows]
        return sorted(made, key=lambda row: -row.seconds)


@dataclass(frozen=True)
class JobInfo:
    """What a job does. The memory is that of the last size, which takes the most.

    Attributes
    ----------
    width, height : int
        Of the result, pixels.
    scales : list of (width, height, iterations)
        The sizes that it works through.
    iterations : int
        Of all sizes.
    memory : int
        Bytes of device memory.
    memory_by_purpose : dict
        {purpose: bytes}.
    cost : float
        Time, over that with memory for everything.
    profile : list of ProfileRow
        With ``profile=True``: the time by layer and kernel, the longest first, of all jobs so far on
        this device that had it.
    """

    width: int
    height: int
    scales: list[tuple[int, int, int]]
    iterations: int
    memory: int
    memory_by_purpose: dict[str, int]
    cost: float
    profile: list[ProfileRow] = field(default_factory=list)

    @classmethod
    def _of(cls, info: Any) -> JobInfo:
        scales = [info.scales[i] for i in range(info.scale_count)]
        rows = [info.plan[i] for i in range(info.plan_rows)]
        return cls(info.width, info.height, [(scale.width, scale.height, scale.iterations) for scale in scales],
                   info.iterations, info.plan_bytes, {string(row.purpose) or "": row.bytes for row in rows},
                   info.plan_cost, ProfileRow._all(info))


# ---- What a job works on, in C ---------------------------------------------------------------------


def _as_styles(styles: Any) -> list[Style]:
    """Each as a `Style`. A sequence is one of styles; arrays are pictures."""
    if not isinstance(styles, (list, tuple)):
        styles = [styles]
    elif len(styles) == 2 and isinstance(styles, tuple) and isinstance(styles[1], (int, float)):
        styles = [styles]
    if not styles:
        raise ValueError("styles: none is given")
    made = []
    for style in styles:
        if isinstance(style, tuple):
            if len(style) != 2:
                raise TypeError("styles: a tuple is (picture, weight)")
            style = Style(*style)
        made.append(style if isinstance(style, Style) else Style(style))
    return made


class Pictures:
    """A `struct impasto_pictures`, with all that it points to, which lives as long as this object.

    `content`: NULL where there is none, as for films.
    """

    def __init__(self, content: Any, styles: Any, keep: Any = None, init: Any = None) -> None:
        self._kept: list[Any] = []
        self._painted: list[Image] = []
        self._content = None
        given = _as_styles(styles)
        whole = keep is None and init is None and not any(style.mask or style.where for style in given)
        self._plain = [style.weight for style in given] if whole else None
        regions = list(dict.fromkeys(style.where or _EVERYWHERE for style in given))
        rows = ffi.new("struct impasto_style[]", len(given))
        for row, (i, style) in zip(rows, enumerate(given)):
            row.struct_size = ffi.sizeof("struct impasto_style")
            row.image = self._needed(style.picture, f"style {i + 1}" if len(given) > 1 else "style")
            row.weight = style.weight
            row.mask = self._image(style.mask, "a style's mask")
            row.region = regions.index(style.where or _EVERYWHERE)
        self.struct = ffi.new("struct impasto_pictures *", {
            "struct_size": ffi.sizeof("struct impasto_pictures"),
            "content": content if content is ffi.NULL else self._needed(content, "content"), "styles": rows,
            "style_count": len(given), "keep": self._image(keep, "keep"), "init": self._image(init, "init")})
        if regions != [_EVERYWHERE]:
            self.struct.regions = self._regions(regions)
            self.struct.region_count = len(regions)
        self._kept.append(rows)

    def _needed(self, source: Any, what: str) -> Any:
        image = as_image(source, what)
        self._kept.append(image)
        if what == "content":
            self._content: Image | None = image
        elif what.startswith("style"):
            self._painted.append(image)
        return image._image

    def names(self) -> dict[str, Any]:
        """How a settings file names them, if that says all: without masks and regions."""
        if self._content is None or self._plain is None:
            return {}
        return records.names(self._content, list(zip(self._painted, self._plain)))

    def _image(self, source: Any, what: str) -> Any:
        return ffi.NULL if source is None else self._needed(source, what)

    def _regions(self, regions: list[Region]) -> Any:
        rows = ffi.new("struct impasto_region[]", len(regions))
        for row, region in zip(rows, regions):
            row.struct_size = ffi.sizeof("struct impasto_region")
            row.mask = self._image(region.mask, "a region's mask")
            row.weight = region.weight
        self._kept.append(rows)
        return rows


_EVERYWHERE = Region()


def as_weights(weights: Weights | str | os.PathLike[str] | None) -> Weights:
    return weights if isinstance(weights, Weights) else Weights(weights)


def _record(device: Device, weights: Weights, params: Any, pictures: Pictures) -> dict[str, Any]:
    values = PAINTING.values(params)
    if values.get("init") == "image":
        del values["init"]  # a picture, which is not named
    values["weights"] = "builtin" if weights.builtin else records.shown(weights.source)
    return records.base(device.info, pictures.names() | values)


def _start(init: Any, settings: dict[str, Any]) -> Any:
    """The start picture, if `init` is one; a word is a setting."""
    if init is None or (isinstance(init, str) and init in PAINTING.words("init")):
        settings["init"] = init
        return None
    settings["init"] = "image"
    return init


# ---- Jobs ------------------------------------------------------------------------------------------


class Job(Opened):
    """A picture on its way. Each iteration over it takes a step and gives a `Step`.

    After a loop was left, by ``break`` or Ctrl-C, the next one goes on. Ctrl-C is noticed when the
    iteration at hand is done.

    Parameters
    ----------
    device : Device
        All other parameters are those of `stylize`. The pictures are not needed afterwards.

    Raises
    ------
    OutOfMemoryError
        The job does not fit. The text names the size that would.
    """

    def __init__(self, device: Device, content: Picture, styles: Styles, *,
                 weights: Weights | str | os.PathLike[str] | None = None, preset: str = "default",
                 keep: Picture | None = None, init: Picture | str | None = None,
                 **settings: Unpack[PaintingSettings]) -> None:
        self._begin(lib.impasto_job_open, device, content, styles, weights, preset, keep, init, dict(settings))

    def _begin(self, function: Any, device: Device, content: Any, styles: Any, weights: Any, preset: str, keep: Any,
               init: Any, settings: dict[str, Any]) -> None:
        network = as_weights(weights)
        start = _start(init, settings)
        params, _texts = painting_params(network._weights, preset, settings)
        pictures = Pictures(content, styles, keep, start)
        super().__init__(device, "impasto_job", lib.impasto_job_close, function, network._weights, pictures.struct,
                         params)
        self._record = _record(device, network, params, pictures)

    @classmethod
    def resume(cls, device: Device, checkpoint: str | os.PathLike[str], content: Picture, styles: Styles, *,
               weights: Weights | str | os.PathLike[str] | None = None, keep: Picture | None = None,
               init: Picture | None = None, **settings: Unpack[PaintingSettings]) -> Job:
        """Goes on where a job was saved. Pictures and weights must be those of then.

        Parameters
        ----------
        checkpoint : str or path
            What `save` has written.
        **settings
            How to compute, and more iterations; all else is the checkpoint's.

        Raises
        ------
        InputError
            The file is no checkpoint, or of other pictures.
        """
        network = as_weights(weights)
        saved = opened("impasto_checkpoint", lib.impasto_checkpoint_close, lib.impasto_checkpoint_open,
                       c_path(checkpoint))
        try:
            params, _texts = changed_params(lib.impasto_checkpoint_info(saved[0]).params, dict(settings))
            pictures = Pictures(content, styles, keep, init)
            job = cls.__new__(cls)
            Opened.__init__(job, device, "impasto_job", lib.impasto_job_close, lib.impasto_job_resume,
                            network._weights, pictures.struct, saved[0], params)
            job._record = _record(device, network, params, pictures)
        finally:
            lib.impasto_checkpoint_close(saved)
        return job

    @classmethod
    def plan(cls, device: Device, content: Picture, styles: Styles, *,
             weights: Weights | str | os.PathLike[str] | None = None, preset: str = "default",
             keep: Picture | None = None, init: Picture | str | None = None,
             **settings: Unpack[PaintingSettings]) -> JobInfo:
        """What a job would take: sizes, iterations, memory. Nothing is computed."""
        job = cls.__new__(cls)
        job._begin(lib.impasto_job_plan, device, content, styles, weights, preset, keep, init, dict(settings))
        with job:
            return job.info

    def __iter__(self) -> Iterator[Step]:
        return self

    def __next__(self) -> Step:
        if self._done:
            raise StopIteration
        return self.step()

    _done = False
    _taken = 0

    def step(self) -> Step:
        """Takes one step.

        Raises
        ------
        NumericError
            Something became NaN or infinite. The picture can still be taken.
        OutOfMemoryError, DeviceError
            A step that enters a larger size may fail so. The smaller picture can be taken.
        """
        progress = ffi.new("struct impasto_job_progress **")
        self._call(lib.impasto_job_step, progress)
        step = self._guard.look(self._handle, lambda _: Step._of(progress[0], self))
        self._done = step.done
        self._taken = step.step
        return step

    def run(self, progress: Callable[[Step], object] | None = None) -> bool:
        """Takes all steps that are left.

        Parameters
        ----------
        progress : callable, optional
            Is given each `Step`, and stops the run by a true value.

        Returns
        -------
        bool
            Whether the job is done.
        """
        for step in self:
            if progress is not None and progress(step):
                break
        return self._done

    @property
    def done(self) -> bool:
        """Whether the last step has been taken."""
        return self._done

    def picture(self, longest: int | None = None) -> Image:
        """The picture as it is now, in the result's size, or with a longer side of at most `longest`.

        Its `settings` say how it was made, as those of the program's results do: a PNG of it goes with
        ``impasto --settings``. Of masks and regions they say nothing.
        """
        handle = ffi.new("struct impasto_image **")
        self._call(lib.impasto_job_image, handle)
        picture = Image._owning(handle)
        made = picture if longest is None else picture.fit(longest)
        return records.give(made, self._record, **({} if self._done else {"iterations": self._taken}))

    def gradient(self) -> NDArray[np.float32]:
        """The gradient of the loss by the picture: (3, height, width), of the size at hand."""
        def size(job: Any) -> tuple[int, int, int]:
            info = lib.impasto_job_info(job)
            return 3, info.scale_height, info.scale_width

        with self._guard.lock:  # no other thread's step changes the size in between
            made = np.empty(self._guard.look(self._handle, size), np.float32)
            self._call(lib.impasto_job_gradient, ffi.from_buffer("float[]", made))
        return made

    @property
    def info(self) -> JobInfo:
        """What it does: sizes, iterations, memory."""
        return self._guard.look(self._handle, lambda job: JobInfo._of(lib.impasto_job_info(job)))

    def save(self, path: str | os.PathLike[str], *, note: str | None = None) -> None:
        """Saves the job in a checkpoint, from which `Job.resume` goes on to the same bytes.

        Parameters
        ----------
        note : str, optional
            A text that is stored with it.
        """
        self._call(lib.impasto_job_save, c_path(path), ffi.NULL if note is None else c_text(note, "note"))

    def reuse(self, content: Picture, styles: Styles, *, keep: Picture | None = None) -> None:
        """Begins anew with another content. The styles must be those that the job has.

        Opened with ``reuse=True``, the job keeps what it knows of the styles.
        """
        pictures = Pictures(content, styles, keep)
        self._call(lib.impasto_job_reuse, pictures.struct)
        self._done, self._taken = False, 0
        settings = {name: value for name, value in self._record["settings"].items() if name not in ("content", "style")}
        self._record = self._record | {"settings": pictures.names() | settings}


def stylize(content: Picture, styles: Styles, *, device: Device | str | int | None = None,
            weights: Weights | str | os.PathLike[str] | None = None, preset: str = "default",
            keep: Picture | None = None, init: Picture | str | None = None,
            progress: Callable[[Step], object] | None = None, **settings: Unpack[PaintingSettings]) -> Image:
    """Paints a picture in the style of one or several others.

    Parameters
    ----------
    content : path, array, PIL.Image.Image or Image
        The photograph: see `Image` for what is taken. Transparent parts stay so, without style.
    styles : picture, Style, or a sequence of pictures, Styles and (picture, weight)
        The painting or paintings. A `Style` may have a mask, and a `Region` of the content.
    device : Device, str or int, optional
        An open device, or which one to open, as `Device` takes it. None: the best.
    weights : Weights, str or path, optional
        None: those that are found, and else the built-in ones.
    preset : {"default", "quick", "fine", "classic"}
        What the other settings start from.
    keep : picture, optional
        A mask of the parts of the content that stay as they are.
    init : picture or {"content", "noise", "gray"}, optional
        What to start from: a picture of the content's aspect, or one of the words.
    progress : callable, optional
        Is given each `Step`, such as `print`. ``step.picture(256)`` is a preview. A true value
        stops the run, and the picture so far is the result.
    **settings
        All that `settings` lists, such as ``size=512``, ``strength=0.7``, ``colour="luma"``.

    Returns
    -------
    Image
        ``numpy.asarray(image)`` is a view of it; ``image.save("out.png")`` writes it.

    Raises
    ------
    Interrupted
        Ctrl-C. It is a `KeyboardInterrupt` whose `picture` is the picture so far.
    Error
        One of its kinds. If painting had begun, its `picture` is the picture so far.
    TypeError, ValueError
        Pictures or keywords that are none.

    Examples
    --------
    >>> impasto.stylize("photo.jpg", "painting.jpg", size=384, progress=print).save("painted.png")
    >>> array = numpy.asarray(impasto.stylize(photo, [painting, (another, 0.3)], strength=0.7))
    """
    own = not isinstance(device, Device)
    opened_device = device if isinstance(device, Device) else Device(device)
    try:
        with Job(opened_device, content, styles, weights=weights, preset=preset, keep=keep, init=init,
                 **settings) as job:
            return _paint(job, progress)
    finally:
        if own:
            opened_device.close()


def _paint(job: Job, progress: Callable[[Step], object] | None) -> Image:
    """Runs a job. What ends it early takes the picture so far along."""
    try:
        job.run(progress)
        return job.picture()
    except KeyboardInterrupt as stop:
        interrupted = Interrupted(*stop.args)
        interrupted.picture = _so_far(job)
        raise interrupted from None
    except Error as error:
        error.picture = _so_far(job)
        raise


def _so_far(job: Job) -> Image | None:
    try:
        return job.picture()
    except Error:
        return None
