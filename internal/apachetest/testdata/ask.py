"""Makes an EWS call with requests_ntlm: ask.py URL CAFILE USER, the password on
standard input. Prints the status of the answer and who the server took the
caller for."""
import sys

import requests
from requests_ntlm import HttpNtlmAuth

CALL = """<?xml version="1.0" encoding="utf-8"?>
<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"
    xmlns:m="http://schemas.microsoft.com/exchange/services/2006/messages"
    xmlns:t="http://schemas.microsoft.com/exchange/services/2006/types">
  <s:Header><t:RequestServerVersion Version="Exchange2013"/></s:Header>
  <s:Body><m:GetFolder>
    <m:FolderShape><t:BaseShape>IdOnly</t:BaseShape></m:FolderShape>
    <m:FolderIds><t:DistinguishedFolderId Id="inbox"/></m:FolderIds>
  </m:GetFolder></s:Body>
</s:Envelope>"""

url, roots, user = sys.argv[1:]
auth = HttpNtlmAuth(user, sys.stdin.read())
answer = requests.post(url, data=CALL, headers={'Content-Type': 'text/xml; charset=utf-8'}, auth=auth, verify=roots, timeout=60)
print(answer.status_code, answer.headers.get('X-Answered-As', ''))
