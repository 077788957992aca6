# SPDX-License-Identifier: Apache-2.0
"""What the layers may include, and what the extension shows outside."""

import os
import re
import shutil
import subprocess

import pytest

from manila_native import _native

CSRC = os.path.abspath(os.path.join(os.path.dirname(__file__), '..', '..',
                                    'csrc'))

#: layer: the layers whose headers it may include, besides its own
LAYERS = {
    'core': set(),
    'engine': {'core'},
    'nfs': {'core'},
    'share': {'core'},
    'ssh': {'core', 'engine'},
    'rest': {'core', 'engine'},
    'exec': {'core', 'engine', 'ssh'},
    'gpfs': {'core', 'nfs', 'exec', 'share'},
    'tegile': {'core', 'rest', 'share'},
    'python': {'core', 'engine', 'nfs', 'ssh', 'rest', 'exec', 'gpfs',
               'share', 'tegile'},
}

#: header outside of libc: the layers that may include it
FOREIGN = {
    'Python.h': {'python'},
    'structmember.h': {'python'},
    'libssh2.h': {'ssh'},
    'curl/curl.h': {'rest', 'engine'},
    'json-c/': {'rest'},
    'openssl/': {'ssh', 'rest'},
}

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.MULTILINE)


def sources():
    """(layer, path below csrc, text) of each file."""
    for layer in sorted(os.listdir(CSRC)):
        directory = os.path.join(CSRC, layer)
        for name in sorted(os.listdir(directory)):
            if name.endswith(('.c', '.h')):
                path = os.path.join(directory, name)
                with open(path, encoding='utf-8') as f:
                    yield layer, layer + '/' + name, f.read()


def test_there_are_sources():
    assert {layer for layer, _path, _text in sources()} <= set(LAYERS)
    assert any(layer == 'python' for layer, _path, _text in sources())


def test_layers():
    wrong = []
    for layer, path, text in sources():
        for kind, header in INCLUDE.findall(text):
            if kind == '<':
                continue
            if header.split('/')[0] not in LAYERS[layer] | {layer}:
                wrong.append('%s includes %s' % (path, header))
    assert wrong == []


def test_foreign_headers():
    wrong = []
    for layer, path, text in sources():
        for kind, header in INCLUDE.findall(text):
            for prefix, allowed in FOREIGN.items():
                if header.startswith(prefix) and layer not in allowed:
                    wrong.append('%s includes %s' % (path, header))
    assert wrong == []


def test_python_stays_in_its_layer():
    name = re.compile(r'\bPy(?:_|[A-Z])\w*')
    wrong = []
    for layer, path, text in sources():
        code = re.sub(r'/\*.*?\*/|"(?:\\.|[^"\\])*"', ' ', text,
                      flags=re.DOTALL)
        if layer != 'python' and name.search(code):
            wrong.append('%s uses %s' % (path, name.search(code).group()))
    assert wrong == []


def nm(*options):
    if shutil.which('nm') is None:
        pytest.skip('no nm')
    return subprocess.run(['nm', '-D', *options, _native.__file__],
                          check=True, capture_output=True,
                          text=True).stdout.splitlines()


def test_exports():
    names = [line.split()[-1] for line in nm('--defined-only')]
    assert names == ['PyInit__native']


def test_nothing_of_ours_is_undefined():
    names = [line.split()[-1] for line in nm('--undefined-only')]
    assert [n for n in names if n.startswith(('mn_', 'mnpy_'))] == []


def test_stable_abi_alone():
    """No private functions, nor what came after 3.10."""
    names = {line.split()[-1] for line in nm('--undefined-only')}
    private = {n for n in names if n.startswith('_Py')}
    # what macros of the 3.10 stable ABI expand to
    assert {n for n in private if not n.endswith('_SizeT')} <= {
        '_Py_NoneStruct', '_Py_TrueStruct', '_Py_FalseStruct', '_Py_Dealloc',
        '_Py_IncRef', '_Py_DecRef'}
    assert not names & {
        'PyType_GetModuleByDef', 'PyUnicode_AsUTF8', 'PyObject_Vectorcall',
        'PyErr_GetRaisedException', 'PyErr_SetRaisedException',
        'PyVectorcall_NARGS'}
