"""Byte ranges of static files and of "@file" replies (server-details 6.7, 9.5, RFC 9110 section 14)."""

import os
import time
from email.utils import formatdate
from urllib.parse import quote

import pytest

MTIME = 1_700_000_000
MODIFIED = formatdate(MTIME, usegmt=True)
ALPHA = "abcdefghijklmnopqrstuvwxyz"
BIG = 20 * 1024 * 1024
CAP = 8 * 1024 * 1024
HUGE = "9" * 40
MAP = """{
    "/": "@DIR@/www",
    "/route/": {path: "@DIR@/www", headers: {"X-Route": "yes", "Accept-Ranges": "none", "Content-Type": "x/route"}},
    "/alpha": function () { return {txt: "@@DIR@/www/alpha.txt"}; },
    "/empty": function () { return {txt: "@@DIR@/www/empty.txt"}; },
    "/big": function () { return {bin: "@@DIR@/www/big.bin"}; },
    "/put": function (req) { req.put("PRE:"); return {txt: "@@DIR@/www/alpha.txt"}; },
    "/chunk": function () { return {txt: "@@DIR@/www/alpha.txt", chunk: true}; },
    "/deferred": function (req) {
        setTimeout(function () { req.reply({txt: "@@DIR@/www/alpha.txt"}); }, 1);
        return {defer: true};
    },
    "/r": function (req) { return eval("(" + req.query.v + ")"); }
}"""
KINDS = pytest.mark.parametrize("path", ["/alpha.txt", "/alpha"])


@pytest.fixture(scope="module")
def server(shared_site):
    s = shared_site(map=MAP, options="developerMode: true", files={"www/alpha.txt": ALPHA, "www/empty.txt": "", "www/new.txt": ALPHA,
                                    "www/index.html": "<p>index of the folder"})
    os.utime(s.dir / "www/alpha.txt", (MTIME, MTIME))
    big = s.write("www/big.bin", b"")
    with open(big, "r+b") as file:  # sparse
        file.truncate(BIG)
        for place in (0, CAP - 1, CAP, BIG - 1):
            file.seek(place)
            file.write(b"x")
    os.utime(big, (MTIME, MTIME))
    return s


def ask(server, path, value, **headers):
    return server.get(path, {"Range": value, **{name.replace("_", "-"): text for name, text in headers.items()}})


def returned(server, expression, headers=None, method="GET"):
    return server.request(method, "/r?v=" + quote(server.expand(expression)), headers)


def assert_part(reply, first, last, size=26):
    assert (reply.status, reply.headers.get("Content-Range")) == (206, f"bytes {first}-{last}/{size}")
    assert (len(reply.body), reply.headers["Content-Length"]) == (last - first + 1, str(last - first + 1))


def assert_whole(reply):
    assert (reply.status, reply.text, "Content-Range" in reply.headers) == (200, ALPHA, False)
    assert reply.headers["Content-Length"] == "26"


def assert_unsatisfiable(reply, size=26):
    assert (reply.status, reply.headers.get("Content-Range")) == (416, f"bytes */{size}")
    assert "abc" not in reply.text


# -- what is a range


@KINDS
@pytest.mark.parametrize("value, first, last", [
    ("bytes=0-4", 0, 4), ("bytes=5-", 5, 25), ("bytes=20-100", 20, 25), ("bytes=0-0", 0, 0), ("bytes=-5", 21, 25),
    ("bytes=0-", 0, 25), ("bytes=25-", 25, 25), ("bytes=0-25", 0, 25), ("bytes=-100", 0, 25), ("Bytes=1-2", 1, 2),
    ("bytes=1-2,", 1, 2), (f"bytes=3-{HUGE}", 3, 25), (f"bytes=-{HUGE}", 0, 25), ("bytes=3-18446744073709551615", 3, 25),
])
def test_part(server, path, value, first, last):
    reply = ask(server, path, value)
    assert_part(reply, first, last)
    assert reply.text == ALPHA[first:last + 1]
    assert reply.headers["Content-Type"].startswith("text/plain")


