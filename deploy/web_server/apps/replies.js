/* A module that exports an object of functions: each key is a path below /apps/replies/.
   Each function shows one way to reply. */

function index(req) {
    return {
        html:
            '<!DOCTYPE html><title>Replies</title><link rel="stylesheet" href="/style.css"><h1>Ways to reply</h1><ul>' +
            '<li><a href="text.txt">text</a></li>' +
            '<li><a href="object.json">JSON</a></li>' +
            '<li><a href="headers.html">with headers and cookies</a></li>' +
            '<li><a href="moved.html">a redirection</a></li>' +
            '<li><a href="picture.svg">an image made by the script</a></li>' +
            '<li><a href="file.html">a file from the disk</a></li>' +
            '<li><a href="missing.html">a status of its own</a></li>' +
            '</ul><p><a href="/">Back</a></p>'
    };
}

function text(req) {
    return { txt: "Plain text.\n" };
}

/** @param {Rampart.Request} req */
function object(req) {
    return { json: rampart.utils.sprintf("%J", { answer: 42, list: [1, 2, 3], asked: req.path.url }) };
}

/** @param {Rampart.Request} req */
function headers(req) {
    return {
        html: "<p>Look at the headers of this reply. You sent these cookies: " +
              rampart.utils.sprintf("<code>%H</code>", JSON.stringify(req.cookies || {})) + "</p>",
        headers: {
            "X-Custom-Header": "custom value",
            /* an Array sends one header more than once */
            "Set-Cookie": ["first=1; Path=/apps/", "second=2; Path=/apps/"]
        }
    };
}

function moved(req) {
    return { status: 302, html: "", headers: { Location: "/apps/replies/" } };
}

function picture(req) {
    return {
        svg: '<svg xmlns="http://www.w3.org/2000/svg" width="200" height="100">' +
             '<path d="M20 80 L100 15 L180 80 Z" fill="#356"/></svg>'
    };
}

/* The server opens and sends the file; the script never holds its contents. */
function file(req) {
    return { html: "@" + serverConf.htmlRoot + "/index.html" };
}

function teapot(req) {
    return { status: 418, txt: "I am a teapot.\n" };
}

/** @type {Rampart.HandlerMap} */
module.exports = {
    "/":             index,
    "/index.html":   index,
    "/text.txt":     text,
    "/object.json":  object,
    "/headers.html": headers,
    "/moved.html":   moved,
    "/picture.svg":  picture,
    "/file.html":    file,
    "/missing.html": teapot
};
