/* A module that exports one function: it answers /apps/hello, /apps/hello.html, /apps/hello.txt ...
   The extension in the address does not matter; the key of the returned object chooses the type. */

var greeting = "Hello";   // private to this file, set once in each worker

/** @type {Rampart.Handler} */
module.exports = function (req) {
    var name = req.query.name || "world";

    return {
        html: rampart.utils.sprintf(
            '<!DOCTYPE html><title>Hello</title><link rel="stylesheet" href="/style.css">' +
            '<h1>%s, %H!</h1>' +
            '<form><label>Your name: <input name="name"></label> <button>Greet</button></form>' +
            '<p><a href="/">Back</a></p>',
            greeting, name)
    };
};
