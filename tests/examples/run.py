#!/usr/bin/python3
"""run PROGRAM…: what it passes on, the codes it exits with, and that nothing outlives its deadline."""

import re
import subprocess
import sys
import time


def run(program, *words):
    return subprocess.run([*program, *words], capture_output=True, text=True, timeout=60,
                          check=False)


def said(done):
    """The lines without their times."""
    return [re.fullmatch(r" *\d+\.\d\d  (.*)", line).group(1) for line in done.stdout.splitlines()]


def is_running(pid):
    """It was killed, but whoever adopted it may not have collected it yet."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
            return stat.read().split()[2] not in "ZX"
    except FileNotFoundError:
        return False


def ends(pid):
    """Killing only asks for it; the kernel has its own time."""
    deadline = time.monotonic() + 10
    while is_running(pid) and time.monotonic() < deadline:
        time.sleep(0.01)
    return not is_running(pid)


def main():
    program = sys.argv[1:]
    done = run(program, "sh", "-c", "echo one; echo two >&2; printf three; exit 3")
    assert said(done) == ["one", "two", "three"] and done.returncode == 3, done
    done = run(program, "sh", "-c", "kill -TERM $$")
    assert done.returncode == 128 + 15 and not done.stdout, done
    done = run(program, "/nonexistent/program")
    assert done.returncode == 127, done
    # Under an emulator (its name comes first) the system cannot tell why.
    assert len(program) > 1 or "No such file" in done.stderr, done
    # It answers, then hangs, together with what it started.
    done = run(program, "--deadline", "1", "sh", "-c", "sleep 1000 & echo $!; sleep 1000")
    assert done.returncode == 124 and "timed out" in done.stderr, done
    assert ends(int(said(done)[0])), done
    assert run(program).returncode == 1


if __name__ == "__main__":
    main()
