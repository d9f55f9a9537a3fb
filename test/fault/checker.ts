import { type TokenFacts, type Verdict } from '@revocast/core';
import { type FollowerNode } from './follower-node.js';
import { type Acknowledged, type RoundHistory } from './history.js';
import { type ProcessNode } from './process-node.js';

const FOLLOWERS_EVERY_MS = 25;
const PROCESSES_EVERY_MS = 100;
/** Requests to one process at once: a stopped one collects them, and answers when it wakes up. */
const ASKED_AT_ONCE_MAX = 50;
/** A miss shows in the newest or anywhere, so both are asked for. */
const NEWEST = 4;
const ANYWHERE = 4;

export type WatchedNode = FollowerNode | ProcessNode;

export interface Innocent {
  readonly token: string;
  readonly facts: TokenFacts;
}

/** Asks all nodes all the time: tokens of acknowledged revocations, and one that nobody revoked. */
export class Checker {
  readonly #history: RoundHistory;
  readonly #innocent: Innocent;
  readonly #nodes = new Set<WatchedNode>();
  readonly #asked = new Map<string, number>();
  readonly #timers: readonly NodeJS.Timeout[];

  constructor(history: RoundHistory, innocent: Innocent) {
    this.#history = history;
    this.#innocent = innocent;
    const every = (ms: number, look: () => void): NodeJS.Timeout => setInterval(look, ms);
    this.#timers = [
      every(FOLLOWERS_EVERY_MS, () => this.#each('follower')),
      every(PROCESSES_EVERY_MS, () => this.#each('process')),
    ];
  }

  get nodes(): readonly WatchedNode[] {
    return [...this.#nodes];
  }

  watch(node: WatchedNode): void {
    this.#nodes.add(node);
  }

  forget(node: WatchedNode): void {
    this.#nodes.delete(node);
  }

  stop(): void {
    for (const timer of this.#timers) clearInterval(timer);
  }

  /** How a node answers for the token that nobody revoked, now. */
  async standing(node: WatchedNode): Promise<Verdict['kind'] | 'gone'> {
    if (node.kind === 'follower') return node.decide(this.#innocent.facts).kind;
    return (await node.ask(this.#innocent.token))?.kind ?? 'gone';
  }

  /** Asks for every acknowledged revocation, and notes what was found. */
  async sweep(node: WatchedNode): Promise<readonly string[]> {
    const found = new Set<string>();
    for (const one of this.#history.acknowledged) {
      const verdict = await this.#check(node, one);
      if (verdict?.kind === 'revoked') found.add(one.id);
    }
    const state = node.kind === 'follower' ? node.status().state : await node.state();
    this.#history.observe(node.name, state, found);
    return this.#history.acknowledged.filter(({ id }) => !found.has(id)).map(({ id }) => id);
  }

  #each(kind: WatchedNode['kind']): void {
    for (const node of this.#nodes) if (node.kind === kind) void this.#look(node);
  }

  async #look(node: WatchedNode): Promise<void> {
    const asked = this.#asked.get(node.name) ?? 0;
    if (asked >= ASKED_AT_ONCE_MAX) return;
    this.#asked.set(node.name, asked + 1);
    const kind = await this.standing(node);
    this.#history.stand({ node: node.name, at: this.#history.now(), kind });
    const wanted = node.kind === 'follower' ? this.#sample(NEWEST, ANYWHERE) : this.#sample(1, 1);
    await Promise.all(wanted.map((one) => this.#check(node, one)));
    this.#asked.set(node.name, (this.#asked.get(node.name) ?? 1) - 1);
  }

  async #check(node: WatchedNode, { id, facts, token }: Acknowledged): Promise<Verdict | undefined> {
    const at = this.#history.now();
    const verdict = node.kind === 'follower' ? node.decide(facts) : await node.ask(token);
    const log = node.kind === 'follower' ? node.status().log?.name : undefined;
    if (verdict !== undefined) this.#history.check(id, { node: node.name, at, verdict, log });
    return verdict;
  }

  #sample(newest: number, anywhere: number): readonly Acknowledged[] {
    const { acknowledged } = this.#history;
    const some = Array.from({ length: anywhere }, () => acknowledged[Math.floor(Math.random() * acknowledged.length)]);
    return [...acknowledged.slice(-newest), ...some.filter((one) => one !== undefined)];
  }
}
