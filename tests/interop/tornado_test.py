"""Cookies and tokens that Tornado makes and Gust reads, and the other way round."""

import asyncio
import gzip
import http.client
import re
import threading
import urllib.parse
import zlib

import pytest
import tornado.httpserver
import tornado.httputil
import tornado.ioloop
import tornado.netutil
import tornado.web

SECRET = "It's a secret to everybody"
SECRETS = {1: "old", 2: "new"}
VALUES = ["", "value", "a b\";,=|:", "é", "x" * 2000]


@pytest.fixture
def gust(example):
    return example("../tests/twin_app")


def query(path, **arguments):
    return path + "?" + urllib.parse.urlencode(arguments)


# --- signed values ---


@pytest.mark.parametrize("version", [1, 2])
def test_tornado_reads_what_gust_signs(gust, version):
    for name in ("key", "a|b:1"):
        for value in VALUES:
            text = gust.get(query("/make", name=name, value=value, version=version)).body
            assert tornado.web.decode_signed_value(SECRET, name, text) == value.strip().encode()
            assert tornado.web.decode_signed_value("other", name, text) is None


@pytest.mark.parametrize("version", [1, 2])
def test_gust_reads_what_tornado_signs(gust, version):
    for name in ("key", "a|b:1"):
        for value in VALUES:
            text = tornado.web.create_signed_value(SECRET, name, value, version=version)
            answer = gust.get(query("/read", name=name, text=text))
            assert (answer.status, answer.body) == (200, value)
            assert gust.get(query("/read", name=name + "x", text=text)).status == 404


def test_the_bytes_are_the_same(gust):
    """But for the time, which each has read for itself."""
    for version in (1, 2):
        ours = gust.get(query("/make", name="key", value="value", version=version)).body
        made = int(re.search(r"\|(?:10:)?(1\d{9})\|", ours)[1])
        theirs = tornado.web.create_signed_value(SECRET, "key", "value", version=version,
                                                 clock=lambda made=made: made)
        assert ours.encode() == theirs


def test_secrets_with_versions(gust):
    text = gust.get(query("/make", name="key", value="value", two=1)).body
    assert tornado.web.get_signature_key_version(text) == 2
    assert tornado.web.decode_signed_value(SECRETS, "key", text) == b"value"
    for version in SECRETS:
        text = tornado.web.create_signed_value(SECRETS, "key", "value", key_version=version)
        assert gust.get(query("/read", name="key", text=text, two=1)).body == "value"
    text = tornado.web.create_signed_value({3: "newer"}, "key", "value", key_version=3)
    assert gust.get(query("/read", name="key", text=text, two=1)).status == 404


# What both refuse, or both accept: a text that was signed at 1300000000, and what was done to it.
CHANGES = {
    "nothing": lambda t: t,
    "a byte behind it": lambda t: t + "0",
    "a byte less": lambda t: t[:-1],
    "another version": lambda t: "3" + t[1:],
    "a version with a zero": lambda t: "0" + t,
    "another time": lambda t: t.replace("1300000000", "1300000001"),
    "a longer time": lambda t: t.replace("10:1300000000", "11:13000000000"),
    "another name": lambda t: t.replace("key", "kez"),
    "another value": lambda t: t.replace("dmFsdWU", "dmFsdWV"),
    "a field's length": lambda t: t.replace("3:key", "4:key"),
    "no fields": lambda t: t[:2],
    "empty": lambda t: "",
}


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("days", [31, 100000])
def test_both_refuse_the_same(gust, change, version, days):
    made = tornado.web.create_signed_value(SECRET, "key", "value", version=version,
                                           clock=lambda: 1300000000).decode()
    text = CHANGES[change](made)
    theirs = tornado.web.decode_signed_value(SECRET, "key", text, max_age_days=days)
    ours = gust.get(query("/read", name="key", text=text, days=days))
    assert ours.status == (404 if theirs is None else 200)
    assert theirs is None or ours.body.encode() == theirs


# --- a Tornado application with the same secret ---


class Cookie(tornado.web.RequestHandler):
    def check_xsrf_cookie(self):
        pass

    def get(self):
        value = self.get_secure_cookie("user")
        if value is None:
            raise tornado.web.HTTPError(404)
        self.write(value)

    def post(self):
        self.set_secure_cookie("user", self.get_argument("user"))


class Token(tornado.web.RequestHandler):
    def get(self):
        self.write(self.xsrf_token)

    def post(self):
        self.write("accepted")


