"""directoryFunc: the built-in list, a function, a module, or none (server-details 3.9)."""

import os

import pytest

FILES = {"www/index.html": "root index", "www/list/b.txt": "b", "www/list/a.txt": "a", "www/list/sub/x": "x",
         "www/list/with blank.txt": "x", "www/list/<b>&\"'.txt": "x", "www/list/größe.txt": "x",
         "www/list/100%?#.txt": "x",
         "www/list/empty.txt": "", "www/indexed/index.htm": "indexed", "other/x.txt": "x", "fn.js":
         "module.exports = function (req) { return {txt: 'module ' + req.fsPath}; };"}
MAP = '{"/": "@DIR@/www", "/other": "@DIR@/other", "/fn/": function () { return {txt: "fn"}; }}'


@pytest.fixture(scope="module")
def listing(shared_site):
    s = shared_site(map=MAP, files=FILES, options="directoryFunc: true")
    for name, size in (("k.bin", 1536), ("m.bin", 5 * 1024 * 1024 + 300_000), ("g.bin", 3 * 1024**3), ("b.bin", 1023)):
        os.truncate(s.write(f"www/sizes/{name}", b""), size)
    return s


def test_list_is_a_page(listing):
    reply = listing.get("/list/")
    assert (reply.status, reply.headers["Content-Type"].split(";")[0]) == (200, "text/html")
    assert "<title>Index of /list/</title>" in reply.text and "<h1>/list/</h1>" in reply.text


def test_names_are_sorted(listing):
    text = listing.get("/list/").text
    places = [text.index(f">{name}</a>") for name in ("a.txt", "b.txt", "empty.txt", "sub/", "with blank.txt")]
    assert places == sorted(places)


def test_folders_end_in_a_slash(listing):
    assert '<a href="sub/">sub/</a>' in listing.get("/list/").text


def test_first_row_leads_up(listing):
    text = listing.get("/list/").text
    assert text.index('<a href="../">Parent Directory</a>') < text.index("a.txt")


def test_no_row_leads_up_from_the_root(site):
    s = site(map='{"/": "@DIR@/www"}', files={"www/a.txt": "a"}, options="directoryFunc: true")
    text = s.get("/").text
    assert "Parent Directory" not in text and ">a.txt</a>" in text


@pytest.mark.parametrize("name, size", [("b.bin", "1023"), ("k.bin", "1.5k"), ("m.bin", "5.3M"), ("g.bin", "3.0G")])
def test_sizes(listing, name, size):
    row = listing.get("/sizes/").text.split(f">{name}</a>")[1].split("</tr>")[0]
    assert f"<td>{size}</td>" in row


@pytest.mark.parametrize("shown, link", [("&lt;b&gt;&amp;", "%3Cb%3E%26"), ("with blank.txt", "with%20blank.txt"),
                                         ("100%?#.txt", "100%25%3F%23.txt"), ("größe.txt", "gr%C3%B6%C3%9Fe.txt")])
def test_names_are_escaped(listing, shown, link):
    text = listing.get("/list/").text
    assert shown in text
    assert f'href="{link}' in text
    assert "<b>" not in text


def test_every_link_works(listing):
    import html
    import re

    links = [html.unescape(link) for link in re.findall(r'href="([^"]*)"', listing.get("/list/").text)]
    assert len(links) == 1 + len(os.listdir(listing.dir / "www/list"))
    for link in links:
        assert listing.get("/list/" + link).status in (200, 302), link


def test_index_file_wins(listing):
    assert (listing.get("/").text, listing.get("/indexed/").text) == ("root index", "indexed")


def test_mapped_directory_itself_is_listed(listing):
    assert ">x.txt</a>" in listing.get("/other/").text


def test_folder_without_slash_is_redirected_first(listing):
    assert listing.get("/list").headers["Location"] == "/list/"


def test_head_of_a_list(listing):
    reply = listing.request("HEAD", "/list/")
    assert (reply.status, reply.headers["Content-Length"]) == (200, str(len(listing.get("/list/").body)))


def test_other_methods(listing):
    assert listing.post("/list/", b"x").status == 405


def test_missing_folder(listing):
    assert listing.get("/nope/").status == 404


# -- functions


def test_function(site):
    s = site(map=MAP, files=FILES, options="""directoryFunc: function (req) {
        return {json: {fsPath: req.fsPath, path: req.path.path, query: req.query, method: req.method}}; }""")
    assert s.get("/list/?a=b").json() == {"fsPath": f"{s.dir}/www/list/", "path": "/list/", "query": {"a": "b"},
                                          "method": "GET"}
    assert s.get("/other/").json()["fsPath"] == f"{s.dir}/other/"
    assert s.get("/").text == "root index"


def test_fspath_is_only_there_for_directories(site):
    s = site(map='{"/x": function (req) { return {json: "fsPath" in req}; }}', options="directoryFunc: true")
    assert s.get("/x").json() is False


def test_fspath_is_decoded(site):
    s = site(map='{"/": "@DIR@/www"}', files={"www/a b/x.txt": "x"},
             options="directoryFunc: function (req) { return {txt: req.fsPath}; }")
    assert s.get("/a%20b/").text == f"{s.dir}/www/a b/"


def test_module(site):
    s = site(map=MAP, files=FILES, options='directoryFunc: {module: "fn"}')
    assert s.get("/list/").text == f"module {s.dir}/www/list/"


@pytest.mark.parametrize("option", ["", "directoryFunc: false"])
def test_none(site, option):
    s = site(map=MAP, files=FILES, options=option)
    reply = s.get("/list/")
    assert (reply.status, "<h1>Forbidden</h1>" in reply.text) == (403, True)


def test_function_may_answer_404(site):
    s = site(map=MAP, files=FILES, options="""directoryFunc: function (req) { return {status: 404}; },
             notFoundFunc: function (req) { return {txt: "nf " + req.path.path}; }""")
    reply = s.get("/list/")
    assert (reply.status, reply.text) == (404, "nf /list/")


def test_function_that_throws(site):
    s = site(map=MAP, files=FILES,
             options='directoryFunc: function () { throw new Error("list failed"); }, developerMode: true')
    reply = s.get("/list/")
    assert (reply.status, "list failed" in reply.text) == (500, True)
