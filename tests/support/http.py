"""A small strict HTTP/1.1 client over plain sockets, for tests that care about every byte.

It keeps the order and the case of header lines, refuses replies whose framing is wrong (both Content-Length and
Transfer-Encoding, bad chunk sizes, bytes after the last reply), and lets a test send anything at all.
"""

import re
import socket
import time

from support.timing import scaled

STATUS_LINE = re.compile(rb"HTTP/1\.([01]) (\d{3}) ([\x20-\x7e\x80-\xff]*)")
HEADER_LINE = re.compile(rb"([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[ \t]*(.*?)[ \t]*", re.DOTALL)
TIMEOUT = 10.0


class ProtocolError(AssertionError):
    """The peer's bytes are not a well-formed HTTP/1.1 reply."""


class ConnectionEnded(ProtocolError):
    """The peer closed (or reset) before the reply was complete; .partial holds what had come."""

    def __init__(self, message, partial=b""):
        super().__init__(message)
        self.partial = partial


class Headers:
    """Header lines in order of arrival, with their case kept; look-ups ignore case."""

    def __init__(self, pairs):
        self.pairs = pairs

    def all(self, name):
        return [value for key, value in self.pairs if key.lower() == name.lower()]

    def get(self, name, default=None):
        """The one value of `name`. A header that came twice is an error: use all()."""
        values = self.all(name)
        if len(values) > 1:
            raise ProtocolError(f"{name} came {len(values)} times: {values}")
        return values[0] if values else default

    def __getitem__(self, name):
        value = self.get(name)
        if value is None:
            raise KeyError(f"no header {name} among {[key for key, _ in self.pairs]}")
        return value

    def __contains__(self, name):
        return bool(self.all(name))

    def __iter__(self):
        return iter(self.pairs)

    def __len__(self):
        return len(self.pairs)

    def __repr__(self):
        return f"Headers({self.pairs!r})"


class Response:
    """One reply. `head` is the raw head with its final empty line, `body` the decoded body, `chunks` the sizes of the
    chunks as sent (None when the reply was not chunked), `interim` the 1xx replies that came before it."""

    def __init__(self, status, reason, minor_version, headers, head):
        self.status = status
        self.reason = reason
        self.minor_version = minor_version
        self.headers = headers
        self.head = head
        self.body = b""
        self.chunks = None
        self.trailers = Headers([])
        self.interim = []

    @property
    def text(self):
        return self.body.decode("utf-8")

    def json(self):
        import json

        return json.loads(self.body)

    def __repr__(self):
        return f"<Response {self.status} {self.reason!r} {len(self.body)} bytes {self.body[:120]!r}>"


def parse_head(raw):
    """(Response without a body) of the raw bytes of a head, with strict CRLF line ends."""
    lines = raw[:-4].split(b"\r\n")
    if b"\n" in raw.replace(b"\r\n", b"") or b"\r" in raw.replace(b"\r\n", b""):
        raise ProtocolError(f"bare CR or LF in the head: {raw!r}")
    match = STATUS_LINE.fullmatch(lines[0])
    if not match:
        raise ProtocolError(f"bad status line: {lines[0]!r}")
    return Response(int(match.group(2)), match.group(3).decode("latin-1"), int(match.group(1)),
                    Headers(parse_fields(lines[1:])), raw)


def parse_fields(lines):
    pairs = []
    for line in lines:
        match = HEADER_LINE.fullmatch(line)
        if not match:
            raise ProtocolError(f"bad header line: {line!r}")
        pairs.append((match.group(1).decode("ascii"), match.group(2).decode("latin-1")))
    return pairs