class Twin:
    """It serves on a port of 127.0.0.1, on a thread of its own."""

    def __init__(self, **settings):
        self.ready = threading.Event()
        self.settings = dict(cookie_secret=SECRET, xsrf_cookies=True, **settings)
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()
        self.ready.wait()

    def run(self):
        asyncio.set_event_loop(asyncio.new_event_loop())
        self.loop = tornado.ioloop.IOLoop.current()
        app = tornado.web.Application([("/cookie", Cookie), ("/token", Token)], **self.settings)
        sockets = tornado.netutil.bind_sockets(0, "127.0.0.1")
        server = tornado.httpserver.HTTPServer(app)
        server.add_sockets(sockets)
        self.port = sockets[0].getsockname()[1]
        self.ready.set()
        self.loop.start()

    def stop(self):
        self.loop.add_callback(self.loop.stop)
        self.thread.join()


@pytest.fixture(params=[1, 2])
def ports(gust, request):
    """(Gust's, Tornado's); Tornado's tokens have one version or the other."""
    twin = Twin(xsrf_cookie_version=request.param)
    yield gust.port, twin.port
    twin.stop()


def ask(port, method, path, cookie=None, form=None, **fields):
    """(status, body, the cookie that was set) of a request."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    body = None
    if cookie:
        fields["Cookie"] = cookie
    if form is not None:
        body = urllib.parse.urlencode(form)
        fields["Content-Type"] = "application/x-www-form-urlencoded"
    connection.request(method, path, body, {n.replace("_", "-"): v for n, v in fields.items()})
    response = connection.getresponse()
    answer = response.read().decode()
    cookie = (response.getheader("Set-Cookie") or "").split(";")[0]
    connection.close()
    return response.status, answer, cookie


@pytest.mark.parametrize("user", ["ben", "é b;\",", "x" * 2000])
def test_either_reads_the_other_s_cookie(ports, user):
    for maker, reader in (ports, ports[::-1]):
        _, _, cookie = ask(maker, "POST", "/cookie", form={"user": user})
        assert ask(reader, "GET", "/cookie", cookie)[:2] == (200, user)
        assert ask(reader, "GET", "/cookie", cookie.replace("user=", "name="))[0] == 404
        assert ask(reader, "GET", "/cookie", cookie[:-3] + '00"')[0] == 404


def test_either_accepts_the_other_s_token(ports):
    for maker, reader in (ports, ports[::-1]):
        _, token, cookie = ask(maker, "GET", "/token")
        assert cookie.startswith("_xsrf=")
        for way in ({"form": {"_xsrf": token}}, {"X_Xsrftoken": token}, {"X_Csrftoken": token}):
            assert ask(reader, "POST", "/token", cookie, **way)[:2] == (200, "accepted")
        _, again, none = ask(reader, "GET", "/token", cookie)
        assert none == ""
        assert ask(maker, "POST", "/token", cookie, X_Xsrftoken=again)[0] == 200


def tokens(token, other):
    """What may be shown for a token, good and bad."""
    return [None, "", token, other, token + "0", token[:-1], "0" + token, "3" + token[1:], "2|",
            "2|00000000||1", "2|0000|00|1", "zz", "x|y", token.upper()]


def test_both_refuse_the_same_tokens(ports):
    _, token, cookie = ask(ports[1], "GET", "/token")
    other = ask(ports[1], "GET", "/token")[1]
    for shown in tokens(token, other):
        fields = {} if shown is None else {"X_Xsrftoken": shown}
        for sent in (cookie, "_xsrf=2|bad", "_xsrf=zz", None):
            statuses = [ask(port, "POST", "/token", sent, **fields)[0] for port in ports]
            assert statuses[0] == statuses[1], (shown, sent, statuses)


# --- forms ---

FIELD = 'Content-Disposition: form-data; name="%s"'
FILE = 'Content-Disposition: form-data; name="%s"; filename="%s"'


def part(header, data=b"x"):
    return b"--1234\r\n" + header.encode() + b"\r\n\r\n" + data + b"\r\n"


END = b"--1234--\r\n"

# What both read alike. Tornado leaves %22 as it is, takes what stands before the first delimiter
# for a part, and minds a form without a byte; those are not here.
FORMS = {
    "a field": part(FIELD % "a") + END,
    "two of a name": part(FIELD % "a") + part(FIELD % "a", b"y") + END,
    "a file": part(FILE % ("a", "b.txt")) + END,
    "a type": part(FILE % ("a", "b") + "\r\nContent-Type: text/plain; x=y") + END,
    "UTF-8": part(FIELD % "é", "é€".encode()) + part(FILE % ("é", "€.txt")) + END,
    "any bytes": part(FILE % ("a", "b"), bytes(range(256))) + END,
    "line's ends": part(FILE % ("a", "b"), b"\r\n\r\n--\r\n--123\r\n-") + END,
    "no data": part(FIELD % "a", b"") + part(FILE % ("a", "b"), b"") + END,
    "nothing chosen": part(FILE % ("a", "")) + END,
    "a blank in the name": part(FIELD % "c d") + END,
    "an escaped quote": part(FIELD % 'e\\"f') + part(FILE % ("a", 'b\\"c.txt')) + END,
    "a backslash": part(FILE % ("a", "b\\\\c.txt")) + END,
    "a path of Windows": part(FILE % ("a", "C:\\dir\\f.txt")) + END,
    "a semicolon": part(FILE % ("a", "b;c.txt")) + END,
    "RFC 5987": part("Content-Disposition: form-data; name=a; filename*=utf-8''%e2%82%ac") + END,
    "RFC 2231": part("Content-Disposition: form-data; name=a; filename*0=b; filename*1=c") + END,
    "no closing CRLF": part(FIELD % "a") + b"--1234--",
    "text behind the end": part(FIELD % "a") + END + b"behind",
    "no parts": END,
    "no last delimiter": part(FIELD % "a"),
    "no header": b"--1234\r\n\r\nx\r\n" + END,
    "no disposition": part("X-A: b") + END,
    "an attachment": part("Content-Disposition: attachment; name=a") + END,
    "no name": part("Content-Disposition: form-data") + END,
    "a header too long": part(FIELD % "a" + "\r\nX: " + "x" * 10240) + END,
    "101 parts": part(FIELD % "a") * 101 + END,
}


def read_by_tornado(body):
    """What twin_app would say of it; None for 400."""
    arguments, files = {}, {}
    header = part(FIELD % "a" + "\r\nX: " + "x" * 10240)
    if body.startswith(header) or body.count(b"--1234\r\n") > 100:
        return None  # newer Tornado
    try:
        tornado.httputil.parse_multipart_form_data(b"1234", body, arguments, files)
    except tornado.httputil.HTTPInputError:
        return None
    names = ("a", "b", "é", "c d", 'e"f')
    lines = [f"{n}={v.decode()}" for n in names for v in arguments.get(n, [])]
    for each in files.values():
        lines += [f"{n}({f.filename};{f.content_type})={f.body.hex()}"
                  for n, group in files.items() if group is each for f in group]
    return "".join(line + "\n" for line in lines)


@pytest.mark.parametrize("name", FORMS)
def test_forms_are_read_alike(gust, name):
    body = FORMS[name]
    theirs = read_by_tornado(body)
    ours = gust.request("POST", "/form", body, Content_Type="multipart/form-data; boundary=1234")
    if ours.status != 200:
        assert ours.status == 400 and not theirs, (ours.body, theirs)
    else:
        assert ours.body == theirs


CODINGS = {
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    "x-gzip": gzip.compress,
}


@pytest.mark.parametrize("coding", CODINGS)
def test_coded_forms_are_decoded(gust, coding):
    kinds = {"multipart/form-data; boundary=1234": FORMS["two of a name"],
             "application/x-www-form-urlencoded": b"a=x&a=y"}
    for kind, body in kinds.items():
        answer = gust.request("POST", "/form", CODINGS[coding](body), Content_Type=kind,
                              Content_Encoding=coding)
        assert (answer.status, answer.body) == (200, "a=x\na=y\n")


def test_a_bomb_and_a_cut_body_are_refused(gust):
    kind = "application/x-www-form-urlencoded"
    bomb = gzip.compress(b"a=" + b"x" * (33 << 20))
    for body, status in ((bomb, 413), (gzip.compress(b"a=x")[:-4], 400), (b"a=x", 400)):
        answer = gust.request("POST", "/form", body, Content_Type=kind, Content_Encoding="gzip")
        assert answer.status == status
    answer = gust.request("POST", "/form", b"a=x", Content_Type=kind, Content_Encoding="br")
    assert answer.status == 400
