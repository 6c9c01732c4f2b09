"""conversation: a server that is started and judged, and a client that is a bare socket.

The client sends bytes, and reads responses by a parser of its own that takes nothing but what
RFC 9112 allows: an answer that is not well-formed fails the test. Every wait has a deadline.
"""

import os
import re
import select
import signal
import socket
import subprocess
import threading
import time

DEADLINE = 10.0  # seconds for anything that is to happen; sanitized builds are slow
ALPHABET = b"abcdefghijklmnopqrstuvwxyz"
SANITIZERS = re.compile(r"ERROR: \w+Sanitizer|runtime error:|Aborted|misuse")


def alphabet(length):
    """What the server's /big and /chunks answer."""
    return (ALPHABET * (length // 26 + 1))[:length]


def digest(body):
    """What /count answers for a body."""
    total = 0xcbf29ce484222325
    for byte in body:
        total = (total ^ byte) * 0x100000001b3 & 0xffffffffffffffff
    return b"%d %016x" % (len(body), total)


def chunked(*pieces, extension=b"", trailers=b""):
    """A body in the chunked coding."""
    coded = b"".join(b"%x%s\r\n%s\r\n" % (len(p), extension, p) for p in pieces if p)
    return coded + b"0%s\r\n%s\r\n" % (extension, trailers)


def get(path, *lines, version=b"1.1", method=b"GET"):
    """A request without a body; `lines` are further fields."""
    fields = b"".join(line + b"\r\n" for line in lines)
    return b"%s %s HTTP/%s\r\nHost: x\r\n%s\r\n" % (method, path, version, fields)


BEHIND_HELLO = get(b"/hello")


def post(path, body, *lines):
    return get(path, b"Content-Length: %d" % len(body), *lines, method=b"POST") + body


def post_chunked(path, coded, *lines):
    return get(path, b"Transfer-Encoding: chunked", *lines, method=b"POST") + coded


def until(condition, what):
    """Asks until the answer is true, and returns it."""
    end = time.monotonic() + DEADLINE
    while time.monotonic() < end:
        answer = condition()
        if answer:
            return answer
        time.sleep(0.005)
    raise AssertionError(f"not within {DEADLINE} s: {what}")


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_for(port):
    """Until somebody listens there."""
    def listens():
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            return False
        return True

    until(listens, f"somebody listens on {port}")


# --- the server ---


class Server:
    """A program that serves on 127.0.0.1 and ends well at SIGTERM, or the test fails."""

    def __init__(self, argv, ports=None, prefix=(), ends_well=True):
        self.argv, self.ends_well = argv, ends_well
        self.process = subprocess.Popen([*prefix, *map(str, argv)], stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, stdin=subprocess.DEVNULL)
        self.log = ""
        self.reader = threading.Thread(target=self._read_log, daemon=True)
        self.reader.start()
        self.ports = ports or [int(p) for p in self.process.stdout.readline().split()]
        assert self.ports, f"{argv} did not start: {self.stop(check=False)}"
        self.pid = self.process.pid

    def _read_log(self):
        for line in self.process.stderr:
            self.log += line.decode(errors="replace")

    def connect(self, which=0, rcvbuf=None, timeout=DEADLINE):
        return Client(self.ports[which], rcvbuf, timeout)

    def counters(self):
        """{"served": …, "smuggled": …, "closed": …}; asking counts as served."""
        with self.connect() as c:
            body = c.ask(get(b"/counters")).body.decode()
        return {k: int(v) for k, v in (pair.split("=") for pair in body.split())}

    def is_well(self):
        """Whether somebody else is served."""
        with self.connect() as c:
            assert c.ask(get(b"/hello")).body == b"hello"

    def cpu(self):
        """Seconds that the process has used."""
        with open(f"/proc/{self.pid}/stat") as stat:
            fields = stat.read().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def n_descriptors(self):
        return len(os.listdir(f"/proc/{self.pid}/fd"))

    def rss(self):
        """Resident bytes."""
        with open(f"/proc/{self.pid}/statm") as statm:
            return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    def stop(self, check=True):
        """SIGTERM; everything was freed, nothing was found by a sanitizer."""
        died = self.process.poll()
        if died is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(2 * DEADLINE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            code = self.process.wait()
        self.reader.join(DEADLINE)
        self.process.stdout.close()
        self.process.stderr.close()
        if check:
            assert not SANITIZERS.search(self.log), self.log
            assert died is None, f"the server died of {died} on its own\n{self.log}"
            assert not self.ends_well or code == 0, f"the server ended with {code}\n{self.log}"
        return self.log


# --- the client ---


class Response:
    def __init__(self, version, status, reason, fields):
        self.version, self.status, self.reason, self.fields = version, status, reason, fields
        self.body = b""
        self.chunks = []
        self.is_whole = True

    def all(self, name):
        return [v for n, v in self.fields if n.lower() == name.lower()]

    def get(self, name, default=None):
        values = self.all(name)
        assert len(values) <= 1, f"{name} is repeated: {values}"
        return values[0] if values else default

    @property
    def is_last(self):
        return self.get("Connection", "").lower() == "close"


class Malformed(AssertionError):
    pass


class Ended(AssertionError):
    """The server closed where an answer, or the rest of one, was due."""


STATUS_LINE = re.compile(rb"HTTP/1\.([01]) ([1-5]\d\d) ([\t -~\x80-\xff]*)\Z")
FIELD = re.compile(rb"([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ \t]*([!-~\x80-\xff](?:[\t -~\x80-\xff]*"
                   rb"[!-~\x80-\xff])?)?[ \t]*\Z")


class Client:
    def __init__(self, port, rcvbuf=None, timeout=DEADLINE):
        self.socket = socket.socket()
        if rcvbuf is not None:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, rcvbuf)
        self.socket.settimeout(timeout)
        self.socket.connect(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = b""
        self.is_ended = False

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.close()

    def close(self):
        self.socket.close()

    def reset(self):
        """Closes with an RST instead of a FIN."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        self.socket.close()

    # --- sending ---

    def send(self, *parts):
        """Each part in a segment of its own."""
        for part in parts:
            self.socket.sendall(part)
        return self

    def try_send(self, data):
        """As much as the server lets us; whether that was all."""
        try:
            self.socket.sendall(data)
        except OSError:
            return False
        return True

    def shut(self):
        self.socket.shutdown(socket.SHUT_WR)
        return self

    # --- reading ---

    def _more(self):
        if self.is_ended:
            return False
        try:
            data = self.socket.recv(1 << 16)
        except ConnectionResetError:
            raise Ended(f"reset by the server behind {self.buffer[-80:]!r}") from None
        self.is_ended = not data
        self.buffer += data
        return bool(data)

    def _take(self, n):
        while len(self.buffer) < n:
            if not self._more():
                raise Ended(f"ended with {len(self.buffer)} of {n} bytes: {self.buffer[:200]!r}")
        taken, self.buffer = self.buffer[:n], self.buffer[n:]
        return taken

    def _line(self):
        while b"\r\n" not in self.buffer:
            if b"\n" in self.buffer:
                raise Malformed(f"bare LF: {self.buffer[:80]!r}")
            if not self._more():
                raise Ended(f"ended in a line: {self.buffer[:80]!r}")
        line, _, self.buffer = self.buffer.partition(b"\r\n")
        return line

    def _head(self):
        line = self._line()
        match = STATUS_LINE.match(line)
        if not match:
            raise Malformed(f"status line {line!r}")
        fields = []
        while line := self._line():
            field = FIELD.match(line)
            if not field:
                raise Malformed(f"field {line!r}")
            fields.append((field[1].decode(), (field[2] or b"").decode("latin-1")))
        return Response(int(match[1]), int(match[2]), match[3].decode("latin-1"), fields)

    def _chunks(self, response):
        while True:
            line = self._line()
            if not re.fullmatch(rb"[0-9a-fA-F]+", line):
                raise Malformed(f"chunk size {line!r}")
            size = int(line, 16)
            if size == 0:
                if self._line():
                    raise Malformed("trailers where none were expected")
                return
            response.chunks.append(self._take(size))
            response.body += response.chunks[-1]
            if self._line():
                raise Malformed("a chunk longer than its size")

    def _rest(self):
        while self._more():
            pass
        rest, self.buffer = self.buffer, b""
        return rest

    def read(self, is_head=False):
        """The next final response, whose framing must be of one reading."""
        response = self._head()
        lengths, coding = response.all("Content-Length"), response.all("Transfer-Encoding")
        if len(lengths) > 1 or (lengths and coding) or coding not in ([], ["chunked"]):
            raise Malformed(f"framing: {lengths} {coding}")
        if is_head or response.status in (204, 304) or response.status < 200:
            if response.status in (204,) and (lengths or coding):
                raise Malformed(f"a body's length with {response.status}")
        elif coding:
            self._chunks(response)
        elif lengths:
            response.body = self._take(int(lengths[0]))
        else:
            response.body = self._rest()
        return response

    def ask(self, request, is_head=False):
        return self.send(request).read(is_head)

    def is_quiet(self, seconds=0.05):
        """Whether nothing comes for a while: neither bytes nor an end."""
        return not self.buffer and not select.select([self.socket], [], [], seconds)[0]

    def assert_closed(self):
        """The server ends the connection, in order, and says nothing more."""
        rest = self._rest()
        assert rest == b"", f"more than one answer: {rest[:200]!r}"

    def assert_gone(self):
        """The server ends the connection, in whichever way; what came is returned."""
        try:
            return self._rest()
        except Ended:
            return self.buffer
