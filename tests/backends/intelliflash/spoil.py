# SPDX-License-Identifier: Apache-2.0
"""What faults do to replies."""

import json

from . import errors
from .dispatch import HTML, Response, as_json

ENUMS = {'deleteShareSnapshot': lambda request, value: {
             'snapshotDeletionStatus': value, 'deletedList': [],
             'failedToDeleteList': request.params[:1]},
         'getShareSnapshotCreationStatus': lambda request, value: {
             'snapshotProgressStatus': value}}


def _twice(value):
    """JSON with every key of every object twice, null the second time."""
    if isinstance(value, dict):
        pairs = [(key, _twice(each)) for key, each in value.items()]
        pairs += [(key, 'null') for key in value]
        return '{' + ','.join(f'{json.dumps(key)}:{text}'
                              for key, text in pairs) + '}'
    if isinstance(value, list):
        return '[' + ','.join(_twice(each) for each in value) + ']'
    return json.dumps(value)


def instead(fault, request, response, assumptions):
    """The response to give; `response` is the real one or None."""
    details = fault.details
    status = details.get('status', 200)
    if fault.how in ('status', 'error'):
        return _failure(fault, request, assumptions)
    if fault.how == 'enum':
        make = ENUMS.get(request.method, lambda request, value: value)
        return as_json(make(request, details.get('value', 2)), status)
    if fault.how == 'not-json':
        return Response(status, details.get('body', b'this is not JSON'))
    if fault.how == 'html':
        return Response(status, details.get(
            'body', b'<html><body>IntelliFlash is starting</body></html>'),
            HTML)
    if fault.how == 'empty':
        return Response(status)
    if fault.how == 'deep':
        depth = details.get('depth', 100_000)
        return Response(status, b'[' * depth + b']' * depth)
    if fault.how == 'duplicate-keys':
        value = response.value if response is not None else None
        if not isinstance(value, (dict, list)):
            value = {'name': value}
        return Response(status, _twice(value).encode())
    return response or as_json(details.get('value', 0), status)


def _failure(fault, request, assumptions):
    details = fault.details
    code = details.get('code')
    if fault.how == 'error':
        code = errors.full_code(code or 'BUSY')
    status = details.get('status', 400 if fault.how == 'error' else 500)
    if 'body' in details:
        return Response(status, details['body'])
    if code is None:
        return Response(status, f'<html><body>{status} '
                        f'{details.get("message", "Error")}</body></html>'
                        .encode(), HTML)
    request.error = code
    return as_json(errors.ApiError(
        status, code, details.get('message', f'{code} as ordered')).body(
            assumptions), status)
