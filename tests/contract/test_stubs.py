# SPDX-License-Identifier: Apache-2.0
"""The stub file tells the truth about the extension."""

import os
import subprocess
import sys

import pytest

from manila_native import _native


def test_stub():
    pytest.importorskip('mypy.stubtest')
    root = os.path.dirname(os.path.dirname(_native.__file__))
    done = subprocess.run(
        [sys.executable, '-m', 'mypy.stubtest', 'manila_native._native'],
        cwd=root, capture_output=True, text=True, timeout=300,
        env=dict(os.environ, PYTHONPATH=root, MYPYPATH=root))
    assert done.returncode == 0, done.stdout + done.stderr
