/* The start script of the sample site.

     ravelin web_server_conf.js             serve until Ctrl-C
     ravelin web_server_conf.js --daemon    detach and print the server's pid (what start_server.sh does)

   The options are at the top. serverConf is global, so every module in apps/ can read it. */

var serverRoot = process.scriptPath;

var serverConf = {
    /* Only this machine can connect. "0.0.0.0:80" and "[::]:80" are all addresses, port 80. */
    bind: "127.0.0.1:8088",

    /* Who serves, when the server is started as root. Files and folders of the site must be readable for this user. */
    user: "nobody",

    /* Seconds that one request may run. After that the client gets an error page and the worker is replaced. */
    scriptTimeout: 5,

    /* Seconds that a client may take to send its request. */
    connectTimeout: 20,

    /* Show script errors in the browser, with the line. Set to false on a site for the public. */
    developerMode: true,

    daemon: process.argv.indexOf("--daemon") > 0,

    /* Where things are. */
    htmlRoot: serverRoot + "/html",
    appsRoot: serverRoot + "/apps",
    dataRoot: serverRoot + "/data"
};

/* A tree inside a home directory is often closed to other users. Then its owner serves it: nobody else could. */
function userWhoCanRead(path, wanted) {
    var parts = path.split("/");
    for (var i = parts.length; i > 0; i--) {
        var st = rampart.utils.stat(parts.slice(0, i).join("/") || "/");
        if (!st || (st.mode & 5) !== 5) {
            return rampart.utils.stat(path).owner;
        }
    }
    return wanted;
}

serverConf.user = userWhoCanRead(serverConf.htmlRoot, serverConf.user);

/* A function on a path of its own. Functions like this one are part of the server: a change needs a restart, while a
   module in apps/ is loaded again when its file changes. */
function clock(req) {
    return { txt: rampart.utils.sprintf("%s\nanswered by process %d\n", new Date().toString(), process.getpid()) };
}

/** What a visitor sees who asks for something that is not there.
    @param {Rampart.NotFoundRequest} req */
function notFound(req) {
    return {
        status: 404,
        html: rampart.utils.sprintf(
            '<!DOCTYPE html><title>Not found</title><link rel="stylesheet" href="/style.css">' +
            '<h1>Not found</h1><p>There is nothing at <code>%H</code>.</p><p><a href="/">Back to the start</a></p>',
            req.path.path)
    };
}

var server = require("rampart-server");

var serverPid = server.start({
    bind:           serverConf.bind,
    user:           serverConf.user,
    scriptTimeout:  serverConf.scriptTimeout,
    connectTimeout: serverConf.connectTimeout,
    developerMode:  serverConf.developerMode,
    daemon:         serverConf.daemon,
    notFoundFunc:   notFound,
    map: {
        "/":          serverConf.htmlRoot,
        "/apps/":     { modulePath: serverConf.appsRoot },
        "/clock.txt": clock
    }
});

if (serverConf.daemon) {
    rampart.utils.printf("%d\n", serverPid);
} else {
    rampart.utils.printf("Serving %s on http://%s/ (pid %d, Ctrl-C stops)\n", serverRoot, serverConf.bind, serverPid);
}
