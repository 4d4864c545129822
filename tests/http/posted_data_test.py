"""Request bodies by Content-Type: JSON, multipart, others (server-details 8.4, 8.5)."""

import pytest

from support.http import encode_multipart

# Buffers are shown as {buffer: text}; everything else as it is.
MAP = """{
    "/post.json": function (req) { return {json: shown(req.postData)}; },
    "/params.json": function (req) {
        var params = shown(req.params);
        for (var name in req.headers) delete params[name];
        return {json: params}; },
    "/names.json": function (req) { return {json: req.postData.content.map(Object.keys)}; },
    "/raw.txt": function (req) { return {txt: req.postData.content === undefined ? "none" : req.postData.content}; },
    "/part.bin": function (req) { return {bin: req.postData.content[+req.query.n].content}; },
    "/same.json": function (req) { return {json: req.postData.content.length === req.body.length}; }
}"""
BEFORE = """
function shown(value) {
    if (value instanceof Uint8Array) return {buffer: rampart.utils.bufferToString(value)};
    if (Array.isArray(value)) return value.map(shown);
    if (value === null || typeof value != "object") return value;
    var copy = {};
    for (var key in value) copy[key] = shown(value[key]);
    return copy;
}
"""


@pytest.fixture(scope="module")
def server(shared_site):
    return shared_site(map=MAP, before=BEFORE)


def post(server, body, content_type, path="/post.json"):
    return server.post(path, body, {"Content-Type": content_type} if content_type is not None else None).json()


# -- JSON


@pytest.mark.parametrize("text, value", [
    ('{"first": "Joe", "n": 1.5, "o": {"a": [1, null, true]}}',
     {"first": "Joe", "n": 1.5, "o": {"a": [1, None, True]}}),
    ("[1, 2]", [1, 2]), ('"text"', "text"), ("5", 5), ("true", True), ("null", None), (" {} ", {}),
    ('"\\u00fc ü 😀"', "ü ü 😀"),
])
def test_json(server, text, value):
    assert post(server, text, "application/json") == {"Content-Type": "application/json", "content": value}


@pytest.mark.parametrize("content_type", ["application/json", "Application/JSON", "application/json; charset=utf-8",
                                          "application/json;charset=utf-8", "application/json ;x=y"])
def test_type_with_parameters_and_in_any_case(server, content_type):
    assert post(server, "{}", content_type) == {"Content-Type": "application/json", "content": {}}


@pytest.mark.parametrize("text", ["{", "{'a': 1}", "[1,]", "{} x", "\0", "undefined"])
def test_bad_json_is_not_refused(server, text):
    shown = post(server, text, "application/json")
    assert shown["Content-Type"] == "application/json"
    assert list(shown["content"]) == ["error parsing JSON content"]
    assert post(server, text, "application/json", "/params.json") == shown["content"]


@pytest.mark.parametrize("text, params", [('{"a": 1, "b": {"c": 2}}', {"a": 1, "b": {"c": 2}}), ("[1, 2]", {}),
                                          ("5", {}),
                                          ("null", {}), ('"text"', {})])
def test_json_in_params(server, text, params):
    assert post(server, text, "application/json", "/params.json") == params


def test_json_that_aims_at_the_prototype(server):
    assert post(server, '{"__proto__": {"polluted": 1}, "a": 2}', "application/json", "/params.json")["a"] == 2
    assert "polluted" not in post(server, "{}", "application/json", "/params.json")


def test_deeply_nested_json_does_no_harm(server):
    reply = server.post("/post.json", "[" * 100_000, {"Content-Type": "application/json"})
    assert reply.status == 200 and "error parsing JSON content" in reply.text


# -- other types


@pytest.mark.parametrize("content_type", ["text/plain", "text/plain; charset=x", "application/octet-stream", "X/Odd",
                                          "application/jsonp", "application/x-www-form-urlencoded-not", "nonsense"])
def test_other_types(server, content_type):
    assert post(server, "the body", content_type) == {"Content-Type": content_type, "content": {"buffer": "the body"}}


def test_content_of_other_types_is_the_body(server):
    body = bytes(range(256)) * 300
    assert server.post("/raw.txt", body, {"Content-Type": "image/x"}).body == body
    assert post(server, body, "image/x", "/same.json") is True


def test_no_type(server):
    assert post(server, "bytes", None) == {"Content-Type": ""}


@pytest.mark.parametrize("content_type", ["application/x-www-form-urlencoded",
                                          "application/x-www-form-urlencoded; charset=UTF-8",
                                          "APPLICATION/X-WWW-FORM-URLENCODED"])
