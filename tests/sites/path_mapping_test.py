"""The manual's examples of the map: in "start()" and "Path Mapping", as printed; bind, user and folders are ours."""

START = 'var server = require("rampart-server");\n'
OURS = 'bind: "127.0.0.1:@PORT@", user: "@USER@",'


def test_start_map(site):
    """start(), map: the longer path has priority, and files may come with headers."""
    s = site(START + """
        var pid = server.start({
            %s
            map :
            {
                "/":            "@DIR@/htdocs",  /* map all file requests */
                "/search.html": function (req) { return {html: "found " + req.query.q}; },         /* search function */
                "/images/":     {
                                    path: "@DIR@/jpgs/",
                                    headers: {
                                        "Content-Control": "max-age=31556952, public",
                                        "X-Custom-Header": 1
                                    }
                                }
            }
        });
        """ % OURS, files={"htdocs/search.html": "the file", "htdocs/other.html": "other", "jpgs/a.jpg": "JPEG"})
    assert s.get("/search.html?q=x").text == "found x"
    assert s.get("/other.html").text == "other"
    image = s.get("/images/a.jpg")
    assert (image.body, image.headers["Content-Type"]) == (b"JPEG", "image/jpeg")
    assert (image.headers["Content-Control"], image.headers["X-Custom-Header"]) == ("max-age=31556952, public", "1")
    assert "X-Custom-Header" not in s.get("/other.html").headers


def test_start_regular_expression_before_glob(site):
    """start(), map: "if both these examples were present, myfunction2 would never match"."""
    s = site(START + """
        function myfunction(req) { return {txt: "regular expression"}; }
        function myfunction2(req) { return {txt: "glob"}; }
        server.start({%s map: {"/*/myfile.html": myfunction2, "~/.*/myfile.html": myfunction }});
        """ % OURS)
    assert s.get("/a/b/myfile.html").text == "regular expression"


def test_start_regular_expression(site):
    s = site(START + """
        function myfunction(req) { return {txt: "matched " + req.path.path}; }
        server.start({%s map: {"~/.*/myfile.html": myfunction }});
        """ % OURS)
    assert s.get("/any/path/myfile.html").text == "matched /any/path/myfile.html"
    assert s.get("/myfile.html").status == 404


def test_start_glob(site):
    s = site(START + """
        function myfunction2(req) { return {txt: "matched " + req.path.path}; }
        server.start({%s map: {"/*/myfile.html": myfunction2 }});
        """ % OURS)
    assert s.get("/any/path/myfile.html").text == "matched /any/path/myfile.html"
    assert s.get("/myfile.html").status == 404


def test_start_mime_map(site):
    s = site(START + """
          server.start({
              %s
              mimeMap: {
                  /* make these movies play as mp4s */
                  "m4v": "video/mp4",
                  "mov": "video/mp4"
              },
              map: {
                  "/": "@DIR@/html",
                  "/fn": function () { return { "m4v": "my movie" }; }
              }
          });
        """ % OURS, files={"html/a.m4v": "m4v", "html/a.mov": "mov", "html/a.avi": "avi"})
    types = [s.get(path).headers["Content-Type"] for path in ("/a.m4v", "/a.mov", "/fn", "/a.avi")]
    assert types == ["video/mp4", "video/mp4", "video/mp4", "video/x-msvideo"]


def test_inline_function(site):
    s = site(START + """
        server.start({%s
            map: {"/search.html": function(res) { return {html: "inline " + res.query.q}; } }
        });""" % OURS)
    assert s.get("/search.html?q=x").text == "inline x"


def test_global_function(site):
    s = site(START + """
        function myfunc(req) { return {html: "global " + req.query.q}; }
        server.start({%s
            map: {"/search.html": myfunc }
        });""" % OURS)
    assert s.get("/search.html?q=x").text == "global x"


def test_module(site):
    s = site(START + """
        server.start({%s
            map: {"/search.html" : {module:"mysearchmod"} }
        });""" % OURS,
        files={"mysearchmod.js": "module.exports = function (req) { return {html: 'module ' + req.query.q}; };"})
    assert s.get("/search.html?q=x").text == "module x"


def test_directory_of_modules(site):
    """"where .ext can be .html, .txt or any other extension desired"; the type is set in the return object."""
    s = site(START + """
        server.start({%s
            map: {"/scripts/": {modulePath: "@DIR@/myscriptsdir/"} }
        });""" % OURS, files={"myscriptsdir/mymod.js": "module.exports = function () { return {html: 'my module'}; };"})
    for extension in (".ext", ".html", ".txt", ".anything", ""):
        reply = s.get("/scripts/mymod" + extension)
        assert (reply.text, reply.headers["Content-Type"].split(";")[0]) == ("my module", "text/html")


