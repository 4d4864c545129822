"""The manual's examples of "Advanced Functions" (req.printf to req.getBuffer), as printed."""

import pytest


def body_of(site, function):
    return site(before=function, map='{"/x": mycallback}').get("/x").text


def test_content_is_returned(site):
    assert body_of(site, """
    function mycallback(req) {
        var html;
        html = "<html><body>" + "content" + "</body></html>";
        return {html: html};
    }
    """) == "<html><body>content</body></html>"


@pytest.mark.parametrize("call", ['req.printf("%s", content);', "req.put(content);"])
def test_content_is_put_into_the_server_buffer(site, call):
    s = site(before="""
    function mycallback(req) {
        var content="<html><body>";
        var end_cont = "</body></html>";
        // add more html to content variable ...
        content += "more";
        %s
        return {html: end_cont};
    }
    """ % call, map='{"/x": mycallback}')
    reply = s.get("/x")
    assert (reply.text, reply.headers["Content-Type"].split(";")[0]) == ("<html><body>more</body></html>", "text/html")
    assert reply.headers["Content-Length"] == "30"


def test_a_string_or_a_buffer(site):
    """"Put a String or a Buffer into the server buffer"; "The number of bytes written to the server buffer"."""
    assert body_of(site, """
    function mycallback(req) {
        var written = [req.put("string,"), req.put(rampart.utils.stringToBuffer("buffer,")), req.printf("%d,", 5)];
        return {txt: written.join()};
    }
    """) == "string,buffer,5,7,7,2"


def test_rewind(site):
    """"Where pos is the offset to position the end pointer in the server buffer"; returns undefined."""
    assert body_of(site, """
    function mycallback(req) {
        req.put("kept ");
        var pos = req.getpos();
        req.put("dropped");
        var pos = req.rewind(pos);
        return {txt: "" + pos + " " + req.getpos()};
    }
    """) == "kept undefined 5"


def test_get_buffer(site):
    """"Get a copy of the contents of the server buffer and return it in a JavaScript buffer"."""
    assert body_of(site, """
    function mycallback(req) {
        req.put("once ");
        return {txt: req.getBuffer()};
    }
    """) == "once once "
