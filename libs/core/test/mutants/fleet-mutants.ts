import {
  createFleetView,
  type FleetView,
  type Heartbeat,
  type Propagation,
  type PropagationQuery,
} from '@revocast/core';
import { AN_ISSUER, anIssuer, type WorldAlterations } from '@revocast/testing';
import { FleetRoster } from '../../src/fleet-roster.js';
import { settingsDigest } from '../../src/settings.js';
import { monotonicMs } from '../../src/units.js';
import { type Mutant, originalOf, type Replace } from './mutant.js';

/** A good view with one thing changed about it. */
const viewWith = (change: (good: FleetView) => Partial<FleetView>): WorldAlterations => ({
  alterView: (good) => spoiled(good, change(good)),
});

/** What is proven is what the changed view answers, however it is asked. */
const spoiled = (good: FleetView, change: Partial<FleetView>): FleetView => {
  const view = { ...copyOf(good), ...change };
  const proofOf = (query: PropagationQuery): Propagation | undefined => {
    const answer = view.propagation(query);
    return answer.state === 'enforced' || answer.state === 'enforcedExcept' ? answer : undefined;
  };
  return change.propagation === undefined ? view : { ...view, proven: (queries) => queries.map(proofOf) };
};

const copyOf = (good: FleetView): FleetView => ({
  heard: (heartbeat) => good.heard(heartbeat),
  listening: () => good.listening(),
  deaf: () => good.deaf(),
  noneCurrentYet: () => good.noneCurrentYet(),
  nodes: (reference) => good.nodes(reference),
  propagation: (query) => good.propagation(query),
  proven: (queries) => good.proven(queries),
  disown: (epoch, upTo) => good.disown(epoch, upTo),
  forget: (node, instance) => good.forget(node, instance),
});

/** It hears every heartbeat as `change` makes it. */
const hearing = (change: (heartbeat: Heartbeat) => Heartbeat): WorldAlterations =>
  viewWith((good) => ({ heard: (heartbeat) => good.heard(change(heartbeat)) }));

/** Before each answer it forgets the nodes of which `isOver` says so. */
const forgetting = (isOver: (node: ReturnType<FleetView['nodes']>[number]) => boolean): WorldAlterations =>
  viewWith((good) => ({
    propagation: (query) => {
      for (const node of good.nodes()) if (isOver(node)) good.forget(node.node, node.instance);
      return good.propagation(query);
    },
  }));

const DIGEST = settingsDigest(anIssuer());
const asDeclared = (heartbeat: Heartbeat): Heartbeat => ({
  ...heartbeat,
  issuers: [{ issuer: AN_ISSUER, scopes: ['token'], settingsDigest: DIGEST, tokens: 0, seen: {} }],
});

