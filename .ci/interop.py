#!/usr/bin/python3
"""Drives exchangelib, an EWS client of others, against examples/exchange.

If it works there as it does with a real Exchange, then our Exchange for tests
speaks the protocol and not only our client's idea of it. A second walk, against
examples/exchange -odd, has the same steps; where an oddity forbids one, the function
that takes it says what is checked instead. Needs exchangelib
(Debian: python3-exchangelib) and go. Exits with status 0 if all went as expected.
"""

import email
import email.policy
import json
import os
import signal
import subprocess
import sys
import tempfile

from exchangelib import BASIC, DELEGATE, IMPERSONATION, Account, Configuration, Credentials, Mailbox, Message
from exchangelib.errors import (
    ErrorAccessDenied, ErrorCrossMailboxMoveCopy, ErrorFolderNotFound, ErrorItemNotFound, ErrorToFolderNotFound, SOAPError,
    TransportError, UnauthorizedError,
)
from exchangelib.folders import Messages
from exchangelib.protocol import BaseProtocol
from exchangelib.version import EXCHANGE_2016, Version

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PHISHING = '<20261124.1@evil.example>'
ALICE, BOB, QUARANTINE = 'alice@example.test', 'bob@example.test', 'quarantine@example.test'

done = 0
odd = False  # the server has all oddities


def check(what, ok, seen=None):
    global done
    if not ok:
        raise SystemExit(f'interop: {what}: not as expected; seen: {seen!r}')
    done += 1
    print(f'  ok  {what}')


def refused(what, errors, call):
    try:
        seen = call()
    except errors as e:
        check(f'{what} ({type(e).__name__})', True)
    else:
        check(what, False, seen)


def account(url, address, access, user='svc', password=None):
    # exchangelib finds the version by failing: it asks for one that is too new, and about
    # a mailbox that does not exist. It knows neither a fault without detail (bareFaults)
    # nor ErrorCannotFindUser (cannotFindUser) as the answer, so it has to be told.
    config = Configuration(
        version=Version(build=EXCHANGE_2016, api_version='Exchange2016') if odd else None,
        service_endpoint=url, auth_type=BASIC,
        credentials=Credentials(f'{user}@example.test', password or f'{user}-password'),
    )
    return Account(address, config=config, autodiscover=False, access_type=access)


def find(folder, message_id=PHISHING):
    return list(folder.filter(message_id=message_id).order_by('datetime_received'))


def folders(box):
    names = [f.name for f in box.msg_folder_root.walk()]
    for name in ('Inbox', 'Sent Items', 'Deleted Items', 'Drafts', 'Junk Email'):
        check(f'folder {name} is there', name in names, names)
    check('Inbox by its well-known name', box.inbox.total_count >= 5, box.inbox.total_count)
    name = f'Projects & <plans> {box.access_type}'
    Messages(parent=box.inbox, name=name).save()
    again = [f.name for f in box.inbox.children]
    check('a new folder', name in again, again)


def reading(box):
    items = find(box.inbox)
    check('one message found by its Message-ID', len(items) == 1, items)
    item = items[0]
    check('it is unread', item.is_read is False)
    check('subject', item.subject.startswith('Your mailbox is full'), item.subject)
    check('sender', item.sender.email_address == 'it-support@examp1e-test.evil.example', item.sender)
    mime = email.message_from_bytes(item.mime_content, policy=email.policy.default)
    # With recodedText the text is there, but not to be seen in the bytes.
    text = mime.get_body(('html', 'plain')).get_content()
    check('MIME', 'login.evil.example' in text and mime['Message-ID'] == PHISHING, item.mime_content[:200])
    check('MIME has headers that begin with X- unless droppedHeaders', any(h.lower().startswith('x-') for h in mime.keys()) != odd, mime.keys())
    check('a time of delivery unless noDeliveryTime', (item.datetime_received is None) == odd, item.datetime_received)
    check('headers', any(h.name == 'Message-ID' and h.value == PHISHING for h in item.headers), item.headers)
    file = find(box.inbox, '<invoice-1187@evil.example>')[0]
    check('attachment', [a.name for a in file.attachments] == ['Invoice 2026-1187.docm'], file.attachments)
    names = [a.get_filename() for a in email.message_from_bytes(file.mime_content, policy=email.policy.default).iter_attachments()]
    check('attachment in MIME, under another name if renamedAttachments', names == ['ATT00001.docm' if odd else 'Invoice 2026-1187.docm'], names)
    non_ascii = find(box.inbox, '<gehalt.2026@evil.example>')[0]
    check('subject in four scripts', non_ascii.subject.startswith('Zürich, 東京 и Киев'), non_ascii.subject)
    every = list(box.inbox.all().only('subject'))
    check('all subjects, one of which XML cannot carry', len(every) == 5, every)
    check('paging', len(list(box.inbox.all().only('subject')[1:4])) == 3)


def changing(box):
    item = find(box.inbox)[0]
    item.is_read = True
    item.categories = ['Suspicious']
    item.save(update_fields=['is_read', 'categories'])
    item.refresh()
    check('marked as read, with a category', item.is_read and item.categories == ['Suspicious'], item.categories)
    item.is_read = False
    item.categories = None
    item.save(update_fields=['is_read', 'categories'])

    before = item.id
    item.move(box.junk)
    # With noItemIds exchangelib has an item without id, as after a move into another mailbox.
    check('a move gives a new id unless noItemIds', item.id is None if odd else item.id and item.id != before, item.id)
    check('it is in Junk Email', len(find(box.junk)) == 1 and not find(box.inbox))
    find(box.junk)[0].move(box.inbox)

    copied = find(box.inbox)[0].copy(box.drafts)
    check('a copy, whose id is returned unless noItemIds', bool(copied) != odd and len(find(box.drafts)) == 1 and len(find(box.inbox)) == 1, copied)
    purged = len(find(box.recoverable_items_purges))
    find(box.drafts)[0].delete()
    check('a hard delete', not find(box.drafts))
    check('goes to Purges', len(find(box.recoverable_items_purges)) == purged + 1)


