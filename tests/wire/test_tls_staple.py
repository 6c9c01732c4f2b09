"""Stapled OCSP responses (RFC 6066, 8), made and read by openssl: a server hands out what its file
says, and what it says next when that changes.
"""

import signal

import pytest
from test_process import DEADLINE, Server, wait_for
from test_tls import Authority, openssl


class Responder:
    """Says of one certificate what it is told to, as its CA."""

    def __init__(self, ca, cert):
        self.ca, self.cert = ca, cert
        serial = openssl("x509", "-in", cert, "-noout", "-serial").stdout.decode()
        self.serial = serial.strip().removeprefix("serial=")
        self.request = ca.folder / "request.der"
        openssl("ocsp", "-issuer", ca.cert, "-cert", cert, "-no_nonce", "-reqout", self.request)

    def answer(self, to, status):
        """Writes a response: "good", or "revoked"."""
        index = self.ca.folder / "index.txt"
        mark, since = {"good": ("V", ""), "revoked": ("R", "200101000000Z")}[status]
        index.write_text(f"{mark}\t491231235959Z\t{since}\t{self.serial}\tunknown\t/CN=x\n")
        fresh = to.with_suffix(".new")
        openssl("ocsp", "-index", index, "-CA", self.ca.cert, "-rsigner", self.ca.cert, "-rkey",
                self.ca.folder / "ca.key", "-reqin", self.request, "-respout", fresh, "-ndays",
                "1")
        fresh.rename(to)


@pytest.fixture(scope="module")
def ca(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("ca"))


@pytest.fixture(scope="module")
def localhost(ca):
    return ca.issue("localhost", "DNS:localhost", "IP:127.0.0.1")


@pytest.fixture
def responder(ca, localhost):
    return Responder(ca, localhost[0])


@pytest.fixture
def serve(build, tmp_path, localhost):
    """serve(RESPONSE, OPTION…): a process_server that staples."""
    servers = []

    def start(response, *options):
        servers.append(Server(
            build / "tests" / "process_server", tmp_path / f"log{len(servers)}",
            f"--tls-cert={localhost[0]}", f"--tls-key={localhost[1]}", *options,
            GUST_TEST_OCSP=str(response)))
        return servers[-1]

    yield start
    for server in servers:
        server.kill_all()


def look(server, ca, *options):
    """What s_client shows of a handshake that asks for a response."""
    done = openssl("s_client", "-connect", f"127.0.0.1:{server.port}", "-servername", "localhost",
                   "-CAfile", ca.cert, "-status", *options, input=b"", timeout=DEADLINE)
    return done.stdout.decode()


@pytest.mark.parametrize("version", ["-tls1_2", "-tls1_3"])
def test_who_asks_is_shown_the_response(serve, ca, responder, tmp_path, version):
    response = tmp_path / "response.der"
    responder.answer(response, "good")
    server = serve(response)
    shown = look(server, ca, version)
    assert "OCSP Response Status: successful" in shown
    assert "Cert Status: good" in shown
    assert f"Serial Number: {responder.serial}" in shown
    assert "Verify return code: 0 (ok)" in shown


def test_who_does_not_ask_is_shown_none(serve, ca, responder, tmp_path):
    response = tmp_path / "response.der"
    responder.answer(response, "good")
    server = serve(response)
    done = openssl("s_client", "-connect", f"127.0.0.1:{server.port}", "-tls1_2", "-msg",
                   input=b"", timeout=DEADLINE)
    assert b"CertificateStatus" not in done.stdout


@pytest.mark.parametrize("options", [(), ("--workers=2",), ("--threads=2",)])
@pytest.mark.parametrize("is_told", [True, False])
def test_a_response_is_renewed(serve, ca, responder, tmp_path, options, is_told):
    """By SIGHUP, or because the file is another one."""
    response = tmp_path / "response.der"
    responder.answer(response, "good")
    server = serve(response, *options)
    server.started(2 if options else 1)
    assert "Cert Status: good" in look(server, ca)
    responder.answer(response, "revoked")
    if is_told:
        server.process.send_signal(signal.SIGHUP)
    for _ in range(3):  # each worker has its own
        wait_for(lambda: "Cert Status: revoked" in look(server, ca), "the new response")


def test_what_is_no_response_leaves_the_old_one(serve, ca, responder, tmp_path):
    response = tmp_path / "response.der"
    responder.answer(response, "good")
    server = serve(response)
    assert "Cert Status: good" in look(server, ca)
    response.write_bytes(response.read_bytes()[:-7])
    server.process.send_signal(signal.SIGHUP)
    wait_for(lambda: "OCSP response" in server.log(), "a line")
    assert "it is no successful response in DER" in server.log()
    assert "Cert Status: good" in look(server, ca)
