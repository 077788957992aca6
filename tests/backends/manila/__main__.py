# SPDX-License-Identifier: Apache-2.0
"""The process that tests.backends.manila.Manila starts."""

import argparse
import os
import sys

import manila.cmd  # noqa: F401  (chooses threads or eventlet: first of all)


def main():
    parser = argparse.ArgumentParser(prog='python -m tests.backends.manila')
    parser.add_argument('--config', required=True, help='a manila.conf')
    config = parser.parse_args().config
    ready = os.path.join(os.path.dirname(config), 'ready')
    os.mkdir(ready)

    def announce(name, text):
        """Tell the parent, which looks for files in this directory."""
        path = os.path.join(ready, name)
        with open(path + '.new', 'w', encoding='utf-8') as file:
            file.write(text)
        os.rename(path + '.new', path)

    from tests.backends.manila import server
    return server.run(config, announce)


if __name__ == '__main__':
    sys.exit(main())