def carrying(box, access, url):
    item = find(box.inbox)[0]
    target = account(url, QUARANTINE, access)
    if odd:
        # noTransfer: nothing can be exported or uploaded.
        refused('an export is refused', SOAPError, lambda: box.export([item]))
        refused('an upload is refused', SOAPError, lambda: target.upload([(target.inbox, 'AAAA')]))
    else:
        data = box.export([item])[0]
        check('an export', isinstance(data, str) and len(data) > 100, data)
        ids = target.upload([(target.inbox, data)])
        check('an upload', len(ids) == 1 and ids[0][0], ids)
        copy = find(target.inbox)[0]
        check('has the same subject, read state and date',
              (copy.subject, copy.is_read, copy.datetime_received) == (item.subject, item.is_read, item.datetime_received), copy)
        copy.delete()
    check('quarantine is empty again', not find(target.inbox))

    if access == DELEGATE and odd:
        # noCrossMove: FullAccess does not help either.
        refused('a move into another mailbox is refused', ErrorCrossMailboxMoveCopy, lambda: item.move(target.inbox))
        check('and leaves it where it was', len(find(box.inbox)) == 1 and not find(target.inbox))
    elif access == DELEGATE:
        moved = item.move(target.inbox)
        check('a move into another mailbox gives no id', moved is None and item.id is None, item.id)
        copies = find(target.inbox)
        check('but arrives', len(copies) == 1 and not find(box.inbox))
        copies[0].move(box.inbox)
        check('and comes back', len(find(box.inbox)) == 1)
    else:
        refused('a move into another mailbox is refused',
                (ErrorToFolderNotFound, ErrorItemNotFound), lambda: item.move(target.inbox))
        check('and leaves it where it was', len(find(box.inbox)) == 1)


def save(message):
    try:
        message.save()
    except AttributeError:
        # noItemIds: the message is saved; exchangelib then stumbles over the missing id.
        if not odd:
            raise


def creating(box):
    message = Message(account=box, folder=box.drafts, subject='Notes & <more>', body='One.', to_recipients=[Mailbox(email_address=BOB)])
    save(message)
    draft = list(box.drafts.filter(subject='Notes & <more>'))[0]
    check('a draft', draft.is_draft is True)
    recoverable = box.recoverable_items_deletions.filter(subject='Notes & <more>')
    before = recoverable.count()
    draft.soft_delete()
    check('a soft delete goes to Deletions', recoverable.count() == before + 1)
    imported = Message(account=box, folder=box.inbox, mime_content=b'Subject: Imported\r\nMessage-ID: <imported@example.test>\r\n\r\nHi\r\n')
    save(imported)
    check('a message from MIME', len(find(box.inbox, '<imported@example.test>')) == 1)
    find(box.inbox, '<imported@example.test>')[0].delete()


def directory(box):
    members = [m.email_address for m in box.protocol.expand_dl('all-staff@example.test')]
    check('a distribution list', sorted(members) == [ALICE, BOB, 'carol@example.test'], members)
    names = [m.email_address for m in box.protocol.resolve_names(['alice'])]
    check('a name', names == [ALICE], names)


def refusals(url):
    refused('a wrong password', UnauthorizedError, lambda: account(url, ALICE, DELEGATE, 'svc', 'wrong').inbox.total_count)
    refused('a mailbox without rights', (ErrorFolderNotFound, ErrorItemNotFound, ErrorAccessDenied),
            lambda: account(url, ALICE, DELEGATE, 'bob').inbox.total_count)


def missing(url):
    """What a mailbox that does not exist, or whose address has another case, answers."""
    for address in ('nobody@example.test', ALICE.upper()):
        box = account(url, address, DELEGATE)
        # cannotFindUser: exchangelib 4.9 does not know the code, and says so.
        refused(f'mailbox {address}', TransportError, lambda: box.inbox.total_count)


def run(url):
    for access in (DELEGATE, IMPERSONATION):
        print(f'{access}:')
        box = account(url, ALICE, access)
        for part in (folders, reading, changing, creating, directory):
            part(box)
        carrying(box, access, url)
    print('refusals:')
    refusals(url)
    if odd:
        missing(url)


def walk(binary, *flags):
    server = subprocess.Popen(
        [binary, '-addr', '127.0.0.1:0', '-load', f'{ALICE}={ROOT}/testdata/mail', *flags], stdout=subprocess.PIPE, text=True)
    try:
        run(json.loads(server.stdout.readline())['url'])
    finally:
        server.send_signal(signal.SIGTERM)
        status = server.wait(30)
    check('the server ends with status 0', status == 0, status)


def main():
    global odd
    BaseProtocol.TIMEOUT = 30
    with tempfile.TemporaryDirectory() as work:
        binary = os.path.join(work, 'exchange')
        subprocess.run(['go', 'build', '-o', binary, './examples/exchange'], cwd=ROOT, check=True)
        walk(binary)
        print('-odd, and two answers after a fault:')
        odd = True
        walk(binary, '-odd=all,twoAnswers')
    print(f'interop: {done} checks passed')


if __name__ == '__main__':
    sys.exit(main())
