#!/usr/bin/python3
"""layering: a room uses only rooms on lower floors (docs/architecture.md, the rooms).

The table stands here and nowhere else. It is held over includes, and over the undefined symbols of
each room's objects, because a declaration can be copied but a symbol cannot.

  layering.py [BUILD]     prints the violations; exit code 1 if there are any
"""

import pathlib
import re
import subprocess
import sys

from tree import ROOT, files, numbered

FLOORS = {
    "tool": 9,
    "testing": 8,
    "web": 7,
    "websocket": 6,
    "http": 5,
    "net": 4,
    "task": 3,
    "loop": 2,
    "codec": 2,
    "template": 2,
    "base": 1,
}

# (room, room it may use although that is not on a lower floor): the reason.
EXCEPTIONS = {
    ("template", "codec"): "a page and a header are escaped by the same code",
}

# Public headers whose room cannot be told from a source file of the same name.
HEADERS = {
    "app.h": "web",
    "base.h": "base",
    "client.h": "http",
    "httputil.h": "codec",
    "json.h": "web",
    "request.h": "web",
    "response.h": "web",
    "value.h": "base",
}

# What a room must never include, whatever the floors say: (prefix, where it is allowed, why).
FOREIGN = [
    ("openssl/", r"src/(net/tls\w*|base/crypto|testing/ca)\.[ch]",
     "OpenSSL stays in the TLS files"),
    ("jansson.h", r"(src/(base|template|web|websocket|http|testing|tool)|include/gust)/.*",
     "JSON values are no business of loop, codec, task and net"),
    ("pcre2.h", r"src/(net|web)/.*", "patterns are for routes and read_until_regex"),
    ("zlib.h", r"src/codec/decode_zlib\.c", "compressors stay behind their coding's file"),
    ("brotli/", r"src/codec/decode_br\.c", "compressors stay behind their coding's file"),
    ("zstd", r"src/codec/decode_zstd\.c", "compressors stay behind their coding's file"),
    ("libpsl.h", r"src/codec/jar_host\.c", "public suffixes are for cookies"),
    ("sys/epoll.h", r"src/loop/.*", "readiness is the loop's"),
    ("sys/event.h", r"src/loop/.*", "readiness is the loop's"),
    ("sys/select.h", r"src/loop/.*", "readiness is the loop's"),
    ("poll.h", r"src/(base/log(_writer)?\.c|(loop|testing|tool)/.*)", "readiness is the loop's"),
]

# Symbols that the sans-I/O rooms, and web, must not need: bytes in, values out.
CLOCKS = {"time", "clock_gettime", "gettimeofday", "clock"}
DESCRIPTORS = {"accept", "accept4", "close", "connect", "epoll_ctl", "epoll_wait", "listen",
               "open", "poll", "read", "recv", "recvfrom", "recvmsg", "select", "send", "sendfile",
               "sendmsg", "sendto", "socket", "write", "writev"}
HEAP = {"malloc", "calloc", "realloc", "gu_alloc", "gu_calloc", "gu_realloc", "gust_heap_strdup"}
NEVER = {
    "codec": CLOCKS | DESCRIPTORS | HEAP,
    "template": CLOCKS | DESCRIPTORS | HEAP,
    "web": DESCRIPTORS - {"open", "close", "read"},
}

# Sans-I/O objects that live longer than any arena would, and change: they may use the heap.
KEEPERS = re.compile(r"src/codec/(decode(_\w+)?|jar)\.c")

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^">]+)[">]')


def may_use(room, other):
    return room == other or FLOORS[other] < FLOORS[room] or (room, other) in EXCEPTIONS


def room_of_header(root, name):
    """The room of include/gust/NAME: that of src/ROOM/NAME.c, NAME_impl.h or NAME_….c."""
    if name in HEADERS:
        return HEADERS[name]
    stem = name[:-len(".h")]
    for room in sorted(FLOORS, key=FLOORS.get):
        folder = root / "src" / room
        if any((folder / f"{stem}{end}").exists() for end in (".c", "_impl.h", ".h")) or any(
                folder.glob(f"{stem}_*.c")):
            return room
    return None


