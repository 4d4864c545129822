"""Requests whose end two servers could see in different places: each is answered with 400 and the connection closed
(RFC 9112 sections 5.1, 5.2, 6.3, 7.1, 11.2), and nothing that comes behind is taken for a request."""

import pytest

SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n"


@pytest.fixture(scope="module")
def server(shared_site):
    return shared_site(map="""{
        "/x": function (req) { return {txt: "x"}; },
        "/smuggled": function (req) { console.log("smuggled"); return {txt: "smuggled"}; },
        "/files/": "@DIR@/files"
    }""", files={"files/a.txt": "file a"})


def assert_refused(server, raw):
    answer = server.raw(raw)
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400 "), answer[:300]
    assert b"\r\nconnection: close" in head.lower()
    assert answer.count(b"HTTP/1.1 ") == 1
    assert b"smuggled" not in body


def post(fields, body=b""):
    return b"POST /x HTTP/1.1\r\nHost: x\r\n" + fields + b"\r\n" + body


LENGTHS = {
    "length, then chunked": b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
    "chunked, then length": b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
    "chunked and length 0": b"Transfer-Encoding: chunked\r\nContent-Length: 0\r\n",
    "two lengths": b"Content-Length: 5\r\nContent-Length: 6\r\n",
    "two lengths in one line": b"Content-Length: 5, 6\r\n",
    "negative length": b"Content-Length: -5\r\n",
    "signed length": b"Content-Length: +5\r\n",
    "hexadecimal length": b"Content-Length: 0x5\r\n",
    "length with a letter": b"Content-Length: 5a\r\n",
    "length with a blank inside": b"Content-Length: 1 5\r\n",
    "fractional length": b"Content-Length: 5.0\r\n",
    "length with an underscore": b"Content-Length: 1_0\r\n",
    "empty length": b"Content-Length: \r\n",
    "length of 2^64": b"Content-Length: 18446744073709551616\r\n",
    "length of 2^64 + 5": b"Content-Length: 18446744073709551621\r\n",
    "length of 40 digits": b"Content-Length: " + b"9" * 40 + b"\r\n",
    "chunked is not last": b"Transfer-Encoding: chunked, identity\r\n",
    "chunked twice": b"Transfer-Encoding: chunked, chunked\r\n",
    "chunked in two lines": b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
    "chunked, then another coding in a second line": b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n",
    "chunked with a parameter": b"Transfer-Encoding: chunked;q=1\r\n",
    "chunked with a vertical tab": b"Transfer-Encoding: \x0bchunked\r\n",
    "chunked in quotes": b'Transfer-Encoding: "chunked"\r\n',
    "empty coding": b"Transfer-Encoding: \r\n",
    "blank before the colon of the length": b"Content-Length : 5\r\n",
    "blank before the colon of the coding": b"Transfer-Encoding : chunked\r\n",
    "tab before the colon": b"Content-Length\t: 5\r\n",
    "folded coding": b"Transfer-Encoding:\r\n chunked\r\n",
    "folded length": b"Content-Length: 0\r\n 5\r\n",
    "name with NUL": b"Content-Length\x00: 5\r\n",
}


@pytest.mark.parametrize("fields", LENGTHS.values(), ids=LENGTHS.keys())
def test_lengths(server, fields):
    assert_refused(server, post(fields, b"0\r\n\r\n" + SMUGGLED))


@pytest.mark.parametrize("fields", LENGTHS.values(), ids=LENGTHS.keys())
@pytest.mark.parametrize("method, path", [(b"GET", b"/files/a.txt"), (b"POST", b"/nope")])
def test_lengths_on_other_routes(server, method, path, fields):
    assert_refused(server, method + b" " + path + b" HTTP/1.1\r\nHost: x\r\n" + fields + b"\r\n0\r\n\r\n" + SMUGGLED)


