// Does with ews-javascript-api what the lines of JSON on standard input ask for, one after
// the other, and answers each with a line: {"value": …} or {"error": "…"}.
import { createInterface } from 'node:readline';
import ews from 'ews-javascript-api';
import xhr from '@ewsjs/xhr';

const {
  ConfigurationApi, ExchangeService, ExchangeVersion, WebCredentials, Uri, Folder, FolderId, FolderView, FolderTraversal, Mailbox,
  WellKnownFolderName, ItemView, SearchFilter, EmailMessageSchema, ItemSchema, PropertySet, BasePropertySet, Item, ItemId, EmailMessage,
  MimeContent, DeleteMode, SortDirection, OffsetBasePoint, ExtendedPropertyDefinition, MapiPropertyType, MessageDisposition,
  EventType, StreamingSubscriptionConnection,
} = ews;

const known = {
  Inbox: WellKnownFolderName.Inbox, 'Deleted Items': WellKnownFolderName.DeletedItems, 'Junk Email': WellKnownFolderName.JunkEmail,
  Drafts: WellKnownFolderName.Drafts, root: WellKnownFolderName.MsgFolderRoot,
};
const ways = { hard: DeleteMode.HardDelete, soft: DeleteMode.SoftDelete, trash: DeleteMode.MoveToDeletedItems };
const subject = new PropertySet(BasePropertySet.IdOnly, [ItemSchema.Subject]);
let service;
let subscription;
let connection;
const heard = []; // what a connection has told that nobody has asked for yet

// escaped is for texts, which this client writes as they are.
const escaped = (text) => text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;').replace(/"/g, '&quot;');

const wellKnown = (mailbox, name) => new FolderId(known[name], new Mailbox(mailbox));

// folder returns the id of a well-known folder, or of one at the top with that name.
async function folder(mailbox, name) {
  if (name in known) return wellKnown(mailbox, name);
  const found = await service.FindFolders(wellKnown(mailbox, 'root'), new FolderView(200));
  const f = found.Folders.find((f) => f.DisplayName === name);
  if (!f) throw new Error(`no folder ${name}`);
  return f.Id;
}

const bind = (id, properties) => Item.Bind(service, new ItemId(id), properties ?? new PropertySet(BasePropertySet.IdOnly));

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

// until waits for something that the client gives no promise of.
async function until(seconds, what, ready) {
  for (const end = Date.now() + seconds * 1000; !ready(); await pause(20)) {
    if (Date.now() > end) throw new Error(`no ${what} in ${seconds} seconds`);
  }
}

const operations = {
  async open({ url, auth, user, password }) {
    ConfigurationApi.ConfigureXHR(auth === 'ntlm' ? new xhr.XhrApi().useNtlmAuthentication(user, password) : new xhr.XhrApi());
    service = new ExchangeService(ExchangeVersion.Exchange2013_SP1);
    service.Credentials = new WebCredentials(user, password);
    service.Url = new Uri(url);
  },
  async folders({ mailbox }) {
    const view = new FolderView(2);
    view.Traversal = FolderTraversal.Deep;
    const names = [];
    for (let more = true; more; view.Offset = names.length) {
      const found = await service.FindFolders(wellKnown(mailbox, 'root'), view);
      names.push(...found.Folders.map((f) => f.DisplayName));
      more = found.MoreAvailable;
    }
    return names;
  },
  async page({ mailbox, folder: name, offset, count }) {
    const view = new ItemView(count, offset, OffsetBasePoint.Beginning);
    view.PropertySet = subject;
    view.OrderBy.Add(ItemSchema.Subject, SortDirection.Ascending);
    return (await service.FindItems(await folder(mailbox, name), view)).Items.map((i) => i.Subject);
  },
  async search({ mailbox, folder: name, messageId }) {
    const filter = new SearchFilter.IsEqualTo(EmailMessageSchema.InternetMessageId, escaped(messageId));
    return (await service.FindItems(await folder(mailbox, name), filter, new ItemView(10))).Items.map((i) => i.Id.UniqueId);
  },
  async mime({ id }) {
    const item = await bind(id, new PropertySet(BasePropertySet.IdOnly, [ItemSchema.MimeContent]));
    return item.MimeContent.Content;
  },
  async createFolder({ mailbox, name }) {
    const f = new Folder(service);
    f.DisplayName = escaped(name);
    await f.Save(wellKnown(mailbox, 'root'));
  },
  async create({ mailbox, folder: name, mime }) {
    const m = new EmailMessage(service);
    m.MimeContent = new MimeContent('UTF-8', mime);
    m.SetExtendedProperty(new ExtendedPropertyDefinition(0x0e07, MapiPropertyType.Integer), 1); // PidTagMessageFlags: no draft
    await m.Save(await folder(mailbox, name));
  },
  async move({ id, mailbox, folder: name }) {
    await (await bind(id)).Move(await folder(mailbox, name));
  },
  async delete({ id, how }) {
    await (await bind(id)).Delete(ways[how]);
  },
  async send({ mime }) {
    const m = new EmailMessage(service);
    m.MimeContent = new MimeContent('UTF-8', mime);
    await m.SendAndSaveCopy();
  },
  async subscribe({ folder: name }) {
    subscription = await service.SubscribeToStreamingNotifications([new FolderId(known[name])], EventType.NewMail, EventType.Moved);
    return subscription.Id;
  },
  async unsubscribe() {
    await subscription.Unsubscribe();
  },
  // stream opens a connection. The client says of it only whether anything has come.
  async stream({ minutes }) {
    const k = new StreamingSubscriptionConnection(service, [subscription], minutes);
    k.OnNotificationEvent.push((_, args) => heard.push({ events: args.Events.map((e) => [EventType[e.EventType], e.ItemId.UniqueId]) }));
    k.OnSubscriptionError.push((_, args) => heard.push({ lost: String(args.Exception?.Message) }));
    k.OnDisconnect.push((_, args) => heard.push({ ended: args.Exception ? String(args.Exception.message ?? args.Exception) : '' }));
    k.Open().catch((e) => heard.push({ failed: String(e?.Message ?? e?.message ?? e) }));
    await until(20, 'answer', () => k.IsOpen || heard.some((h) => 'failed' in h));
    connection = k;
  },
  async hear({ seconds }) {
    await until(seconds, 'word of the connection', () => heard.length > 0);
    return heard.shift();
  },
  async hangUp() {
    connection.Close();
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  let answer;
  try {
    const { op, ...args } = JSON.parse(line);
    answer = { value: await operations[op](args) };
  } catch (e) {
    answer = { error: String(e?.Message ?? e?.message ?? e) + (process.env.JUDGE_TRACE ? '\n' + e.stack : '') };
  }
  process.stdout.write(JSON.stringify(answer) + '\n');
}
process.exit(); // a connection that is still open would keep it
