// The nats-server of a local fleet: like the other children it is started again when it dies.
import { setTimeout as delay } from 'node:timers/promises';
import { startNatsServer } from '../nats/index.mjs';

/** Also between attempts: its port and its store need a moment to become free. */
const RESTART_DELAY_MS = 500;

/** Looks like the server it keeps, over all the processes that run it in turn. */
class KeptNats {
  #options;
  #server;
  #stopping = false;
  #kept;

  constructor(server, options) {
    this.#server = server;
    this.#options = options;
    this.#kept = this.#keep();
  }

  get url() {
    return this.#server.url;
  }

  get pid() {
    return this.#server.pid;
  }

  get origin() {
    return this.#server.origin;
  }

  async stop() {
    this.#stopping = true;
    await this.#server.stop();
    await this.#kept;
  }

  async #keep() {
    for (;;) {
      const { why } = await this.#server.exited;
      if (this.#stopping) return;
      this.#options.log(`nats-server ended (${why}), starting it again; its log: ${this.#server.logFile}`);
      await this.#startAgain();
      if (!this.#stopping) continue;
      await this.#server.stop();
      return;
    }
  }

  async #startAgain() {
    const { storeDir, log } = this.#options;
    while (!this.#stopping) {
      await delay(RESTART_DELAY_MS);
      try {
        // Same port: everybody knows the server by it. It was named when it first started.
        this.#server = await startNatsServer({ storeDir, port: this.#server.port, log: () => {} });
        return;
      } catch (error) {
        log(error.message);
      }
    }
  }
}

/**
 * Starts nats-server, or answers the one of NATS_URL, which is not ours to keep.
 * @param {{ storeDir: string, restart: boolean, log: (line: string) => void }} options
 */
export const openNats = async ({ storeDir, restart, log }) => {
  const server = await startNatsServer({ storeDir, log });
  return restart && server.origin !== 'NATS_URL' ? new KeptNats(server, { storeDir, log }) : server;
};
