# SPDX-License-Identifier: Apache-2.0
"""Certificates for the array, good ones and bad ones."""

import datetime
import ipaddress
import os
import ssl

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

KINDS = ('valid', 'self-signed', 'expired', 'not-yet-valid', 'wrong-name',
         'other-ca')

_DAY = datetime.timedelta(days=1)
_NAMES = x509.SubjectAlternativeName([
    x509.DNSName('localhost'),
    x509.IPAddress(ipaddress.ip_address('127.0.0.1'))])
_OTHER_NAMES = x509.SubjectAlternativeName([
    x509.DNSName('other.example.org'),
    x509.IPAddress(ipaddress.ip_address('198.51.100.99'))])


def _name(common_name):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _certificate(subject, key, issuer, signer, names=None, first=-1, last=30):
    """From `first` to `last` are days from now; without names it is a CA."""
    now = datetime.datetime.now(datetime.timezone.utc)
    builder = (
        x509.CertificateBuilder()
        .subject_name(_name(subject)).issuer_name(_name(issuer))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + first * _DAY)
        .not_valid_after(now + last * _DAY)
        .add_extension(x509.BasicConstraints(ca=names is None,
                                             path_length=None), True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(
            key.public_key()), False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(
            signer.public_key()), False))
    if names is None:
        builder = builder.add_extension(x509.KeyUsage(
            digital_signature=True, key_cert_sign=True, crl_sign=True,
            content_commitment=False, key_encipherment=False,
            data_encipherment=False, key_agreement=False,
            encipher_only=False, decipher_only=False), True)
    else:
        builder = builder.add_extension(names, False)
    return builder.sign(signer, hashes.SHA256())


def _key():
    return ec.generate_private_key(ec.SECP256R1())


class Authority:
    """A certificate authority, with its files in a directory."""

    def __init__(self, directory):
        self._directory = directory
        self._key = _key()
        self._name = 'IntelliFlash simulator CA'
        self.ca_file = os.path.join(directory, 'ca.pem')
        self._write(self.ca_file, _certificate(
            self._name, self._key, self._name, self._key))
        self._number = 0

    @staticmethod
    def _write(path, certificate, key=None):
        with open(path, 'wb') as file:
            file.write(certificate.public_bytes(serialization.Encoding.PEM))
            if key is not None:
                file.write(key.private_bytes(
                    serialization.Encoding.PEM,
                    serialization.PrivateFormat.PKCS8,
                    serialization.NoEncryption()))

    def _issue(self, kind):
        key = _key()
        subject = 'intelliflash.example.org'
        issuer, signer = self._name, self._key
        names, first, last = _NAMES, -1, 30
        if kind == 'self-signed':
            issuer, signer = subject, key
        elif kind == 'other-ca':
            issuer, signer = 'Another CA', _key()
        elif kind == 'expired':
            first, last = -30, -1
        elif kind == 'not-yet-valid':
            first, last = 1, 30
        elif kind == 'wrong-name':
            subject, names = 'other.example.org', _OTHER_NAMES
        elif kind != 'valid':
            raise ValueError(f'certificate {kind!r}: not in {KINDS}')
        return _certificate(subject, key, issuer, signer, names, first,
                            last), key

    def context(self, kind):
        """(TLS context of a server, path of its certificate)."""
        self._number += 1
        base = os.path.join(self._directory, f'{kind}-{self._number}')
        certificate, key = self._issue(kind)
        self._write(base + '.key.pem', certificate, key)
        self._write(base + '.pem', certificate)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.load_cert_chain(base + '.key.pem')
        return context, base + '.pem'
