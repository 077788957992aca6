# SPDX-License-Identifier: Apache-2.0
"""Stands in for "sudo manila-rootwrap" on a node of the simulator.

    python root_helper.py SOCKET FILTERS REFUSED COMMAND [ARGUMENT...]

Runs the command in the node whose control socket it is, if one of the shipped
filters lets it through; else it is written to the file REFUSED, and fails as
rootwrap does.
"""

import base64
import configparser
import json
import os
import sys

sys.path.insert(0, os.path.abspath(
    os.path.join(os.path.dirname(__file__), '..', '..')))

from oslo_rootwrap import wrapper  # noqa: E402

from tests.backends.gpfs import wire  # noqa: E402

REFUSED_STATUS = 99     # rootwrap's RC_UNAUTHORIZED
TIMEOUT = 60


def filters(path):
    """The filters of a file, as rootwrap reads them."""
    parser = configparser.RawConfigParser()
    with open(path, encoding='utf-8') as file:
        parser.read_file(file)
    return [wrapper.build_filter(*[w.strip() for w in value.split(',')])
            for _name, value in parser.items('Filters')]


def main():
    socket, path, refused, *words = sys.argv[1:]
    if not any(each.match(words) for each in filters(path)):
        with open(refused, 'a', encoding='utf-8') as file:
            file.write(json.dumps(words) + '\n')
        sys.exit(REFUSED_STATUS)
    given = sys.stdin.buffer.read()
    answer = wire.call(socket, 'run', argv=words, timeout=TIMEOUT,
                       input=base64.b64encode(given).decode(),
                       environment={})
    sys.stdout.buffer.write(base64.b64decode(answer['stdout']))
    sys.stderr.buffer.write(base64.b64decode(answer['stderr']))
    sys.exit(answer['status'])


if __name__ == '__main__':
    main()
