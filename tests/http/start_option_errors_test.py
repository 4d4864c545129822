"""Wrong options: server.start() throws an Error whose message begins with "server.start" and names the option
(server-details 1.3, 2)."""

import json

import pytest

from support.site import Site

GOOD_MAP = "{'/': function () {}}"

# option as documented, a value that it does not take; @FILE@ is a file, @DIR@ a folder
BAD_VALUES = [(option, value) for option, values in {
    "bind": ["5", "true", "{}", "[]", "[5]", "null", "'nonsense'", "'127.0.0.1'", "'localhost:8088'",
             "'example.com:80'", "'::1:8088'",
             "'127.0.0.1:1x'", "'127.0.0.1:65536'", "'127.0.0.1:-1'", "'127.0.0.1:'", "'[::1]'", "'[::1:80'",
             "'1.2.3:80'",
             "'1.2.3.4.5:80'", "'256.1.1.1:80'", "'[zz::1]:80'", "'127.0.0.1:80:90'", "''", "['127.0.0.1:0', 'x']",
             "'203.0.113.7:8088'"],
    "scriptTimeout": ["'5'", "true", "{}", "[]", "null", "NaN", "function () {}"],
    "connectTimeout": ["'5'", "true", "{}", "null", "NaN"],
    "accessLog": ["5", "true", "{}", "[]"],
    "errorLog": ["5", "true", "{}"],
    "logIpFromHeader": ["5", "true", "{}", "null"],
    "daemon": ["1", "'true'", "{}", "null"],
    "useThreads": ["1", "'no'", "null"],
    "threads": ["'4'", "true", "{}", "null", "NaN", "100000"],
    "maxRead": ["-1", "'big'", "null", "NaN"],
    "maxWrite": ["-1", "'big'", "null", "{}"],
    "secure": ["1", "'yes'", "null", "true"],
    "sslKeyFile": ["5", "true", "{}"],
    "sslCertFile": ["5", "null"],
    "sslMinVersion": ["'tls9'", "5", "true", "'TLS1.2'"],
    "notFoundFunc": ["5", "'name'", "true", "{}", "[]", "null", "{module: 5}"],
    "developerMode": ["1", "'true'", "null"],
    "directoryFunc": ["5", "'name'", "{}", "[]", "null", "{module: true}"],
    "user": ["5", "true", "null", "'no_such_user_here'", "{}", "''"],
    "cacheControl": ["5", "{}", "null", "[]", "'a\\r\\nb: c'"],
    "compressFiles": ["5", "'html'", "[5]", "['html', 5]", "{}", "null"],
    "compressScripts": ["5", "'yes'", "null"],
    "compressLevel": ["0", "11", "-1", "'5'", "true", "NaN", "Infinity"],
    "compressMinSize": ["0", "-5", "'1000'", "null"],
    "appendProcTitle": ["5", "'yes'"],
    "mimeMap": ["5", "'x'", "[]", "null", "{m4v: 5}", "{m4v: null}", "{'.': 'x/y'}", "{'': 'x/y'}", "{m4v: {}}",
                "{m4v: 'a\\r\\nb: c'}"],
    "map": ["5", "'x'", "[]", "null", "true", "function () {}", "undefined"],
    "mapSort": ["1", "'yes'", "null"],
    "maxBodySize": ["-1", "'1M'", "null", "NaN", "true"],
    "defaultCharset": ["5", "true", "{}", "'a b'", "'a\\r\\nb'"],
    "defaultRangeMBytes": ["0", "0.001", "1001", "'8'", "NaN"],
    "beginFunc": ["5", "'name'", "true", "{}"],
    "beginFuncOnFile": ["5", "'yes'"],
    "endFunc": ["5", "'name'", "{}"],
    "logFunc": ["5", "'name'", "{}", "true"],
    "rateLimit": ["5", "'x'", "true"],
    "postForkFunc": ["5", "'name'"],
    "preThreadFunc": ["5", "'name'"],
    "listen": ["5", "{}", "'127.0.0.1:80'", "[{bind: '127.0.0.1:0', map: {}}]"],
    "httpRedirect": ["80", "'127.0.0.1:80'"],
    "authMod": ["true", "'module'", "5"],
    "maxMemory": ["-1", "'lots'", "true", "1", "'4K'", "NaN"],
    "maxRequestLine": ["'x'", "-1", "1", "1e12"],
    "maxHeaderSize": ["'x'", "-1", "1", "1e12"],
    "queueLength": ["'x'", "-1"],
    "queueTimeout": ["'x'", "0", "-1"],
    "graceTime": ["'x'", "-1"],
}.items() for value in values]

