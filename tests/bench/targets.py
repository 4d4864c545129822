"""What is requested in each row, which answer counts as right, and which ratios the project promises."""

import json
from dataclasses import dataclass, field

import servers

# A browser's request, as the manual's section "The Request Object" prints one.
BROWSER_HEADERS = {
    "DNT": "1",
    "Upgrade-Insecure-Requests": "1",
    "User-Agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) "
                  "Chrome/85.0.4183.121 Safari/537.36",
    "Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8,"
              "application/signed-exchange;v=b3;q=0.9",
    "Sec-Fetch-Site": "none",
    "Sec-Fetch-Mode": "navigate",
    "Sec-Fetch-User": "?1",
    "Sec-Fetch-Dest": "document",
    "Accept-Encoding": "gzip, deflate, br",
    "Accept-Language": "en-US,en;q=0.9",
    "Cookie": "mycookie=cookietext",
}
QUERY = "?q=search+terms"
# The promises are about this many keep-alive connections.
PROMISED_AT = 64


@dataclass
class Target:
    name: str
    title: str
    path: str
    headers: dict = field(default_factory=dict)
    only_at: tuple = ()  # connection counts, empty for all
    # nginx runs no script: where a script prints the request, nginx answers the same request with `return 200`.
    nginx_path: str = ""

    def path_for(self, server_name):
        return self.nginx_path if server_name == "nginx" and self.nginx_path else self.path

    def wrong_answer(self, server_name, status, body):
        """Why this reply is not the one that the row is about, or None when it is."""
        if status != 200:
            return f"status {status}"
        if self.path == "/hello" or server_name == "nginx" and self.nginx_path:
            return None if body == servers.HELLO.encode() else f"body is {body[:60]!r}"
        if self.path.startswith("/req.txt"):
            return wrong_request_object(body, self.headers)
        size = servers.STATIC_SIZES[self.path[1:]]
        return None if len(body) == size else f"{len(body)} bytes, not {size}"


def wrong_request_object(body, headers):
    """Every server must print the whole request, or the row would compare different work."""
    try:
        printed = json.loads(body)
    except ValueError as error:
        return f"not JSON ({error}): {body[:60]!r}"
    for key in ("ip", "port", "method", "path", "query", "query_raw", "cookies", "headers", "postData", "params"):
        if key not in printed:
            return f"no {key} in the request object"
    if printed["query"] != {"q": "search terms"}:
        return f"query is {printed['query']}"
    for name, value in headers.items():
        spelled = {key.lower(): text for key, text in printed["headers"].items()}
        if spelled.get(name.lower()) != value:
            return f"header {name} is {spelled.get(name.lower())!r}"
    return None


TARGETS = {target.name: target for target in (
    Target("hello", "a script's hello; nginx: return 200", "/hello"),
    Target("req", "the whole request as JSON; nginx: return 200 to the same request", "/req.txt" + QUERY,
           nginx_path="/hello" + QUERY),
    Target("reqbrowser", "the same with a browser's headers and a cookie", "/req.txt" + QUERY, BROWSER_HEADERS,
           (PROMISED_AT,), "/hello" + QUERY),
    Target("static1k", "a file of 1 KB", "/1k.txt"),
    Target("static100k", "a file of 100 KB", "/100k.txt"),
)}


@dataclass
class Promise:
    """Ravelin's CPU per request on `target` is at most `limit` times that of `rival` there. limit None: no promise."""

    target: str
    rival: str
    limit: float = None


PROMISES = (
    Promise("hello", "nginx", 1.3),
    Promise("hello", "node", 0.5),
    Promise("hello", "php", 0.2),
    Promise("req", "nginx", 3.0),
    Promise("req", "node"),
    Promise("req", "php"),
    Promise("reqbrowser", "nginx"),
    Promise("reqbrowser", "node"),
    Promise("reqbrowser", "php"),
    Promise("static1k", "nginx", 1.2),
    Promise("static1k", "node"),
    Promise("static100k", "nginx", 1.2),
    Promise("static100k", "node"),
)
WORKER_PRIVATE_DIRTY_LIMIT_KB = 2048
KILL_TO_READY_LIMIT_MS = 3.0