class Connection:
    """One client connection. Pipelining: several send_request(), then as many read_response()."""

    def __init__(self, port, host="127.0.0.1", timeout=TIMEOUT, receive_buffer=None):
        """receive_buffer bounds SO_RCVBUF, for peers that read slowly on purpose."""
        self.host = host
        self.port = port
        self.sock = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
        if receive_buffer:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.sock.settimeout(scaled(timeout))
        self.sock.connect((host, port))
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.pending = b""  # received, not yet part of a reply
        self.ended = False  # the peer has closed its side

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.sock.close()

    def abort(self):
        """Closes with RST instead of FIN."""
        import struct

        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()

    def shutdown_write(self):
        self.sock.shutdown(socket.SHUT_WR)

    # -- sending

    def send(self, raw):
        """Any bytes at all, as they are."""
        self.sock.sendall(raw)

    def send_request(self, method, path, headers=None, body=None, version="1.1"):
        self.send(encode_request(method, path, f"{self.host}:{self.port}", headers, body, version))

    # -- receiving

    def _fill(self, wanted):
        """Reads more; an end of the stream is an error that names what was `wanted`."""
        if not self._receive():
            raise ConnectionEnded(f"the connection ended in the middle of {wanted}", self.pending)

    def _receive(self):
        if self.ended:
            return False
        try:
            received = self.sock.recv(262144)
        except ConnectionResetError:
            received = b""
        except socket.timeout:
            raise AssertionError(f"nothing came for {self.sock.gettimeout():g} s; so far: {self.pending[:200]!r}")
        if not received:
            self.ended = True
            return False
        self.pending += received
        return True

    def _take_until(self, mark, wanted):
        start = 0
        while True:
            at = self.pending.find(mark, start)
            if at >= 0:
                break
            start = max(0, len(self.pending) - len(mark))
            self._fill(wanted)
        taken, self.pending = self.pending[:at + len(mark)], self.pending[at + len(mark):]
        return taken

    def _take(self, count, wanted):
        parts = []
        missing = count
        while missing:
            if not self.pending:
                try:
                    self._fill(wanted)
                except ConnectionEnded as end:
                    end.partial = b"".join(parts)
                    raise
            part, self.pending = self.pending[:missing], self.pending[missing:]
            missing -= len(part)
            parts.append(part)
        return b"".join(parts)

    def read_head(self):
        """The next head, interim (1xx) or final, as a Response without a body."""
        if not self.pending and not self._receive():
            raise ConnectionEnded("the connection ended before a reply began")
        return parse_head(self._take_until(b"\r\n\r\n", "a reply head"))

    def read_response(self, method="GET"):
        """The next final reply. `method` is that of its request: a reply to HEAD has no body."""
        interim = []
        while True:
            response = self.read_head()
            if response.status >= 200 or response.status == 101:
                break
            interim.append(response)
        response.interim = interim
        self._read_body(response, method)
        return response

    def _read_body(self, response, method):
        lengths = response.headers.all("Content-Length")
        codings = response.headers.all("Transfer-Encoding")
        if len(lengths) > 1 or (lengths and codings):
            raise ProtocolError(f"ambiguous framing: {response.headers}")
        if lengths and not re.fullmatch(r"[0-9]+", lengths[0]):
            raise ProtocolError(f"bad Content-Length {lengths[0]!r}")
        if response.status in (101, 204, 304) or method == "HEAD":
            return
        if codings:
            if [coding.lower() for coding in codings] != ["chunked"]:
                raise ProtocolError(f"unknown transfer coding {codings}")
            self._read_chunks(response)
        elif lengths:
            response.body = self._take(int(lengths[0]), "a reply body")
        else:
            while self._receive():
                pass
            response.body, self.pending = self.pending, b""

    def _read_chunks(self, response):
        response.chunks = []
        parts = []
        while True:
            line = self._take_until(b"\r\n", "a chunk size")[:-2]
            if not re.fullmatch(rb"[0-9A-Fa-f]{1,16}", line):
                raise ProtocolError(f"bad chunk size {line!r}")
            size = int(line, 16)
            if size == 0:
                break
            parts.append(self._take(size, "a chunk"))
            response.chunks.append(size)
            if self._take(2, "the end of a chunk") != b"\r\n":
                raise ProtocolError("a chunk does not end with CRLF")
        response.body = b"".join(parts)
        lines = []
        while True:
            line = self._take_until(b"\r\n", "the trailers")[:-2]
            if not line:
                break
            lines.append(line)
        response.trailers = Headers(parse_fields(lines))

    def read_to_end(self):
        """Everything up to the end of the stream, raw."""
        while self._receive():
            pass
        taken, self.pending = self.pending, b""
        return taken

    def is_closed_by_peer(self, within=2.0):
        """Whether the peer closes within scaled(within) seconds without sending another byte."""
        if self.pending:
            return False
        if self.ended:
            return True
        old = self.sock.gettimeout()
        self.sock.settimeout(scaled(within))
        try:
            received = self.sock.recv(65536)
            self.pending += received
            self.ended = not received
            return not received
        except ConnectionResetError:
            self.ended = True
            return True
        except socket.timeout:
            return False
        finally:
            self.sock.settimeout(old)

    def assert_nothing_comes(self, for_seconds=0.1):
        """The peer keeps the connection open and sends nothing for a while."""
        old = self.sock.gettimeout()
        self.sock.settimeout(for_seconds)
        try:
            received = self.sock.recv(65536)
            raise AssertionError(f"expected silence, got {received[:200]!r}" if received else "the peer closed")
        except socket.timeout:
            assert not self.pending, f"bytes left over: {self.pending[:200]!r}"
        finally:
            self.sock.settimeout(old)

    def request(self, method, path, headers=None, body=None, version="1.1"):
        self.send_request(method, path, headers, body, version)
        return self.read_response(method)

    def get(self, path, headers=None):
        return self.request("GET", path, headers)


