// What every scene of the demo uses: tokens, calls to nodes and service, and the tally of what was checked.
import { mintToken } from '../dev/mint.mjs';

const POLL_MS = 5;
const ASKS_MAX = 1_000;
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const median = (sorted) => sorted[Math.floor((sorted.length - 1) / 2)] ?? 0;
const rounded = (ms) => Number(ms.toFixed(1));

/** The status of GET /me for a token on one node. */
export const ask = async (node, token) => {
  const response = await fetch(`${node.url}/me`, { headers: { authorization: `Bearer ${token}` } });
  await response.arrayBuffer();
  return response.status;
};

/** How often a node accepted the token before it first refused it. */
const acceptedUntilRefused = async (node, token) => {
  let accepted = 0;
  while (accepted < ASKS_MAX && (await ask(node, token)) !== 401) {
    accepted += 1;
    await pause(POLL_MS);
  }
  return accepted;
};

export class Stage {
  #checks = [];
  #enforcedMs = [];

  /**
   * @param fleet what openFleet() gave
   * @param {(line: string) => void} say
   */
  constructor(fleet, say) {
    this.fleet = fleet;
    this.say = say;
  }

  check(name, ok) {
    this.#checks.push({ name, ok });
    this.say(`  ${ok ? 'ok  ' : 'FAIL'} ${name}`);
  }

  token(wish, how) {
    return mintToken(this.fleet.home.issuerKeys, wish, how);
  }

  /** Every node of the fleet answers `token` with `status`. */
  async everywhere(name, token, status) {
    const got = await Promise.all(this.fleet.nodes.map((node) => ask(node, token)));
    this.check(
      `${name}: ${status} on every node`,
      got.every((each) => each === status),
    );
  }

  async call(method, path, body) {
    const response = await fetch(this.fleet.url + path, {
      method,
      headers: { authorization: `Bearer ${this.fleet.home.apiKey}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    return { status: response.status, body: await response.json() };
  }

  /** Sends a kill; then the clock runs from its answer to the last node's first refusal of `token`. */
  async kill(command, token) {
    const { status, body } = await this.call('POST', '/v1/revocations', command);
    const answeredAt = performance.now();
    const accepted = await Promise.all(this.fleet.nodes.map((node) => acceptedUntilRefused(node, token)));
    const ms = performance.now() - answeredAt;
    const { state, applied, nodes } = body.propagation ?? {};
    this.check(
      `the kill is answered ${status}: ${state} on ${applied} of ${nodes} nodes`,
      status === 201 && state === 'enforced',
    );
    this.check(
      'no node accepted the token after the answer',
      accepted.every((count) => count === 0),
    );
    this.say(`       from the answer to the last node's first refusal: ${ms.toFixed(1)} ms`);
    this.#enforcedMs.push(ms);
    return body;
  }

  summary() {
    const sorted = this.#enforcedMs.toSorted((a, b) => a - b);
    const enforcedMs = { p50: rounded(median(sorted)), max: rounded(sorted.at(-1) ?? 0) };
    return { nodes: this.fleet.nodes.length, enforcedMs, checks: this.#checks };
  }
}
