"""exchangelib as mail software: attachments, sending, replies, and what people do with
folders."""

from exchangelib import IMPERSONATION, FileAttachment, HTMLBody, ItemAttachment, Mailbox, Message
from exchangelib.errors import ErrorAccessDenied, ErrorSendAsDenied
from exchangelib.folders import Messages
from exchangelib.queryset import Q

from checks import check, refused
from server import BOB


def software(box, reader, access):
    """Works in box; reader is a mailbox that gets what is sent."""
    attachments(box)
    bodies(box)
    if access == IMPERSONATION:
        sending(box, reader, access)
    else:
        letter = draft(box, 'not sent', body='Hello')
        refused('sending for another needs a right besides FullAccess', (ErrorSendAsDenied, ErrorAccessDenied), letter.send)
    junk(box)
    queries(box)
    keeping(box, access)


def draft(box, subject, **fields):
    return Message(account=box, folder=box.drafts, subject=subject, to_recipients=[Mailbox(email_address=BOB)], **fields)


def attachments(box):
    letter = draft(box, 'with files', body='See below.')
    letter.attach(FileAttachment(name='one.txt', content=b'one'))
    letter.save()
    letter.attach(FileAttachment(name='größer.bin', content=bytes(range(256)) * 400, content_type='application/x-test'))
    letter.attach(ItemAttachment(name='inside', item=Message(folder=box.drafts, subject='inside', body='within')))
    again = box.drafts.get(subject='with files')
    names = sorted(a.name for a in again.attachments)
    check('attachments made with the item and later', names == ['größer.bin', 'inside', 'one.txt'], names)
    by_name = {a.name: a for a in again.attachments}
    check('content of a file', by_name['größer.bin'].content == bytes(range(256)) * 400 and by_name['one.txt'].content == b'one')
    with by_name['größer.bin'].fp as stream:
        check('content of a file as a stream', stream.read(256) == bytes(range(256)))
    check('an attached item', by_name['inside'].item.subject == 'inside', by_name['inside'].item)
    again.detach(by_name['one.txt'])
    left = sorted(a.name for a in box.drafts.get(subject='with files').attachments)
    check('a file taken off', left == ['größer.bin', 'inside'], left)
    box.drafts.get(subject='with files').delete()


def bodies(box):
    letter = draft(box, 'bodies', body=HTMLBody('<html><body><p>Hello <b>you</b></p></body></html>')).save()
    again = box.drafts.get(subject='bodies')
    check('an HTML body', isinstance(again.body, HTMLBody) and '<b>you</b>' in again.body, again.body)
    check('is text as well', 'Hello' in again.text_body and '<b>' not in again.text_body, again.text_body)
    letter.body = 'plain & simple'
    letter.cc_recipients = [Mailbox(email_address='carol@example.test')]
    letter.save(update_fields=['body', 'cc_recipients'])
    again = box.drafts.get(subject='bodies')
    check('a body changed', str(again.body).strip() == 'plain & simple' and not isinstance(again.body, HTMLBody), again.body)
    check('recipients changed', [m.email_address for m in again.cc_recipients] == ['carol@example.test'], again.cc_recipients)
    again.delete()


def one(folder, subject):
    found = list(folder.filter(subject=subject))
    check(f'{subject!r} is once in {folder.name}', len(found) == 1, found)
    return found[0]


def sending(box, reader, access):
    subject = f'Sent by {access}'
    letter = draft(box, subject, body='Hello')
    letter.folder = box.sent
    letter.send_and_save()
    one(box.sent, subject)
    got = one(reader.inbox, subject)
    check('it comes from who sent it', got.author.email_address == box.primary_smtp_address, got.author)
    got.reply(subject='RE: ' + subject, body='Thanks')
    answer = one(box.inbox, 'RE: ' + subject)
    check('a reply refers to what it answers', answer.in_reply_to == got.message_id, answer.in_reply_to)
    answer.forward(subject='FW: ' + subject, body='Look', to_recipients=[BOB])
    one(reader.inbox, 'FW: ' + subject)
    saved = draft(box, subject + ' later', body='Hello').save()
    saved.send()
    one(reader.inbox, subject + ' later')
    check('a draft that was sent is no draft any more', not box.drafts.filter(subject=subject + ' later').exists())
    for folder in (box.sent, box.inbox, reader.inbox, reader.sent):
        folder.filter(subject__contains=subject).delete()


def junk(box):
    item = draft(box, 'unwanted').save()
    item.move(box.inbox)
    item.mark_as_junk(is_junk=True, move_item=True)
    one(box.junk, 'unwanted').mark_as_junk(is_junk=False, move_item=True)
    one(box.inbox, 'unwanted').delete()


def queries(box):
    """Conditions as exchangelib writes them."""
    folder = Messages(parent=box.inbox, name='Queried').save()
    for n, words in enumerate(('red apple', 'green apple', 'red cherry')):
        Message(account=box, folder=folder, subject=words, categories=words.split(), is_read=n == 1).save()

    def subjects(*conditions, **fields):
        return sorted(folder.filter(*conditions, **fields).values_list('subject', flat=True))

    check('contains', subjects(subject__contains='apple') == ['green apple', 'red apple'])
    check('icontains', subjects(subject__icontains='APPLE') == ['green apple', 'red apple'])
    check('startswith', subjects(subject__startswith='red') == ['red apple', 'red cherry'])
    check('in', subjects(subject__in=['red apple', 'none']) == ['red apple'])
    check('or', subjects(Q(subject='red apple') | Q(subject='red cherry')) == ['red apple', 'red cherry'])
    check('not', subjects(~Q(subject__startswith='red')) == ['green apple'])
    check('a category', subjects(categories__contains=['cherry']) == ['red cherry'])
    check('read', subjects(is_read=True) == ['green apple'])
    check('exists', subjects(in_reply_to__exists=False) == ['green apple', 'red apple', 'red cherry'])
    check('count', folder.all().count() == 3)
    check('order', list(folder.all().order_by('-subject').values_list('subject', flat=True)) == ['red cherry', 'red apple', 'green apple'])
    check('words in the index', sorted(i.subject for i in folder.filter('subject:cherry')) == ['red cherry'])
    check('of several folders', len(list((box.inbox / 'Queried').all())) == 3 and box.inbox.walk().filter(subject='red apple').count() == 1)
    folder.wipe()
    folder.delete()


def keeping(box, access):
    """Folders are renamed, filled, moved, emptied and deleted."""
    outer = Messages(parent=box.inbox, name=f'Outer {access}').save()
    inner = Messages(parent=outer, name='Inner').save()
    Message(account=box, folder=inner, subject='kept').save()
    Message(account=box, folder=outer, subject='kept too').save()
    outer.refresh()
    check('counts of a folder', (outer.total_count, outer.child_folder_count) == (1, 1), outer)
    inner.move(box.drafts)
    check('a folder moved', [f.name for f in box.drafts.children] == ['Inner'], list(box.drafts.children))
    moved = box.drafts / 'Inner'
    check('with what is in it', moved.all().count() == 1)
    outer.empty(delete_sub_folders=True)
    outer.refresh()
    check('a folder emptied', outer.total_count == 0, outer.total_count)
    outer.delete()
    moved.delete()
    box.root.refresh()
    check('folders deleted', f'Outer {access}' not in [f.name for f in box.inbox.children])
