# SPDX-License-Identifier: Apache-2.0
"""Requests to the simulator's processes: JSON over a unix stream socket.

One request and one answer per connection: {"op": name, argument: value...}
gives {"ok": value} or {"error": text}.
"""

import json
import socket
import threading


def call(path, op, /, **arguments):
    """Ask the server at `path`; raises RuntimeError with its error text."""
    with socket.socket(socket.AF_UNIX) as sock:
        sock.connect(path)
        sock.sendall(json.dumps(dict(arguments, op=op)).encode() + b"\n")
        answer = json.loads(receive(sock))
    if "error" in answer:
        raise RuntimeError(answer["error"])
    return answer["ok"]


def receive(sock):
    """One line."""
    parts = []
    while True:
        data = sock.recv(65536)
        parts.append(data)
        if not data or data.endswith(b"\n"):
            return b"".join(parts)


def listen(path):
    sock = socket.socket(socket.AF_UNIX)
    sock.bind(path)
    sock.listen(128)
    return sock


def serve(listener, target):
    """Answer requests for ever with the methods op_<name> of `target`."""
    while True:
        conn, _ = listener.accept()
        threading.Thread(target=_answer, args=(conn, target),
                         daemon=True).start()


def _answer(conn, target):
    with conn:
        try:
            request = json.loads(receive(conn))
            function = getattr(target, "op_" + request.pop("op"))
            answer = {"ok": function(**request)}
        except Exception as error:                # the caller's to report
            answer = {"error": f"{type(error).__name__}: {error}"}
        try:
            conn.sendall(json.dumps(answer).encode() + b"\n")
        except OSError:
            pass                                  # the caller went away