def room_of(root, path):
    parts = path.relative_to(root).parts
    if parts[0] == "src" and len(parts) > 2:
        return parts[1]
    if parts[:2] == ("include", "gust"):
        return room_of_header(root, parts[-1])
    return None


def included_room(root, path, quote, name):
    """The room that an include leads to; None for a system header; "?" for what is not allowed."""
    if name == "gust.h":
        return "?"
    if name.startswith("gust/"):
        return room_of_header(root, name[len("gust/"):]) or "?"
    if quote == "<":
        return None
    first = name.split("/")[0]
    if "/" not in name and (path.parent / name).exists():
        return room_of(root, path)
    return first if first in FLOORS else "?"


def check_include(root, path, room, quote, name):
    """Why this include is wrong, or None."""
    where = path.relative_to(root).as_posix()
    public = where.startswith("include/")
    for prefix, allowed, why in FOREIGN:
        if name.startswith(prefix) and not re.fullmatch(allowed, where):
            return f"includes <{name}>: {why}"
    if public and quote == '"':
        return f'a public header includes "{name}", which is internal or should be in <>'
    other = included_room(root, path, quote, name)
    if other == "?":
        return (f"includes {name}: name it as \"room/name.h\" or <gust/name.h>, or add it to "
                "HEADERS in tests/checks/layering.py")
    if other is not None and not may_use(room, other):
        return (f"{room} (floor {FLOORS[room]}) includes {name} of {other} "
                f"(floor {FLOORS[other]})")
    return None


def check_includes(root):
    problems = []
    for path in files(root, ".c", ".h", ".S"):
        where = path.relative_to(root)
        if where.parts[0] not in ("src", "include") or where.as_posix() == "include/gust.h":
            continue
        room = room_of(root, path)
        if room not in FLOORS:
            problems.append(f"{where}: belongs to no room of the table")
            continue
        for line, text in numbered(path.read_text()):
            found = INCLUDE.match(text)
            why = found and check_include(root, path, room, *found.groups())
            if why:
                problems.append(f"{where}:{line}: {why}")
    return problems


def symbols(objects):
    """{object: (defined, undefined)} by nm."""
    table = {}
    for path in objects:
        listed = subprocess.run(["nm", "-P", str(path)], check=True, capture_output=True,
                                text=True).stdout
        defined, undefined = set(), set()
        for line in listed.splitlines():
            name, kind = line.split()[:2]
            (undefined if kind in "Uwv" else defined).add(name.split("@")[0])
        table[path] = (defined, undefined)
    return table


def find_objects(root, build):
    """{object: room} for the objects whose source still exists."""
    base = build / "CMakeFiles" / "gust_objects.dir" / "src"
    found = {}
    for path in sorted(base.rglob("*.o")):
        source = path.relative_to(base).with_suffix("")
        if (root / "src" / source).exists():
            found[path] = source.parts[0]
    return found


def check_symbols(root, build):
    rooms = find_objects(root, build)
    if not rooms:
        return [f"{build}: no objects; build it first"]
    table = symbols(rooms)
    home = {name: rooms[path] for path, (defined, _) in table.items() for name in defined
            if name.startswith(("gust_", "gu_"))}
    problems = []
    for path, (_, undefined) in table.items():
        room = rooms[path]
        for name in sorted(undefined):
            other = home.get(name)
            if other is not None and not may_use(room, other):
                problems.append(f"src/{room}/{path.stem}: needs {name} of {other}, which is not "
                                f"on a lower floor than {room}")
            elif name in HEAP and KEEPERS.fullmatch(f"src/{room}/{path.stem}"):
                continue
            elif name in NEVER.get(room, ()):
                problems.append(f"src/{room}/{path.stem}: needs {name}, which {room} must never")
    return problems


def main():
    build = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "build" / "release"
    problems = check_includes(ROOT) + check_symbols(ROOT, build)
    print("\n".join(problems), end="\n" if problems else "")
    return bool(problems)


if __name__ == "__main__":
    sys.exit(main())
