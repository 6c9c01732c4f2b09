"""HTTPS by clients that are not ours: Python's ssl, openssl s_client and curl.

Certificates are made by openssl for each run of this file, and nothing of them is kept.
"""

import http.client
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import threading

import pytest

from test_process import DEADLINE, Server, wait_for


def openssl(*args, **options):
    return subprocess.run(["openssl", *map(str, args)], check=True, capture_output=True,
                          **options)


class Authority:
    """A throw-away CA in a folder."""

    def __init__(self, folder):
        self.folder = folder
        self.cert = folder / "ca.pem"
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                "-keyout", folder / "ca.key", "-out", self.cert, "-subj", "/CN=Gust tests",
                "-days", "2")

    def issue(self, name, *names):
        """(certificate, key) of a subject, for its alternative names."""
        cert, key, request = (self.folder / f"{name}.{end}" for end in ("pem", "key", "csr"))
        openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                "-keyout", key, "-out", request, "-subj", f"/CN={name}")
        extensions = self.folder / f"{name}.ext"
        extensions.write_text("subjectAltName=" + ",".join(names or [f"DNS:{name}"]) + "\n")
        openssl("x509", "-req", "-in", request, "-CA", self.cert, "-CAkey",
                self.folder / "ca.key", "-CAcreateserial", "-out", cert, "-days", "2",
                "-extfile", extensions)
        return cert, key


@pytest.fixture(scope="module")
def ca(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("ca"))


@pytest.fixture(scope="module")
def localhost(ca):
    return ca.issue("localhost", "DNS:localhost", "IP:127.0.0.1")


@pytest.fixture
def serve(build, tmp_path, localhost):
    """serve(OPTION…): a process_server that speaks HTTPS."""
    servers = []

    def start(*options, pair=localhost, **env):
        log = tmp_path / f"log{len(servers)}"
        servers.append(Server(build / "tests" / "process_server", log, f"--tls-cert={pair[0]}",
                              f"--tls-key={pair[1]}", *options, **env))
        return servers[-1]

    yield start
    for server in servers:
        server.kill_all()


@pytest.fixture
def context(ca):
    return ssl.create_default_context(cafile=str(ca.cert))


def connect(server, context, session=None):
    plain = socket.create_connection(("127.0.0.1", server.port), DEADLINE)
    return context.wrap_socket(plain, server_hostname="localhost", session=session)


def get(s, path, method="GET", body=None):
    """A request on a connection that is there: (status, body)."""
    connection = http.client.HTTPConnection("localhost")
    connection.sock = s
    connection.request(method, path, body, {"Host": "localhost", "Content-Type": "x/y"})
    response = connection.getresponse()
    return response.status, response.read()


VERSIONS = [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3]


@pytest.mark.parametrize("version", VERSIONS)
def test_requests_of_one_connection(serve, context, version):
    context.minimum_version = context.maximum_version = version
    server = serve()
    with connect(server, context) as s:
        assert s.version() == version.name.replace("v1_", "v1.")
        for size in (0, 1, 16383, 16384, 16385, 3_000_000):
            body = os.urandom(size)
            assert get(s, "/echo", "POST", body) == (200, body)
        assert get(s, "/way") == (200, b"https https://localhost/way -")


def test_who_speaks_tls_1_1_is_refused(serve):
    server = serve()
    done = subprocess.run(
        ["openssl", "s_client", "-connect", f"127.0.0.1:{server.port}", "-tls1_1", "-cipher",
         "ALL:@SECLEVEL=0"], input="", text=True, capture_output=True, timeout=DEADLINE)
    assert "alert protocol version" in done.stderr


@pytest.mark.parametrize("version", VERSIONS)
def test_a_session_is_resumed_in_whichever_worker(serve, context, version):
    context.minimum_version = context.maximum_version = version
    server = serve("--workers=2").started(2)
    pids = set()
    with connect(server, context) as s:
        assert get(s, "/pid")[0] == 200
        assert not s.session_reused
        session = first = s.session
    for _ in range(200):
        with connect(server, context, session) as s:
            assert s.session_reused
            pids.add(get(s, "/pid")[1])
            session = s.session
        if len(pids) == 2:
            break
    assert len(pids) == 2
    if version == ssl.TLSVersion.TLSv1_3:  # a ticket serves once: each connection brings another
        assert session.id != first.id


def test_a_client_shows_its_certificate(serve, context, ca):
    server = serve(GUST_TEST_CLIENT_CA=str(ca.cert))
    with connect(server, context) as s:
        assert get(s, "/way")[1].endswith(b" -")
    context.load_cert_chain(*ca.issue("somebody"))
    with connect(server, context) as s:
        assert get(s, "/way")[1].endswith(b" CN=somebody")


def subject(server, context):
    with connect(server, context) as s:
        return dict(field[0] for field in s.getpeercert()["subject"])["commonName"]


