"""The manual's examples of "The Request Object", as printed; only bind, user and folders are ours."""

from urllib.parse import urlencode

from support.http import encode_multipart

START = 'var server = require("rampart-server");\n'
OURS = 'bind: "127.0.0.1:@PORT@", user: "@USER@",'
AGENT = ("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/85.0.4183.121 Safari/537.36")
BROWSER = {"Host": "localhost:8088", "Connection": "close", "DNT": "1", "Upgrade-Insecure-Requests": "1",
           "User-Agent": AGENT,
           "Accept-Encoding": "gzip, deflate, br", "Accept-Language": "en-US,en;q=0.9", "Cookie": "mycookie=cookietext"}
SHOWREQ = """
                "/showreq.txt" : function(req) {

                    /* convert "body" to text so we can print it out */
                    req.body=rampart.utils.bufferToString(req.body);

                    return( { txt: rampart.utils.sprintf("%3J",req) } );
                }
"""


def test_request_object(site):
    s = site(START + """
        server.start(
        {
            %s
            map : {
                "/showreq.html" : function(req) {
                return( { txt: rampart.utils.sprintf("%%3J",req) } );
              }
            }
        });
        """ % OURS)
    reply = s.get("/showreq.html?q=search+terms", BROWSER)
    shown = reply.json()
    assert reply.headers["Content-Type"].split(";")[0] == "text/plain"
    expected = {
        "ip": "127.0.0.1",
        "method": "GET",
        "path": {"file": "showreq.html", "path": "/showreq.html", "base": "/", "scheme": "http://",
                 "host": "localhost:8088",
                 "url": "http://localhost:8088/showreq.html?q=search+terms"},
        "query": {"q": "search terms"},
        "body": {},
        "query_raw": "q=search+terms",
        "cookies": {"mycookie": "cookietext"},
        "headers": BROWSER,
        "params": {"q": "search terms", "mycookie": "cookietext", **BROWSER},
    }
    assert {name: shown.get(name) for name in expected} == expected
    assert isinstance(shown["port"], int)
    assert '\n   "method": "GET",\n' in reply.text and '\n      "file": "showreq.html",\n' in reply.text


def test_params_priority(site):
    """"If [...] a query parameter has the same name as a cookie, the cookie value will override" it."""
    s = site(START + """
        server.start({ %s
            map : { "/showreq.txt" : function(req) { return( { txt: rampart.utils.sprintf("%%3J",req) } ); } } });
        """ % OURS)
    assert s.get("/showreq.txt?mycookie=query",
                 {"Cookie": "mycookie=cookietext"}).json()["params"]["mycookie"] == "cookietext"


def test_posting_form_data(site):
    s = site(START + """
        server.start(
        {
            %s
            map : {

                "post.html": function(){
                    var html = '<html><body><form action="/showreq.txt" method="POST">'+
                        '<label for="fname">First name:</label><br>' +
                        '<input type="text" id="fname" name="fname"><br>' +
                        '<label for="lname">Last name:</label><br>' +
                        '<input type="text" id="lname" name="lname">'+
                        '<input type="submit" name="go">'+
                    '</form></body></html>';

                     return {html:html};
                },
                %s
            }
        });
        """ % (OURS, SHOWREQ))
    form = s.get("/post.html")
    assert form.headers["Content-Type"].split(";")[0] == "text/html"
    assert '<form action="/showreq.txt" method="POST">' in form.text
    body = urlencode({"fname": "Joe", "lname": "Public", "go": "Submit"})
    shown = s.post("/showreq.txt", body, {"Content-Type": "application/x-www-form-urlencoded"}).json()
    assert (shown["method"], shown["body"], shown["query"], shown["query_raw"]) == ("POST",
        "fname=Joe&lname=Public&go=Submit", {}, "")
    assert shown["postData"] == {"Content-Type": "application/x-www-form-urlencoded",
                                 "content": {"fname": "Joe", "lname": "Public", "go": "Submit"}}
    assert {"fname": "Joe", "lname": "Public", "go": "Submit"}.items() <= shown["params"].items()


def as_printed_buffer(text):
    return {str(at): byte for at, byte in enumerate(text.encode())}