def test_urlencoded(server, content_type):
    assert post(server, "fname=Joe&go=Submit", content_type) == {"Content-Type": "application/x-www-form-urlencoded",
                                                                 "content": {"fname": "Joe", "go": "Submit"}}


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "PROPFIND", "GET"])
def test_other_methods_may_post(server, method):
    reply = server.request(method, "/post.json", {"Content-Type": "application/json"}, '{"a":1}')
    assert reply.json()["content"] == {"a": 1}


# -- multipart


def part(name, content, filename=None, content_type=None, **more):
    shown = {"Content-Disposition": "form-data", "name": name}
    if filename is not None:
        shown["filename"] = filename
    if content_type:
        shown["Content-Type"] = content_type
    return {**shown, **more, "content": {"buffer": content}}


def multipart(server, parts, path="/post.json"):
    content_type, body = encode_multipart(parts)
    return post(server, body, content_type, path)


def raw_multipart(server, body, content_type="multipart/form-data; boundary=B", path="/post.json"):
    return post(server, body.encode() if isinstance(body, str) else body, content_type, path)


def test_multipart(server):
    shown = multipart(server, [("file", "Hello World!", "helloWorld.txt", "text/plain"), ("Upload", "Upload")])
    assert shown == {"Content-Type": "multipart/form-data",
                     "content": [part("file", "Hello World!", "helloWorld.txt", "text/plain"),
                                 part("Upload", "Upload")]}


def test_properties_of_a_part_in_this_order(server):
    names = multipart(server, [("file", "x", "a.txt", "text/plain"), ("Upload", "x")], "/names.json")
    assert names == [["Content-Disposition", "name", "filename", "Content-Type", "content"],
                     ["Content-Disposition", "name", "content"]]


def test_binary_part(server):
    content = bytes(range(256)) * 2000 + b"\r\n--ravelinTestBoundar\r\n-- \r\n"
    content_type, body = encode_multipart([("a", "x"), ("file", content, "f.bin", "image/x")])
    assert server.post("/part.bin?n=1", body, {"Content-Type": content_type}).body == content


@pytest.mark.parametrize("content_type", ['multipart/form-data; boundary="B"', "multipart/form-data;boundary=B",
                                          "Multipart/Form-Data; BOUNDARY=B",
                                          "multipart/form-data; charset=utf-8; boundary=B",
                                          "multipart/form-data; boundary=B; charset=utf-8"])
def test_forms_of_the_boundary(server, content_type):
    body = '--B\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n--B--\r\n'
    assert raw_multipart(server, body, content_type)["content"] == [part("a", "1")]


@pytest.mark.parametrize("disposition, name, filename", [
    ('form-data; name="up[]"', "up[]", None),
    ('form-data; name="a;b"; filename="c;d.txt"', "a;b", "c;d.txt"),
    ('form-data; name="a\\"b"', 'a"b', None),
    ("form-data; name=plain", "plain", None),
    ('form-data; name="f"; filename=""', "f", ""),
    ('form-data;name="f";filename="x.txt"', "f", "x.txt"),
    ('form-data; name="f"; filename="größe.txt"', "f", "größe.txt"),
    ('form-data; name=""', "", None),
])
def test_disposition(server, disposition, name, filename):
    body = f"--B\r\nContent-Disposition: {disposition}\r\n\r\nx\r\n--B--\r\n"
    assert raw_multipart(server, body)["content"] == [part(name, "x", filename)]


def test_extended_file_name(server):
    """RFC 5987: filename*= has the right name when both are there."""
    body = ("--B\r\nContent-Disposition: form-data; name=\"f\"; filename=\"gr.txt\"; filename*=UTF-8''"
            "gr%C3%B6%C3%9Fe.txt\r\n\r\nx\r\n--B--\r\n")
    assert raw_multipart(server, body)["content"][0]["filename"] == "größe.txt"


