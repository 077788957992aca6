# SPDX-License-Identifier: Apache-2.0
"""The array's error replies: status, code and body."""

CODES = tuple('EZEBI_' + name for name in (
    'GENERAL', 'INVALID_ARGUMENT', 'PERMISSION_DENIED', 'NOMEMORY',
    'NOSPACE', 'RESOURCE_SUSPENDED', 'RESOURCE_BUSY', 'RESOURCE_INUSE',
    'RESOURCE_EXIST', 'RESOURCE_CORRUPTED', 'RESOURCE_NOT_FOUND',
    'REQUEST_EXIST', 'REQUEST_INTERRUPTED', 'REQUEST_TIMEOUT',
    'HOST_UNREACHABLE', 'HOST_UNKNOWN', 'OPERATION_NOT_ALLOWED',
    'INVALID_QUOTA_RESERVATION_VALUE', 'INVALID_MOUNT_POINT',
    'INVALID_ACL_API_PARAM_GENERAL', 'INVALID_WINDOWS_DISPLAY_NAME'))

NOENT = ('EZFS_NOENT', '2009')
BUSY = ('EZFS_BUSY', '2007')


class ApiError(Exception):
    """An error reply.  `cause` is (name, number) of a file system error."""

    def __init__(self, status, code, message, cause=None, extended=None,
                 details=None):
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.details = message if details is None else details
        self.extended = extended
        if cause is not None:
            name, number = cause
            self.extended = {'EX_CAUSE_CODE_NAME': name,
                             'EX_CAUSE_MESSAGE': message,
                             'EX_CAUSE_CODE_NUMBER': number}

    @property
    def missing(self):
        """Whether it says that a dataset does not exist."""
        return (isinstance(self.extended, dict)
                and self.extended.get('EX_CAUSE_CODE_NAME') == NOENT[0])

    def body(self, assumptions):
        body = {'code': self.code, assumptions.message_key: self.message,
                'details': self.details}
        if self.extended is not None:
            body['extendedData'] = self.extended
        elif assumptions.extended_data != 'missing':
            body['extendedData'] = (
                {} if assumptions.extended_data == 'object' else [])
        return body


def full_code(name):
    """EZEBI_RESOURCE_BUSY from itself, RESOURCE_BUSY or BUSY."""
    for code in (name, 'EZEBI_' + name, 'EZEBI_RESOURCE_' + name,
                 'EZEBI_REQUEST_' + name):
        if code in CODES:
            return code
    return name


def _missing(status, code, path):
    return ApiError(status, code,
                    f'Unable to open {path} : dataset does not exist', NOENT)


# The same situation has different replies, depending on the method.

def not_found_500(path):
    return _missing(500, 'EZEBI_RESOURCE_NOT_FOUND', path)


def not_found_404(path):
    return _missing(404, 'EZEBI_RESOURCE_NOT_FOUND', path)


def no_dataset(path):
    return _missing(400, 'EZEBI_GENERAL', path)


def name_taken(path):
    return ApiError(400, 'EZEBI_GENERAL', 'A volume/share with the same name '
                    f'{path} already exists.')


def invalid(message, status=400, code='EZEBI_INVALID_ARGUMENT'):
    return ApiError(status, code, message,
                    extended={'EX_CAUSE_MESSAGE': None})


def busy(path):
    return ApiError(400, 'EZEBI_GENERAL',
                    f'Unable to delete {path} : dataset is busy', BUSY)


def later_snapshots(path):
    return ApiError(400, 'EZEBI_GENERAL', f'Unable to roll back to {path} : '
                    'more recent snapshots exist')


def no_such_method(service):
    text = ('Please check if method name and arguments are correct.')
    message = f'No such method found in {service}. {text}'
    return ApiError(400, 'EZEBI_GENERAL', message, extended={
        'EX_CAUSE_MESSAGE': f'No such method found in {service}.  {text}'})
