"""DavMail (Debian: davmail) as a client: a gateway that speaks IMAP, POP and SMTP here,
and EWS to the server. It runs without a screen, in a folder of its own."""

import imaplib
import os
import poplib
import smtplib
import socket
import subprocess
import time

from server import password

# Names that DavMail has for the folders of the mailbox that signs in.
OWN = {'Inbox': 'INBOX', 'Deleted Items': 'Trash', 'Junk Email': 'Junk', 'Sent Items': 'Sent'}
IMAP, POP, SMTP = range(3)


def free_ports(count):
    sockets = [socket.create_server(('127.0.0.1', 0)) for _ in range(count)]
    ports = [s.getsockname()[1] for s in sockets]
    for s in sockets:
        s.close()
    return ports


class Gateway:
    """DavMail as a process."""

    def __init__(self, place):
        work = place['work']
        self.ports = free_ports(3)
        settings = {
            'davmail.server': 'true', 'davmail.mode': 'EWS', 'davmail.url': place['url'], 'davmail.bindAddress': '127.0.0.1',
            'davmail.imapPort': self.ports[IMAP], 'davmail.popPort': self.ports[POP], 'davmail.smtpPort': self.ports[SMTP],
            'davmail.caldavPort': '', 'davmail.ldapPort': '', 'davmail.allowRemote': 'false', 'davmail.disableUpdateCheck': 'true',
            'davmail.enableKerberos': 'false', 'davmail.logFilePath': f'{work}/davmail.log', 'log4j.logger.davmail': 'DEBUG',
            'log4j.rootLogger': 'WARN', 'davmail.smtpSaveInSent': 'true',
        }
        with open(f'{work}/davmail.properties', 'w') as f:
            f.writelines(f'{name}={value}\n' for name, value in settings.items())
        java = ['java', '-Djava.awt.headless=true', f'-Duser.home={work}']
        if place['ca']:
            store = f'{work}/trust.p12'
            subprocess.run(
                ['keytool', '-importcert', '-noprompt', '-alias', 'exchange', '-file', place['ca'], '-keystore', store,
                 '-storetype', 'PKCS12', '-storepass', 'changeit'], check=True, capture_output=True)
            java += [f'-Djavax.net.ssl.trustStore={store}', '-Djavax.net.ssl.trustStorePassword=changeit']
        self.out = open(f'{work}/davmail.out', 'w')
        self.process = subprocess.Popen(
            [*java, '-jar', '/usr/share/davmail/davmail.jar', '-server', '-notray', f'{work}/davmail.properties'],
            stdout=self.out, stderr=subprocess.STDOUT, cwd=work)
        self.wait()

    def wait(self):
        end = time.monotonic() + 60
        for port in self.ports:
            while True:
                try:
                    socket.create_connection(('127.0.0.1', port), 1).close()
                    break
                except OSError:
                    if time.monotonic() > end or self.process.poll() is not None:
                        raise SystemExit('DavMail does not listen')
                    time.sleep(0.2)

    def close(self):
        self.process.terminate()
        self.process.wait(30)
        self.out.close()


class Client:
    """Signs in as one account. What a folder of another mailbox is called is DavMail's way."""

    def __init__(self, place, user):
        self.gateway = Gateway(place)
        self.user = user if place['auth'] == 'basic' else 'EXAMPLE\\' + user.split('@')[0]
        self.address = user
        self.imap = imaplib.IMAP4('127.0.0.1', self.gateway.ports[IMAP], timeout=60)
        self.imap.login(self.quoted(self.user), password(user))

    def quoted(self, text):
        return '"' + text.replace('\\', '\\\\').replace('"', '\\"') + '"'

    def close(self):
        try:
            self.imap.logout()
        finally:
            self.gateway.close()

    def done(self, result):
        status, data = result
        if status != 'OK':
            raise RuntimeError(f'IMAP: {status} {data}')
        return data

    def name(self, mailbox, folder):
        folder = folder.replace('&', '&-')  # RFC 3501, section 5.1.3
        if mailbox == self.address:
            return self.quoted(OWN.get(folder, folder))
        return self.quoted(f'/users/{mailbox}/' + {'Inbox': 'inbox'}.get(folder, folder))

    def select(self, mailbox, folder):
        self.done(self.imap.select(self.name(mailbox, folder)))

    def folders(self, mailbox):
        back = {name: folder for folder, name in OWN.items()}
        listed = [line.decode().rsplit('"', 2)[1] for line in self.done(self.imap.list('""', '"*"'))]
        return [back.get(name, name).replace('&-', '&') for name in listed]

    def page(self, mailbox, folder, offset, count):
        self.select(mailbox, folder)
        ids = self.done(self.imap.uid('SEARCH', 'ALL'))[0].split()[offset:offset + count]
        if not ids:
            return []
        data = self.done(self.imap.uid('FETCH', b','.join(ids).decode(), '(UID BODY.PEEK[HEADER.FIELDS (SUBJECT)])'))
        return [part[1].decode('latin-1') for part in data if isinstance(part, tuple)]

    def search(self, mailbox, folder, message_id):
        self.select(mailbox, folder)
        found = self.done(self.imap.uid('SEARCH', 'HEADER', 'Message-ID', message_id))[0].split()
        return [(mailbox, folder, uid.decode()) for uid in found]

    def mime(self, item):
        mailbox, folder, uid = item
        self.select(mailbox, folder)
        data = self.done(self.imap.uid('FETCH', uid, '(BODY.PEEK[])'))
        return next(part[1] for part in data if isinstance(part, tuple))

    def create_folder(self, mailbox, name):
        self.done(self.imap.create(self.name(mailbox, name)))

    def create(self, mailbox, folder, mime):
        self.done(self.imap.append(self.name(mailbox, folder), '(\\Seen)', None, mime))

    def move(self, item, mailbox, folder):
        self.select(item[0], item[1])
        self.done(self.imap.uid('MOVE', item[2], self.name(mailbox, folder)))

    def delete(self, item, how):
        """Deletes by EXPUNGE (hard), by MOVE to the trash, or over POP (soft)."""
        if how == 'trash':
            return self.move(item, self.address, 'Deleted Items')
        if how == 'soft':
            return self.pop_delete(self.mime(item))
        self.select(item[0], item[1])
        self.done(self.imap.uid('STORE', item[2], '+FLAGS', '(\\Deleted)'))
        self.done(self.imap.expunge())

    def pop_delete(self, mime):
        pop = poplib.POP3('127.0.0.1', self.gateway.ports[POP], timeout=60)
        pop.user(self.user)
        pop.pass_(password(self.address))
        wanted = [line for line in mime.splitlines() if line.lower().startswith(b'message-id:')][0]
        for n in range(1, len(pop.list()[1]) + 1):
            if wanted in pop.retr(n)[1]:
                pop.dele(n)
        pop.quit()

    def send(self, recipients, mime):
        with smtplib.SMTP('127.0.0.1', self.gateway.ports[SMTP], timeout=60) as smtp:
            smtp.login(self.user, password(self.address))
            smtp.sendmail(self.address, recipients, mime)
