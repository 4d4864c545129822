"""The manual's "Built-in Directory Function" and its full server example, as printed; bind, user, folders are ours."""

import re

DIRLIST = """
        function dirlist(req) {
            var html="<!DOCTYPE html>\\n"+
                '<html><head><meta charset="UTF-8"><title>Index of ' +
                req.path.path+
                "</title><style>td{padding-right:22px;}</style></head><body><h1>"+
                req.path.path+
                '</h1><hr><table>';

            function hsize(size) {
                var ret=rampart.utils.sprintf("%d",size);
                if(size >= 1073741824)
                    ret=rampart.utils.sprintf("%.1fG", size/1073741824);
                else if (size >= 1048576)
                    ret=rampart.utils.sprintf("%.1fM", size/1048576);
                else if (size >=1024)
                    ret=rampart.utils.sprintf("%.1fk", size/1024);
                return ret;
            }

            if(req.path.path != '/')
                html+= '<tr><td><a href="../">Parent Directory</a></td><td></td><td>-</td></tr>';
            rampart.utils.readdir(req.fsPath).sort().forEach(function(d){
                var st=rampart.utils.stat(req.fsPath+'/'+d);
                if (st.isDirectory())
                    d+='/';
                html=rampart.utils.sprintf('%s<tr><td><a href="%s">%s</a></td><td>%s</td><td>%s</td></tr>',
                    html, d, d, st.mtime.toLocaleString() ,hsize(st.size));
            });

            html+="</table></body></html>";
            return {html:html};
        }
"""
FILES = {"www/docs/b.txt": "12345", "www/docs/a.txt": "x" * 1536, "www/docs/sub/c.txt": "c", "www/top.txt": "t",
         "www/with/index.html": "the index"}


def start(site, option):
    return site("""
        var server = require("rampart-server");
        %s
        server.start({
            bind: "127.0.0.1:@PORT@", user: "@USER@", map: {"/": "@DIR@/www"},
            directoryFunc: %s
        });
        """ % (DIRLIST, option), files=FILES)


ROW = re.compile(r'<tr><td><a href="([^"]*)">([^<]*)</a></td><td>([^<]*)</td><td>([^<]*)</td></tr>')


def test_directory_function(site):
    s = start(site, "dirlist")
    reply = s.get("/docs/")
    assert reply.headers["Content-Type"].split(";")[0] == "text/html"
    assert reply.text.startswith('<!DOCTYPE html>\n<html><head><meta charset="UTF-8"><title>Index of /docs/</title>'
                                 "<style>td{padding-right:22px;}</style></head><body><h1>/docs/</h1><hr><table>")
    assert reply.text.endswith("</table></body></html>")
    rows = [(link, name, size) for link, name, _, size in ROW.findall(reply.text)]
    assert rows[:3] == [("../", "Parent Directory", "-"), ("a.txt", "a.txt", "1.5k"), ("b.txt", "b.txt", "5")]
    assert rows[3][:2] == ("sub/", "sub/")
    assert all(time for _, name, time, _ in ROW.findall(reply.text) if name != "Parent Directory")


def test_directory_function_at_the_root(site):
    s = start(site, "dirlist")
    assert "Parent Directory" not in s.get("/").text
    assert [name for _, name, _, _ in ROW.findall(s.get("/").text)] == ["docs/", "top.txt", "with/"]
    assert s.get("/with/").text == "the index"


def test_built_in_function_prints_the_same(site):
    """"If directoryFunc [...] is set to true, the following script will be used"; we escape names beside."""
    own, built_in = start(site, "dirlist"), start(site, "true")
    for path in ("/docs/", "/"):
        shown = [[(link, name, size) for link, name, _, size in ROW.findall(s.get(path).text)] for s in (own, built_in)]
        assert shown[0] == shown[1] != []


def test_full_server_example(site):
    """Without https, which is refused, and without daemon; what is not available yet is a warning."""
    s = site("""
    var server = require("rampart-server");
    var pid=server.start(
    {
        bind: [ "[::1]:@PORT@", "127.0.0.1:@PORT@" ],

        /* if started as root, set user here.
           If not root, option "user" is ignored. */
        user: "@USER@",

        /* max time to spend in scripts */
        scriptTimeout: 10.0,

        /* how long to wait before client sends
           a req or server can send a response */
        connectTimeout:20.0,

        /*** logging ***/
        log: true,           //turn logging on, by default goes to stdout/stderr
        accessLog: "@DATA@/access.log",    //access log location, instead of stdout. Can be set if daemon==true
        errorLog: "@DATA@/error.log",     //error log location, instead of stderr. Can be set if daemon==true

        /* sslMinVersion (ssl3|tls1|tls1.1|tls1.2). "tls1.2" is default*/
        sslMinVersion: "tls1.2",

        /* a custom 404 page */
        notFoundFunc: function(req){
            return {
                status:404,
                html: '<html><head><title>404 Not Found</title></head>'+
                      '<body style="background: url(/img/page-background.png);">'+
                      '<center><h1>Not Found</h1><p>The requested URL '+
                        req.path.path+
                      ' was not found on this server.</p>'+
                      '</center></body></html>'
            }
        },

        directoryFunc: true, //use default directory list function

        /* remap a few extensions -> mimetypes */
        mimeMap: {
                "m4v": "video/mp4",
                "mov": "video/mp4"
        },

        map:
        {
            "/helloWorld.html" : function(){
                return {
                    html:"<pre>Hello World!</pre>"
                }
            },

            /* directory for scripts */
            "/scripts/": { "modulePath" : "@DIR@/scripts" },

            /* static content */
            "/" : "@DIR@/www"
        }
    });

    console.log("server started with pid: "+pid);
    """, files={**FILES, "scripts/one.js": "module.exports = function () { return {txt: 'one'}; };",
                "www/a.m4v": "movie"})
    assert s.get("/helloWorld.html").text == "<pre>Hello World!</pre>"
    assert s.get("/scripts/one.html").text == "one"
    assert s.get("/top.txt").text == "t"
    assert s.get("/a.m4v").headers["Content-Type"] == "video/mp4"
    assert ">a.txt</a>" in s.get("/docs/").text
    missing = s.get("/missing.html")
    assert (missing.status,
            "<p>The requested URL /missing.html was not found on this server.</p>" in missing.text) == (404, True)
    assert s.get("/top.txt", {"Host": "x"}, host="::1").text == "t"
    assert f"server started with pid: {s.proc.pid}" in s.stdout()
