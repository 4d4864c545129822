/* Scripts that go wrong, to see what a visitor gets and that nobody else notices. The error log has a line for each. */

/* An error: with developerMode the browser shows it. */
function error(req) {
    // @ts-expect-error: the editor sees this one
    return { html: notDefinedAnywhere };
}

/* Never ends: after scriptTimeout the client gets an error page and a new worker takes over. */
function loop(req) {
    for (;;) { }
}

/* Eats memory until the limit of a worker is reached. */
function memory(req) {
    var held = [];
    for (;;) {
        held.push(new Uint8Array(1000000));
    }
}

/* The worker ends in the middle of the request. */
function exit(req) {
    process.exit(1);
}

/** @type {Rampart.HandlerMap} */
module.exports = { "/error.html": error, "/loop.html": loop, "/memory.html": memory, "/exit.html": exit };