@pytest.mark.parametrize("body, contents", [
    ('--B\r\nContent-Disposition: form-data; name="a"\r\n\r\n\r\n--B--\r\n', [""]),
    ('--B\r\nContent-Disposition: form-data; name="a"\r\n\r\nx\r\n\r\n--B--\r\n', ["x\r\n"]),
    ('--B\r\nContent-Disposition: form-data; name="a"\r\n\r\n\r\nx\r\n--B--', ["\r\nx"]),
    ('preamble\r\n--B\r\nContent-Disposition: form-data; name="a"\r\n\r\nx\r\n--B--\r\nepilogue', ["x"]),
    ('--B  \r\nContent-Disposition: form-data; name="a"\r\n\r\nx\r\n--B--\r\n', ["x"]),
    ('--B\r\nContent-Disposition: form-data; name="a"\r\n\r\n--Bx\r\n--B--\r\n', None),
    ('--B\r\nContent-Disposition: form-data; name="a"\r\n\r\nx --B y\r\n--B--\r\n', ["x --B y"]),
    ("--B--\r\n", []),
    ("", []),
    ("no boundary at all", []),
])
def test_edges_of_parts(server, body, contents):
    shown = raw_multipart(server, body)
    if contents is not None:
        assert [one["content"]["buffer"] for one in shown["content"]] == contents


@pytest.mark.parametrize("body", [
    '--B\r\nContent-Disposition: form-data; name="a"\r\n\r\nunfinished',
    '--B\r\nContent-Disposition: form-data; name="a"\r\n\r\n',
    '--B\r\nContent-Disposition: form-data; name="a"', "--B\r\n", "--B", "-", '--B\r\n\r\nno headers\r\n--B--\r\n',
    "--B\r\nX: y\r\n\r\nno disposition\r\n--B--\r\n",
    '--B\r\nContent-Disposition: form-data; name="a\r\n\r\nx\r\n--B--\r\n',
    '--B\r\nContent-Disposition\r\n\r\nx\r\n--B--\r\n', "--B\r\n" + "X: y\r\n" * 5000 + "\r\nx\r\n--B--\r\n",
])
def test_broken_multipart_does_not_fail(server, body):
    assert raw_multipart(server, body)["Content-Type"] == "multipart/form-data"
    assert isinstance(raw_multipart(server, body, path="/params.json"), dict)


def test_content_without_a_final_boundary(server):
    body = ('--B\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n'
            '--B\r\nContent-Disposition: form-data; name="b"\r\n\r\nrest')
    contents = raw_multipart(server, body)["content"]
    assert contents[0] == part("a", "1")
    assert contents[1:] in ([], [part("b", "rest")])


@pytest.mark.parametrize("content_type", ["multipart/form-data", "multipart/form-data; boundary=",
                                          'multipart/form-data; boundary=""'])
def test_no_boundary(server, content_type):
    assert server.post("/post.json", "--B\r\n\r\nx\r\n--B--", {"Content-Type": content_type}).status == 200


def test_more_headers_of_a_part(server):
    body = ('--B\r\nContent-Disposition: form-data; name="a"\r\nX-Own: value\r\ncontent-type: text/x\r\n\r\n'
            'x\r\n--B--\r\n')
    shown = raw_multipart(server, body)["content"][0]
    assert (shown["X-Own"], shown["content-type"]) == ("value", "text/x")


def test_part_headers_that_aim_at_the_prototype(server):
    body = '--B\r\nContent-Disposition: form-data; name="a"; __proto__="x"\r\n__proto__: y\r\n\r\nx\r\n--B--\r\n'
    assert raw_multipart(server, body)["content"][0]["content"] == {"buffer": "x"}


def test_number_of_parts_is_bounded(server):
    shown = multipart(server, [(f"n{n}", "x") for n in range(3000)])
    assert 100 <= len(shown["content"]) <= 3000


@pytest.mark.parametrize("parts, params", [
    ([("Upload", "Upload")], {"Upload": {"buffer": "Upload"}}),
    ([("file", "Hello", "a.txt", "text/plain")], {"a.txt": {"buffer": "Hello"}}),
    ([("arr[]", "a1"), ("arr[]", "a2")], {"arr": [{"buffer": "a1"}, {"buffer": "a2"}]}),
    ([("up[]", "x", "a.txt")], {"up": {"a.txt": {"buffer": "x"}}}),
    ([("up[]", "x", "a.txt"), ("up[]", "y", "b.txt")], {"up": {"a.txt": {"buffer": "x"}, "b.txt": {"buffer": "y"}}}),
    ([("obj[k]", "v")], {"obj": {"k": {"buffer": "v"}}}),
    ([("fo[k]", "v", "a.txt")], {"fo": {"k": {"buffer": "v"}}}),
])
def test_multipart_in_params(server, parts, params):
    assert multipart(server, parts, "/params.json") == params


def test_large_upload(server):
    content = bytes(range(251)) * 20_000
    content_type, body = encode_multipart([("file", content, "big.bin", "image/x")])
    assert server.post("/part.bin?n=0", body, {"Content-Type": content_type}, timeout=30).body == content
