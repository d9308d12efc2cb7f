"""Work shared out to other processes comes back in order, whatever becomes of them."""

import math
import operator
import os
import signal

import pytest

from shanzhi.core.kit.helpers import NICER, helping


@pytest.mark.parametrize("count", [0, 1, 2])
def test_results_come_in_order_and_errors_in_their_place(count: int) -> None:
    with helping(count) as ask:
        assert list(ask(math.factorial, [(n,) for n in range(9)])) == [math.factorial(n) for n in range(9)]
        results = ask(operator.truediv, [(1, 2), (1, 0), (1, 4)])
        assert next(results) == 0.5
        with pytest.raises(ZeroDivisionError):
            next(results)


def test_a_helper_is_another_process_nicer_than_its_own_which_ends_with_the_block() -> None:
    with helping(1) as ask:
        [child, niceness] = ask(os.getpid, [()]), ask(os.nice, [(0,)])
        child, niceness = next(child), next(niceness)
        assert child != os.getpid()
        assert niceness == min(os.nice(0) + NICER, 19)
    with pytest.raises(ProcessLookupError):
        os.kill(child, 0)


def test_what_a_killed_helper_leaves_is_done_all_the_same() -> None:
    with helping(2) as ask:
        os.kill(next(ask(os.getpid, [()])), signal.SIGKILL)
        assert list(ask(math.factorial, [(n,) for n in range(9)])) == [math.factorial(n) for n in range(9)]