def test_module_with_its_own_map(site):
    s = site("""
    var server = require("rampart-server");

    server.start({
      %s
      /* requests to http://localhost:8088/multi/ will be handled by *
       * modules/multi_function.js                                   */
      map: {
         "/multi/":            {module: "modules/multi_function.js" }
      }
    })
    """ % OURS, files={"modules/multi_function.js": """
            function indexpage(req) { return {html: "index"}; }
            function firstpage(req) { return {html: "first"}; }
            function secondpage(req) { return {html: "second"}; }
            function thirdpage(req) { return {html: "third"}; }

            /* functions indexpage, firstpage, etc not shown */
            module.exports={
                "/"                  : indexpage,   // the indexpage function
                "/index.html"        : indexpage,   // same
                "/page1.html"        : firstpage,   // function handles page 1
                "/page2.html"        : secondpage,  // function handles page 2
                "/virtdir/page3.html": thirdpage    // function handles page 3
            };
            """})
    pages = {"/multi/": "index", "/multi/index.html": "index", "/multi/page1.html": "first",
             "/multi/page2.html": "second",
             "/multi/virtdir/page3.html": "third"}
    assert {path: s.get(path).text for path in pages} == pages
    assert s.get("/multi/page4.html").status == 404


def test_scoped_variable(site):
    """The manual prints a ReferenceError here, as its threads get copies of globals only. Ravelin's workers are forked
    and have the closure too, which no working site can tell from the documented behaviour."""
    s = site("""
    var server = require("rampart-server");

    function startserver() {
       var html = "<pre>HELLO WORLD!</pre>";

       return server.start({
           %s
           map: {
               "/myfunc.html": function(){ return {html:html}; }
           }
       });
    }

    var pid=startserver();
    """ % OURS)
    assert s.get("/myfunc.html").text == "<pre>HELLO WORLD!</pre>"


def test_global_variable(site):
    """"if var html was declared globally [...], the function would not throw an error"."""
    s = site("""
    var server = require("rampart-server");
    var html = "<pre>HELLO WORLD!</pre>";

    function startserver() {
       return server.start({
           %s
           map: {
               "/myfunc.html": function(){ return {html:html}; }
           }
       });
    }

    var pid=startserver();
    """ % OURS)
    assert s.get("/myfunc.html").text == "<pre>HELLO WORLD!</pre>"


def test_local_variable_of_a_module(site):
    s = site("""
    /* test-server.js */

    var server=require("rampart-server");

    var pid = server.start({
      %s
      map: {
        "/myfunc.html": {module:'mymod'}
      }

    });
    """ % OURS, files={"mymod.js": """
    /* mymod.js */

    var html = "<pre>HELLO WORLD!</pre>";

    module.exports = function(){ return {html:html}; }
    """})
    reply = s.get("/myfunc.html")
    assert (reply.text, reply.headers["Content-Type"].split(";")[0]) == ("<pre>HELLO WORLD!</pre>", "text/html")


def test_modules_can_be_changed_without_a_restart(site):
    """"they can be changed at any time without having to restart the server"."""
    s = site(START + "server.start({%s map: {'/m': {module: 'm'}}});" % OURS,
             files={"m.js": "module.exports = function () { return {txt: 'before'}; };"})
    assert s.get("/m").text == "before"
    s.write("m.js", "module.exports = function () { return {txt: 'after'}; };")
    assert s.get("/m").text == "after"


# -- Mapped Directories


def test_directories(site):
    """"/css/*" comes from its own folder "even if a /var/www/html/css/ directory exists"; the slash is implied."""
    s = site("""
      var server = require("rampart-server");

      var pid = server.start({
          %s
          map: {
            "/"   : "@DIR@/www/html",
            /* trailing '/' in '/css' is implied */
            "/css": "@DIR@/httpd/css"
          }
      });
      """ % OURS, files={"www/html/a.html": "a", "www/html/sub/b.html": "b", "www/html/css/x.css": "shadowed",
                         "httpd/css/x.css": "css"})
    assert [s.get(path).text for path in ("/a.html", "/sub/b.html", "/css/x.css")] == ["a", "b", "css"]


def test_directories_with_headers(site):
    s = site("""
      var server = require("rampart-server");

      var pid = server.start({
          %s
          map: {
            "/"   : {
                path: "@DIR@/www/html",
                headers: {
                    "X-Custom-Header-1": "myval1",
                    "X-Custom-Header-2": "myval2"
                }
            },
            "/css/": "@DIR@/httpd/css"
          }
      });
      """ % OURS, files={"www/html/a.html": "a", "httpd/css/x.css": "css"})
    headers = s.get("/a.html").headers
    assert (headers["X-Custom-Header-1"], headers["X-Custom-Header-2"]) == ("myval1", "myval2")
    assert "X-Custom-Header-1" not in s.get("/css/x.css").headers


def test_directory_key_is_always_a_directory(site):
    """/file.html "would return "NOT FOUND" but URLs beginning with" /file.html/ "would return files"."""
    s = site(START + """server.start({%s map:{"/file.html":"@DIR@/my/dir"}});""" % OURS, files={"my/dir/a.txt": "a"})
    assert s.get("/file.html/a.txt").text == "a"
    assert s.get("/file.html").status == 404