def test_posting_multipart_form_data(site):
    s = site(START + """
        server.start(
        {
            %s
            map : {

                "postfile.html": function(){
                    var html = '<html><body><form action="/showreq.txt" enctype="multipart/form-data" method="POST">'+
                        'File: <input type="FILE" name="file"/>' +
                        '<input type="submit" name="Upload" value="Upload" />' +
                    '</form></body></html>';

                    return {html: html};
                },
                %s
            }
        });
        """ % (OURS, SHOWREQ))
    assert 'enctype="multipart/form-data"' in s.get("/postfile.html").text
    content_type, body = encode_multipart([("file", "Hello World!", "helloWorld.txt", "text/plain"),
                                           ("Upload", "Upload")],
                                          "----WebKitFormBoundaryB4UZ3AZ5kFBUZpR6")
    assert len(body) == 299
    reply = s.post("/showreq.txt", body, {"Content-Type": content_type, "Cookie": "mycookie=cookietext"})
    shown = reply.json()
    assert shown["body"] == body.decode()
    assert shown["postData"] == {
        "Content-Type": "multipart/form-data",
        "content": [{"Content-Disposition": "form-data", "name": "file", "filename": "helloWorld.txt",
                     "Content-Type": "text/plain",
                     "content": as_printed_buffer("Hello World!")},
                    {"Content-Disposition": "form-data", "name": "Upload", "content": as_printed_buffer("Upload")}]}
    assert shown["params"]["helloWorld.txt"] == as_printed_buffer("Hello World!")
    assert shown["params"]["Upload"] == as_printed_buffer("Upload")
    assert shown["params"]["Content-Length"] == "299"


def test_posting_json_data(site):
    s = site("""
        var server=require("rampart-server");

        server.start(
        {
            bind: "127.0.0.1:@PORT@",
            user:"@USER@",
            map : {
                "post.html": function(){
                    var html = '<html><head><script>\\n'+
                           'function senddata(){\\n' +
                             'var first= document.querySelector("#fname");\\n' +
                             'var last = document.querySelector("#lname");\\n' +
                             'var res  = document.querySelector("#res");\\n' +
                             'var xhr = new XMLHttpRequest();\\n' +
                             'xhr.open("POST", "/showreq.json");\\n' +
                             'xhr.setRequestHeader("Content-Type", "application/json");\\n' +
                             'xhr.onreadystatechange = function () { \\n' +
                               'if (xhr.readyState === 4 && xhr.status === 200) {\\n' +
                                  'res.innerHTML = "<pre>"+ this.responseText +"</pre>";\\n' +
                               '} \\n' +
                             '};\\n' +
                             'xhr.send( JSON.stringify({first:first.value, last:last.value}) );\\n'+
                             'return false;'+
                           '}\\n'+
                        '</script></head><body>'+
                        '<label for="fname">First name:</label><br>' +
                        '<input type="text" id="fname" name="fname"><br>' +
                        '<label for="lname">Last name:</label><br>' +
                        '<input type="text" id="lname" name="lname">'+
                        '<button onclick="return senddata()">Submit</button>'+
                    '<div id="res"></div></body></html>';

                     return {html:html};
                },

                "/showreq.json" : function(req) {
                    /* convert "body" to text so we can send */
                    req.body=rampart.utils.bufferToString(req.body);

                    return( { json: rampart.utils.sprintf("%3J",req) } );
                }
            }
        });
        """)
    assert "xhr.send( JSON.stringify({first:first.value, last:last.value}) );\n" in s.get("/post.html").text
    reply = s.post("/showreq.json", '{"first":"Joe","last":"Public"}',
                   {"Content-Type": "application/json", "Referer": "http://localhost:8088/post.html"})
    shown = reply.json()
    assert reply.headers["Content-Type"] == "application/json"
    assert shown["body"] == '{"first":"Joe","last":"Public"}'
    assert shown["path"]["url"] == f"http://127.0.0.1:{s.port}/showreq.json"
    assert shown["postData"] == {"Content-Type": "application/json", "content": {"first": "Joe", "last": "Public"}}
    assert {"first": "Joe", "last": "Public", "Content-Length": "31", "Content-Type": "application/json",
            "Referer": "http://localhost:8088/post.html"}.items() <= shown["params"].items()


def test_posting_other_types(site):
    """"postData with the provided Content-Type set, and contents will be the same as the unparsed Buffer body"."""
    s = site(START + """
        server.start({ %s
            map : { "/showreq.txt" : function(req) { return( { txt: rampart.utils.sprintf("%%3J",req) } ); } } });
        """ % OURS)
    shown = s.post("/showreq.txt", "Hi", {"Content-Type": "application/x-mine"}).json()
    assert shown["postData"] == {"Content-Type": "application/x-mine", "content": as_printed_buffer("Hi")}
    assert shown["body"] == as_printed_buffer("Hi")
