import { randomUUID } from 'node:crypto';
import { createFollower, decide, type Feed, type Follower, type TokenFacts, type Verdict } from '@revocast/core';
import { createGate, issuerSettings, parseIssuers } from '@revocast/gate';
import { createJetStreamFeed, createVerifier } from '@revocast/jetstream';
import { RevocationNode } from '@revocast/nest';
import { type TcpProxy } from '@revocast/testing';
import { systemClock as clock, systemSchedule as schedule } from './system.js';
import { type Deployment } from '../../apps/revocation-service/test/support/settings.js';

export interface FollowerNodeOptions {
  readonly name: string;
  readonly deployment: Deployment;
  readonly servers: readonly string[];
  readonly boundMs: number;
  /** The domain of the hub, for a node at a leaf. */
  readonly hubDomain?: string | undefined;
  /** Breaks the node on purpose: the harness must notice. */
  readonly alter?: ((feed: Feed) => Feed) | undefined;
}

/** A node in this process: real feed over a real connection, real follower and heartbeats; asked without HTTP in between. */
export class FollowerNode {
  readonly kind = 'follower';
  #proxies: readonly TcpProxy[] = [];

  private constructor(
    readonly name: string,
    readonly boundMs: number,
    private readonly follower: Follower,
    private readonly node: RevocationNode,
  ) {}

  static async start(options: FollowerNodeOptions): Promise<FollowerNode> {
    const { name, deployment, servers, boundMs, hubDomain, alter = (feed: Feed) => feed } = options;
    const issuers = parseIssuers(await deployment.issuers());
    const verifier = createVerifier(deployment.recordKeys());
    const identity = { service: 'api-node', instance: randomUUID() };
    const feed = alter(
      createJetStreamFeed({
        ...{ nats: { servers }, namespace: 'revocast', verifier, ...identity },
        ...(hubDomain === undefined ? {} : { hubDomain }),
      }),
    );
    const prng = Math.random;
    const own = issuers.map(issuerSettings);
    const follower = createFollower({ feed, clock, prng, schedule, issuers: own, stalenessMsMax: boundMs });
    const gate = createGate({ issuers, source: follower, mode: 'strict', clock, stalenessMsMax: boundMs });
    const node = new RevocationNode({
      ...{ nodeId: name, version: '1.0.0', mode: 'strict', stalenessMsMax: boundMs, ...identity },
      ...{ follower, gate, feed, onVerdict: () => undefined, clock, schedule },
    });
    node.markWired();
    await node.start();
    return new FollowerNode(name, boundMs, follower, node);
  }

  /** The lines that end with this node. */
  through(proxies: readonly TcpProxy[]): this {
    this.#proxies = proxies;
    return this;
  }

  get proxies(): readonly TcpProxy[] {
    return this.#proxies;
  }

  decide(facts: TokenFacts): Verdict {
    return decide(this.follower, facts, this.boundMs);
  }

  status(): ReturnType<Follower['status']> {
    return this.follower.status();
  }

  async close(): Promise<void> {
    await this.node.close();
    await Promise.all(this.#proxies.map((proxy) => proxy.close()));
  }
}
