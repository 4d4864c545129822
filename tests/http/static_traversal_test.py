"""No request leaves the folder of its route (server-details 6.2), whatever its path looks like."""

import os
import stat

import pytest

SECRET = "the secret file"
MAP = '{"/": "@DIR@/www", "/css/": "@DIR@/www/css", "/fn/": function () { return {txt: "function"}; }}'


@pytest.fixture(scope="module")
def server(shared_site):
    s = shared_site(map=MAP,
                    files={"secret.txt": SECRET, "www/a.txt": "file a", "www/css/a.css": "css a", "www2/b.txt": SECRET,
                           "outside/o.txt": "outside", "www/sub/deep/d.txt": "deep"})
    www = s.dir / "www"
    os.symlink(s.dir / "outside" / "o.txt", www / "link-out.txt")
    os.symlink(s.dir / "outside", www / "link-folder")
    os.symlink("a.txt", www / "link-in.txt")
    os.symlink("../outside/o.txt", www / "link-relative.txt")
    os.symlink("nowhere", www / "link-dangling.txt")
    os.symlink("link-loop.txt", www / "link-loop.txt")
    os.mkfifo(www / "fifo", 0o666)
    (www / "unreadable.txt").write_text(SECRET)
    (www / "unreadable.txt").chmod(0o600)
    return s


def fetch(server, path):
    raw = f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode("latin-1")
    reply = server.raw(raw, responses=1)[0]
    assert SECRET.encode() not in reply.body
    return reply


CLIMBING = [
    "/../secret.txt", "/%2e%2e/secret.txt", "/.%2e/secret.txt", "/%2e./secret.txt", "/%2E%2E/secret.txt",
    "/..%2fsecret.txt", "/..%2Fsecret.txt", "/%2e%2e%2fsecret.txt", "/sub/../../secret.txt",
    "/sub/%2e%2e/%2e%2e/secret.txt",
    "/sub/..%2f..%2fsecret.txt", "/./../secret.txt", "//../secret.txt", "/css/../../secret.txt",
    "/css/%2e%2e/%2e%2e/secret.txt", "/css/..%2f..%2fsecret.txt", "/../www2/b.txt", "/fn/../../secret.txt",
    "/..", "/../", "/../../../../../../etc/passwd", "/%2e%2e/%2e%2e/%2e%2e/%2e%2e/etc/passwd",
    "/a/b/../../../secret.txt",
]


@pytest.mark.parametrize("path", CLIMBING)
def test_paths_that_climb_above_the_root_are_bad_requests(server, path):
    assert fetch(server, path).status == 400


ODD = [
    "/%252e%252e/secret.txt", "/....//secret.txt", "/.../secret.txt", "/..;/secret.txt", "/..%5csecret.txt",
    "/..\\secret.txt", "/%c0%ae%c0%ae/secret.txt", "/%uff0e%uff0e/secret.txt", "/.%00./secret.txt",
    "/%2e%2e%00/secret.txt",
    "/secret.txt", "/www/../secret.txt", "/etc/passwd", "//etc/passwd", "/%2fetc/passwd", "/%2e%2e%5csecret.txt",
    "/css%2f../secret.txt", "/..%252fsecret.txt", "/~root/", "/.%2e%20/secret.txt", "/%2e%2e./secret.txt",
    "/sub/deep/..%2f..%2f..%2fsecret.txt", "/css/..", "/css/%2e%2e",
]


@pytest.mark.parametrize("path", ODD)
def test_odd_paths_find_nothing_outside(server, path):
    assert fetch(server, path).status in (302, 400, 403, 404)


@pytest.mark.parametrize("path", ["/a.txt%00", "/a.txt%00.html", "/%00", "/css/%00/a.css", "/a%00b"])
def test_nul_is_a_bad_request(server, path):
    assert fetch(server, path).status == 400


@pytest.mark.parametrize("path", ["/%", "/%2", "/%zz", "/a.txt%", "/%g1", "/a%2", "/%-1"])
def test_broken_escapes(server, path):
    assert fetch(server, path).status in (400, 404)


@pytest.mark.parametrize("path, text", [
    ("/sub/deep/../deep/d.txt", "deep"), ("/sub/./deep/./d.txt", "deep"), ("/sub/deep/%2e%2e/deep/d.txt", "deep"),
    ("/sub/deep%2fd.txt", "deep"), ("/nowhere/../a.txt", "file a"), ("/css/../a.txt", "file a"),
    ("/css/%2e%2e/a.txt", "file a"), ("/sub/../css/a.css", "css a"), ("/fn/../a.txt", "file a"),
    ("/sub/../fn/x", "function"), ("/sub/%2e%2e/fn/x", "function"), ("///a.txt", "file a"),
])
def test_dot_segments_inside_the_root(server, path, text):
    reply = fetch(server, path)
    assert (reply.status, reply.text) == (200, text)


@pytest.mark.parametrize("path, text", [("/link-in.txt", "file a"), ("/link-out.txt", "outside"),
                                        ("/link-relative.txt", "outside"), ("/link-folder/o.txt", "outside")])
def test_symbolic_links_may_point_outside(server, path, text):
    reply = fetch(server, path)
    assert (reply.status, reply.text) == (200, text)


@pytest.mark.parametrize("path", ["/link-dangling.txt", "/link-loop.txt", "/link-in.txt/", "/link-in.txt/x"])
def test_links_that_lead_nowhere(server, path):
    assert fetch(server, path).status == 404


def test_dot_dot_behind_a_link_is_resolved_before_the_file_system(server):
    """/link-folder/../secret.txt is /secret.txt of the route, not a neighbour of where the link leads."""
    assert fetch(server, "/link-folder/../secret.txt").status == 404


def test_no_link_leads_out_by_dot_dot(server):
    assert fetch(server, "/link-folder/..%2f..%2fsecret.txt").status == 400


def test_fifo_does_not_block_the_frontend(server):
    assert stat.S_ISFIFO(os.stat(server.dir / "www" / "fifo").st_mode)
    assert fetch(server, "/fifo").status in (403, 404)
    assert fetch(server, "/a.txt").status == 200


def test_file_that_the_server_may_not_read(server):
    if os.geteuid() != 0:
        pytest.skip("the server runs as the owner of the file")
    assert fetch(server, "/unreadable.txt").status in (403, 404)


@pytest.mark.parametrize("path", CLIMBING + ODD)
def test_prefixes_are_not_escaped_from_by_functions(server, path):
    """The same shapes below a function's prefix: never a file outside, never an error of the server."""
    assert fetch(server, "/fn" + path).status in (200, 302, 400, 403, 404)
