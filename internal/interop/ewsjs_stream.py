#!/usr/bin/python3
"""ews-javascript-api keeps a connection open: events of new mail as it comes, those of
the time between two connections, signs of life, and the end that the server makes."""

import sys
import time

from checks import check, place
from client_ewsjs import Client
from server import ALICE, BOB
from walk import letter_id


def letter(n):
    return (f'From: bob@example.test\r\nTo: {ALICE}\r\nSubject: Letter {n}\r\nMessage-ID: {letter_id(n)}\r\n\r\nHello {n}\r\n').encode()


def arrives(alice, n):
    """What is told next is that letter n is there."""
    got = alice.hear()
    kind, item = got['events'][0] if got.get('events') else ('', '')
    found = alice.search(ALICE, 'Inbox', letter_id(n))
    return kind == 'NewMail' and [item] == found, got


def streaming(alice, bob):
    alice.subscribe('Inbox')
    began = time.monotonic()
    alice.stream(1)
    for n in range(2):
        bob.send([ALICE], letter(n))
        check(f'letter {n} is told of', *arrives(alice, n))
    check('at once', time.monotonic() - began < 30, time.monotonic() - began)
    alice.hang_up()
    got = alice.hear()
    check('the client hangs up', got == {'ended': ''}, got)
    time.sleep(3)  # a server that has not noticed yet tells who has gone
    bob.send([ALICE], letter(2))

    began = time.monotonic()
    alice.stream(1)
    check('what came between two connections is told of', *arrives(alice, 2))
    got = alice.hear(50)
    check('a sign of life', got == {'events': []}, got)
    waited = time.monotonic() - began
    check('after 45 seconds', 40 < waited < 55, waited)
    bob.send([ALICE], letter(3))
    check('and then the next letter', *arrives(alice, 3))
    got = alice.hear(30)
    check('the server ends it', got == {'ended': ''}, got)
    waited = time.monotonic() - began
    check('after a minute', 55 < waited < 75, waited)

    alice.stream(1)
    bob.send([ALICE], letter(4))
    check('the third connection goes on', *arrives(alice, 4))
    alice.unsubscribe()
    got = alice.hear()
    check('the end of the subscription is told', 'lost' in got, got)
    got = alice.hear()
    check('and is that of the connection', got == {'ended': ''}, got)


def main():
    where = place()
    alice, bob = Client(where, ALICE), Client(where, BOB)
    try:
        streaming(alice, bob)
    finally:
        alice.close()
        bob.close()


if __name__ == '__main__':
    sys.exit(main())
