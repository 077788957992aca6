# SPDX-License-Identifier: Apache-2.0
"""From an HTTP request to a reply, faults aside."""

import base64
import binascii
import hmac
import json
import re
from dataclasses import dataclass

from . import errors, v2_access, v2_shares, v2_snapshots  # noqa: F401
from .journal import Request
from .openstack import OPENSTACK
from .registry import NOTHING, Reply
from .v2 import V2

SERVICES = {'openstack': OPENSTACK, 'v2': V2}
JSON = 'application/json'
HTML = 'text/html;charset=utf-8'
TEXT = 'text/plain;charset=utf-8'

_PATH = re.compile(r'/zebi/api/(?P<service>[^/?]+)/(?P<method>[^/?]+)/?')


@dataclass
class Incoming:
    """An HTTP request."""

    http: str
    target: str
    headers: dict                       # names in lower case
    body: bytes


@dataclass
class Response:
    """An HTTP response."""

    status: int
    body: bytes = b''
    kind: str = JSON
    headers: tuple = ()
    value: object = None                # what a JSON body stands for


def as_json(value, status=200):
    return Response(status, json.dumps(value).encode(), value=value)


def page(status, title):
    return Response(status, f'<html><head><title>{title}</title></head>'
                    f'<body><h1>{title}</h1></body></html>\n'.encode(), HTML)


def parse_params(body):
    """The positional arguments in a request's body, or ApiError."""
    if not body.strip():
        return []
    try:
        params = json.loads(body)
    except (ValueError, RecursionError):
        raise errors.invalid('The request is not JSON.') from None
    if isinstance(params, dict) and params and all(
            re.match(r'arg\d+_', name) for name in params):
        # What a generated client sends.
        return [params[name] for name in sorted(
            params, key=lambda name: int(name[3:name.index('_')]))]
    if not isinstance(params, list):
        raise errors.invalid('The request is not an array of arguments.')
    return params


class Dispatcher:
    """Answers requests on a state, and keeps the journal."""

    def __init__(self, state, journal, watches, login, password):
        self._state = state
        self._journal = journal
        self._watches = watches
        self._credentials = f'{login}:{password}'.encode()

    def _authorized(self, headers):
        scheme, _, given = headers.get('authorization', '').partition(' ')
        try:
            decoded = base64.b64decode(given.strip(), validate=True)
        except binascii.Error:
            return False
        return scheme.lower() == 'basic' and hmac.compare_digest(
            decoded, self._credentials)

    def begin(self, incoming, connection):
        """(journal entry, response that can be given already or None)."""
        found = _PATH.fullmatch(incoming.target.partition('?')[0])
        request = Request(
            service=found['service'] if found else '',
            method=found['method'] if found else incoming.target,
            params=[], http=incoming.http, connection=connection,
            headers={name: value for name, value in incoming.headers.items()
                     if name != 'authorization'},
            authorized=self._authorized(incoming.headers))
        return request, self._early(incoming, request)

    def record(self, request):
        self._journal.add(request)

    def _early(self, incoming, request):
        service = SERVICES.get(request.service)
        failed = None
        try:
            request.params = parse_params(incoming.body)
        except errors.ApiError as error:
            failed = self._error(request, error)
        if not request.authorized:
            status = int(self._state.assumptions.wrong_password)
            denied = page(status, 'Access Denied')
            if status == 401:
                denied.headers = (
                    ('WWW-Authenticate', 'Basic realm="IntelliFlash"'),)
            return denied
        if service is None or not service.exists(self._state.firmware):
            return page(404, 'HTTP Status 404 - Not Found')
        if incoming.http not in ('GET', 'POST'):
            return page(405, 'HTTP Status 405 - Method Not Allowed')
        return failed

    def _error(self, request, error):
        request.error = error.code
        assume = self._state.assumptions
        if (request.service == 'openstack'
                and assume.openstack_errors == 'text'):
            return Response(500, error.message.encode(), TEXT)
        return as_json(error.body(assume), error.status)

    def work(self, request):
        """Do what was asked and make the response."""
        state = self._state
        with state.lock:
            self._watches.look(None)
            try:
                reply = SERVICES[request.service].find(
                    request.method, request.params, state.firmware)(state)
            except errors.ApiError as error:
                return self._error(request, error)
            finally:
                self._watches.look(request)
        if reply is NOTHING:
            return Response(200, b'')
        if isinstance(reply, Reply):
            request.reply = reply.value
            return as_json(reply.value, reply.status)
        request.reply = reply
        return as_json(reply)

    def finish(self, request, status):
        self._journal.finish(request, status)
