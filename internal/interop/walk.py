#!/usr/bin/python3
"""The walk that every client makes: walk.py CLIENT. The owner of a mailbox sees its
folders, lists, pages, searches and reads mail, makes a folder and a message, moves it,
and deletes in three ways."""

import email
import email.policy
import importlib
import sys

from checks import check, place
from server import ALICE, BOB, INVOICE, PHISHING, SALARY

PROJECTS = 'Projects & plans'


def parsed(mime):
    return email.message_from_bytes(mime, policy=email.policy.default)


def letter(n):
    return (f'From: Dora <dora@example.test>\r\nTo: alice@example.test\r\nSubject: Letter {n}\r\n'
            f'Message-ID: {letter_id(n)}\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nHello {n}\r\n').encode()


def letter_id(n):
    return f'<letter.{n}@example.test>'


def reading(client):
    names = client.folders(ALICE)
    for name in ('Deleted Items', 'Drafts', 'Junk Email'):
        check(f'folder {name} is there', name in names, names)
    everything = client.page(ALICE, 'Inbox', 0, 100)
    check('list', len(everything) == 5, everything)
    pages = [client.page(ALICE, 'Inbox', n, 2) for n in (0, 2, 4, 6)]
    check('pages', [len(p) for p in pages] == [2, 2, 1, 0], pages)
    check('pages are the list', sum(pages, []) == everything or sorted(sum(pages, [])) == sorted(everything), pages)
    found = client.search(ALICE, 'Inbox', PHISHING)
    check('search by Message-ID', len(found) == 1, found)
    check('search for what is not there', client.search(ALICE, 'Inbox', '<none@evil.example>') == [])
    mime = parsed(client.mime(found[0]))
    check('MIME', mime['Message-ID'] == PHISHING and 'login.evil.example' in mime.get_body(('html', 'plain')).get_content(), mime.as_string()[:300])
    files = parsed(client.mime(client.search(ALICE, 'Inbox', INVOICE)[0])).iter_attachments()
    names = [f.get_filename() for f in files]
    check('attachment', names == ['Invoice 2026-1187.docm'], names)
    subject = parsed(client.mime(client.search(ALICE, 'Inbox', SALARY)[0]))['Subject']
    check('subject in four scripts', subject.startswith('Zürich, 東京 и Киев'), subject)


def changing(client):
    client.create_folder(ALICE, PROJECTS)
    check('a new folder', PROJECTS in client.folders(ALICE), client.folders(ALICE))
    for n in range(4):
        client.create(ALICE, 'Inbox' if n == 2 else PROJECTS, letter(n))
    check('new messages', len(client.page(ALICE, PROJECTS, 0, 10)) == 3)
    got = parsed(client.mime(client.search(ALICE, PROJECTS, letter_id(0))[0]))
    check('are what was given', (got['Subject'], got.get_content().strip()) == ('Letter 0', 'Hello 0'), got.as_string())

    client.move(client.search(ALICE, PROJECTS, letter_id(0))[0], ALICE, 'Junk Email')
    check('a move leaves the folder', client.search(ALICE, PROJECTS, letter_id(0)) == [])
    check('and arrives', len(client.search(ALICE, 'Junk Email', letter_id(0))) == 1)

    for n, how, folder in ((1, 'hard', PROJECTS), (2, 'soft', 'Inbox'), (3, 'trash', PROJECTS)):
        client.delete(client.search(ALICE, folder, letter_id(n))[0], how)
        check(f'deleted ({how})', client.search(ALICE, folder, letter_id(n)) == [])
    check('what goes to Deleted Items is there', len(client.search(ALICE, 'Deleted Items', letter_id(3))) == 1)
    check('what is deleted for good is not', client.search(ALICE, 'Deleted Items', letter_id(1)) == [])


def sending(client, reader):
    """A gateway for SMTP sends, too."""
    client.send([BOB], b'From: alice@example.test\r\nTo: bob@example.test\r\nSubject: Sent\r\nMessage-ID: <sent@example.test>\r\n\r\nHi\r\n')
    check('a sent message is in Sent Items', len(client.search(ALICE, 'Sent Items', '<sent@example.test>')) == 1)
    check('and arrives', len(reader.search(BOB, 'Inbox', '<sent@example.test>')) == 1)


def main():
    where = place()
    client = importlib.import_module('client_' + sys.argv[1]).Client(where, ALICE)
    try:
        reading(client)
        changing(client)
        if hasattr(client, 'send'):
            sending(client, importlib.import_module('client_exchangelib').Client(where, BOB))
    finally:
        client.close()


if __name__ == '__main__':
    sys.exit(main())