# map: the key, its value, and what the message has besides "server.start" and the key
BAD_ROUTES = [
    ("/x", "5", ""), ("/x", "null", ""), ("/x", "true", ""), ("/x", "{}", ""), ("/x", "undefined", ""),
    ("/x", "[]", ""), ("/x", "new Date()", ""),
    ("/x", "{path: 5}", ""), ("/x", "{module: 5}", ""), ("/x", "{modulePath: 5}", ""), ("/x", "{other: 'x'}", ""),
    ("/x", "{module: ''}", ""),
    ("/x", "''", ""), ("/x", "'/no/such/directory'", "No such file"),
    ("/x", "{path: '/no/such/directory'}", "No such file"),
    ("/x", "'@FILE@'", "directory"), ("/x", "{path: '@FILE@'}", "directory"),
    ("/x", "{path: '@DIR@', headers: 5}", "headers"), ("/x", "{path: '@DIR@', headers: 'X: y'}", "headers"),
    ("/x", "{path: '@DIR@', headers: []}", "headers"),
    ("/x", "{path: '@DIR@', headers: {'X Y': 'z'}}", "X Y"), ("/x", "{path: '@DIR@', headers: {X: 'a\\r\\nb: c'}}", ""),
    ("~/(", "fn", ""), ("~[", "fn", ""), ("~*", "fn", ""), ("~/a(?<n>b", "{module: 'm'}", ""),
    ("/x*", "'@DIR@'", ""), ("~/x", "'@DIR@'", ""), ("~/x", "{path: '@DIR@'}", ""), ("*", "{path: '@DIR@'}", ""),
    ("/x*", "{modulePath: '@DIR@'}", ""), ("~/x", "{modulePath: '@DIR@'}", ""),
]

# the argument of start() itself
BAD_ARGUMENTS = ["", "'text'", "[]", "[{map: {}}]", "function () {}", "5", "null", "undefined", "true"]

RUN = """var server = require("rampart-server");
var fn = function () {};
var cases = %s;
cases.forEach(function (code, n) {
    var result;
    try { eval(code); result = "started"; }
    catch (error) { result = error instanceof Error ? error.message : "no Error: " + error; }
    rampart.utils.printf("%%s\\n", JSON.stringify([code, result]));
    if (result == "started") process.exit(0);
});
"""


def messages_of_one_process(cases):
    """The messages of as many cases as one process gets through; a start that succeeds is its last."""
    s = Site({"file.txt": "x"}, check_fds=False)
    try:
        s.write("app.js", (RUN % json.dumps(cases)).replace("@FILE@", str(s.dir / "file.txt")))
        s.start(wait=False)
        code = s.wait_exit(30)
        messages = [json.loads(line)[1] for line in s.stdout().splitlines()]
        assert code == 0 and messages, f"exit code {code}, {len(messages)} messages\n{s.log()}"
    finally:
        problems = s.problems()
        s.remove()
    assert problems == []
    return messages


def messages_of(cases):
    """{code: message} of each start()."""
    found = {}
    while len(found) < len(cases):
        left = [code for code in cases if code not in found]
        found.update(zip(left, messages_of_one_process(left)))
    return found


def with_option(option, value):
    user = "" if option == "user" else "user: 'nobody', "
    others = "".join(text for name, text in (("bind", "bind: '127.0.0.1:0', "),
                                             ("map", f"map: {GOOD_MAP}, ")) if name != option)
    return f"server.start({{{user}{others}{option}: {value}}})"


def with_route(key, value):
    return f"server.start({{user: 'nobody', bind: '127.0.0.1:0', map: {{{json.dumps(key)}: {value}}}}})"


def with_argument(argument):
    return f"server.start({argument})"


@pytest.fixture(scope="module")
def messages():
    cases = [with_option(*case) for case in BAD_VALUES] + [with_route(key, value) for key, value, _ in BAD_ROUTES]
    return messages_of(cases + [with_argument(argument) for argument in BAD_ARGUMENTS])


@pytest.mark.parametrize("option, value", BAD_VALUES)
def test_wrong_value(messages, option, value):
    message = messages[with_option(option, value)]
    assert message.startswith("server.start") and option in message


@pytest.mark.parametrize("key, value, part", BAD_ROUTES)
def test_wrong_route(messages, key, value, part):
    message = messages[with_route(key, value)]
    assert message.startswith("server.start")
    assert key in message and part in message


@pytest.mark.parametrize("argument", BAD_ARGUMENTS)
def test_wrong_argument(messages, argument):
    assert messages[with_argument(argument)].startswith("server.start")


@pytest.mark.parametrize("option, value, shown", [("scriptTimeout", "'5'", '"5"'), ("threads", "{}", "{}"),
                                                  ("bind", "'127.0.0.1:1x'", "127.0.0.1:1x"),
                                                  ("user", "'no_such_user_here'", "no_such_user_here"),
                                                  ("compressLevel", "11", "11")])
def test_message_names_the_value(messages, option, value, shown):
    assert shown in messages[with_option(option, value)]


def test_secure_is_refused_and_not_served_in_the_clear(messages):
    assert "secure" in messages[with_option("secure", "true")]
