# SPDX-License-Identifier: Apache-2.0
"""HTTPS: one thread per connection, on a port that stays the same."""

import socket
import threading

from .connection import Connection


class Server:
    """Accepts connections on a port of 127.0.0.1 that stays the same."""

    def __init__(self, state, dispatcher, faults, port=0):
        self.state = state
        self.dispatcher = dispatcher
        self.faults = faults
        self.context = None
        self.accepted = 0
        self._lock = threading.Lock()
        self._connections = set()
        # Keeps the port while nobody listens; gets no connections itself.
        self._placeholder = self._bound(port)
        self.host, self.port = self._placeholder.getsockname()
        self._listener = None
        self._thread = None

    @staticmethod
    def _bound(port):
        sock = socket.socket()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        try:
            sock.bind(('127.0.0.1', port))
        except OSError:
            sock.close()
            raise
        return sock

    def listen(self):
        if self._listener is not None:
            return
        self._listener = self._bound(self.port)
        self._listener.listen(256)
        self._thread = threading.Thread(
            target=self._accept, args=(self._listener,),
            name='intelliflash-accept', daemon=True)
        self._thread.start()

    def refuse(self):
        """Stop listening: connections are refused."""
        if self._listener is None:
            return
        self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._listener.close()
        self._listener = None

    def drop(self):
        """End all connections."""
        with self._lock:
            connections = list(self._connections)
        for connection in connections:
            connection.stop()
        self.faults.poke()
        for connection in connections:
            connection.thread.join()

    def close(self):
        self.refuse()
        self.drop()
        self._placeholder.close()

    def _accept(self, listener):
        while True:
            try:
                sock, _ = listener.accept()
            except OSError:
                return
            with self._lock:
                self.accepted += 1
                connection = Connection(self, sock, self.accepted)
                self._connections.add(connection)
                connection.thread.start()

    def forget(self, connection):
        with self._lock:
            self._connections.discard(connection)
