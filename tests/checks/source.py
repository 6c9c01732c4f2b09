"""source: what a text search can hold over the tree — functions nobody may call, machines nobody
may name, the format, how long a file may be, and that each public header stands alone.

Every check is a function of the root that returns what is wrong, a line each.
"""

import re
import socket
import subprocess

from tree import blank, files, numbered

# Never, anywhere in C: (names, what to use).
BANNED = [
    ("strcpy strncpy stpcpy strcat strncat", "memcpy with a length, or a builder of base"),
    ("sprintf vsprintf", "snprintf, gust_sprintf"),
    ("gets", "fgets"),
    ("strtok", "gust_str and a scan, or strtok_r"),
    ("atoi atol atoll atof", "a parser that can fail"),
    ("alloca", "the arena: stacks are small"),
    ("localtime gmtime asctime ctime", "the _r form, or base's own"),
    ("tmpnam mktemp tempnam", "mkstemp"),
]

# Never in the library (src, include): all allocation goes through gu_alloc, so that tests can fail
# the n-th one, and asserts stay on.
BANNED_IN_LIBRARY = [
    ("malloc calloc realloc free strdup strndup asprintf vasprintf posix_memalign aligned_alloc",
     "gu_alloc, gu_free, an arena"),
    ("assert", "gu_assert"),
    ("strerror", "gust_strerror"),
    ("printf fprintf puts perror", "gust_log"),
    ("exit", "an error code"),
    ("json_set_alloc_funcs", "nothing: it is process-wide"),
    ("system popen", "posix_spawn"),
]

# (file, function): why the rule is broken there.
ALLOWED = {
    ("src/base/alloc.c", "malloc"): "this is gu_alloc",
    ("src/base/alloc.c", "calloc"): "this is gu_alloc",
    ("src/base/alloc.c", "realloc"): "this is gu_alloc",
    ("src/base/alloc.c", "free"): "this is gu_alloc",
    ("src/base/options.c", "fprintf"): "what a command line is told, before there is a log",
    ("src/base/options.c", "exit"): "--help, and a wrong command line, end the program",
    ("src/net/process.c", "exit"): "as Tornado: a supervisor has nothing to come back for",
    ("src/web/main.c", "fprintf"): "why a program could not start, on its terminal",
    ("src/base/gu.c", "fprintf"): "the last words of a process that aborts",
}

# Paths and names of the machines this was written on; a test may use the temporary directory.
MACHINE_PATHS = re.compile(r"(?<![\w.])/(?:home|root|Users|work)/[\w.]")


def calls(names):
    return re.compile(r"(?<![\w.>])(" + names.replace(" ", "|") + r")\s*\(")


def check_banned(root):
    problems = []
    for path in files(root, ".c", ".h", ".cpp"):
        where = path.relative_to(root).as_posix()
        library = where.startswith(("src/", "include/")) and not where.startswith("src/tool/")
        source = blank(path.read_text())
        for names, instead in BANNED + (BANNED_IN_LIBRARY if library else []):
            for line, text in numbered(source):
                for name in calls(names).findall(text):
                    if (where, name) not in ALLOWED:
                        problems.append(f"{where}:{line}: {name} is banned: use {instead}")
    return problems


def check_machines(root):
    host = socket.gethostname()
    named = (re.compile(r"\b" + re.escape(host) + r"\b")
             if len(host) > 5 and host not in ("localhost", "debian", "server") else None)
    problems = []
    for path in files(root):
        try:
            source = path.read_text()
        except UnicodeDecodeError:
            continue  # a fuzzing seed, a picture
        for line, text in numbered(source):
            if MACHINE_PATHS.search(text) or (named and named.search(text)):
                problems.append(f"{path.relative_to(root)}:{line}: names a machine: {text.strip()}")
    return problems


def check_format(root):
    paths = [str(p) for p in files(root, ".c", ".h", ".cpp")]
    done = subprocess.run(["clang-format", "--dry-run", "--Werror", "--ferror-limit=1",
                           "--style=file", *paths], cwd=root, capture_output=True, text=True)
    return [line.replace(f"{root}/", "") for line in done.stderr.splitlines() if "error:" in line
            ] or ([done.stderr.strip()] if done.returncode else [])


# Nobody keeps more in mind; a file that grows beyond it is two.
MOST_LINES = 600


def check_length(root):
    problems = []
    for path in files(root, ".c", ".h", ".cpp", ".py"):
        n = len(path.read_text().splitlines())
        if n > MOST_LINES:
            problems.append(f"{path.relative_to(root)}: {n} lines, {MOST_LINES} at the most: "
                            "split it by what it does")
    return problems


def public_headers(root):
    return [p.relative_to(root / "include").as_posix()
            for p in files(root, ".h") if p.relative_to(root).parts[0] == "include"]


def check_header(root, header, compiler, language, standard):
    """Compiles a file that includes only this header."""
    flags = subprocess.run(["pkg-config", "--cflags", "jansson"], check=True, capture_output=True,
                           text=True).stdout.split()
    done = subprocess.run(
        [compiler, "-x", language, f"-std={standard}", "-Wall", "-Wextra", "-Wpedantic", "-Werror",
         "-fsyntax-only", f"-I{root}/include", *flags, "-"],
        input=f"#include <{header}>\nint main(void) {{ return 0; }}\n", capture_output=True,
        text=True)
    return [] if done.returncode == 0 else done.stderr.splitlines()


COMPILERS = [("gcc", "c", "c17"), ("g++", "c++", "c++17"),
             ("clang", "c", "c17"), ("clang++", "c++", "c++17")]


def checks(root):
    """(name, function of nothing) for each check of this module."""
    yield "no banned function is called", lambda: check_banned(root)
    yield "no machine is named", lambda: check_machines(root)
    yield "clang-format changes nothing", lambda: check_format(root)
    yield f"no file is longer than {MOST_LINES} lines", lambda: check_length(root)
    for header in public_headers(root):
        for compiler in COMPILERS:
            yield (f"{header} compiles alone with {compiler[0]}",
                   lambda h=header, c=compiler: check_header(root, h, *c))
