"""Last-Modified, ETag and conditional requests (server-details 6.6, RFC 9110 section 13)."""

import os
import time
from email.utils import formatdate, parsedate_to_datetime

import pytest

MTIME = 1_700_000_000  # Tue, 14 Nov 2023 22:13:20 GMT
MODIFIED = "Tue, 14 Nov 2023 22:13:20 GMT"
EARLIER = formatdate(MTIME - 60, usegmt=True)
LATER = formatdate(MTIME + 60, usegmt=True)


@pytest.fixture(scope="module")
def server(shared_site):
    s = shared_site(map='{"/": {path: "@DIR@/www", headers: {"X-Route": "yes"}}}',
                    files={"www/a.txt": "file a", "www/index.html": "index", "www/changing.txt": "one"})
    for name in ("a.txt", "index.html"):
        os.utime(s.dir / "www" / name, (MTIME, MTIME))
    return s


@pytest.fixture(scope="module")
def tag(server):
    return server.get("/a.txt").headers["ETag"]


@pytest.mark.parametrize("path", ["/a.txt", "/", "/index.html"])
def test_last_modified_is_the_files_time(server, path):
    assert server.get(path).headers["Last-Modified"] == MODIFIED


def test_date_is_now(server):
    date = parsedate_to_datetime(server.get("/a.txt").headers["Date"]).timestamp()
    assert abs(date - time.time()) < 5


def test_etag_is_quoted(tag):
    assert tag.removeprefix("W/").startswith('"') and tag.endswith('"') and len(tag) > 3


def conditions(tag):
    weak = "W/" + tag.removeprefix("W/")
    return {
        "same time": ({"If-Modified-Since": MODIFIED}, 304),
        "later time": ({"If-Modified-Since": LATER}, 304),
        "earlier time": ({"If-Modified-Since": EARLIER}, 200),
        "RFC 850 date": ({"If-Modified-Since": "Tuesday, 14-Nov-23 22:13:20 GMT"}, 304),
        "asctime date": ({"If-Modified-Since": "Tue Nov 14 22:13:20 2023"}, 304),
        "no date at all": ({"If-Modified-Since": "yesterday"}, 200),
        "impossible date": ({"If-Modified-Since": "Tue, 99 Nov 2023 22:13:20 GMT"}, 200),
        "date without zone": ({"If-Modified-Since": "Tue, 14 Nov 2023 22:13:20"}, 200),
        "empty date": ({"If-Modified-Since": ""}, 200),
        "same tag": ({"If-None-Match": tag}, 304),
        "weak form of the tag": ({"If-None-Match": weak}, 304),
        "any tag": ({"If-None-Match": "*"}, 304),
        "tag in a list": ({"If-None-Match": f'"x", {tag} ,W/"y"'}, 304),
        "other tag": ({"If-None-Match": '"other"'}, 200),
        "tag without quotes": ({"If-None-Match": tag.strip('"')}, 200),
        "part of the tag": ({"If-None-Match": tag[:-2] + '"'}, 200),
        "other tag wins over the time": ({"If-None-Match": '"other"', "If-Modified-Since": MODIFIED}, 200),
        "same tag wins over the time": ({"If-None-Match": tag, "If-Modified-Since": EARLIER}, 304),
    }


@pytest.mark.parametrize("case", conditions('"x"'))
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_conditions(server, tag, case, method):
    headers, status = conditions(tag)[case]
    reply = server.request(method, "/a.txt", headers)
    assert (reply.status, reply.body) == (status, b"file a" if (status, method) == (200, "GET") else b"")


def test_not_modified_has_validators_and_no_body(server, tag):
    with server.connect() as connection:
        reply = connection.get("/a.txt", {"If-None-Match": tag})
        assert (reply.status, reply.headers["ETag"], reply.headers["Last-Modified"]) == (304, tag, MODIFIED)
        assert reply.headers["Cache-Control"] == "max-age=84600, public"
        assert reply.headers.get("Content-Length") in (None, "6")
        assert connection.get("/a.txt").text == "file a"


def test_condition_is_for_the_index_file_too(server):
    assert server.get("/", {"If-Modified-Since": MODIFIED}).status == 304


def test_condition_on_a_missing_file(server):
    assert server.get("/nope", {"If-None-Match": "*"}).status == 404


def test_tag_changes_with_the_file(server):
    tags = set()
    for content in ("one", "two", "longer"):
        server.write("www/changing.txt", content)
        tags.add(server.get("/changing.txt").headers["ETag"])
    assert len(tags) == 3


def test_tag_changes_with_the_contents_in_the_same_second(server):
    """Same length, same second, another file."""
    tags = set()
    for nanoseconds, content in ((1, "aaa"), (2, "bbb")):
        path = server.write("www/changing.txt", content)
        os.utime(path, ns=(MTIME * 10**9 + nanoseconds, MTIME * 10**9 + nanoseconds))
        tags.add(server.get("/changing.txt").headers["ETag"])
    assert len(tags) == 2


def test_time_in_the_future_is_not_sent(server):
    """RFC 9110 8.8.2.1: Last-Modified is not later than Date."""
    path = server.write("www/changing.txt", "future")
    os.utime(path, (time.time() + 10_000, time.time() + 10_000))
    headers = server.get("/changing.txt").headers
    if "Last-Modified" in headers:
        assert parsedate_to_datetime(headers["Last-Modified"]) <= parsedate_to_datetime(headers["Date"])


def test_old_file(server):
    path = server.write("www/changing.txt", "old")
    os.utime(path, (0, 0))
    assert server.get("/changing.txt").headers["Last-Modified"] == "Thu, 01 Jan 1970 00:00:00 GMT"