@KINDS
@pytest.mark.parametrize("value", [
    "bytes=10-5", "bytes=0-2,5-6", "bytes=abc", "lines=0-1", "bytes=", "bytes=-", "bytes", "", "bytes=1-2-3",
    "bytes=--5", "bytes=1 - 2", "bytes=0x1-5", "bytes=+1-5", "0-4", "bytes=30-40,50-60", "none", f"bytes={HUGE}-5",
])
def test_ignored(server, path, value):
    assert_whole(ask(server, path, value))


@KINDS
@pytest.mark.parametrize("value", ["bytes=26-", "bytes=30-40", "bytes=-0", f"bytes={HUGE}-", f"bytes={HUGE}-{HUGE}",
                                   "bytes=18446744073709551615-", "bytes=26-26"])
def test_unsatisfiable(server, path, value):
    assert_unsatisfiable(ask(server, path, value))


@pytest.mark.parametrize("path", ["/empty.txt", "/empty"])
def test_empty_file(server, path):
    assert_unsatisfiable(ask(server, path, "bytes=0-"), 0)
    assert_unsatisfiable(ask(server, path, "bytes=0-4"), 0)
    reply = ask(server, path, "bytes=-5")
    assert (reply.status, reply.body) == (200, b"")


@KINDS
def test_connection_goes_on(server, path):
    with server.connect() as connection:
        for _ in range(3):
            assert connection.get(path, {"Range": "bytes=2-4"}).text == "cde"
            assert connection.get(path, {"Range": "bytes=99-"}).status == 416
            assert connection.get(path).text == ALPHA


# -- methods


@KINDS
@pytest.mark.parametrize("value", ["bytes=0-4", "bytes=99-"])
def test_head_has_no_ranges(server, path, value):
    reply = server.request("HEAD", path, {"Range": value})
    assert (reply.status, reply.body, reply.headers["Content-Length"]) == (200, b"", "26")
    assert (reply.headers["Accept-Ranges"], "Content-Range" in reply.headers) == ("bytes", False)


@pytest.mark.parametrize("value", ["bytes=0-4", "bytes=99-"])
def test_post_has_no_ranges(server, value):
    assert_whole(server.post("/alpha", "x=1", {"Range": value}))


# -- headers


@KINDS
@pytest.mark.parametrize("headers", [{}, {"Range": "bytes=0-4"}])
def test_accept_ranges_once(server, path, headers):
    assert server.get(path, headers).headers.all("Accept-Ranges") == ["bytes"]


def test_part_of_a_file_has_its_headers(server):
    whole, part = server.get("/alpha.txt"), ask(server, "/alpha.txt", "bytes=0-4")
    for name in ("ETag", "Last-Modified", "Cache-Control", "Content-Type"):
        assert part.headers[name] == whole.headers[name], name
    assert len(part.headers.all("Date")) == 1


def test_headers_of_the_route(server):
    reply = ask(server, "/route/alpha.txt", "bytes=0-4")
    assert_part(reply, 0, 4)
    assert (reply.headers.all("Accept-Ranges"), reply.headers.all("Content-Type")) == (["none"], ["x/route"])
    assert reply.headers["X-Route"] == "yes"


def test_index_file(server):
    assert ask(server, "/", "bytes=3-7").text == "index"


def test_missing_file(server):
    assert ask(server, "/nope", "bytes=0-4").status == 404
    assert returned(server, '{txt: "@@DIR@/nope"}', {"Range": "bytes=0-4"}).status == 404


# -- If-Range and other conditions


