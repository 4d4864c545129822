"""req.put(), printf(), getpos(), rewind() and getBuffer() (server-details 11)."""

from urllib.parse import quote

import pytest

# "/run?v=..." runs the code; what it returns is shown in a header, the server buffer is the body.
MAP = """{
    "/run": function (req) {
        var result;
        try { result = (new Function("req", req.query.v))(req); }
        catch (error) { result = error.name + ": " + error.message; }
        return {txt: "", headers: {"X-Result": result === undefined ? "undefined" : result}};
    }
}"""


@pytest.fixture(scope="module")
def server(shared_site):
    return shared_site(map=MAP, options="threads: 1")


def run(server, code):
    """(what the code returned, what the client got)."""
    reply = server.get("/run?v=" + quote(code))
    assert reply.status == 200, reply.text
    return reply.headers["X-Result"], reply.text


@pytest.mark.parametrize("call, result, body", [
    ('req.put("abc")', "3", "abc"), ('req.put("")', "0", ""), ('req.put("größe")', "7", "größe"),
    ('req.put("😀")', "4", "😀"),
    ('req.put(new Buffer("bytes"))', "5", "bytes"), ('req.put(new Uint8Array([65, 66]))', "2", "AB"),
    ('req.put(new Uint8Array([65, 66, 67]).subarray(1))', "2", "BC"), ('req.put("@/etc/passwd")', "12", "@/etc/passwd"),
    ('req.put("\\\\@x")', "3", "\\@x"),
    ('req.printf("%s-%d", "x", 5)', "3", "x-5"), ('req.printf("plain")', "5", "plain"),
    ('req.printf("100%%")', "4", "100%"),
    ('req.printf("%J", {a: 1})', "7", '{"a":1}'), ('req.printf("%3J", {a: 1})', None, '{\n   "a": 1\n}'),
    ('req.printf("%s", "größe")', "7", "größe"), ('req.printf("%05.1f|%x|%-4s|", 2.25, 255, "a")', None, None),
    ('req.printf("%U", "a b&c")', None, "a+b%26c"), ('req.printf("%s", new Buffer("buf"))', "3", "buf"),
    ('req.printf("")', "0", ""),
])
def test_put_and_printf(server, call, result, body):
    returned, text = run(server, f"return {call};")
    assert result is None or returned == result
    assert body is None or text == body
    assert returned == str(len(text.encode()))


@pytest.mark.parametrize("value", ["5", "true", "null", "undefined", "{}", "[1]", "function () {}", ""])
def test_put_takes_strings_and_buffers_only(server, value):
    result, body = run(server, f'req.put("before"); return req.put({value});')
    assert "Error" in result
    assert body == "before"


@pytest.mark.parametrize("call", ["req.printf()", 'req.printf("%d", "no number")', 'req.printf("%d")',
                                  'req.printf("%y", 1)'])
def test_printf_with_a_bad_format_leaves_the_buffer_alone(server, call):
    result, body = run(server,
                       f'req.put("before"); try {{ {call}; }} catch (e) {{ return "threw"; }} return "returned";')
    assert result in ("threw", "returned")
    assert body.startswith("before")
    assert result == "returned" or body == "before"


def test_calls_add_up(server):
    assert run(server, 'req.put("a"); req.printf("%s", "b"); req.put(new Buffer("c"));')[1] == "abc"


def test_large_output(server):
    _, body = run(server, 'for (var i = 0; i < 20000; i++) req.printf("%08d,", i);')
    assert body == "".join(f"{i:08}," for i in range(20000))


@pytest.mark.parametrize("code, result, body", [
    ("return req.getpos();", "0", ""),
    ('req.put("0123456789"); return req.getpos();', "10", "0123456789"),
    ('req.put("größe"); return req.getpos();', "7", "größe"),
    ('req.put("0123456789"); return req.rewind(4);', "undefined", "0123"),
    ('req.put("0123456789"); req.rewind(4); req.rewind(-1); return req.getpos();', "3", "012"),
    ('req.put("0123456789"); req.rewind(0); return req.getpos();', "0", ""),
    ('req.put("0123456789"); req.rewind(10); return req.getpos();', "10", "0123456789"),
    ('req.put("0123456789"); req.rewind(-10); return req.getpos();', "0", ""),
    ('req.put("0123456789"); req.rewind(4); req.put("abc"); return req.getpos();', "7", "0123abc"),
    ('var pos = req.getpos(); req.put("x"); req.rewind(pos); req.put("y"); return req.getpos();', "1", "y"),
])
def test_getpos_and_rewind(server, code, result, body):
    assert run(server, code) == (result, body)


@pytest.mark.parametrize("position", ["11", "-11", "1.5", "NaN", "Infinity", '"x"', "{}", "", "null", "1e300"])
def test_rewind_to_a_place_that_is_none(server, position):
    result, body = run(server, f'req.put("0123456789"); return req.rewind({position});')
    assert "Error" in result
    assert body == "0123456789"


@pytest.mark.parametrize("code, result", [
    ('req.put("abc"); return rampart.utils.bufferToString(req.getBuffer());', "abc"),
    ("return req.getBuffer().length;", "0"),
    ('req.put("abc"); return req.getBuffer() instanceof Uint8Array;', "true"),
    ('req.put("abc"); var b = req.getBuffer(); b[0] = 90; return rampart.utils.bufferToString(req.getBuffer());',
     "abc"),
    ('req.put("abc"); var b = req.getBuffer(); req.rewind(0); req.put("xyz"); return rampart.utils.bufferToString(b);',
     "abc"),
])
def test_get_buffer(server, code, result):
    assert run(server, code)[0] == result


def test_get_buffer_of_binary_data(server):
    code = 'req.put(new Uint8Array([0, 255, 128])); var b = req.getBuffer(); return [b[0], b[1], b[2]].join();'
    reply = server.get("/run?v=" + quote(code))
    assert (reply.headers["X-Result"], reply.body) == ("0,255,128", b"\x00\xff\x80")


def test_buffer_is_empty_for_the_next_request(server):
    for _ in range(3):
        assert run(server, 'var at = req.getpos(); req.put("left over"); req.rewind(4); return at;') == ("0", "left")


def test_functions_work_when_they_are_taken_from_req(server):
    assert run(server, 'var put = req.put, printf = req.printf; put.call(req, "a"); printf.call(req, "b");')[1] == "ab"


def test_what_was_put_before_an_error_is_dropped(site):
    s = site(map="""{"/throws": function (req) { req.put("half"); throw new Error("x"); },
                     "/fine": function (req) { return {txt: "fine"}; }}""", options="threads: 1, developerMode: true")
    assert not s.get("/throws").text.startswith("half")
    assert s.get("/fine").text == "fine"
