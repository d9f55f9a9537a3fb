import { performance } from 'node:perf_hooks';
import {
  createFollower,
  decide,
  type Clock,
  epochMs,
  type Follower,
  monotonicMs,
  type TokenFacts,
} from '@revocast/core';
import { createJetStreamFeed, createVerifier, natsSettingsFrom } from '@revocast/jetstream';
import { eventually, someFacts } from '@revocast/testing';
import { type Deployment } from './bulk-deployment.js';

const clock: Clock = { wall: () => epochMs(Date.now()), monotonic: () => monotonicMs(performance.now()) };
/** Checks between two looks at the events: a few, as a node that serves requests would do. */
const CHECKS_PER_TURN = 20;

/** Eight nodes, as far as the log is concerned: each has its own connection, follower and index. */
export class BulkFollowers {
  readonly #followers: readonly Follower[];

  constructor({ namespace, recordKeys }: Deployment, natsUrl: string, count: number) {
    this.#followers = Array.from({ length: count }, (_, at) => {
      const nats = natsSettingsFrom({ NATS_URL: natsUrl });
      const verifier = createVerifier(JSON.parse(recordKeys));
      const feed = createJetStreamFeed({ nats, namespace, verifier, service: 'bench', instance: `node-${at}` });
      const schedule = (delayMs: number, task: () => void): (() => void) => {
        const timer = setTimeout(task, delayMs);
        return () => clearTimeout(timer);
      };
      const follower = createFollower({ feed, clock, schedule, prng: Math.random, issuers: [] });
      follower.start();
      return follower;
    });
  }

  async current(): Promise<void> {
    await eventually(
      () => {
        for (const follower of this.#followers) {
          if (follower.status().state !== 'current') throw new Error(follower.status().because ?? 'not current');
        }
      },
      { withinMs: 60_000 },
    );
  }

  /** Resolves with the moment at which the last of them held so many entries. */
  async hold(count: number): Promise<number> {
    for (;;) {
      if (this.#followers.every((follower) => follower.status().liveEntries >= count)) return performance.now();
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  /** Asks the first node again and again; the returned function ends it and gives what a check took. */
  keepChecking(issuer: string): () => Record<string, number> {
    const follower = this.#followers[0];
    const nanoseconds: number[] = [];
    let ended = false;
    const turn = (): void => {
      for (let at = 0; at < CHECKS_PER_TURN && follower !== undefined; at++) {
        const facts: TokenFacts = someFacts({ issuer, jti: `other-${nanoseconds.length}` });
        const startedAt = process.hrtime.bigint();
        decide(follower, facts, 300_000);
        nanoseconds.push(Number(process.hrtime.bigint() - startedAt));
      }
      if (!ended) setTimeout(turn, 1);
    };
    turn();
    return () => {
      ended = true;
      const sorted = Float64Array.from(nanoseconds).sort();
      const at = (share: number): number => sorted[Math.floor(sorted.length * share)] ?? 0;
      return { checks: sorted.length, checkP50Ns: at(0.5), checkP99Ns: at(0.99) };
    };
  }

  async close(): Promise<void> {
    await Promise.all(this.#followers.map((follower) => follower.close()));
  }
}
