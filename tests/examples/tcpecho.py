#!/usr/bin/python3
"""tcpecho PROGRAM…: its server and its client, and a client that is not ours."""

import re
import socket
import subprocess
import sys


def client(program, port, *words, host="localhost"):
    return subprocess.run([*program, f"--connect={host}:{port}", *words], capture_output=True,
                          text=True, timeout=30, check=True).stdout


def main():
    program = sys.argv[1:]
    server = subprocess.Popen([*program, "--port", "0"], stdout=subprocess.PIPE, text=True)
    try:
        port = int(re.search(r"port (\d+)", server.stdout.readline()).group(1))
        assert client(program, port, "hello", "two words") == "hello\ntwo words\n"
        assert client(program, port, "by address", host="127.0.0.1") == "by address\n"
        assert client(program, port) == ""
        with socket.create_connection(("::1", port), timeout=30) as s:
            s.sendall(b"half a ")
            s.sendall(b"line\nand another\nno end")
            s.shutdown(socket.SHUT_WR)
            assert s.makefile("rb").read() == b"half a line\nand another\n"
        with socket.create_connection(("127.0.0.1", port), timeout=30) as s:
            s.sendall(b"x" * 65536)
            assert s.makefile("rb").read() == b"no line is longer than 65536 bytes\n"
        gone = subprocess.run([*program, "--connect", "localhost:1", "x"], capture_output=True,
                              text=True, timeout=30, check=False)
        assert gone.returncode == 1, gone
        assert "127.0.0.1:1: Connection refused, [::1]:1: Connection refused" in gone.stderr, gone
        assert server.poll() is None
    finally:
        server.kill()
        server.wait()


if __name__ == "__main__":
    main()
