"""What no window can do: short programs beside the service, run by one interpreter that is started once.

A program finds what it is given in `given` and says something by printing it.
"""

from __future__ import annotations

import io
import json
import subprocess
import sys
import traceback
from contextlib import redirect_stdout


class Backstage:
    """The interpreter; it starts with the first program."""

    def __init__(self, environment: dict[str, str]) -> None:
        self._environment = environment
        self._process: subprocess.Popen[str] | None = None

    def do(self, program: str, *given: str) -> str:
        """Run a program to its end; what it printed."""
        if self._process is None:
            self._process = subprocess.Popen(
                [sys.executable, __file__], env=self._environment, text=True, stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
            )  # fmt: skip
        assert self._process.stdin and self._process.stdout
        print(json.dumps([program, given]), file=self._process.stdin, flush=True)
        said, failed = json.loads(self._process.stdout.readline())
        assert not failed, failed
        return str(said)

    def close(self) -> None:
        """It has nothing more to do."""
        if self._process is not None and self._process.stdin:
            self._process.stdin.close()
            self._process.wait(timeout=30)


def main() -> None:
    """Run one program after another, each in a namespace of its own."""
    from shanzhi.edge.cli.ready import make_ready

    make_ready()
    for line in sys.stdin:
        program, given = json.loads(line)
        said, failed = io.StringIO(), ""
        try:
            with redirect_stdout(said):
                exec(program, {"given": given})
        except Exception:
            failed = traceback.format_exc()
        print(json.dumps([said.getvalue(), failed]), flush=True)


if __name__ == "__main__":
    main()
