/* A form and the page that receives it: /apps/form/ and /apps/form/send.html */

function page(title, body) {
    return '<!DOCTYPE html><title>' + title + '</title><link rel="stylesheet" href="/style.css"><h1>' + title + '</h1>' +
           body + '<p><a href="/">Back</a></p>';
}

function form(req) {
    return {
        html: page("A form",
            '<form action="/apps/form/send.html" method="POST" enctype="multipart/form-data">' +
            '<p><label>Name: <input name="name"></label></p>' +
            '<p><label>A file: <input type="file" name="upload"></label></p>' +
            '<button>Send</button></form>')
    };
}

/** @param {Rampart.Request} req */
function send(req) {
    if (!req.postData || req.postData["Content-Type"] !== "multipart/form-data") {
        return { status: 400, html: page("Not a form", "<p>This page wants the form to be posted.</p>") };
    }

    var rows = req.postData.content.map(function (part) {
        return rampart.utils.sprintf("<tr><td>%H<td>%H<td>%d bytes", String(part.name), String(part.filename || ""),
                                     part.content.length);
    });
    return { html: page("Received", "<table><tr><th>field<th>file name<th>size" + rows.join("") + "</table>") };
}

/** @type {Rampart.HandlerMap} */
module.exports = { "/": form, "/send.html": send };
