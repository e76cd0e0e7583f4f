"""exchangelib keeps up with a mailbox: synchronisation, and subscriptions with pull and
streaming notifications."""

from exchangelib import IMPERSONATION, Message
from exchangelib.errors import ErrorInvalidSubscription, ErrorSubscriptionNotFound
from exchangelib.folders import Messages

from checks import check, refused


def watching(box, access):
    sync_items(box, access)
    sync_hierarchy(box, access)
    pull(box, access)
    stream(box)


def letter(box, folder, subject):
    return Message(account=box, folder=folder, subject=subject, body='Hi', to_recipients=['bob@example.test']).save()


def changes(folder):
    """What has changed since the last call, by kind: exchangelib keeps the state."""
    return [(kind, item) for kind, item in folder.sync_items(only_fields=['subject'])]


def sync_items(box, access):
    folder = Messages(parent=box.inbox, name=f'Synchronised {access}').save()
    first = letter(box, folder, 'first')
    got = changes(folder)
    check('SyncFolderItems: all at first', [(k, i.subject) for k, i in got] == [('create', 'first')], got)
    check('SyncFolderItems: then nothing', changes(folder) == [])
    first.subject = 'changed'
    first.save(update_fields=['subject'])
    got = changes(folder)
    check('SyncFolderItems: a change', [(k, i.subject) for k, i in got] == [('update', 'changed')], got)
    first.is_read = not first.is_read
    first.save(update_fields=['is_read'])
    got = changes(folder)
    check('SyncFolderItems: a read state', len(got) == 1 and got[0][0] in ('read_flag_change', 'update'), got)
    moved = folder.all().get()
    moved.move(box.junk)
    got = changes(folder)
    check('SyncFolderItems: what was moved away is deleted', [k for k, _ in got] == ['delete'], got)
    for n in range(5):
        letter(box, folder, f'letter {n}')
    got = list(folder.sync_items(sync_state=None, only_fields=['subject'], max_changes_returned=2))
    check('SyncFolderItems: in parts', sorted(i.subject for k, i in got if k == 'create') == [f'letter {n}' for n in range(5)], got)
    folder.wipe()
    folder.delete()


def sync_hierarchy(box, access):
    root = box.msg_folder_root
    check('SyncFolderHierarchy: all at first', 'Inbox' in [f.name for k, f in root.sync_hierarchy() if k == 'create'])
    check('SyncFolderHierarchy: then nothing', list(root.sync_hierarchy()) == [])
    folder = Messages(parent=box.inbox, name=f'Watched {access}').save()
    got = [(k, f.name) for k, f in root.sync_hierarchy()]
    check('SyncFolderHierarchy: a new folder', ('create', folder.name) in got, got)
    folder.name += ' renamed'
    folder.save(update_fields=['name'])
    got = [(k, f.name) for k, f in root.sync_hierarchy()]
    check('SyncFolderHierarchy: a new name', ('update', folder.name) in got, got)
    folder.delete()
    got = [k for k, _ in root.sync_hierarchy()]
    check('SyncFolderHierarchy: a folder deleted', 'delete' in got, got)


def kinds(notifications):
    return [event.ELEMENT_NAME for n in notifications for event in n.events]


def pull(box, access):
    # Only the account itself, or whom it impersonates, may subscribe.
    if access != IMPERSONATION:
        return
    subscription, watermark = box.inbox.subscribe_to_pull()
    item = letter(box, box.inbox, 'event')
    got = list(box.inbox.get_events(subscription, watermark))
    check('GetEvents: a new message', 'CreatedEvent' in kinds(got), kinds(got))
    item.move(box.junk)
    got = list(box.inbox.get_events(subscription, got[-1].events[-1].watermark))
    check('GetEvents: a message moved', 'MovedEvent' in kinds(got), kinds(got))
    box.inbox.unsubscribe(subscription)
    refused('a subscription that was ended', (ErrorSubscriptionNotFound, ErrorInvalidSubscription),
            lambda: list(box.inbox.get_events(subscription, watermark)))


def stream(box):
    if box.access_type != IMPERSONATION:
        return
    with box.inbox.streaming_subscription() as subscription:
        item = letter(box, box.inbox, 'streamed')
        got = list(box.inbox.get_streaming_events(subscription, connection_timeout=1, max_notifications_returned=1))
        check('GetStreamingEvents: a new message', 'CreatedEvent' in kinds(got), kinds(got))
        item.delete()
