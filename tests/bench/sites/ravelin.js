// The measured site. scriptTimeout is on, as in production: the watchdog's price is part of every scripted row.
var server = require("rampart-server");

function hello(req) {
    return { html: "@HELLO@" };
}

function showRequest(req) {
    return { txt: rampart.utils.sprintf("%3J", req) };
}

// Holds its worker until someone kills it: kill_to_ready.py does.
function wait(req) {
    rampart.utils.sleep(8);
    return { txt: "nobody killed me" };
}

server.start({
    bind: ["127.0.0.1:@PORT@"],
    @USER_LINE@
    threads: @THREADS@,
    scriptTimeout: 10,
    log: false,
    map: {
        "/hello": hello,
        "/req.txt": showRequest,
        "/wait": wait,
        "/": "@ROOT@/"
    }
});
