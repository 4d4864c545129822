// Node as sites use it: http and a cluster of two; a hello, the request as JSON, and static files by stat and stream.
'use strict';
const cluster = require('cluster');
const fs = require('fs');
const http = require('http');
const path = require('path');
const querystring = require('querystring');

const PORT = @PORT@;
const ROOT = '@ROOT@';
const HELLO = '@HELLO@';
const MIME = {'.html': 'text/html', '.txt': 'text/plain'};

function reply(res, type, text) {
  res.writeHead(200, {'Content-Type': type, 'Content-Length': Buffer.byteLength(text)});
  res.end(text);
}

function sentHeaders(req) {
  const headers = {};
  for (let i = 0; i < req.rawHeaders.length; i += 2) headers[req.rawHeaders[i]] = req.rawHeaders[i + 1];
  return headers;
}

function cookiesOf(req) {
  const cookies = {};
  if (!req.headers.cookie) return cookies;
  for (const pair of req.headers.cookie.split(';')) {
    const equals = pair.indexOf('=');
    if (equals > 0) cookies[pair.slice(0, equals).trim()] = decodeURIComponent(pair.slice(equals + 1).trim());
  }
  return cookies;
}

// The keys that Ravelin's request object has.
function requestObject(req) {
  const mark = req.url.indexOf('?');
  const pathOnly = mark < 0 ? req.url : req.url.slice(0, mark);
  const queryRaw = mark < 0 ? '' : req.url.slice(mark + 1);
  const slash = pathOnly.lastIndexOf('/');
  const host = req.headers.host || 'localhost';
  const query = Object.assign({}, querystring.parse(queryRaw));
  const cookies = cookiesOf(req);
  const headers = sentHeaders(req);
  return {
    ip: req.socket.remoteAddress,
    port: req.socket.remotePort,
    method: req.method,
    methodRaw: req.method,
    path: {
      file: pathOnly.slice(slash + 1),
      path: pathOnly,
      base: pathOnly.slice(0, slash + 1),
      scheme: 'http://',
      host: host,
      url: 'http://' + host + req.url
    },
    query: query,
    query_raw: queryRaw,
    cookies: cookies,
    headers: headers,
    postData: {'Content-Type': req.headers['content-type'] || ''},
    params: Object.assign({}, query, cookies, headers),
    body: {}
  };
}

function sendFile(req, res) {
  const file = path.join(ROOT, path.normalize(decodeURIComponent(req.url.split('?')[0])));
  fs.stat(file, (error, stat) => {
    if (error || !stat.isFile()) {
      res.writeHead(404);
      res.end();
      return;
    }
    res.writeHead(200, {
      'Content-Type': MIME[path.extname(file)] || 'application/octet-stream',
      'Content-Length': stat.size,
      'Last-Modified': stat.mtime.toUTCString()
    });
    fs.createReadStream(file).pipe(res);
  });
}

function answer(req, res) {
  if (req.url === '/hello' || req.url.startsWith('/hello?')) return reply(res, 'text/html', HELLO);
  if (req.url === '/req.txt' || req.url.startsWith('/req.txt?')) {
    return reply(res, 'text/plain', JSON.stringify(requestObject(req), null, 3));
  }
  sendFile(req, res);
}

if (cluster.isPrimary) {
  for (let i = 0; i < 2; i++) cluster.fork();
} else {
  http.createServer(answer).listen({port: PORT, host: '127.0.0.1', backlog: 1024});
}
