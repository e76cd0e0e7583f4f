"""exchangelib, as it is mostly used: for each mailbox an Account, a search of the Inbox, and
a move. It proves nothing and undoes nothing. It is a peer for measurements: see peers."""

import csv
import sys
import warnings

from exchangelib import DELEGATE, Account, Build, Configuration, Credentials, Version
from exchangelib.protocol import BaseProtocol
from exchangelib.transport import BASIC

QUARANTINE = 'quarantine@example.test'


def main(url, account, targets):
    warnings.simplefilter('ignore')
    BaseProtocol.TIMEOUT = 60
    config = Configuration(
        service_endpoint=url, credentials=Credentials(account, f'{account}-password'), auth_type=BASIC,
        version=Version(build=Build(15, 1, 2507, 6)))

    def account_of(address):
        return Account(address, config=config, autodiscover=False, access_type=DELEGATE)

    quarantine = account_of(QUARANTINE).inbox
    taken = 0
    with open(targets, newline='') as rows:
        for row in csv.DictReader(rows):
            inbox = account_of(row['mailbox']).inbox
            found = list(inbox.filter(message_id=row['message_id']).only('id', 'changekey', 'subject'))
            if not found:
                raise SystemExit(f'{row["mailbox"]}: not found')
            inbox.account.bulk_move(ids=found, to_folder=quarantine)
            taken += 1
    print(taken, 'taken')


if __name__ == '__main__':
    main(*sys.argv[1:])
