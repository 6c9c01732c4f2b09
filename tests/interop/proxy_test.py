"""nginx in front, as most people will run it: kept connections, chunks, large bodies."""

import http.client
import subprocess

import pytest

from conversation import digest, free_port, wait_for

CONF = """
daemon off; master_process off; pid {dir}/pid; error_log stderr;
events {{}}
http {{
    access_log off;
    client_body_temp_path {dir}/body; proxy_temp_path {dir}/proxy; fastcgi_temp_path {dir}/f;
    uwsgi_temp_path {dir}/u; scgi_temp_path {dir}/s; client_max_body_size 100m;
    upstream gust {{ server 127.0.0.1:{upstream}; keepalive 8; }}
    server {{
        listen 127.0.0.1:{port};
        location / {{
            proxy_pass http://gust; proxy_http_version 1.1; proxy_set_header Connection "";
            proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
            proxy_request_buffering {buffering}; proxy_buffering {buffering};
        }}
    }}
}}
"""


@pytest.fixture(params=["on", "off"])
def proxied(request, app, tmp_path):
    port = free_port()
    conf = tmp_path / "nginx.conf"
    conf.write_text(CONF.format(dir=tmp_path, upstream=app.ports[0], port=port,
                                buffering=request.param))
    nginx = subprocess.Popen(["/usr/sbin/nginx", "-p", str(tmp_path), "-e", "stderr", "-c",
                              str(conf)], stderr=subprocess.PIPE)
    wait_for(port)
    yield http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    nginx.terminate()
    nginx.wait(10)
    nginx.stderr.close()


def ask(connection, method, path, body=None, **options):
    connection.request(method, path, body, **options)
    response = connection.getresponse()
    return response.status, response.read()


def test_behind_nginx(proxied):
    for _ in range(20):
        assert ask(proxied, "GET", "/hello") == (200, b"hello")
    body = bytes(range(256)) * 4000  # counted, not echoed: nginx sends all before it reads
    assert ask(proxied, "POST", "/count", body) == (200, digest(body))
    pieces = [body[i:i + 70000] for i in range(0, len(body), 70000)]
    assert ask(proxied, "POST", "/count", iter(pieces), encode_chunked=True,
               headers={"Transfer-Encoding": "chunked"}) == (200, digest(body))
    assert ask(proxied, "POST", "/echo", body[:50000]) == (200, body[:50000])
    assert len(ask(proxied, "GET", "/chunks?3000000")[1]) == 3000000
    assert len(ask(proxied, "GET", "/big?3000000")[1]) == 3000000
    assert ask(proxied, "HEAD", "/big?100")[1] == b""
    assert ask(proxied, "GET", "/status?204") == (204, b"")
    assert ask(proxied, "GET", "/nothing")[0] == 404


def test_nginx_says_whom_it_asks_for(proxied):
    assert b"X-Forwarded-For: 127.0.0.1" in ask(proxied, "GET", "/head")[1]
