"""A server for one page and the browser of one machine; nothing of it needs Keras.

It listens on the loopback address alone. A page from elsewhere that a browser shows must not speak to it either: it
could have its own name lead to this address (DNS rebinding), or send images unseen. So the `Host` must be this machine,
an `Origin` this page, and images come with a type that makes a browser ask first; no answer ever permits it.
"""

import contextlib
import errno
import http.server
import json
import os
import sys
import urllib.parse
from importlib import resources

from keras_vision.errors import BadInput, KerasVisionError

ADDRESS = "127.0.0.1"
MAX_BYTES = 32 * 2**20  # of an image file; a photograph of 50 megapixels as JPEG has about 20 MB
_DIGITS = len(str(MAX_BYTES))  # of a length; Python refuses to read one of thousands
_SECONDS = 30  # that a browser may be silent in the middle of a request
_PLACE = "keras_vision.reporting"
_FILES = {  # path -> file of the page, and its type; there are no others
    "/": ("try.html", "text/html; charset=utf-8"),
    "/try.css": ("try.css", "text/css; charset=utf-8"),
    "/try.js": ("try.js", "text/javascript; charset=utf-8"),
}
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; "
    "img-src 'self' data: blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
_IMAGE = "application/octet-stream"  # which no form can send


class LocalServer(http.server.ThreadingHTTPServer):
    """The server, bound to its port as it is made; `answer_with` says what it answers.

    Args:
        port: Of the loopback address; 0 for one that is free.

    Raises:
        BadInput: The port cannot be had.

    Example:

    >>> with LocalServer(0) as server:
    ...     server.address.startswith("http://localhost:")
    True
    """

    daemon_threads = True  # a browser keeps connections open
    allow_reuse_address = os.name != "nt"  # where that would let two servers share a port

    def __init__(self, port):
        self.facts, self.answer = {}, None
        try:
            super().__init__((ADDRESS, port), _Request)
        except OSError as error:
            why = {errno.EADDRINUSE: "is in use", errno.EACCES: "is not open to you"}.get(error.errno, str(error))
            raise BadInput(f"The port {port} {why}. Give another with --port N; 0 takes one that is free.") from error

    @property
    def address(self):
        """Where the page is."""
        return f"http://localhost:{self.server_port}/"

    def answer_with(self, facts, answer):
        """Sets what it answers.

        Args:
            facts: What the page is told of the model, plain data.
            answer: Function of (the content of an image file, a dict of the words behind the question mark) that
                returns plain data; a `KerasVisionError` is told to the person.
        """
        self.facts, self.answer = facts, answer

    def handle_error(self, request, client_address):
        """Says nothing where a browser has gone away; what else goes wrong is told as ever."""
        if not isinstance(sys.exception(), (ConnectionError, TimeoutError)):
            super().handle_error(request, client_address)


class _Request(http.server.BaseHTTPRequestHandler):
    """One request."""

    protocol_version = "HTTP/1.1"
    timeout = _SECONDS
    server_version, sys_version = "keras_vision", ""

    def do_GET(self):
        """Gives the page, or the facts about the model."""
        if self._is_foreign():
            return
        path = self.path.partition("?")[0]
        if path == "/facts":
            self._give_json(200, self.server.facts)
        elif path in _FILES:
            name, kind = _FILES[path]
            self._give(200, kind, resources.files(_PLACE).joinpath(name).read_bytes())
        else:
            self._refuse(404, "There is no such page.")

    def do_POST(self):
        """Answers for an image."""
        if self._is_foreign():
            return
        path, _, query = self.path.partition("?")
        length = self.headers.get("Content-Length", "")
        if path != "/answer":
            self._refuse(404, "There is no such page.")
        elif self.headers.get("Content-Type") != _IMAGE:
            self._refuse(415, f"Send the content of an image file as {_IMAGE}.")
        elif "Transfer-Encoding" in self.headers or not (length.isascii() and length.isdigit()):
            self._refuse(411, "Say how long the image file is.")
        elif len(length) > _DIGITS or int(length) > MAX_BYTES:
            self._refuse(413, f"The file is too large: at most {MAX_BYTES // 2**20} MB are taken.")
        else:
            self._answer(self.rfile.read(int(length)), dict(urllib.parse.parse_qsl(query)))

    def _answer(self, content, words):
        try:
            self._give_json(200, self.server.answer(content, words))
        except KerasVisionError as error:
            self._refuse(400 if isinstance(error, BadInput) else 500, str(error), closes=False)

    def _is_foreign(self):
        """Refuses whoever does not come from this machine's own page; returns whether that was so."""
        names = [f"{name}:{self.server.server_port}" for name in ("localhost", ADDRESS)]
        origins = [f"http://{name}" for name in names]
        if self.headers.get("Host") in names and self.headers.get("Origin", origins[0]) in origins:
            return False
        self._refuse(403, f"This page is at {self.server.address} alone.")
        return True

    def _refuse(self, code, reason, *, closes=True):
        self.close_connection |= closes  # what was not read of the request would be taken for the next
        self._give_json(code, {"error": reason})

    def _give_json(self, code, data):
        self._give(code, "application/json", json.dumps(data, allow_nan=False).encode())

    def _give(self, code, kind, content):
        self.send_response(code)
        headers = {"Content-Type": kind, "Content-Length": str(len(content)), **_HEADERS}
        for name, value in headers.items():
            self.send_header(name, value)
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        with contextlib.suppress(ConnectionError):
            self.wfile.write(content)

    def log_message(self, *words):
        """Says nothing: what a person sees is the page."""
