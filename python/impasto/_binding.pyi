# SPDX-License-Identifier: MIT
"""What cffi makes of include/impasto: see python/declare.py."""

from typing import Any

ffi: Any
lib: Any
