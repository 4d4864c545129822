"""Query strings, urlencoded bodies, cookies and params: the parsing rules (server-details 8.1, 8.3, 8.5)."""

import pytest

MAP = """{
    "/query.json": function (req) { return {json: req.query}; },
    "/post.json": function (req) { return {json: req.postData.content}; },
    "/cookies.json": function (req) { return {json: req.cookies}; },
    "/params.json": function (req) { return {json: req.params}; },
    "/polluted.json": function (req) { req.query; req.postData; req.cookies; req.params;
        return {json: [({}).polluted === undefined, typeof ({}).toString, [].polluted === undefined,
                       Object.keys(Object.prototype)]}; },
    "/proto.json": function (req) { return {json: [req.query.a, Object.prototype.toString.call(req.query)]}; }
}"""


@pytest.fixture(scope="module")
def server(shared_site):
    return shared_site(map=MAP)


PIECES = [
    ("", {}),
    ("d", {"d": True}),
    ("e=", {"e": ""}),
    ("a=1", {"a": "1"}),
    ("a=1&a=2", {"a": ["1", "2"]}),
    ("a=1&a=2&a=3", {"a": ["1", "2", "3"]}),
    ("b[]=x&b[]=y", {"b": ["x", "y"]}),
    ("b[]=x", {"b": ["x"]}),
    ("a=1&a[]=2", {"a": ["1", "2"]}),
    ("a[]=1&a=2", {"a": ["1", "2"]}),
    ("c[k]=v&c[j]=w", {"c": {"k": "v", "j": "w"}}),
    ("c[k]=v&c[k]=w", None),  # open in the documents: any value, no failure
    ("h[k]=1&h=2", {"h": {"0": "2", "k": "1"}}),
    ("h[k]=1&h=2&h=3", {"h": {"0": "2", "1": "3", "k": "1"}}),
    ("i=1&i[k]=2", {"i": {"0": "1", "k": "2"}}),
    ("j[]=a&j[k]=b", {"j": {"0": "a", "k": "b"}}),
    ("j[]=a&j[]=b&j[k]=c", {"j": {"0": "a", "1": "b", "k": "c"}}),
    ("l[m][n]=1", {"l[m]": {"n": "1"}}),
    ("=x", {"": "x"}),
    ("f=%7B%22z%22:1%7D", {"f": {"z": 1}}),
    ("g=[1,2]", {"g": [1, 2]}),
    ("g=[1,2", {"g": "[1,2"}),
    ("g={bad}", {"g": "{bad}"}),
    ("g=[]", {"g": []}),
    ("n=true", {"n": "true"}),
    ("n=null", {"n": "null"}),
    ("n=%22quoted%22", {"n": '"quoted"'}),
    ("n=1.5", {"n": "1.5"}),
    ("a%5B%5D=1", {"a": ["1"]}),
    ("a%5Bk%5D=1", {"a": {"k": "1"}}),
    ("d&d", {"d": True}),
    ("d&d=1", None),
    ("a=b=c", {"a": "b=c"}),
    ("a==", {"a": "="}),
    ("&&a=1&&b=2&", {"a": "1", "b": "2"}),
    ("a+b=c+d", {"a b": "c d"}),
    ("a%2Bb=c%2Bd", {"a+b": "c+d"}),
    ("a%20b=%C3%A4", {"a b": "ä"}),
    ("a=%E6%97%A5%F0%9F%98%80", {"a": "日😀"}),
    ("a=%", {"a": "%"}),
    ("a=%4", {"a": "%4"}),
    ("a=%zz", {"a": "%zz"}),
    ("a=100%&b=2", {"a": "100%", "b": "2"}),
    ("a=%3D%26", {"a": "=&"}),
    ("%26=%3D", {"&": "="}),
    ("a;b=1", {"a;b": "1"}),
    ("a[=1", {"a[": "1"}),
    ("a]=1", {"a]": "1"}),
    ("q=a%00b", {"q": "a\0b"}),
    ("0=a&1=b", {"0": "a", "1": "b"}),
    ("constructor=x&toString=y", {"constructor": "x", "toString": "y"}),
]
EXACT = [(text, expected) for text, expected in PIECES if expected is not None]


@pytest.mark.parametrize("text, expected", EXACT, ids=[text for text, _ in EXACT])
def test_query(server, text, expected):
    assert server.get("/query.json?" + text).json() == expected


