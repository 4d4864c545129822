<?php
// The request as one JSON text, with the keys that Ravelin's request object has.
function request_headers() {
    $headers = [];
    foreach (getallheaders() as $name => $value) {
        $headers[$name] = $value;
    }
    return $headers;
}

function request_object() {
    $uri = $_SERVER['REQUEST_URI'];
    $path = explode('?', $uri, 2)[0];
    $slash = strrpos($path, '/');
    $scheme = $_SERVER['REQUEST_SCHEME'] . '://';
    $host = $_SERVER['HTTP_HOST'] ?? 'localhost';
    $headers = request_headers();
    return [
        'ip' => $_SERVER['REMOTE_ADDR'],
        'port' => (int)$_SERVER['REMOTE_PORT'],
        'method' => $_SERVER['REQUEST_METHOD'],
        'methodRaw' => $_SERVER['REQUEST_METHOD'],
        'path' => [
            'file' => substr($path, $slash + 1),
            'path' => $path,
            'base' => substr($path, 0, $slash + 1),
            'scheme' => $scheme,
            'host' => $host,
            'url' => $scheme . $host . $uri,
        ],
        'query' => (object)$_GET,
        'query_raw' => $_SERVER['QUERY_STRING'],
        'cookies' => (object)$_COOKIE,
        'headers' => $headers,
        'postData' => ['Content-Type' => $_SERVER['CONTENT_TYPE'] ?? ''],
        'params' => array_merge($_POST, $_GET, $_COOKIE, $headers),
        'body' => (object)[],
    ];
}

header('Content-Type: text/plain');
echo json_encode(request_object(), JSON_PRETTY_PRINT | JSON_UNESCAPED_SLASHES);
