#!/usr/bin/python3
"""Crossing over, with a client: crossing.py CLIENT. What ewsq has put in quarantine the
client reads, compares, moves back, and finds whole; what the client has moved into
quarantine or out of it, ewsq sees as it is. Both sign in as the service account."""

import email
import email.policy
import importlib
import json
import os
import sys

from checks import check, place
from ewsq import Ewsq
from server import ALICE, INVOICE, PHISHING, QUARANTINE, SALARY, SVC

FOLDER = 'Quarantine'


def essence(mime):
    """What readers see of a message, whatever boundaries and encodings a server makes."""
    message = email.message_from_bytes(mime, policy=email.policy.default)
    parts = [(p.get_content_type(), p.get_filename(), p.get_content()) for p in message.walk() if not p.is_multipart()]
    return {name: str(message[name]) for name in ('From', 'To', 'Subject', 'Date', 'Message-ID')}, parts


class Crossing:
    def __init__(self, client, ewsq):
        self.client, self.ewsq = client, ewsq

    def only(self, mailbox, folder, message_id):
        found = self.client.search(mailbox, folder, message_id)
        check(f'{message_id} is once in {folder} of {mailbox}', len(found) == 1, found)
        return found[0]

    def absent(self, mailbox, folder, message_id):
        found = self.client.search(mailbox, folder, message_id)
        check(f'{message_id} is not in {folder} of {mailbox}', not found, found)

    def essence(self, mailbox, folder, message_id):
        return essence(self.client.mime(self.only(mailbox, folder, message_id)))

    def taken_and_moved_back(self, message_id):
        """ewsq takes it, the client moves it back."""
        before = self.essence(ALICE, 'Inbox', message_id)
        outcome, line = self.ewsq.outcome('quarantine', ALICE, message_id)
        check('ewsq has quarantined it', outcome == 'quarantined', line)
        self.absent(ALICE, 'Inbox', message_id)
        after = self.essence(QUARANTINE, FOLDER, message_id)
        check('it is the same in quarantine', after == before, after)
        self.client.move(self.only(QUARANTINE, FOLDER, message_id), ALICE, 'Inbox')
        self.absent(QUARANTINE, FOLDER, message_id)
        after = self.essence(ALICE, 'Inbox', message_id)
        check('and the same again where it was', after == before, after)
        check('ewsq holds nothing', self.ewsq.held() == [], self.ewsq.held())
        outcome, line = self.ewsq.outcome('find', ALICE, message_id)
        check('ewsq finds it where it was', outcome == 'found' and line['copies'] == 1, line)

    def taken_and_restored(self, message_id):
        """ewsq takes it and puts it back; the client finds it whole at each end."""
        before = self.essence(ALICE, 'Inbox', message_id)
        outcome, line = self.ewsq.outcome('quarantine', ALICE, message_id)
        check('ewsq has quarantined it', outcome == 'quarantined', line)
        check('ewsq holds it', self.ewsq.held() == [message_id], self.ewsq.held())
        check('it is the same in quarantine', self.essence(QUARANTINE, FOLDER, message_id) == before)
        receipt = os.path.join(os.environ['JUDGE_WORK'], 'receipt.json')
        with open(receipt, 'w') as f:
            f.write(json.dumps(line) + '\n')
        line = self.ewsq('restore', '-receipt', receipt)[0]
        check('ewsq has restored it', line['outcome'] == 'restored', line)
        self.absent(QUARANTINE, FOLDER, message_id)
        check('it is the same where it was', self.essence(ALICE, 'Inbox', message_id) == before)

    def moved_by_the_client(self, message_id):
        """The client moves it into quarantine and back; ewsq sees both."""
        before = self.essence(ALICE, 'Inbox', message_id)
        self.client.move(self.only(ALICE, 'Inbox', message_id), QUARANTINE, FOLDER)
        self.absent(ALICE, 'Inbox', message_id)
        outcome, line = self.ewsq.outcome('find', ALICE, message_id)
        check('ewsq does not find it with its user', outcome == 'notFound', line)
        check('and does not hold it, since it has not taken it', self.ewsq.held() == [], self.ewsq.held())
        self.client.move(self.only(QUARANTINE, FOLDER, message_id), ALICE, 'Inbox')
        check('it is the same', self.essence(ALICE, 'Inbox', message_id) == before)
        outcome, line = self.ewsq.outcome('find', ALICE, message_id)
        check('ewsq finds it again', outcome == 'found' and line['copies'] == 1, line)

    def taken_again(self, message_id):
        """What the client has moved out of quarantine can be taken again."""
        outcome, line = self.ewsq.outcome('quarantine', ALICE, message_id)
        check('ewsq takes it again', outcome == 'quarantined', line)
        self.only(QUARANTINE, FOLDER, message_id)
        self.absent(ALICE, 'Inbox', message_id)


def main():
    where = place()
    client = importlib.import_module('client_' + sys.argv[1]).Client(where, SVC)
    try:
        crossing = Crossing(client, Ewsq(where))
        crossing.taken_and_moved_back(PHISHING)
        crossing.taken_and_restored(INVOICE)
        crossing.moved_by_the_client(SALARY)
        crossing.taken_again(PHISHING)
    finally:
        client.close()


if __name__ == '__main__':
    sys.exit(main())
