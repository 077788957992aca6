# SPDX-License-Identifier: Apache-2.0
"""What the drivers raise.

Where Manila is installed these classes are also Manila's own (and, as long as
Manila has them, GPFSException and TegileAPIException), so that the share
manager handles them as ever. Without Manila they are the plain classes of the
extension module. Each instance made by the extension has ``native_code``, the
name of its error code (str): 'TIMEDOUT', 'BUSY', 'NOSPACE' ...
"""

from manila_native import _native

try:
    from manila import exception as _manila
except ModuleNotFoundError as e:
    if e.name != 'manila':
        raise
    _manila = None

try:
    from oslo_concurrency import processutils as _processutils
except ModuleNotFoundError as e:
    if e.name not in ('oslo_concurrency', 'oslo_concurrency.processutils'):
        raise
    _processutils = None


def _bases(native, *names):
    """The classes of Manila with these names that exist, then native."""
    found = [getattr(_manila, name) for name in names
             if hasattr(_manila, name)]
    return (*found, native)


_GPFS_BASES = _bases(_native.GPFSException,
                     'GPFSException', 'ShareBackendException')


class GPFSException(*_GPFS_BASES):
    """An operation on the cluster or its NFS servers failed."""


class GPFSConfigurationException(
        GPFSException, *_bases(_native.GPFSConfigurationException,
                               'BadConfigurationException')):
    """An option of the back end is missing or can't serve."""


class GPFSTimeoutException(GPFSException, _native.GPFSTimeoutException):
    """A host did not answer in time; what it did meanwhile is not known."""


class GPFSConnectionException(GPFSException,
                              _native.GPFSConnectionException):
    """No connection, refused credentials or an unexpected host key."""


_TEGILE_BASES = _bases(_native.TegileException,
                       'TegileAPIException', 'ShareBackendException')


class TegileException(*_TEGILE_BASES):
    """The array refused an operation, or failed at it."""


class TegileConfigurationException(
        TegileException, *_bases(_native.TegileConfigurationException,
                                 'BadConfigurationException')):
    """An option of the back end is missing or can't serve."""


class TegileTimeoutException(TegileException, _native.TegileTimeoutException):
    """The array did not answer in time; what it did meanwhile is not known."""


class TegileConnectionException(
        TegileException, _native.TegileConnectionException):
    """No connection, refused credentials or an untrusted certificate."""


class InvalidShare(*_bases(_native.InvalidShare, 'InvalidShare')):
    """The share is not one that the driver can serve."""


class InvalidShareAccess(
        *_bases(_native.InvalidShareAccess, 'InvalidShareAccess')):
    """The access rule is not one that the driver can serve."""


class InvalidInput(*_bases(_native.InvalidInput, 'InvalidInput')):
    """A value that the caller gave is bad; nothing was changed."""


class ShareShrinkingPossibleDataLoss(
        *_bases(_native.ShareShrinkingPossibleDataLoss,
                'ShareShrinkingPossibleDataLoss')):
    """The share holds more than its new size; nothing was changed."""


class ManageInvalidShare(
        InvalidShare, *_bases(_native.ManageInvalidShare,
                              'ManageInvalidShare')):
    """What is to be taken over can't be a share; it was left as it was."""


class UnmanageInvalidShare(
        InvalidShare, *_bases(_native.UnmanageInvalidShare,
                              'UnmanageInvalidShare')):
    """The share could not be let go."""


class ManageInvalidShareSnapshot(
        *_bases(_native.ManageInvalidShareSnapshot,
                'ManageInvalidShareSnapshot')):
    """There is no such snapshot, or it can't be used."""


if _processutils is None:
    CommandError = _native.CommandError
else:
    class CommandError(_processutils.ProcessExecutionError,
                       _native.CommandError):
        """A command ended with an exit status that is not accepted.

        Attributes: exit_code (int), stdout, stderr, cmd (str).
        """


#: What the extension module is to raise, by the names it uses.
CLASSES = {cls.__name__: cls for cls in (
    GPFSException, GPFSConfigurationException, GPFSTimeoutException,
    GPFSConnectionException, TegileException, TegileConfigurationException,
    TegileTimeoutException, TegileConnectionException, InvalidShare,
    InvalidShareAccess, InvalidInput, ShareShrinkingPossibleDataLoss,
    ManageInvalidShare, UnmanageInvalidShare, ManageInvalidShareSnapshot,
    CommandError)}
