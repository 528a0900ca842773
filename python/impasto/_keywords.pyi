# SPDX-License-Identifier: MIT
"""The settings as keywords, for type checkers and editors alone. A test compares them with the library's tables.

`init` and `style` are parameters of their own, where pictures may stand.
"""

from typing import Literal, Mapping, Sequence, TypedDict

from typing_extensions import Unpack as Unpack

_Layers = str | Sequence[str] | dict[str, float]

class PaintingSettings(TypedDict, total=False):
    size: int | Literal["source"]
    style_size: int | Literal["source", "auto"]
    style_scale: float
    seed: int
    strength: float
    colour: Literal["style", "luma", "match"]
    scales: int | Literal["auto"] | Sequence[int]
    iterations: int
    first_iterations: int | Literal["same"]
    average: float
    content_weight: float
    style_weight: float
    tv_weight: float
    content_layers: _Layers
    style_layers: _Layers
    losses: Literal["relative", "gatys"]
    style_loss: Literal["gram", "covariance"]
    pooling: Literal["max", "avg"]
    padding: Literal["zero", "replicate"]
    margin: int
    optimizer: Literal["lbfgs", "adam"]
    history: int
    learning_rate: float
    beta1: float
    beta2: float
    epsilon: float
    conv: Literal["auto", "winograd4", "winograd4x8", "winograd2", "direct", "im2col", "implicit"]
    gemm: Literal["auto", "clblast", "builtin"]
    memory: int | str
    reuse: bool
    profile: bool

class TrainingSettings(TypedDict, total=False):
    width: Literal[8, 16, 32]
    steps: int | Literal["auto"]
    minutes: float | Literal["none"]
    patience: int | Literal["auto"]
    batch: int
    crop: int
    late_batch: int
    late_crop: int
    late_share: float
    learning_rate: float | Literal["auto"]
    late_rate: float
    norm_rate: float | Literal["auto"]
    clip: float
    average: float
    content_weight: float
    style_weight: float | Literal["auto"]
    tv_weight: float
    range_weight: float
    lattice_weight: float
    weave_weight: float | Literal["auto"]
    noise: float | Literal["auto"]
    steady_weight: float
    steady_features: float
    ramp: int
    style_size: int
    identity: bool
    judge_every: int
    judge_size: int
    seed: int
    memory: int | str
    reproducible: bool
    photo_memory: int | str

class ApplyingSettings(TypedDict, total=False):
    mix: str | Mapping[str, float]
    strength: float
    size: int | Literal["source"]
    stroke: float
    colour: Literal["style", "luma", "match"]
    memory: int | str
    steady: float
    smooth: float
