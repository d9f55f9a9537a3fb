import { createJetStreamFeed, createVerifier, natsSettingsFrom } from '@revocast/jetstream';
import { createRevocationNode, httpGuard } from '@revocast/node';

/** Ours, as docs/adapters.md has it. It listens at once, and refuses everything until it knows. */
export async function revocast({ issuer, natsUrl, namespace, recordKeys, nodeId, tokenCache = true }) {
  const verifier = createVerifier(JSON.parse(recordKeys));
  const nats = natsSettingsFrom({ NATS_URL: natsUrl });
  const node = createRevocationNode({
    feed: (identity) => createJetStreamFeed({ nats, verifier, namespace, ...identity }),
    ...{ issuers: [issuer], mode: 'strict', service: 'orders', nodeId, log: { warn() {}, error() {} } },
    ...(!tokenCache && { tokenCache: false }),
  });
  await node.start();
  const guard = httpGuard(node);
  const admit = async (request, response) => (await guard.admit(request, response)) !== undefined;
  return { admit, entries: () => node.status().liveEntries, close: () => node.close() };
}
