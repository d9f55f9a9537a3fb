import { fork } from 'node:child_process';
import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { join } from 'node:path';

const SCRIPT = join(import.meta.dirname, 'node-server.mjs');
/** A request that hangs longer counts as one without an answer. */
const ANSWER_MS_MAX = 5_000;

/** An API node with one of the guards. */
export class NodeProcess {
  #child;
  #agent = new Agent({ keepAlive: true, maxSockets: 2 });

  /** Loaded, but told nothing yet: what Node.js and the modules take to start is nobody's merit. */
  static async load({ guard }) {
    const node = new NodeProcess();
    // As they are published: what the engine loads is what an adopter's would.
    node.#child = fork(SCRIPT, [guard], { execArgv: ['--expose-gc'] });
    await once(node.#child, 'message');
    return node;
  }

  static async start(options) {
    const node = await NodeProcess.load(options);
    node.start(options);
    await node.listening;
    return node;
  }

  /** Undefined while it does not listen. */
  port;
  /** Resolves when it listens. */
  listening;

  /** It may take long to listen: that is awaited by who wants it. */
  start(options) {
    this.listening = once(this.#child, 'message').then(([{ port }]) => (this.port = port));
    this.#child.send(options);
  }

  async question(name) {
    this.#child.send(name);
    const [answer] = await once(this.#child, 'message');
    return answer;
  }

  /** The status it answers to a token, 0 for no answer, and what that took. */
  async ask(token) {
    const from = performance.now();
    const status = this.port === undefined ? 0 : await this.#statusOf(token);
    if (status === 0) await new Promise((resolve) => setImmediate(resolve));
    return { status, ms: performance.now() - from };
  }

  async stop() {
    this.#agent.destroy();
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const gone = once(this.#child, 'exit');
    // One that does not listen yet has nothing to close.
    if (this.port !== undefined) await this.question('close');
    this.#child.kill();
    await gone;
  }

  #statusOf(token) {
    const { port } = this;
    const headers = { authorization: `Bearer ${token}` };
    return new Promise((resolve) => {
      const call = request({ agent: this.#agent, host: '127.0.0.1', port, timeout: ANSWER_MS_MAX, headers });
      call.once('timeout', () => call.destroy());
      call.once('error', () => resolve(0));
      call.once('response', (response) => response.resume().once('end', () => resolve(response.statusCode)));
      call.end();
    });
  }
}