@pytest.mark.parametrize("options", [(), ("--workers=2",), ("--threads=2",)])
def test_sighup_reads_certificates_again_and_drops_nobody(serve, context, ca, tmp_path, options):
    old = ca.issue("old", "DNS:localhost")
    pair = [shutil.copy(path, tmp_path / path.name) for path in old]
    server = serve(*options, pair=pair)
    server.started(2 if options else 1)
    with connect(server, context) as kept:
        assert get(kept, "/pid")[0] == 200
        assert subject(server, context) == "old"
        for path, fresh in zip(pair, ca.issue("new", "DNS:localhost")):
            shutil.copy(fresh, path)
        server.process.send_signal(signal.SIGHUP)
        wait_for(lambda: subject(server, context) == "new", "the new certificate")
        wait_for(lambda: "SIGHUP: certificates were read again" in server.log(), "a line")
        assert get(kept, "/pid")[0] == 200
    server.stop()
    assert server.code() == 0


def test_renegotiation_is_refused(serve, ca):
    server = serve()
    done = subprocess.run(
        ["openssl", "s_client", "-connect", f"127.0.0.1:{server.port}", "-tls1_2",
         "-CAfile", str(ca.cert)], input="R\n", text=True, capture_output=True, timeout=DEADLINE)
    assert "no renegotiation" in done.stderr
    assert "Verify return code: 0" in done.stdout


def test_early_data_is_not_allowed(serve):
    server = serve()
    done = openssl("s_client", "-connect", f"127.0.0.1:{server.port}", "-tls1_3", "-ign_eof",
                   input=b"GET /way HTTP/1.0\r\n\r\n", timeout=DEADLINE)
    assert re.findall(rb"Max Early Data: (\d+)", done.stdout) == [b"0"]


def test_an_ocsp_response_is_not_there_unless_it_is_given(serve):
    server = serve()
    done = openssl("s_client", "-connect", f"127.0.0.1:{server.port}", "-status", input=b"")
    assert b"OCSP response: no response sent" in done.stdout


def test_plain_http_is_closed_and_the_server_goes_on(serve, context):
    server = serve()
    with socket.create_connection(("127.0.0.1", server.port), DEADLINE) as s:
        s.sendall(b"GET /pid HTTP/1.1\r\nHost: x\r\n\r\n")
        assert s.recv(100) == b""
    assert len(re.findall("TLS with", server.log())) == 1
    with connect(server, context) as s:
        assert get(s, "/pid")[0] == 200


def test_the_last_answer_ends_with_a_farewell(serve, context):
    """Without close_notify, recv() would raise."""
    server = serve()
    with connect(server, context) as s:
        s.suppress_ragged_eofs = False
        s.sendall(b"GET /slow HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        data = b""
        while piece := s.recv(1000):
            data += piece
    assert data.endswith(b"slow")


def test_a_request_turns_into_another_protocol(serve, context):
    """What lies unread, in plain text and as ciphertext, moves along."""
    server = serve()
    with connect(server, context) as s:
        s.sendall(b"GET /lines HTTP/1.1\r\nHost: x\r\n\r\none\n")
        s.sendall(b"two\n")
        data = b""
        while not data.endswith(b"one\ntwo\n"):
            data += s.recv(1000)
        assert data.startswith(b"HTTP/1.1 101 ")
        big = b"x" * 1_000_000 + b"\n"
        sender = threading.Thread(target=s.sendall, args=(big,))
        sender.start()
        data = b""
        while len(data) < len(big):
            data += s.recv(65536)
        sender.join()
        assert data == big
        s.sendall(b"\n")
        assert s.recv(100) == b""


@pytest.mark.parametrize("options, why", [
    (["--tls-cert=/nonexistent.pem"], "certificate /nonexistent.pem: No such file"),
    (["--tls-key=/nonexistent.pem"], "key /nonexistent.pem: No such file"),
    (["--tls-cert={ca}"], "it is not the certificate's"),
])
def test_wrong_files_end_the_program_and_are_named(serve, ca, options, why):
    server = serve(*(option.format(ca=ca.cert) for option in options))
    assert server.code() == 1
    assert why in server.log()


def test_a_key_without_a_certificate_is_a_wrong_usage(build, localhost):
    done = subprocess.run([str(build / "tests" / "process_server"), f"--tls-key={localhost[1]}"],
                          text=True, capture_output=True, timeout=DEADLINE)
    assert done.returncode == 2
    assert "needs '--tls-cert'" in done.stderr


def test_curl_understands(serve, ca):
    server = serve()
    done = subprocess.run(
        ["curl", "-sS", "--http1.1", "--cacert", str(ca.cert),
         "-w", " %{http_code} %{ssl_verify_result}", f"https://localhost:{server.port}/way"],
        text=True, capture_output=True, timeout=DEADLINE)
    assert done.stdout.endswith("- 200 0"), done.stderr
