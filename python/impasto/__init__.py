# SPDX-License-Identifier: MIT
"""Impasto: neural style transfer on any OpenCL device.

>>> import impasto
>>> impasto.stylize("photo.jpg", "painting.jpg", size=384).save("painted.png")

`stylize` paints one picture. With a `Device` that stays open, a `Job` is a picture on its way, step
by step. Style networks paint in a moment: `apply`, or an `Applier` for many pictures; `train` makes
one. A `Clip` paints films, frame after frame. Pictures are paths, NumPy arrays, Pillow's images or an
`Image`, everywhere. What is refused or fails is an `Error`. The logger "impasto" tells what is used
and what is odd.
"""

from ._binding import ffi as _ffi
from ._binding import lib as _lib

__version__: str = _ffi.string(_lib.impasto_version()).decode()
_made_for = _ffi.string(_lib.binding_version()).decode()
# Where the library is a file of its own. Of its structs, cffi has compared the compiler's sizes.
if __version__ != _made_for:
    raise ImportError(f"the library that was found, libimpasto, has the version {__version__}, but this package was "
                      f"built for {_made_for}: install both from one build")

from ._device import Device, DeviceInfo, devices  # noqa: E402
from ._errors import (DeviceError, Error, InputError, InternalError, Interrupted, NumericError,  # noqa: E402
                      OutOfMemoryError, OutputError, Stopped, UsageError, WeightsError)
from ._films import Clip, ClipInfo  # noqa: E402
from ._images import Image  # noqa: E402
from ._networks import Applier, Model, apply  # noqa: E402
from ._painting import Job, JobInfo, ProfileRow, Region, Step, Style, Weights, stylize  # noqa: E402
from ._settings import Setting, settings, train_settings  # noqa: E402
from ._training import Training, TrainInfo, TrainStep, train  # noqa: E402

__all__ = ["Applier", "Clip", "ClipInfo", "Device", "DeviceError", "DeviceInfo", "Error", "Image", "InputError",
           "InternalError", "Interrupted", "Job", "JobInfo", "Model", "NumericError", "OutOfMemoryError", "OutputError",
           "ProfileRow", "Region", "Setting", "Step", "Stopped", "Style", "TrainInfo", "TrainStep", "Training", "UsageError",
           "Weights", "WeightsError", "apply", "devices", "settings", "stylize", "train", "train_settings"]
