"""Runs examples/ewsq, the SDK's own program."""

import json
import os
import subprocess

from checks import lines
from server import QUARANTINE


class Ewsq:
    def __init__(self, place):
        self.config = os.path.join(place['work'], 'ewsq.json')
        with open(self.config, 'w') as f:
            json.dump({
                'ewsUrl': place['url'], 'quarantineMailbox': QUARANTINE, 'access': 'fullAccess', 'rootCAFile': place['ca'],
                'searchLag': '1s', 'writeDoubt': '5s',
                'authentication': {'type': place['auth'], 'username': 'EXAMPLE\\svc'}}, f)

    def __call__(self, command, *args):
        """Returns the lines of results, whatever the status."""
        done = subprocess.run(
            [os.environ['JUDGE_EWSQ'], '-config', self.config, '-json', command, *args],
            env=dict(os.environ, EWSQ_PASSWORD='svc-password'), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120)
        if done.returncode > 1:
            raise SystemExit(f'ewsq {command}: status {done.returncode}: {done.stdout}')
        return lines(done.stdout)

    def outcome(self, command, mailbox, message_id):
        """Returns the outcome of a command for one message, and its line."""
        line = self(command, '-mailbox', mailbox, '-message-id', message_id)[0]
        return line['outcome'], line

    def held(self):
        """Returns the Message-IDs of what the quarantine has."""
        return [line.get('messageId') for line in self('list')]