def test_if_range_of_a_file(server):
    tag = server.get("/alpha.txt").headers["ETag"]
    assert tag.startswith('"')
    for condition in (tag, MODIFIED, "Tuesday, 14-Nov-23 22:13:20 GMT"):
        assert_part(ask(server, "/alpha.txt", "bytes=0-4", If_Range=condition), 0, 4)
    for condition in ('"other"', "W/" + tag, formatdate(MTIME - 1, usegmt=True), formatdate(MTIME + 1, usegmt=True),
                      "yesterday", "*", tag + ', "other"', tag.strip('"')):
        assert_whole(ask(server, "/alpha.txt", "bytes=0-4", If_Range=condition))
        assert_whole(ask(server, "/alpha.txt", "bytes=99-", If_Range=condition))


def test_a_file_of_this_moment_has_no_strong_validator(server):
    later = time.time() + 1000  # however slow this machine is
    os.utime(server.dir / "www/new.txt", (later, later))
    headers = server.get("/new.txt").headers
    assert_whole(ask(server, "/new.txt", "bytes=0-4", If_Range=headers["ETag"]))
    assert_whole(ask(server, "/new.txt", "bytes=0-4", If_Range=formatdate(int(later), usegmt=True)))
    assert_part(ask(server, "/new.txt", "bytes=0-4"), 0, 4)


@pytest.mark.parametrize("value", ["bytes=0-4", "bytes=99-"])
def test_not_modified_wins(server, value):
    tag = server.get("/alpha.txt").headers["ETag"]
    for condition in ({"If_None_Match": tag}, {"If_Modified_Since": MODIFIED}):
        reply = ask(server, "/alpha.txt", value, **condition)
        assert (reply.status, reply.body, "Content-Range" in reply.headers) == (304, b"", False)


def test_if_range_of_a_script(server):
    """Its validators are what the script says they are."""
    script = '{txt: "@@DIR@/www/alpha.txt", headers: {ETag: \'"v1"\', "last-modified": "%s"}}' % MODIFIED
    for condition in ('"v1"', MODIFIED):
        assert_part(returned(server, script, {"Range": "bytes=0-4", "If-Range": condition}), 0, 4)
    for condition in ('"v2"', 'W/"v1"', formatdate(MTIME + 1, usegmt=True)):
        assert_whole(returned(server, script, {"Range": "bytes=0-4", "If-Range": condition}))
    assert_whole(ask(server, "/alpha", "bytes=0-4", If_Range='""'))


# -- the cap


@pytest.mark.parametrize("path", ["/big.bin", "/big"])
def test_open_ranges_are_capped(server, path):
    reply = ask(server, path, "bytes=0-")
    assert_part(reply, 0, CAP - 1, BIG)
    assert (reply.body[0], reply.body[-1], reply.body.count(b"x")) == (ord("x"), ord("x"), 2)
    assert_part(ask(server, path, f"bytes={CAP}-"), CAP, 2 * CAP - 1, BIG)
    assert_part(ask(server, path, f"bytes={2 * CAP}-"), 2 * CAP, BIG - 1, BIG)


@pytest.mark.parametrize("path", ["/big.bin", "/big"])
def test_other_ranges_are_not_capped(server, path):
    assert_part(ask(server, path, f"bytes=0-{CAP}"), 0, CAP, BIG)
    assert_part(ask(server, path, f"bytes=-{CAP + 5}"), BIG - CAP - 5, BIG - 1, BIG)
    assert len(server.get(path).body) == BIG


def test_no_range_cap(server):
    for script, last in (('{bin: "@@DIR@/www/big.bin", noRangeCap: true}', BIG - 1),
                         ('{noRangeCap: false, bin: "@@DIR@/www/big.bin"}', CAP)):
        assert_part(returned(server, script, {"Range": "bytes=1-"}), 1, last, BIG)


@pytest.mark.parametrize("megabytes, cap", [("0.01", 10485), ("1", 1048576), ("1000", BIG)])
def test_cap_option(site, megabytes, cap):
    s = site(map='{"/": "@DIR@/www", "/f": function () { return {bin: "@@DIR@/www/f.bin"}; }}',
             options=f"defaultRangeMBytes: {megabytes}", files={"www/f.bin": ""})
    os.truncate(s.dir / "www/f.bin", BIG)
    for path in ("/f.bin", "/f"):
        assert_part(ask(s, path, "bytes=0-"), 0, cap - 1, BIG)
    assert s.log_lines("warning") == []


