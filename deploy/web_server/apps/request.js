/* Shows the whole request object, as the scripts see it. Handy while writing a form. */

/** @type {Rampart.Handler} */
module.exports = function (req) {
    /* Bodies are Buffers; as text they print better. */
    req.body = rampart.utils.bufferToString(req.body);

    return { txt: rampart.utils.sprintf("%3J\n", req) };
};
