"""Prints the channel bindings of a certificate (PEM, on standard input) as
requests_ntlm and ntlm_auth compute them: the application data and the MD5 that
goes into MsvAvChannelBindings, a line of hexadecimal each. The name of a hash as
argument takes the place of what requests_ntlm says of the certificate."""
import hashlib
import ssl
import sys

from ntlm_auth.gss_channel_bindings import GssChannelBindingsStruct
from requests_ntlm.requests_ntlm import _get_certificate_hash

der = ssl.PEM_cert_to_DER_cert(sys.stdin.read())
if len(sys.argv) > 1:
    digest = hashlib.new(sys.argv[1], der).digest()
else:
    digest = bytes.fromhex(_get_certificate_hash(der))
data = b'tls-server-end-point:' + digest
bindings = GssChannelBindingsStruct()
bindings[bindings.APPLICATION_DATA] = data
print(data.hex())
print(hashlib.md5(bindings.get_data()).hexdigest())
