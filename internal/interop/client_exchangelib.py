"""exchangelib (Debian: python3-exchangelib) as a client for walk.py and crossing.py."""

from exchangelib import BASIC, DELEGATE, NTLM, Account, Configuration, Credentials, Message
from exchangelib.folders import Messages
from exchangelib.protocol import BaseProtocol

from server import password

BaseProtocol.TIMEOUT = 30


class Client:
    """Signs in as one account, and works in the mailboxes that it may open."""

    def __init__(self, place, user):
        self.place, self.user, self.accounts = place, user, {}

    def close(self):
        pass

    def account(self, mailbox):
        if mailbox not in self.accounts:
            config = Configuration(
                service_endpoint=self.place['url'], auth_type={'basic': BASIC, 'ntlm': NTLM}[self.place['auth']],
                credentials=Credentials(self.user, password(self.user)))
            self.accounts[mailbox] = Account(mailbox, config=config, autodiscover=False, access_type=DELEGATE)
        return self.accounts[mailbox]

    def folder(self, mailbox, name):
        account = self.account(mailbox)
        known = {'Inbox': 'inbox', 'Deleted Items': 'trash', 'Junk Email': 'junk', 'Drafts': 'drafts'}
        if name in known:
            return getattr(account, known[name])
        account.root.refresh()
        return account.msg_folder_root / name

    def folders(self, mailbox):
        return [f.name for f in self.account(mailbox).msg_folder_root.walk()]

    def page(self, mailbox, folder, offset, count):
        items = self.folder(mailbox, folder).all().order_by('datetime_received', 'subject').only('subject')
        return [i.subject for i in items[offset:offset + count]]

    def search(self, mailbox, folder, message_id):
        return list(self.folder(mailbox, folder).filter(message_id=message_id))

    def mime(self, item):
        return item.mime_content

    def create_folder(self, mailbox, name):
        Messages(parent=self.account(mailbox).msg_folder_root, name=name).save()

    def create(self, mailbox, folder, mime):
        Message(account=self.account(mailbox), folder=self.folder(mailbox, folder), mime_content=mime).save()

    def move(self, item, mailbox, folder):
        item.move(self.folder(mailbox, folder))

    def delete(self, item, how):
        {'hard': item.delete, 'soft': item.soft_delete, 'trash': item.move_to_trash}[how]()
