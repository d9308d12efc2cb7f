"""Draws by counter (随机数): each is a function of seed, stream and two counters, not of what was drawn before.

The same person, rung, door or attempt therefore draws the same whatever else is simulated, in whatever order; two
staffings of one city meet the same doors. Mixing: variant 13 of Stafford, as in splitmix64 (Steele, Lea and Flood
2014). Seconds are rounded to the millisecond, so that a last digit of another library's `exp` changes nothing.
"""

from math import exp, log, sqrt
from typing import Any

import numpy as np
from numba import njit

_STEP = np.uint64(0x9E3779B97F4A7C15)


@njit(cache=True, inline="always")
def _mixed(x: Any) -> Any:
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return x ^ (x >> np.uint64(31))


@njit(cache=True)
def stream_key(seed: int, stream: int) -> Any:
    """The key of one stream of draws under a seed."""
    return _mixed(_mixed(np.uint64(seed) + _STEP) + _STEP * np.uint64(stream + 1))


@njit(cache=True)
def uniform(key: Any, a: int, b: int) -> float:
    """A number between 0 and 1, both left out, for the counters `a` and `b` (not negative)."""
    x = _mixed(_mixed(np.uint64(key) + _STEP * np.uint64(a + 1)) + _STEP * np.uint64(b + 1))
    return (np.float64(np.int64(x >> np.uint64(12))) + 0.5) * 2.0**-52


@njit(cache=True)
def normal_quantile(p: float) -> float:
    """The quantile of the normal distribution, for 0 < p < 1. Source: Wichura 1988 (AS 241, PPND16)."""
    q = p - 0.5
    if abs(q) <= 0.425:
        r = 0.180625 - q * q
        top = (((2509.0809287301226727 * r + 33430.575583588128105) * r + 67265.770927008700853) * r
               + 45921.953931549871457) * r + 13731.693765509461125  # fmt: skip
        top = ((top * r + 1971.5909503065514427) * r + 133.14166789178437745) * r + 3.387132872796366608
        low = (((5226.495278852545925 * r + 28729.085735721942674) * r + 39307.89580009271061) * r
               + 21213.794301586595867) * r + 5394.1960214247511077  # fmt: skip
        low = ((low * r + 687.1870074920579083) * r + 42.313330701600911252) * r + 1.0
        return q * top / low
    r = sqrt(-log(min(p, 1.0 - p)))
    if r <= 5.0:
        r -= 1.6
        top = (((7.7454501427834140764e-4 * r + 0.0227238449892691845833) * r + 0.24178072517745061177) * r
               + 1.27045825245236838258) * r + 3.64784832476320460504  # fmt: skip
        top = ((top * r + 5.7694972214606914055) * r + 4.6303378461565452959) * r + 1.42343711074968357734
        low = (((1.05075007164441684324e-9 * r + 5.475938084995344946e-4) * r + 0.0151986665636164571966) * r
               + 0.14810397642748007459) * r + 0.68976733498510000455  # fmt: skip
        low = ((low * r + 1.6763848301838038494) * r + 2.05319162663775882187) * r + 1.0
    else:
        r -= 5.0
        top = (((2.01033439929228813265e-7 * r + 2.71155556874348757815e-5) * r + 0.0012426609473880784386) * r
               + 0.026532189526576123093) * r + 0.29656057182850489123  # fmt: skip
        top = ((top * r + 1.7848265399172913358) * r + 5.4637849111641143699) * r + 6.6579046435011037772
        low = (((2.04426310338993978564e-15 * r + 1.4215117583164458887e-7) * r + 1.8463183175100546818e-5) * r
               + 7.868691311456132591e-4) * r + 0.0148753612908506148525  # fmt: skip
        low = ((low * r + 0.13692988092273580531) * r + 0.59983220655588793769) * r + 1.0
    return -top / low if q < 0 else top / low


@njit(cache=True)
def lognormal(median: float, sigma: float, p: float) -> float:
    """The quantile at `p` of a lognormal time, in seconds to the millisecond; `sigma` 0 is always the median."""
    seconds = median if sigma == 0.0 else median * exp(sigma * normal_quantile(p))
    return np.rint(seconds * 1000.0) / 1000.0
