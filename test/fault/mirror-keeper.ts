import { jetstreamManager } from '@nats-io/jetstream';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { type TestNats } from '@revocast/testing';

const LOOK_EVERY_MS = 250;

/** Makes the copy of each epoch's log at the leaf: what an operator of a region keeps running there. */
export class MirrorKeeper {
  readonly #timer: NodeJS.Timeout;
  #hub: NatsConnection | undefined;
  #leaf: NatsConnection | undefined;
  #looking = false;

  constructor(
    private readonly servers: readonly TestNats[],
    private readonly leaf: TestNats,
  ) {
    this.#timer = setInterval(() => void this.#look(), LOOK_EVERY_MS);
  }

  async close(): Promise<void> {
    clearInterval(this.#timer);
    await Promise.all([this.#hub?.close(), this.#leaf?.close()]);
  }

  async #look(): Promise<void> {
    if (this.#looking) return;
    this.#looking = true;
    // The servers are being harmed: the next look comes soon.
    await this.#mirrorAll().catch(() => undefined);
    this.#looking = false;
  }

  async #mirrorAll(): Promise<void> {
    this.#hub ??= await connect({ servers: this.servers.map(({ url }) => url), maxReconnectAttempts: -1 });
    this.#leaf ??= await connect({ servers: this.leaf.url, maxReconnectAttempts: -1 });
    const hub = await jetstreamManager(this.#hub, { checkAPI: false });
    const leaf = await jetstreamManager(this.#leaf, { checkAPI: false });
    for await (const name of hub.streams.names('revocast.log.>')) {
      const isThere = await leaf.streams.info(name).then(
        () => true,
        () => false,
      );
      if (isThere) continue;
      await leaf.streams.add({
        name,
        storage: 'file',
        mirror: { name, external: { api: '$JS.hub.API', deliver: '' } },
        ...{ allow_direct: true, mirror_direct: false, deny_delete: true, deny_purge: true },
        republish: { src: 'revocast.log.>', dest: 'revocast.live.>' },
      });
    }
  }
}
