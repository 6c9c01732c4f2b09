#!/usr/bin/python3
"""tcpchat PROGRAM…: members that talk, that are slow, that are killed, and one too many."""

import contextlib
import os
import pathlib
import re
import select
import signal
import socket
import ssl
import struct
import subprocess
import sys
import tempfile

DEADLINE = 60
HELLO = "Who are you?"
# Of the log. An older kernel, or an emulator, has no light guard pages; a busy machine may stop.
EXPECTED = r"^\[I |guard pages|the loop was held|others wait \(max_connections\)"


class Member:
    """A connection; with a name, it is in the room once made."""

    def __init__(self, port, name=None, context=None, receive=None):
        self.socket = socket.socket()
        if receive is not None:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive)
        self.socket.settimeout(DEADLINE)
        self.socket.connect(("127.0.0.1", port))
        if context is not None:
            self.socket = context.wrap_socket(self.socket, server_hostname="localhost")
        self.lines = self.socket.makefile("rb")
        if name is not None:
            assert self.hear() == HELLO
            self.say(name)
            self.here = self.hear()

    def say(self, text):
        self.socket.sendall(text.encode() + b"\n")

    def hear(self):
        """The next line; "" at the end."""
        return self.lines.readline().decode().rstrip("\n")

    def has_news(self):
        return bool(select.select([self.socket], [], [], 0)[0])

    def close(self):
        self.lines.close()
        self.socket.close()

    def kill(self):
        """As a machine that crashes: a reset."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close()


@contextlib.contextmanager
def chat(program, *options, patience="1h"):
    """A server: (its port, its process). It has to end in peace, with nothing left."""
    small = {**os.environ, "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "") +
             ":quarantine_size_mb=1"}
    server = subprocess.Popen([*program, "--port=127.0.0.1:0", f"--patience={patience}", *options],
                              stderr=subprocess.PIPE, text=True, env=small)
    try:
        while not (found := re.search(r"listens on port (\d+)", line := server.stderr.readline())):
            assert line, "the server ended"
        yield int(found[1]), server
        server.send_signal(signal.SIGTERM)
        log = server.communicate(timeout=DEADLINE)[1]
        assert server.returncode == 0, log
        assert all(re.search(EXPECTED, line) for line in log.splitlines()), log
    finally:
        server.kill()
        server.wait()


def talk(program):
    with chat(program, "--pace=0") as (port, _):
        anna, ben = Member(port, "anna"), Member(port, "ben")
        assert anna.here == "* here: anna" and ben.here == "* here: ben anna"
        assert anna.hear() == "* ben is here"
        anna.say("hello")
        ben.say("\r")  # an empty line is none
        ben.say("hello yourself\r")
        assert ben.hear() == "anna: hello" and anna.hear() == "ben: hello yourself"
        ben.say("\x1b[2J\x07\x7f")  # what a terminal would obey
        assert anna.hear() == "ben:  [2J  "
        ben.say("x" * 999)
        assert anna.hear() == "ben: " + "x" * 999
        ben.say("x" * 1000)
        assert ben.hear() == "* no line is longer than 1000 bytes" and ben.hear() == ""
        assert anna.hear() == "* ben left"
        anna.say("/quit")
        assert anna.hear() == ""
        for each in (anna, ben):
            each.close()


def names(program):
    with chat(program) as (port, _):
        anna, other = Member(port, "anna"), Member(port)
        assert other.hear() == HELLO
        for wrong in ("anna", "", "two words", "x" * 21, "<b>"):
            other.say(wrong)
            assert "that nobody has" in other.hear(), wrong
        other.say("x" * 20)
        assert other.hear() == f"* here: {'x' * 20} anna"
        assert anna.hear() == f"* {'x' * 20} is here"
        anna.close()
        assert other.hear() == "* anna left"
        again = Member(port, "anna")
        assert again.here == f"* here: anna {'x' * 20}"
        for each in (other, again):
            each.close()


def killed(program):
    with chat(program) as (port, _):
        anna, ben, nobody = Member(port, "anna"), Member(port, "ben"), Member(port)
        assert anna.hear() == "* ben is here"
        ben.say("whole")
        assert anna.hear() == "ben: whole"
        ben.socket.sendall(b"half a li")
        ben.kill()
        nobody.kill()
        assert anna.hear() == "* ben left"
        anna.close()


def resident(process):
    status = pathlib.Path(f"/proc/{process.pid}/status").read_text(encoding="ascii")
    return int(re.search(r"VmRSS:\s+(\d+) kB", status)[1]) * 1024


def slow(program):
    """It holds nobody, costs no memory, and is told how much it missed."""
    with chat(program, "--pace=0") as (port, server):
        anna, ben = Member(port, "anna"), Member(port, "ben")
        late = Member(port, "late", receive=4096)
        assert [ben.hear()] == ["* late is here"]
        before = resident(server)
        for i in range(10000):
            anna.say(f"{i:5} " + "x" * 900)
            if i % 100 == 99:  # no more than the room keeps
                heard = [ben.hear() for _ in range(100)]
                assert heard[-1].startswith(f"anna: {i:5} ")
        assert resident(server) - before < 4 << 20
        missed, then = 0, 0
        while then < 10000:
            line = late.hear()
            if found := re.fullmatch(r"\* you missed (\d+) lines", line):
                missed += int(found[1])
                then += int(found[1])
            else:
                assert int(line.split()[1]) == then, line[:20]
                then += 1
        assert missed > 0 and then == 10000
        for each in (anna, ben, late):
            each.close()


def stuck(program):
    """Who takes nothing for too long is put out, and so is who says no name."""
    with chat(program, "--pace=0", patience="2s") as (port, _):
        anna, nobody = Member(port, "anna"), Member(port)
        assert nobody.hear() == HELLO and nobody.hear() == ""
        late = Member(port, "late", receive=4096)
        assert anna.hear() == "* late is here"
        while not anna.has_news():
            anna.say("x" * 990)
        assert anna.hear() == "* late left"
        for each in (anna, nobody, late):
            each.close()


def pace(program):
    """Who talks without a pause is heard with one."""
    with chat(program, "--pace=1h") as (port, _):
        anna, ben = Member(port, "anna"), Member(port, "ben")
        assert anna.hear() == "* ben is here"
        ben.say("one\ntwo\nthree")
        assert anna.hear() == "ben: one"
        anna.say("now I")
        assert ben.hear() == "anna: now I"
        assert not anna.has_news()  # the loop has been round since
        for each in (anna, ben):
            each.close()


def too_many(program):
    with chat(program, "--max-members=2") as (port, _):
        anna, ben, third = Member(port, "anna"), Member(port, "ben"), Member(port)
        ben.say("a full house")
        assert anna.hear() == "* ben is here" and anna.hear() == "ben: a full house"
        assert not third.has_news()
        ben.close()
        assert anna.hear() == "* ben left" and third.hear() == HELLO
        for each in (anna, third):
            each.close()


def tls(program):
    with tempfile.TemporaryDirectory() as directory:
        cert, key = f"{directory}/cert.pem", f"{directory}/key.pem"
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                        "ec_paramgen_curve:prime256v1", "-nodes", "-subj", "/CN=localhost",
                        "-addext", "subjectAltName=DNS:localhost", "-days", "2", "-out", cert,
                        "-keyout", key], check=True, capture_output=True)
        with chat(program, f"--tls-cert={cert}", f"--tls-key={key}") as (port, _):
            context = ssl.create_default_context(cafile=cert)
            anna, ben = (Member(port, name, context) for name in ("anna", "ben"))
            assert anna.hear() == "* ben is here"
            ben.say("in private")
            assert anna.hear() == "ben: in private"
            for each in (anna, ben):
                each.close()
        alone = subprocess.run([*program, "--port=127.0.0.1:0", f"--tls-key={key}"],
                               capture_output=True, text=True, timeout=DEADLINE, check=False)
        assert alone.returncode == 1 and "certificate" in alone.stderr, alone


def main():
    for case in (talk, names, killed, slow, stuck, pace, too_many, tls):
        print(case.__name__, flush=True)
        case(sys.argv[1:])


if __name__ == "__main__":
    main()
