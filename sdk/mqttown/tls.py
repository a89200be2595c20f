"""Whom a client trusts at the other end of an encrypted connection."""

import ssl
from pathlib import Path

__all__ = ["trusting"]


def trusting(certificate: Path | str) -> ssl.SSLContext:
    """Trust this very certificate and no other, under whatever name the server is reached.

    Args:
        certificate: PEM file.

    Raises:
        OSError: the file is not there, or holds no certificate.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False  # it is the certificate itself that is known, and its name may be a public one
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    context.load_verify_locations(certificate)
    return context
