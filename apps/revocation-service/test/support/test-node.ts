import { randomUUID } from 'node:crypto';
import {
  createFollower,
  epochMs,
  type Follower,
  type FollowerOptions,
  type Heartbeat,
  type Sequence,
} from '@revocast/core';
import { createGate, type Gate, parseIssuers } from '@revocast/gate';
import { createJetStreamFeed, createVerifier, natsSettingsFrom } from '@revocast/jetstream';
import { eventually } from '@revocast/testing';
import { systemClock, systemSchedule } from '../../src/system.js';
import { type Deployment } from './settings.js';
import { closedInTheEnd } from './still-open.js';

const HEARTBEAT_MS = 500;

/** A node with a real follower, gate and heartbeat, without the web framework around them. */
export class TestNode {
  #timer: NodeJS.Timeout | undefined;
  /** Speaks like a version that knew no conditions. */
  isOlder = false;

  private constructor(
    readonly name: string,
    readonly instance: string,
    readonly follower: Follower,
    readonly gate: Gate,
    private readonly send: (heartbeat: Heartbeat) => void,
  ) {}

  static async start(
    deployment: Pick<Deployment, 'issuers' | 'recordKeys'>,
    natsUrl: string,
    name: string,
    changes: Partial<FollowerOptions> = {},
  ): Promise<TestNode> {
    const issuers = parseIssuers(await deployment.issuers());
    const verifier = createVerifier(deployment.recordKeys());
    const instance = randomUUID();
    const nats = natsSettingsFrom({ NATS_URL: natsUrl });
    const feed = createJetStreamFeed({ nats, namespace: 'revocast', verifier, service: 'payments', instance });
    const clock = systemClock;
    const follower = createFollower({
      ...{ feed, clock, prng: Math.random, schedule: systemSchedule, issuers },
      ...changes,
    });
    const gate = createGate({ issuers, source: follower, mode: 'strict', clock });
    const node = new TestNode(name, instance, follower, gate, (heartbeat) => feed.report(heartbeat));
    node.#begin();
    await node.isCurrent();
    return node;
  }

  isCurrent(): Promise<void> {
    return eventually(
      () => {
        const { state, because } = this.follower.status();
        if (state !== 'current') throw new Error(`${state} ${because ?? ''}`);
      },
      { withinMs: 20_000 },
    );
  }

  /** Like SIGKILL: no goodbye. */
  readonly vanish = closedInTheEnd(async () => {
    clearInterval(this.#timer);
    await this.follower.close();
  });

  #begin(): void {
    this.follower.on(({ kind }) => {
      if (kind === 'applied') setImmediate(() => this.#report());
    });
    this.follower.start();
    // A node is heard before it can be current.
    this.#report();
    this.#timer = setInterval(() => this.#report(), HEARTBEAT_MS);
  }

  /** Says that it has read so far, whether or not it has. */
  claim(watermark: Sequence): void {
    this.#report({ watermark });
  }

  #report(changes: Partial<Heartbeat> = {}): void {
    const { epoch, watermark, identity, state, stalenessMs, stalenessMsMax, liveEntries } = this.follower.status();
    const said = { epoch, watermark, identity, state, stalenessMs, stalenessMsMax, liveEntries };
    const self = { node: this.name, instance: this.instance, service: 'payments', version: '1.0.0' };
    this.send({
      ...self,
      ...said,
      mode: 'strict',
      issuers: this.gate.coverage(),
      guarded: true,
      at: epochMs(Date.now()),
      ...(!this.isOlder && { heedsConditions: true as const }),
      ...changes,
    });
  }
}
