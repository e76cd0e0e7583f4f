// @microsoft/microsoft-graph-client (npm) as a judge of examples/exchange -api graph: it
// lists, filters, pages, gets MIME, patches, moves, deletes, exports and imports, and sends
// batches. The argument is the first line of exchange.
import { Client, PageIterator, BatchRequestContent, BatchResponseContent, ResponseType, GraphError } from '@microsoft/microsoft-graph-client';
import assert from 'node:assert/strict';

const place = JSON.parse(process.argv[2]);
const client = Client.initWithMiddleware({
  baseUrl: place.url,
  defaultVersion: 'v1.0',
  customHosts: new Set([new URL(place.url).hostname]),
  authProvider: { getAccessToken: async () => place.token },
});
const alice = '/users/alice@example.test';
const quarantine = '/users/quarantine@example.test';
const stamp = 'String {7f2b6f0e-3c5d-4a1b-9e0a-6d1c53a7e4b2} Name QuarantineOperation';
const mime = (name) => Buffer.from(
  `From: Eve <eve@evil.example>\r\nTo: alice@example.test\r\nSubject: ${name}\r\nMessage-ID: <${name}@evil.example>\r\n\r\nhello ${name}\r\n`).toString('base64');
const refused = async (promise, status, code) => {
  const error = await promise.then(() => assert.fail('it was not refused'), (e) => e);
  assert.ok(error instanceof GraphError, String(error));
  assert.deepEqual([error.statusCode, error.code], [status, code]);
};
const rows = [];
const judge = async (what, check) => {
  await check();
  rows.push(what);
};

let id;
await judge('make from MIME', async () => {
  for (let i = 0; i < 12; i++) {
    const made = await client.api(`${alice}/messages`).header('Content-Type', 'text/plain').post(mime(`it's+${i}`));
    assert.equal(made.isDraft, true);
  }
});
await judge('filter', async () => {
  const found = await client.api(`${alice}/messages`).filter("internetMessageId eq '<it''s%2B3@evil.example>'").select(['id', 'subject']).get();
  assert.deepEqual(found.value.map((m) => m.subject), ["it's+3"]);
  id = found.value[0].id;
});
await judge('page', async () => {
  const all = [];
  const first = await client.api(`${alice}/messages`).top(5).select('subject').get();
  await new PageIterator(client, first, (m) => { all.push(m.subject); return true; }).iterate();
  assert.equal(new Set(all).size, 12);
});
await judge('MIME', async () => {
  const text = await client.api(`${alice}/messages/${id}/$value`).responseType(ResponseType.TEXT).get();
  assert.match(text, /hello it's\+3/);
});
await judge('patch and extended properties', async () => {
  await client.api(`${alice}/messages/${id}`).patch({ isRead: true, categories: ['red'], singleValueExtendedProperties: [{ id: stamp, value: 'op' }] });
  const got = await client.api(`${alice}/messages/${id}`).expand(`singleValueExtendedProperties($filter=id eq '${stamp}')`).get();
  assert.deepEqual([got.categories, got.singleValueExtendedProperties], [['red'], [{ id: stamp, value: 'op' }]]);
});
await judge('folders and move', async () => {
  const home = await client.api(`${alice}/mailFolders`).post({ displayName: 'Quarantine', isHidden: true });
  const moved = await client.api(`${alice}/messages/${id}/move`).post({ destinationId: home.id });
  await refused(client.api(`${alice}/messages/${id}`).get(), 404, 'ErrorItemNotFound');
  id = moved.id;
  const fixed = await client.api(`${alice}/messages/${id}`).header('Prefer', 'IdType="ImmutableId"').get();
  assert.equal(fixed.id.length, 72);
});
await judge('export and import', async () => {
  const mailbox = async (user) => (await client.api(`${user}/settings/exchange`).get()).primaryMailboxId;
  const exported = await client.api(`/admin/exchange/mailboxes/${await mailbox(alice)}/exportItems`).post({ itemIds: [id, 'nonsense'] });
  assert.equal(exported.value[1].error.code, 'ErrorInvalidIdMalformed');
  const session = await client.api(`/admin/exchange/mailboxes/${await mailbox(quarantine)}/createImportSession`).post({});
  assert.notEqual(new URL(session.importUrl).host, new URL(place.url).host);
  const inbox = await client.api(`${quarantine}/mailFolders/inbox`).get();
  const answer = await fetch(session.importUrl, {
    method: 'POST', headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ FolderId: inbox.id, Mode: 'create', Data: exported.value[0].data }),
  });
  assert.equal(answer.status, 200);
  const copy = await client.api(`${quarantine}/messages/${(await answer.json()).itemId}`).get();
  assert.deepEqual([copy.subject, copy.categories, copy.isRead], ["it's+3", ['red'], true]);
});
await judge('delete', async () => {
  await client.api(`${alice}/messages/${id}/permanentDelete`).post({});
  await refused(client.api(`${alice}/messages/${id}/permanentDelete`).post({}), 404, 'ErrorItemNotFound');
  const [other] = (await client.api(`${alice}/messages`).top(1).get()).value;
  await client.api(`${alice}/messages/${other.id}`).delete();
  const gone = await client.api(`${alice}/mailFolders/recoverableitemsdeletions/messages`).get();
  assert.deepEqual(gone.value.map((m) => m.subject), [other.subject]);
});
// The client takes what follows the host for the address of a part, which has no version.
await judge('batch', async () => {
  const content = new BatchRequestContent([
    { id: '1', request: new Request(`${place.url}${alice}/mailFolders/inbox`, { method: 'GET' }) },
    { id: '2', request: new Request(`${place.url}${alice}/messages/nonsense`, { method: 'GET' }) },
  ]);
  const answer = new BatchResponseContent(await client.api('/$batch').post(await content.getContent()));
  assert.equal((await answer.getResponseById('1').json()).displayName, 'Inbox');
  assert.equal(answer.getResponseById('2').status, 400);
});
await judge('refusals', async () => {
  await refused(client.api(`${alice}/messages`).filter("toRecipients/any(r:r/emailAddress/address eq 'a@b')").get(), 400, 'ErrorInvalidUrlQueryFilter');
  await refused(client.api(`${alice}/messages`).query({ surprise: '1' }).get(), 400, 'BadRequest');
  await refused(client.api(`${alice}/messages`).search('x').get(), 501, 'NotImplemented');
});
for (const what of rows) console.log(`microsoft-graph-client  token  TLS  ${what}  ok`);
