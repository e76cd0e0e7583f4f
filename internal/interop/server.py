"""Starts examples/exchange, as a program of its own."""

import json
import os
import signal
import subprocess

PHISHING = '<20261124.1@evil.example>'
INVOICE = '<invoice-1187@evil.example>'
SALARY = '<gehalt.2026@evil.example>'
ALICE, BOB, QUARANTINE, SVC = 'alice@example.test', 'bob@example.test', 'quarantine@example.test', 'svc@example.test'


def password(address):
    return address.split('@')[0] + '-password'


class Server:
    """A server with the messages of testdata/mail in the Inbox of alice, until the block ends."""

    def __init__(self, binary, root, log, auth, tls, *flags):
        self.command = [
            binary, '-addr', '127.0.0.1:0', '-auth', auth, '-log', '-load', f'{ALICE}={root}/testdata/mail',
            *(['-tls'] if tls else []), *flags]
        self.log = log

    def __enter__(self):
        self.errors = open(self.log, 'w')
        self.process = subprocess.Popen(self.command, stdout=subprocess.PIPE, stderr=self.errors, text=True)
        ready = json.loads(self.process.stdout.readline())
        self.url, self.ca = ready['url'], ready.get('caFile', '')
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(30)
        self.errors.close()
        if status != 0:
            raise SystemExit(f'the server ended with status {status}')

    def environment(self, auth, root, work):
        """What a judge needs to know: see checks.place."""
        env = dict(os.environ, JUDGE_URL=self.url, JUDGE_CA=self.ca, JUDGE_AUTH=auth, JUDGE_ROOT=root, JUDGE_WORK=work)
        if self.ca:
            env.update(REQUESTS_CA_BUNDLE=self.ca, NODE_EXTRA_CA_CERTS=self.ca)
        return env