def test_chunked_in_1_0(server):
    """RFC 9112 6.1: treated as faulty framing."""
    assert_refused(server, b"POST /x HTTP/1.0\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + SMUGGLED)


HEADS = {
    "bare LF everywhere": b"GET /x HTTP/1.1\nHost: x\n\n",
    "bare LF behind the request line": b"GET /x HTTP/1.1\nHost: x\r\n\r\n",
    "bare LF behind a header": b"GET /x HTTP/1.1\r\nHost: x\nX-A: b\r\n\r\n",
    "bare LF as the empty line": b"GET /x HTTP/1.1\r\nHost: x\r\n\n",
    "LF LF": b"GET /x HTTP/1.1\r\nHost: x\n\n",
    "bare CR in a value": b"GET /x HTTP/1.1\r\nHost: x\r\nX-A: b\rc\r\n\r\n",
    "bare CR in the request line": b"GET /x\r HTTP/1.1\r\nHost: x\r\n\r\n",
    "CR CR LF": b"GET /x HTTP/1.1\r\nHost: x\r\r\n\r\n",
    "folded value": b"GET /x HTTP/1.1\r\nHost: x\r\nX-A: b\r\n c\r\n\r\n",
    "folded with a tab": b"GET /x HTTP/1.1\r\nHost: x\r\nX-A: b\r\n\tc\r\n\r\n",
    "blank in front of the first header": b"GET /x HTTP/1.1\r\n Host: x\r\n\r\n",
    "blank before the colon": b"GET /x HTTP/1.1\r\nHost : x\r\n\r\n",
    "blank in a name": b"GET /x HTTP/1.1\r\nHost: x\r\nX A: b\r\n\r\n",
    "header without colon": b"GET /x HTTP/1.1\r\nHost: x\r\nX-A\r\n\r\n",
    "header without name": b"GET /x HTTP/1.1\r\nHost: x\r\n: b\r\n\r\n",
    "NUL in a value": b"GET /x HTTP/1.1\r\nHost: x\r\nX-A: b\x00c\r\n\r\n",
    "control character in a value": b"GET /x HTTP/1.1\r\nHost: x\r\nX-A: b\x01c\r\n\r\n",
    "DEL in a value": b"GET /x HTTP/1.1\r\nHost: x\r\nX-A: b\x7fc\r\n\r\n",
    "separator in a name": b"GET /x HTTP/1.1\r\nHost: x\r\nX(A): b\r\n\r\n",
    "non-ASCII name": b"GET /x HTTP/1.1\r\nHost: x\r\nX-\xc3\xa4: b\r\n\r\n",
    "two blanks in the request line": b"GET  /x HTTP/1.1\r\nHost: x\r\n\r\n",
    "two blanks before the version": b"GET /x  HTTP/1.1\r\nHost: x\r\n\r\n",
    "blank behind the version": b"GET /x HTTP/1.1 \r\nHost: x\r\n\r\n",
    "tabs in the request line": b"GET\t/x\tHTTP/1.1\r\nHost: x\r\n\r\n",
    "blank in front of the method": b" GET /x HTTP/1.1\r\nHost: x\r\n\r\n",
    "no version (HTTP/0.9)": b"GET /x\r\n\r\n",
    "lower-case protocol": b"GET /x http/1.1\r\nHost: x\r\n\r\n",
    "other protocol": b"GET /x ICY/1.1\r\nHost: x\r\n\r\n",
    "version without a point": b"GET /x HTTP/11\r\nHost: x\r\n\r\n",
    "long version": b"GET /x HTTP/1.10\r\nHost: x\r\n\r\n",
    "no target": b"GET HTTP/1.1\r\nHost: x\r\n\r\n",
    "blank in the target": b"GET /x y HTTP/1.1\r\nHost: x\r\n\r\n",
    "NUL in the target": b"GET /x\x00y HTTP/1.1\r\nHost: x\r\n\r\n",
    "control character in the target": b"GET /x\x01y HTTP/1.1\r\nHost: x\r\n\r\n",
    "bad character in the method": b"G(T /x HTTP/1.1\r\nHost: x\r\n\r\n",
    "no request at all": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 a TLS client says hello\r\n\r\n",
}


@pytest.mark.parametrize("raw", HEADS.values(), ids=HEADS.keys())
def test_heads(server, raw):
    assert_refused(server, raw + SMUGGLED)


CHUNKS = {
    "no size": b"\r\nhello\r\n",
    "letter": b"g\r\nhello\r\n",
    "sign": b"+5\r\nhello\r\n",
    "minus": b"-5\r\nhello\r\n",
    "0x": b"0x5\r\nhello\r\n",
    "blank in front": b" 5\r\nhello\r\n",
    "blank behind": b"5 \r\nhello\r\n",
    "tab behind": b"5\t\r\nhello\r\n",
    "two numbers": b"5 5\r\nhello\r\n",
    "2^64": b"10000000000000000\r\nhello\r\n",
    "many digits": b"f" * 40 + b"\r\nhello\r\n",
    "bare LF behind the size": b"5\nhello\r\n",
    "bare CR behind the size": b"5\rhello\r\n",
    "bare LF in an extension": b"5;a\nhello\r\n",
    "data too long": b"5\r\nhello!\r\n",
    "data too short": b"6\r\nhello\r\n",
    "bare LF behind the data": b"5\r\nhello\n",
    "nothing behind the data": b"5\r\nhello5\r\n",
    "NUL in the size": b"5\x00\r\nhello\r\n",
}


@pytest.mark.parametrize("chunk", CHUNKS.values(), ids=CHUNKS.keys())
def test_chunks(server, chunk):
    assert_refused(server, post(b"Transfer-Encoding: chunked\r\n", chunk + b"0\r\n\r\n" + SMUGGLED))


TRAILERS = {
    "bare LF at the end": b"0\r\n\n",
    "bare LF behind the last size": b"0\n\r\n",
    "bare LF behind a trailer": b"0\r\nX: y\n\r\n",
    "blank before the colon": b"0\r\nX : y\r\n\r\n",
    "folded": b"0\r\nX: y\r\n z\r\n\r\n",
    "no colon": b"0\r\nX\r\n\r\n",
    "NUL": b"0\r\nX: \x00\r\n\r\n",
}


@pytest.mark.parametrize("end", TRAILERS.values(), ids=TRAILERS.keys())
def test_trailers(server, end):
    assert_refused(server, post(b"Transfer-Encoding: chunked\r\n", b"5\r\nhello\r\n" + end + SMUGGLED))


def test_the_same_length_twice_is_one_length_or_refused(server):
    """RFC 9110 8.6 leaves the choice; what must not happen is that the body is taken for a request."""
    answer = server.raw(post(b"Content-Length: 5\r\nContent-Length: 5\r\nConnection: close\r\n", b"hello" + SMUGGLED))
    assert answer.count(b"HTTP/1.1 ") == 1
    assert answer.startswith((b"HTTP/1.1 200 ", b"HTTP/1.1 400 "))


def test_a_bad_request_behind_a_good_one(server):
    """The good one is answered first, then the bad one, then the connection ends."""
    good = b"GET /x HTTP/1.1\r\nHost: x\r\n\r\n"
    first, second = server.raw(good + b"GET /x HTTP/1.1\r\nHost : x\r\n\r\n" + SMUGGLED, responses=2)
    assert (first.status, second.status) == (200, 400)


def test_nothing_was_smuggled(server):
    """Runs last in this file: the script that nobody asked for has not run."""
    assert server.get("/x").text == "x"
    assert "smuggled" not in server.stdout() + server.log()
