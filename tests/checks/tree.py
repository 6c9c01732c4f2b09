"""tree: the files that the checks look at, and C source without its comments and strings."""

import pathlib
import re
import subprocess

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent


def files(root, *suffixes):
    """The repository's files (not ignored, and still there) with one of the suffixes; all without.

    A copy that is no repository is walked, but for build/ and hidden folders."""
    if (root / ".git").exists():
        listed = subprocess.run(
            ["git", "-C", str(root), "ls-files", "-co", "--exclude-standard", "-z"],
            check=True, capture_output=True, text=True).stdout.split("\0")
        paths = [root / name for name in listed if name]
    else:
        paths = [p for p in root.rglob("*")
                 if not any(part.startswith(".") or part == "build"
                            for part in p.relative_to(root).parts)]
    return sorted(p for p in paths
                  if p.is_file() and (not suffixes or p.suffix in suffixes))


TOKENS = re.compile(
    r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', re.DOTALL)


def blank(source):
    """C source with comments and literals blanked, its lines where they were."""
    return TOKENS.sub(lambda m: re.sub(r"[^\n]", " ", m.group()), source)


def numbered(source):
    return enumerate(source.splitlines(), 1)
