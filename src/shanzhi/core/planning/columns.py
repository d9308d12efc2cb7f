"""Columns as a simulation wants them: checked, of one type, one value for each row."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

MOST = 2**31 - 2


def numbers(
    name: str, given: ArrayLike, shape: tuple[int, ...], low: float = 0.0, high: float = np.inf
) -> NDArray[np.float64]:
    """Numbers from `low` to `high` in `shape`, to which `given` is broadcast. ValueError naming the argument.

    An infinite `high` admits infinity.
    """
    try:
        values = np.broadcast_to(np.asarray(given, np.float64), shape)
    except (TypeError, ValueError):
        raise ValueError(f"{name} must be numbers of shape {shape}") from None
    if values.size and not (values.min() >= low and values.max() <= high):
        raise ValueError(f"{name} must be between {low:g} and {high:g}")
    return np.array(values, order="C")  # writable, or a kernel would be compiled twice


def whole(
    name: str, given: ArrayLike, shape: tuple[int, ...], low: int, high: int = MOST
) -> NDArray[np.int32]:
    """Whole numbers from `low` to `high` in `shape`, to which `given` is broadcast. ValueError naming it."""
    values: NDArray[Any] = np.asarray(given)
    if values.size and values.dtype.kind not in "iu":
        raise ValueError(f"{name} must be whole numbers")
    try:
        values = np.broadcast_to(values, shape)
    except ValueError:
        raise ValueError(f"{name} must be whole numbers of shape {shape}") from None
    if values.size and not (values.min() >= low and values.max() <= high):
        raise ValueError(f"{name} must be between {low} and {high}")
    return np.array(values, np.int32, order="C")


def counted(times: NDArray[np.float64], step: float, points: int) -> NDArray[np.int64]:
    """How many of `times` (t,) seconds have come by 0, step, 2 step …: (points,)."""
    slot = np.ceil(times[times <= step * (points - 1)] / step).astype(np.int64)
    return np.cumsum(np.bincount(np.minimum(slot, points - 1), minlength=points))


def checked_seed(seed: int) -> int:
    """The seed, if it is a whole number from 0 to 2^63 - 1. ValueError otherwise."""
    if not isinstance(seed, int | np.integer) or not 0 <= seed < 2**63:
        raise ValueError("seed must be a whole number from 0 to 2^63 - 1")
    return int(seed)
