#!/usr/bin/python3
"""testssl: what testssl.sh finds in bench/server: protocols, ciphers, server defaults,
vulnerabilities. Exit code 1 for any finding of severity MEDIUM or worse.

The certificate is made here, by a throw-away CA that testssl.sh is told of; that it names nobody who
could revoke it is no finding.
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile

from servers import ROOT
from tls import Server, gust

NOT_OURS = {"cert_revocation"}


def openssl(*args):
    subprocess.run(["openssl", *map(str, args)], check=True, capture_output=True)


def make_certificate(folder):
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout"]
    openssl("req", "-x509", *key, folder / "ca.key", "-out", folder / "ca.pem", "-subj",
            "/CN=Gust tests", "-days", "90")
    openssl("req", *key, folder / "key.pem", "-out", folder / "request", "-subj", "/CN=localhost")
    (folder / "extensions").write_text("subjectAltName=DNS:localhost\n"
                                       "extendedKeyUsage=serverAuth\n")
    openssl("x509", "-req", "-in", folder / "request", "-CA", folder / "ca.pem", "-CAkey",
            folder / "ca.key", "-CAcreateserial", "-out", folder / "cert.pem", "-days", "90",
            "-extfile", folder / "extensions")


def look(folder, port):
    """What it finds, and what it prints."""
    found = folder / "found.json"
    done = subprocess.run(
        ["testssl", "--quiet", "--color", "0", "--warnings", "off", "--severity", "MEDIUM",
         "--add-ca", folder / "ca.pem", "--ip", "127.0.0.1", "-p", "-s", "-S", "-U",
         "--jsonfile", found, f"localhost:{port}"],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, cwd=folder, timeout=600)
    if "Done" not in done.stdout or not found.exists():
        raise SystemExit(f"testssl.sh did not come to an end:\n{done.stdout}{done.stderr}")
    return json.loads(found.read_text()), done.stdout


def main():
    build = os.environ.get("GUST_BUILD", ROOT / "build" / "release")
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        make_certificate(folder)
        server = Server(gust, build, folder, None)
        try:
            found, text = look(folder, server.port)
        finally:
            server.stop()
    found = [f for f in found if f["id"] not in NOT_OURS]
    print(text if found else "testssl.sh finds nothing of severity MEDIUM or worse")
    for finding in found:
        print("{severity} {id}: {finding}".format(**finding))
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
