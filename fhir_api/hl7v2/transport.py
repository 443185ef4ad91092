"""TLS of the listener: its certificate, and whose client certificates are let in.

TLS 1.2 or newer, as IHE's Audit Trail and Node Authentication asks for MLLP over TLS.
"""

import ssl
from pathlib import Path

from fhir_api.errors import InvalidRequest


def tls_context(certificate: Path, key: Path, client_authority: Path | None) -> ssl.SSLContext:
    """A context for a server; with `client_authority`, clients must show a certificate of it.

    Raises:
        InvalidRequest: A file cannot be read as what it should be.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(certificate, key)
        if client_authority is not None:
            context.load_verify_locations(client_authority)
            context.verify_mode = ssl.CERT_REQUIRED
    except (OSError, ssl.SSLError) as error:
        message = f"The certificate files cannot be read ({type(error).__name__}); give PEM files."
        raise InvalidRequest(message) from error
    return context