@pytest.mark.parametrize("text, expected", EXACT, ids=[text for text, _ in EXACT])
def test_urlencoded_body(server, text, expected):
    reply = server.post("/post.json", text, {"Content-Type": "application/x-www-form-urlencoded"})
    assert reply.json() == expected


@pytest.mark.parametrize("text", [text for text, expected in PIECES if expected is None])
def test_what_is_left_open_does_not_fail(server, text):
    assert server.get("/query.json?" + text).status == 200


def test_order_of_names_is_kept(server):
    assert list(server.get("/query.json?z=1&a=2&m=3&z=4").json()) == ["z", "a", "m"]


@pytest.mark.parametrize("text", ["__proto__[polluted]=1", "__proto__=x", "__proto__[]=x", "constructor[prototype]=x",
                                  "constructor[prototype][polluted]=1", "a[__proto__]=x", "a[__proto__][polluted]=1",
                                  "a=1&a[__proto__]=x", "toString[polluted]=1", "__proto__[toString]=x"])
def test_names_that_aim_at_prototypes(server, text):
    clean = [True, "function", True, []]
    assert server.get("/polluted.json?" + text).json() == clean
    form = {"Content-Type": "application/x-www-form-urlencoded", "Cookie": "__proto__=x; polluted=1"}
    assert server.post("/polluted.json", text, form).json() == clean


def test_proto_is_a_name_like_any_other(server):
    assert server.get("/proto.json?__proto__=x&a=1").json() == ["1", "[object Object]"]


def test_number_of_pieces_is_bounded(server):
    count = len(server.get("/query.json?" + "&".join(f"k{n}=1" for n in range(1700))).json())
    assert 500 <= count <= 1700


def test_long_value(server):
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    assert server.post("/post.json", "a=" + "%41" * 100_000 + "&b=2", form).json() == {"a": "A" * 100_000, "b": "2"}


# -- cookies


@pytest.mark.parametrize("header, expected", [
    ("a=1", {"a": "1"}), ("a=1; b=2", {"a": "1", "b": "2"}), ("a=1;b=2", {"a": "1", "b": "2"}),
    ("  a = 1 ; b=2 ", None),
    ("a=b=c", {"a": "b=c"}), ("enc=%41+b", {"enc": "A b"}), ("%41=1", {"%41": "1"}), ("empty=", {"empty": ""}),
    ("a=1; a=2", {"a": "2"}), ("flag; a=1", {"a": "1"}), ("a=1; flag; b=2", {"a": "1", "b": "2"}), ("flag", {}),
    ('a="quoted"', {"a": '"quoted"'}), (";;a=1;;", {"a": "1"}), ("a=%zz", {"a": "%zz"}), ("", {}),
    ("a=x y", {"a": "x y"}), ("toString=1", {"toString": "1"}), ("a={\"b\":1}", {"a": '{"b":1}'}),
])
def test_cookies(server, header, expected):
    shown = server.get("/cookies.json", {"Cookie": header}).json()
    if expected is not None:
        assert shown == expected
    else:
        assert shown["b"] == "2"


# -- params

FORM = "application/x-www-form-urlencoded"


@pytest.mark.parametrize("query, cookie, header, body, winner", [
    ("", None, None, "q=post", "post"),
    ("q=query", None, None, "q=post", "query"),
    ("q=query", "q=cookie", None, "q=post", "cookie"),
    ("q=query", "q=cookie", "header", "q=post", "header"),
    ("", "q=cookie", None, "q=post", "cookie"),
    ("", None, "header", "q=post", "header"),
    ("q=query", None, "header", None, "header"),
    ("q=query", None, None, None, "query"),
])
def test_precedence_of_params(server, query, cookie, header, body, winner):
    headers = {"Content-Type": FORM, "Cookie": cookie, "q": header}
    assert server.post("/params.json?" + query, body or "", headers).json()["q"] == winner


def test_params_has_all_names(server):
    shown = server.post("/params.json?a=1&l[]=x", "b=2", {"Cookie": "c=3", "Content-Type": FORM, "X-H": "4"}).json()
    assert {"a": "1", "l": ["x"], "b": "2", "c": "3", "X-H": "4", "Content-Type": FORM}.items() <= shown.items()


def test_params_are_copies(server):
    """Headers are names as sent, so a header "Q" does not hide a parameter "q"."""
    assert server.get("/params.json?q=query", {"Q": "header"}).json()["q"] == "query"
