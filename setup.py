# SPDX-License-Identifier: Apache-2.0
"""Build of the one extension module; everything else: pyproject.toml."""

import glob
import os
import subprocess
import sys

from setuptools import Extension
from setuptools import setup
from setuptools.command.build_ext import build_ext

# What pkg-config calls it: (least version, Debian package, RHEL package)
LIBRARIES = {
    'libssh2': ('1.10', 'libssh2-1-dev', 'libssh2-devel'),
    'libcurl': ('7.68', 'libcurl4-openssl-dev', 'libcurl-devel'),
    'json-c': ('0.14', 'libjson-c-dev', 'json-c-devel'),
    'libcrypto': ('1.1.1', 'libssl-dev', 'openssl-devel'),
}

WARNINGS = [
    '-Wall', '-Wextra', '-Wshadow', '-Wconversion', '-Wformat=2',
    '-Wstrict-prototypes', '-Wmissing-prototypes',
    # A function that the stable ABI does not have is found when compiling,
    # not when an operator's Python imports the module.
    '-Werror=implicit-function-declaration',
]

# One level whatever this Python was built with, unless CFLAGS says another:
# each warns of other things, and fortifying needs one.
OPTIMISATION = [] if 'CFLAGS' in os.environ else ['-O2']

HARDENING = ['-fstack-protector-strong', '-U_FORTIFY_SOURCE',
             '-D_FORTIFY_SOURCE=2']


def version():
    """The version in pyproject.toml, the one place where it stands."""
    with open('pyproject.toml', encoding='utf-8') as f:
        for line in f:
            if line.startswith('version = '):
                return line.split('"')[1]
    raise SystemExit('pyproject.toml has no version')


def pkg_config(*args):
    """The output of pkg-config in words, or None when it fails."""
    try:
        done = subprocess.run(
            [os.environ.get('PKG_CONFIG', 'pkg-config'), *args],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    except OSError:
        raise SystemExit(
            'manila-native needs pkg-config to be built: install the package '
            'pkg-config (Debian) or pkgconf-pkg-config (RHEL).') from None
    return done.stdout.split() if done.returncode == 0 else None


def library_flags():
    """(compiler flags, linker flags) of the libraries; ends when one lacks."""
    for name, (least, debian, rhel) in LIBRARIES.items():
        if pkg_config('%s >= %s' % (name, least)) is None:
            raise SystemExit(
                'manila-native needs %s %s or later with its header files to '
                'be built: install the package %s (Debian) or %s (RHEL).'
                % (name, least, debian, rhel))
    return (pkg_config('--cflags', *LIBRARIES),
            pkg_config('--libs', *LIBRARIES))


class BuildExt(build_ext):
    """Ask for the libraries only when something is compiled."""

    def build_extension(self, ext):
        cflags, libs = library_flags()
        ext.extra_compile_args += cflags
        ext.extra_link_args += libs
        super().build_extension(ext)


def extension():
    werror = ['-Werror'] if os.environ.get('MANILA_NATIVE_WERROR') == '1' \
        else []
    return Extension(
        'manila_native._native',
        sources=sorted(glob.glob('csrc/**/*.c', recursive=True)),
        depends=sorted(glob.glob('csrc/**/*.h', recursive=True)),
        include_dirs=['csrc'],
        define_macros=[('Py_LIMITED_API', '0x030A0000'),
                       ('_GNU_SOURCE', None),
                       ('MN_VERSION', '"%s"' % version())],
        py_limited_api=True,
        extra_compile_args=['-std=c11', '-fvisibility=hidden', '-pthread',
                            *OPTIMISATION, *WARNINGS, *HARDENING, *werror],
        extra_link_args=['-pthread', '-Wl,-z,relro', '-Wl,-z,now'],
    )


if sys.platform != 'linux':
    raise SystemExit('manila-native is for Linux alone (eventfd).')

setup(
    ext_modules=[extension()],
    cmdclass={'build_ext': BuildExt},
    options={'bdist_wheel': {'py_limited_api': 'cp310'}},
)
