"""Steps at the front door: the certificate, and the first login."""

from datetime import UTC, datetime

from cryptography import x509

from rehearsal.contract import product
from rehearsal.story.step import Story, expect


def certificate(story: Story) -> str:
    printed = story.client.run(
        "openssl", "s_client", "-connect", f"{story.domain}:443", "-servername", story.domain,
        "-verify_return_error", "-verify_hostname", story.domain,
    ).stdout  # fmt: skip
    served = x509.load_pem_x509_certificate(printed.encode())
    names = served.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    days_left = (served.not_valid_after_utc - datetime.now(UTC)).days
    named = ", ".join(names.get_values_for_type(x509.DNSName))
    return f"issued by {served.issuer.rfc4514_string()} for {named}, {days_left} days left"


def first_login(story: Story) -> str:
    line = story.outputs[product.OUTPUT_LOGIN]
    printed = story.client.shell(line).stdout
    expect("Login Succeeded" in printed, "Login Succeeded", printed)
    return f"{line}  →  Login Succeeded"