def encode_request(method, path, host, headers=None, body=None, version="1.1"):
    """The bytes of a request. `headers`: dict or list of pairs; a value of None leaves the header out (so that
    {"Host": None} sends none). `body`: bytes or str get a Content-Length; a list of bytes is sent as chunks."""
    pairs = list(headers.items()) if isinstance(headers, dict) else list(headers or [])
    names = {name.lower() for name, _ in pairs}
    if "host" not in names:
        pairs.insert(0, ("Host", host))
    if isinstance(body, str):
        body = body.encode()
    if isinstance(body, list):
        if "transfer-encoding" not in names:
            pairs.append(("Transfer-Encoding", "chunked"))
        body = encode_chunks(body)
    elif body is not None and not names & {"content-length", "transfer-encoding"}:
        pairs.append(("Content-Length", str(len(body))))
    lines = [f"{method} {path} HTTP/{version}"] + [f"{name}: {value}" for name, value in pairs if value is not None]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + (body or b"")


def encode_chunks(parts, trailers=()):
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts if part)
    return chunks + b"0\r\n" + b"".join(f"{k}: {v}\r\n".encode("latin-1") for k, v in trailers) + b"\r\n"


def encode_multipart(parts, boundary="ravelinTestBoundary"):
    """(content type, body) of multipart/form-data; parts: (name, content[, filename[, content type]])."""
    out = []
    for name, content, *rest in parts:
        disposition = f'form-data; name="{name}"' + (f'; filename="{rest[0]}"' if rest and rest[0] else "")
        head = f"--{boundary}\r\nContent-Disposition: {disposition}\r\n"
        if len(rest) > 1:
            head += f"Content-Type: {rest[1]}\r\n"
        out.append(head.encode() + b"\r\n" + (content.encode() if isinstance(content, str) else content) + b"\r\n")
    return f"multipart/form-data; boundary={boundary}", b"".join(out) + f"--{boundary}--\r\n".encode()


def request(port, method, path, headers=None, body=None, host="127.0.0.1", timeout=TIMEOUT):
    """One request on a connection of its own (Connection: close). Bytes after the reply are an error."""
    pairs = list(headers.items()) if isinstance(headers, dict) else list(headers or [])
    if not any(name.lower() == "connection" for name, _ in pairs):
        pairs.append(("Connection", "close"))
    with Connection(port, host, timeout) as connection:
        connection.send_request(method, path, pairs, body)
        response = connection.read_response(method)
        if any(name.lower() == "connection" and value == "close" for name, value in pairs):
            rest = connection.read_to_end()
            if rest:
                raise ProtocolError(f"{len(rest)} bytes after the reply: {rest[:200]!r}")
        return response


def raw_exchange(port, data, host="127.0.0.1", responses=None, methods=None, timeout=TIMEOUT):
    """Sends raw bytes. With `responses`: reads that many replies (`methods`: those of the requests) and returns them in
    a list; without: returns every byte up to the peer's close."""
    with Connection(port, host, timeout) as connection:
        try:
            connection.send(data)
        except (BrokenPipeError, ConnectionResetError):
            pass  # The peer answered and closed before it had everything, as it may.
        if responses is None:
            return connection.read_to_end()
        return [connection.read_response(methods[i] if methods else "GET") for i in range(responses)]


def wait_accepting(port, host="127.0.0.1", seconds=5.0, gave_up=lambda: False):
    """Waits until a connection is accepted; False when gave_up() turned true or the time is over."""
    deadline = time.monotonic() + scaled(seconds)
    while time.monotonic() < deadline:
        if gave_up():
            return False
        try:
            socket.create_connection((host, port), timeout=1).close()
            return True
        except OSError:
            time.sleep(0.005)
    return False
