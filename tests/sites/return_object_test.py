"""The manual's examples of "The Return Object", each as the body of a mapped function, as printed."""

JPEG = b"\xff\xd8\xff\xe0 not really a picture \x00\x01\xff\xd9"


def reply_of(site, body, request_headers=None, before="", **options):
    """The reply to a request for a function with this body; my.jpg lies beside the script."""
    s = site(map='{"/x": function (req) {\n%s\n}}' % body, before=before, files={"my.jpg": JPEG}, **options)
    return s.get("/x", request_headers)


def test_headers(site):
    reply = reply_of(site, """
     return {
        html: myhtmltext,
        headers: { "X-Custom-Header": "custom value"}
     }
    """, before='var myhtmltext = "<p>my text</p>";')
    assert (reply.status, reply.text, reply.headers["Content-Type"].split(";")[0]) == (200, "<p>my text</p>",
        "text/html")
    assert reply.headers["X-Custom-Header"] == "custom value"


def test_more_than_one_header_with_the_same_name(site):
    reply = reply_of(site, """
     return {
        html: myhtmltext,
        headers: {
            "X-Custom-Header": "custom value",
            "Set-Cookie": [
                rampart.utils.sprintf("id=%U; Expires=Wed, 15 Oct 2025 10:28:00 GMT", id),
                rampart.utils.sprintf("session=%U; Max-Age=86400", session_id)
            ]
        }
     }
    """, before='var myhtmltext = "text", id = "a b;c", session_id = "42";')
    assert reply.headers["X-Custom-Header"] == "custom value"
    assert reply.headers.all("Set-Cookie") == ["id=a+b%3bc; Expires=Wed, 15 Oct 2025 10:28:00 GMT",
                                               "session=42; Max-Age=86400"]


def test_status(site):
    reply = reply_of(site, """
     var newurl = "https://example.com/myNewLocation.html";
     return {
        html:rampart.utils.sprintf(
             "<html><body><h1>302 Moved Temporarily</h1>"+
             '<p>Document moved <a href="%s">here</a></p></body></html>',
             newurl
        ),
        status:302,
        headers: { "location": newurl}
     }
    """)
    assert (reply.status, reply.headers["location"]) == (302, "https://example.com/myNewLocation.html")
    assert reply.text == ('<html><body><h1>302 Moved Temporarily</h1><p>Document moved '
                          '<a href="https://example.com/myNewLocation.html">here</a></p></body></html>')


def test_content_type_is_overwritten(site):
    reply = reply_of(site, """
    var jpg = rampart.utils.readFile("@DIR@/my.jpg");
    /* overwrite the bin -> "application/octet-stream" header */
    return {
       bin:jpg,
       headers: {"content-type": "image/jpeg"}
    };
    """)
    assert (reply.headers.all("Content-Type"), reply.body) == (["image/jpeg"], JPEG)


def test_file_by_name(site):
    reply = reply_of(site, """
    return {
       jpg: "@@DIR@/my.jpg"
    };
    """)
    assert (reply.status, reply.headers["Content-Type"], reply.body) == (200, "image/jpeg", JPEG)
    assert reply.headers["Content-Length"] == str(len(JPEG))


def test_string_that_begins_with_an_at(site):
    reply = reply_of(site, r"""
    return {
       txt: "\\@home is a defunct internet service"
    };
    """)
    assert reply.text == "@home is a defunct internet service"


def test_compress(site):
    """A client that does not ask for gzip gets the plain text."""
    reply = reply_of(site, """
     return {
        html: myhtmltext,
        compress: 5 // gzip compress output at medium level
     }
    """, before='var myhtmltext = "text ".repeat(1000);',
    request_headers={"Accept-Encoding": "identity"})
    assert (reply.status, reply.headers["Content-Type"].split(";")[0], reply.text) == (200, "text/html", "text " * 1000)
    assert "Content-Encoding" not in reply.headers


def test_mime_types_by_key(site):
    """Key to Mime Mappings: "return {jpeg:jpg}" sends the type image/jpeg, and so do files with that extension."""
    s = site(map="""{"/x": function () { var jpg = rampart.utils.readFile("@DIR@/www/my.jpg"); return {jpeg:jpg}; },
                     "/": "@DIR@/www"}""",
             files={"www/my.jpg": JPEG, "www/my.jpeg": JPEG})
    for path in ("/x", "/my.jpg", "/my.jpeg"):
        reply = s.get(path)
        assert (reply.headers["Content-Type"], reply.body) == ("image/jpeg", JPEG)
