# SPDX-License-Identifier: Apache-2.0
"""One connection: TLS, HTTP/1.1 with keep-alive, and what faults do to it."""

import http
import socket
import struct
import threading

from .dispatch import Incoming, page
from .spoil import instead

_PHRASES = {status.value: status.phrase for status in http.HTTPStatus}
_HEAD_LIMIT = 64 * 1024
_BODY_LIMIT = 16 * 1024 * 1024
_SPOILED_ON_THE_WIRE = ('reset', 'close', 'hang', 'slow', 'truncated',
                        'huge')


class _Ended(Exception):
    """The connection is at its end."""


class _BadRequest(Exception):
    def __init__(self, status):
        super().__init__(status)
        self.status = status


class Connection:
    def __init__(self, server, sock, number):
        self.server = server
        self.number = number
        self.ended = False
        self.stop_lock = threading.Lock()
        self.raw = sock
        self.sock = sock
        self.buffer = b''
        self.thread = threading.Thread(
            target=self._run, name=f'intelliflash-{number}', daemon=True)

    def stop(self):
        """Make the thread end, from another one."""
        with self.stop_lock:
            self.ended = True
            if self.sock is not None:
                try:
                    # That of SSLSocket would change what its reader uses.
                    socket.socket.shutdown(self.sock, socket.SHUT_RDWR)
                except OSError:
                    pass

    def _run(self):
        try:
            if self._handshake():
                while self._serve():
                    pass
                self._say_goodbye()
        except (OSError, _Ended, ValueError):
            pass
        finally:
            with self.stop_lock:
                self.sock.close()
                self.sock = None
            self.server.forget(self)

    def _handshake(self):
        fault, since = self.server.faults.strike_connection()
        if fault is not None:
            if fault.how == 'tls-garbage':
                self.sock.recv(4096)
                self.sock.sendall(b'SSH-2.0-OpenSSH_9.9\r\n' * 20)
            else:
                self.server.faults.wait_release(since, self._is_gone)
            return False
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        wrapped = self.server.context.wrap_socket(
            self.sock, server_side=True, do_handshake_on_connect=False)
        with self.stop_lock:
            self.sock = wrapped
            if self.ended:
                return False
        wrapped.do_handshake()
        return True

    def _is_gone(self):
        return self.ended

    def _say_goodbye(self):
        """Send TLS' close_notify without waiting for the client's."""
        self.sock.settimeout(0)
        try:
            self.sock.unwrap()
        except (OSError, ValueError):
            pass

    # HTTP

    def _fill(self):
        data = self.sock.recv(65536)
        if not data:
            raise _Ended
        self.buffer += data

    def _line_of_chunk(self):
        while b'\r\n' not in self.buffer:
            self._fill()
        line, self.buffer = self.buffer.split(b'\r\n', 1)
        return line

    def _take(self, count):
        if count > _BODY_LIMIT:
            raise _BadRequest(413)
        while len(self.buffer) < count:
            self._fill()
        data, self.buffer = self.buffer[:count], self.buffer[count:]
        return data

    def _read(self):
        """An `Incoming` and whether the client wants to go on."""
        while b'\r\n\r\n' not in self.buffer:
            if len(self.buffer) > _HEAD_LIMIT:
                raise _BadRequest(431)
            self._fill()
        head, self.buffer = self.buffer.split(b'\r\n\r\n', 1)
        first, *lines = head.decode('latin-1').split('\r\n')
        words = first.split(' ')
        if len(words) != 3 or not words[2].startswith('HTTP/1.'):
            raise _BadRequest(400)
        headers = {}
        for line in lines:
            name, colon, value = line.partition(':')
            if not colon:
                raise _BadRequest(400)
            headers[name.strip().lower()] = value.strip()
        if headers.get('expect', '').lower() == '100-continue':
            self.sock.sendall(b'HTTP/1.1 100 Continue\r\n\r\n')
        wish = headers.get('connection', '').lower()
        go_on = (wish == 'keep-alive' if words[2] == 'HTTP/1.0'
                 else wish != 'close')
        return Incoming(words[0], words[1], headers,
                        self._body(headers)), go_on

    def _body(self, headers):
        if headers.get('transfer-encoding', '').lower() == 'chunked':
            parts = []
            while True:
                count = int(self._line_of_chunk().split(b';')[0], 16)
                parts.append(self._take(count))
                self._take(2)
                if count == 0:
                    return b''.join(parts)
        length = headers.get('content-length', '0')
        if not length.isdigit():
            raise _BadRequest(400)
        return self._take(int(length))

    def _serve(self):
        """One request; whether there can be another one."""
        try:
            incoming, go_on = self._read()
        except _BadRequest as bad:
            self._send(page(bad.status, 'Bad Request'), False)
            return False
        go_on = go_on and self.server.state.assumptions.keep_alive
        dispatcher = self.server.dispatcher
        request, response = dispatcher.begin(incoming, self.number)
        fault, since = self.server.faults.strike_request(request)
        dispatcher.record(request)
        if fault is None:
            response = response or dispatcher.work(request)
            dispatcher.finish(request, response.status)
            self._send(response, go_on)
            return go_on
        request.fault = fault.how
        try:
            if fault.when == 'after':
                response = response or dispatcher.work(request)
            return self._spoil(fault, since, request, response, go_on)
        finally:
            if request.finished is None:
                dispatcher.finish(request, None)

    @staticmethod
    def _head(response, go_on, framing):
        lines = [f'HTTP/1.1 {response.status} '
                 f'{_PHRASES.get(response.status, "Unknown")}',
                 'Server: Apache-Coyote/1.1', *framing]
        if response.body or response.kind != 'application/json':
            lines.append(f'Content-Type: {response.kind}')
        lines += [f'{name}: {value}' for name, value in response.headers]
        lines.append('Connection: ' + ('keep-alive' if go_on else 'close'))
        return ('\r\n'.join(lines) + '\r\n\r\n').encode('latin-1')

    def _send(self, response, go_on, length=None):
        length = len(response.body) if length is None else length
        self.sock.sendall(self._head(
            response, go_on, [f'Content-Length: {length}']) + response.body)

    # Faults

    def _spoil(self, fault, since, request, response, go_on):
        dispatcher = self.server.dispatcher
        if fault.how not in _SPOILED_ON_THE_WIRE:
            response = instead(fault, request, response,
                               self.server.state.assumptions)
            dispatcher.finish(request, response.status)
            self._send(response, go_on)
            return go_on
        if fault.how == 'reset':
            dispatcher.finish(request, None)
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                 struct.pack('ii', 1, 0))
            raise _Ended
        if fault.how == 'close':
            dispatcher.finish(request, None)
            raise _Ended
        if fault.how == 'hang':
            return self._hang(fault, since, request, response, go_on)
        response = instead(fault, request, response,
                           self.server.state.assumptions)
        dispatcher.finish(request, response.status)
        if fault.how == 'slow':
            self._dribble(fault, since, response, go_on)
            return go_on
        if fault.how == 'truncated':
            missing = fault.details.get('missing', 100)
            self._send(response, False, len(response.body) + missing)
            raise _Ended
        self._flood(fault, response)
        raise _Ended

    def _wait(self, since, timeout=None):
        released = self.server.faults.wait_release(since, self._is_gone,
                                                   timeout)
        if self.ended:
            raise _Ended
        return released

    def _hang(self, fault, since, request, response, go_on):
        self._wait(since)
        goes_on = 'continue' if fault.when == 'after' else 'close'
        if fault.details.get('then', goes_on) == 'close':
            raise _Ended
        response = response or self.server.dispatcher.work(request)
        self.server.dispatcher.finish(request, response.status)
        self._send(response, go_on)
        return go_on

    def _dribble(self, fault, since, response, go_on):
        """Piece by piece, the rest at once when released."""
        piece = fault.details.get('piece', 1)
        interval = fault.details.get('interval', 0.05)
        data = self._head(response, go_on, [
            f'Content-Length: {len(response.body)}']) + response.body
        while data:
            self.sock.sendall(data[:piece])
            data = data[piece:]
            if data and self._wait(since, interval):
                self.sock.sendall(data)
                return

    def _flood(self, fault, response):
        """JSON that does not end within `size` bytes (None: never)."""
        size = fault.details.get('size')
        chunked = fault.details.get('chunked', size is None)
        self.sock.sendall(self._head(response, False, [
            'Transfer-Encoding: chunked' if chunked
            else f'Content-Length: {size}']))
        piece = b'["' + b'x' * 65533
        sent = 0
        while size is None or sent < size:
            part = piece if size is None else piece[:size - sent]
            sent += len(part)
            self.sock.sendall(b'%x\r\n%s\r\n' % (len(part), part)
                              if chunked else part)
            piece = b'x' * 65536
        if chunked:
            self.sock.sendall(b'0\r\n\r\n')
        self._say_goodbye()