# -- what scripts say


def test_no_accept_ranges(server):
    for headers in ({}, {"Range": "bytes=0-4"}):
        reply = returned(server, '{noAcceptRanges: true, txt: "@@DIR@/www/alpha.txt"}', headers)
        assert "Accept-Ranges" not in reply.headers
    assert returned(server, '{txt: "@@DIR@/www/alpha.txt", noAcceptRanges: false}').headers["Accept-Ranges"] == "bytes"


def test_accept_ranges_of_the_script(server):
    reply = returned(server, '{txt: "@@DIR@/www/alpha.txt", headers: {"accept-RANGES": "none"}}')
    assert reply.headers.all("Accept-Ranges") == ["none"]


def test_script_headers_of_a_part(server):
    reply = returned(server, '{txt: "@@DIR@/www/alpha.txt", headers: {"Set-Cookie": ["a=1", "b=2"], '
                             '"Content-Range": "bytes 0-0/1", "X-Y": "z"}}', {"Range": "bytes=-3"})
    assert_part(reply, 23, 25)
    assert (reply.headers.all("Set-Cookie"), reply.headers["X-Y"], reply.text) == (["a=1", "b=2"], "z", "xyz")
    assert len(reply.headers.all("Content-Range")) == 1


def test_most_headers(server):
    script = '{txt: "@@DIR@/www/alpha.txt", headers: {"X-A": new Array(%d).join("a,").split(",")}}'
    statuses = []
    for number in range(505, 516):
        reply = returned(server, script % number, {"Range": "bytes=0-4"})
        statuses.append(reply.status)
        assert len(reply.headers.all("X-A")) == (number if reply.status == 206 else 0)
    assert statuses == sorted(statuses) and {206, 500} == set(statuses)


@pytest.mark.parametrize("status", [300, 404, 503])
def test_status_stands_without_range(server, status):
    script = '{txt: "@@DIR@/www/alpha.txt", status: %d}' % status
    reply = returned(server, script)
    assert (reply.status, reply.text) == (status, ALPHA)
    assert_part(returned(server, script, {"Range": "bytes=0-4"}), 0, 4)


def test_status_below_300_does_not_stand(server):
    script = '{txt: "@@DIR@/www/alpha.txt", status: 201}'
    assert returned(server, script).status == 200
    assert_part(returned(server, script, {"Range": "bytes=0-4"}), 0, 4)


@pytest.mark.parametrize("value", ["bytes=0-4", "bytes=99-"])
def test_data_before_the_file(server, value):
    reply = ask(server, "/put", value)
    assert (reply.status, reply.text) == (200, "PRE:" + ALPHA)
    assert "Accept-Ranges" not in reply.headers and "Content-Range" not in reply.headers


def test_no_ranges_of_data_and_chunks(server):
    for path in ("/chunk", "/r?v=" + quote(f'{{txt: "{ALPHA}"}}')):
        reply = ask(server, path, "bytes=0-4")
        assert (reply.status, reply.text, "Accept-Ranges" in reply.headers) == (200, ALPHA, False)
    body = ask(server, "/r?v=" + quote('{txt: new Array(2000000).join("x")}'), "bytes=0-4")  # travels as a descriptor
    assert (body.status, len(body.body)) == (200, 1999999)


def test_deferred_reply(server):
    assert_part(ask(server, "/deferred", "bytes=0-4"), 0, 4)
    assert_unsatisfiable(ask(server, "/deferred", "bytes=99-"))


def test_close_of_the_script(server):
    for value, status in (("bytes=0-4", 206), ("bytes=99-", 416)):
        reply = returned(server, '{txt: "@@DIR@/www/alpha.txt", headers: {Connection: "close"}}', {"Range": value})
        assert (reply.status, reply.headers["Connection"]) == (status, "close")
