# SPDX-License-Identifier: Apache-2.0
"""Runs a simulated array: python -m tests.backends.intelliflash"""

import argparse
import json
import signal
import sys
import time

from .array import Array
from .assumptions import Assumptions
from .certificates import KINDS
from .model import GiB, KiB, MiB, TiB

_UNITS = {'K': KiB, 'M': MiB, 'G': GiB, 'T': TiB}


def pool(text):
    """("pool-a", bytes) from "pool-a=10T"."""
    name, _, size = text.partition('=')
    unit = _UNITS.get(size[-1:].upper())
    number = size[:-1] if unit else size
    if not name or not number.isdigit():
        raise argparse.ArgumentTypeError(f'{text!r} is not like pool-a=10T')
    return name, int(number) * (unit or 1)


def arguments():
    parser = argparse.ArgumentParser(
        prog='python -m tests.backends.intelliflash', description=__doc__)
    parser.add_argument('--firmware', default='3.7.1',
                        help='default: %(default)s')
    parser.add_argument('--pool', type=pool, action='append',
                        metavar='NAME=SIZE', help='default: pool-a=10T')
    parser.add_argument('--project', action='append', metavar='NAME',
                        help='in each pool; default: openstack')
    parser.add_argument('--port', type=int, default=0)
    parser.add_argument('--login', default='admin')
    parser.add_argument('--password', default='secret')
    parser.add_argument('--smb-mode', default='CIFS',
                        choices=('CIFS', 'SMB3'))
    parser.add_argument('--certificate', default='valid', choices=KINDS)
    parser.add_argument('--assume', action='append', default=[],
                        metavar='NAME=VALUE',
                        help='see Assumptions; can be repeated')
    options = parser.parse_args()
    try:
        options.assumptions = Assumptions.from_words(options.assume)
    except ValueError as error:
        parser.error(str(error))
    return options


def show(array):
    print(f'# Address: {array.host}\n# Port: {array.port}\n'
          f'# CA file: {array.ca_file}\n'
          f'# Login: {array.login}, password: {array.password}\n'
          '# For manila.conf:\n'
          'share_driver = manila_native.tegile.TegileShareDriver\n'
          f'tegile_nas_server = {array.host}\n'
          f'tegile_nas_port = {array.port}\n'
          f'tegile_nas_login = {array.login}\n'
          f'tegile_nas_password = {array.password}\n'
          f'tegile_ssl_cert_path = {array.ca_file}\n'
          '# Requests follow.  Ctrl-C ends all.', flush=True)


def log(request):
    took = 1000 * (request.finished - request.started)
    print(time.strftime('%H:%M:%S'), f'#{request.connection}',
          f'{request.service}/{request.method}', json.dumps(request.params),
          '->', request.status or 'no reply', request.error or '',
          '' if request.authorized else 'access denied',
          f'{took:.1f} ms', flush=True)


def main():
    options = arguments()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with Array(firmware=options.firmware,
                   pools=dict(options.pool or [('pool-a', 10 * TiB)]),
                   projects=options.project or ['openstack'],
                   login=options.login, password=options.password,
                   assumptions=options.assumptions,
                   smb_mode=options.smb_mode,
                   certificate=options.certificate, port=options.port,
                   listener=log) as array:
            show(array)
            while True:
                signal.pause()
    except KeyboardInterrupt:
        print()
    except (OSError, ValueError) as error:
        sys.exit(str(error))


if __name__ == '__main__':
    main()
