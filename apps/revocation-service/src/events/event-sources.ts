import { type Follower, type FollowerNotice, keyFields } from '@revocast/core';
import { type Fleet, nodeAnswer } from '../fleet/fleet.js';
import { propagationAnswer } from '../fleet/propagation-answer.js';
import { type ProofKeeper } from '../fleet/proof-keeper.js';
import { type EventHub } from './event-hub.js';

export interface EventSourcesOptions {
  readonly hub: EventHub;
  readonly follower: Follower;
  readonly fleet: Fleet;
  readonly proofs: ProofKeeper;
}

/** Turns what the log, the proofs and the fleet say into events. */
export class EventSources {
  #nodeStates = new Map<string, string>();

  constructor(private readonly options: EventSourcesOptions) {}

  start(): void {
    const { follower, fleet, proofs, hub } = this.options;
    follower.on((notice) => {
      if (notice.kind === 'applied') this.#applied(notice);
    });
    proofs.onProof(({ issuer, scope, sequence, epoch }, propagation) => {
      hub.emit({
        name: 'propagation',
        target: { issuer, scope },
        body: { issuer, scope, sequence, epoch, ...propagationAnswer(propagation) },
      });
    });
    fleet.onChange(() => this.#lookAtNodes());
  }

  #applied({ body, sequence, replayed }: Extract<FollowerNotice, { kind: 'applied' }>): void {
    if (replayed || this.options.hub.watchers === 0) return;
    const { issuer, scope } = body;
    const target = { issuer, scope };
    if (body.kind === 'lifted') {
      for (const { id } of body.lifts)
        this.options.hub.emit({ name: 'lift', target, body: { id, issuer, scope, sequence } });
      return;
    }
    for (const { id, key, effect, retainUntil, condition } of body.revocations) {
      const { kind, ...rest } = effect;
      const about = { id, issuer, scope, ...keyFields(key), effect: kind, ...rest, retainUntil };
      const event = { ...about, ...(condition && { condition }), sequence };
      this.options.hub.emit({ name: 'revocation', target, body: event });
    }
  }

  #lookAtNodes(): void {
    const { fleet, hub } = this.options;
    const states = new Map<string, string>();
    for (const node of fleet.nodes()) {
      const name = `${node.service}/${node.node}/${node.instance}`;
      const state = `${node.state} ${node.followerState}`;
      states.set(name, state);
      if (this.#nodeStates.get(name) !== state) hub.emit({ name: 'node', target: undefined, body: nodeAnswer(node) });
    }
    this.#nodeStates = states;
  }
}
