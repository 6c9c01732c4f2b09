#!/usr/bin/python3
"""jobs PROGRAM…: all jobs in time, none at all, and more than the time allows."""

import re
import subprocess
import sys


def jobs(program, *words):
    return subprocess.run([*program, *words], capture_output=True, text=True, timeout=60,
                          check=False)


def main():
    program = sys.argv[1:]
    whole = jobs(program)
    # An older kernel, or an emulator, has no light guard pages, which is logged.
    errors = [line for line in whole.stderr.splitlines() if "guard pages" not in line]
    assert whole.returncode == 0 and not errors, whole
    assert whole.stdout == "100 of 100 jobs done, the sum of squares is 338350\n", whole
    nothing = jobs(program, "0")
    assert nothing.stdout == "0 of 0 jobs done, the sum of squares is 0\n", nothing
    late = jobs(program, "1000000", "0.2")
    assert late.returncode == 1 and "timed out" in late.stderr, late
    done = int(re.match(r"(\d+) of 1000000 jobs done", late.stdout).group(1))
    assert 0 < done < 1000000, late


if __name__ == "__main__":
    main()
