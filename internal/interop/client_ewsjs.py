"""ews-javascript-api (npm) as a client: ewsjs.mjs does what lines of JSON ask for."""

import base64
import json
import os
import subprocess

from server import password


class Client:
    """Signs in as one account, and works in the mailboxes that it may open."""

    def __init__(self, place, user):
        script = os.path.join(os.environ['JUDGE_NODE'], 'ewsjs.mjs')
        self.process = subprocess.Popen(['node', script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.ask('open', url=place['url'], auth=place['auth'], user=user, password=password(user))

    def ask(self, op, **args):
        self.process.stdin.write(json.dumps({'op': op, **args}) + '\n')
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit('node has ended')
        answer = json.loads(line)
        if 'error' in answer:
            raise RuntimeError(f'{op}: {answer["error"]}')
        return answer.get('value')

    def close(self):
        self.process.stdin.close()
        self.process.wait(30)

    def folders(self, mailbox):
        return self.ask('folders', mailbox=mailbox)

    def page(self, mailbox, folder, offset, count):
        return self.ask('page', mailbox=mailbox, folder=folder, offset=offset, count=count)

    def search(self, mailbox, folder, message_id):
        return self.ask('search', mailbox=mailbox, folder=folder, messageId=message_id)

    def mime(self, item):
        return base64.b64decode(self.ask('mime', id=item))

    def create_folder(self, mailbox, name):
        self.ask('createFolder', mailbox=mailbox, name=name)

    def create(self, mailbox, folder, mime):
        self.ask('create', mailbox=mailbox, folder=folder, mime=base64.b64encode(mime).decode())

    def move(self, item, mailbox, folder):
        self.ask('move', id=item, mailbox=mailbox, folder=folder)

    def delete(self, item, how):
        self.ask('delete', id=item, how=how)

    def send(self, _, mime):
        self.ask('send', mime=base64.b64encode(mime).decode())

    def subscribe(self, folder):
        return self.ask('subscribe', folder=folder)

    def unsubscribe(self):
        self.ask('unsubscribe')

    def stream(self, minutes):
        self.ask('stream', minutes=minutes)

    def hear(self, seconds=20):
        return self.ask('hear', seconds=seconds)

    def hang_up(self):
        self.ask('hangUp')