const MUTANTS: readonly Mutant[] = [
  {
    name: 'leaseFromHeartbeat',
    seed: 4,
    what: 'that takes a node for closed a bound after it was last heard',
    breaks: 'enforced',
    spoil: () => forgetting(({ state }) => state === 'presumedGone'),
  },
  {
    name: 'silentIsClosed',
    seed: 4,
    what: 'that takes silent nodes for closed',
    breaks: 'enforced',
    spoil: () => forgetting(({ state }) => state === 'silent' || state === 'presumedGone'),
  },
  {
    name: 'sharedNodeId',
    seed: 4,
    what: 'that takes two processes of one node id for one',
    breaks: 'enforced',
    spoil: () => hearing((heartbeat) => ({ ...heartbeat, instance: '' })),
  },
  {
    name: 'successorCloses',
    seed: 4,
    what: 'that takes a node for gone when its id comes back',
    breaks: 'enforced',
    spoil: () =>
      viewWith((good) => ({
        heard: (heartbeat) => {
          for (const { node, instance, silentMs } of good.nodes()) {
            if (node === heartbeat.node && instance !== heartbeat.instance && silentMs > 3_000)
              good.forget(node, instance);
          }
          good.heard(heartbeat);
        },
      })),
  },
  {
    name: 'rosterOfZero',
    seed: 11,
    what: 'that calls enforced what no known node can contradict',
    breaks: 'enforced',
    spoil: () =>
      viewWith((good) => ({
        propagation: (query) => {
          const answer = good.propagation(query);
          return answer.nodes > 0 ? answer : { ...answer, state: 'enforced' };
        },
      })),
  },
  {
    name: 'settingsDiffer',
    seed: 10,
    what: 'that counts nodes whatever their settings are',
    breaks: 'enforced',
    spoil: () => hearing(asDeclared),
  },
  {
    name: 'modesDiffer',
    seed: 1,
    what: 'that counts nodes whatever their mode is',
    breaks: 'enforced',
    spoil: () => hearing((heartbeat) => ({ ...heartbeat, mode: 'strict' })),
  },
  {
    name: 'unguarded',
    seed: 19,
    what: 'that counts nodes whose guard is not used',
    breaks: 'enforced',
    spoil: () => hearing((heartbeat) => ({ ...heartbeat, guarded: true })),
  },
  {
    name: 'knowsAllAtOnce',
    seed: 4,
    what: 'that believes from the start that it knows all nodes',
    breaks: 'enforced',
    spoil: () =>
      viewWith((good) => ({
        listening: () => {
          good.listening();
          good.noneCurrentYet();
        },
      })),
  },
  {
    name: 'deafUnnoticed',
    seed: 608,
    what: 'that does not notice that it was deaf',
    breaks: 'enforced',
    spoil: () => viewWith(() => ({ deaf: () => undefined })),
  },
  {
    name: 'ownBoundOnly',
    seed: 5,
    what: 'that waits for a part of the bound',
    breaks: 'enforced',
    spoil: (replace: Replace): WorldAlterations => {
      const read = originalOf(FleetRoster.prototype, 'read');
      replace(FleetRoster.prototype, 'read', {
        value(this: FleetRoster, ...[now]: Parameters<FleetRoster['read']>) {
          const reading = read.call(this, now);
          return { ...reading, boundMs: reading.boundMs / 4 };
        },
      });
      return {};
    },
  },
  {
    name: 'everyHeartbeatAcknowledges',
    seed: 2,
    what: 'that takes every heartbeat for an acknowledgement',
    breaks: 'enforced',
    spoil: () =>
      hearing((heartbeat) => ({ ...heartbeat, watermark: Number.MAX_SAFE_INTEGER as Heartbeat['watermark'] })),
  },
  {
    name: 'anyEpochAcknowledges',
    seed: 74,
    what: 'that takes a watermark of any epoch for one of this epoch',
    breaks: 'enforced',
    spoil: (): WorldAlterations => {
      let epoch: string | undefined;
      return viewWith((good) => ({
        heard: (heartbeat) => good.heard({ ...heartbeat, epoch: heartbeat.epoch && (epoch ?? heartbeat.epoch) }),
        propagation: (query) => {
          epoch = query.epoch;
          return good.propagation(query);
        },
      }));
    },
  },
  {
    name: 'pubAckByWallClock',
    seed: 5,
    what: 'that reckons the time since the PubAck by wall clocks',
    breaks: 'enforced',
    spoil: () => ({
      alterView: (good, { clock }) =>
        spoiled(good, {
          propagation: (query) => {
            const elapsedMs = clock.wall() - query.pubAckAt;
            return good.propagation({ ...query, pubAckMonotonic: monotonicMs(clock.monotonic() - elapsedMs) });
          },
        }),
    }),
  },
  {
    name: 'publishesNothingAgain',
    seed: 56,
    what: 'that lets the log forget what is still in force',
    breaks: 'fresh',
    spoil: () => ({ publishesAgain: false }),
  },
  {
    name: 'disownsNothing',
    seed: 30_664,
    what: 'that takes the word of a node for a record that stands where the node had read another before',
    breaks: 'enforced',
    spoil: () => viewWith(() => ({ disown: () => undefined })),
  },
  {
    name: 'lostLogCounts',
    seed: 16,
    what: 'that lets a log which lost records prove something',
    breaks: 'enforced',
    spoil: () => ({ alterView: (_good, options) => createFleetView({ ...options, hasLostRecords: () => false }) }),
  },
  {
    name: 'comparesHeadOnly',
    seed: 19,
    what: 'whose service looks only at how far the log goes',
    breaks: 'resumable',
    spoil: () => ({ isKept: (expected, log) => log.last >= (expected.at(-1)?.sequence ?? 0) }),
  },
  {
    name: 'opensBeforeAllIsWritten',
    seed: 38,
    what: 'whose service opens an epoch before everything was published again',
    breaks: 'fresh',
    spoil: () => ({ mayAnnounce: () => true, fillsAfterMs: 1_000 }),
  },
];

/** Every premise of the word "enforced", left out, and of a log that is whole. */
export const FLEET_MUTANTS: readonly Mutant[] = MUTANTS;
