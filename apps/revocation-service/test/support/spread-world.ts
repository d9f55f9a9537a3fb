import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  createIndex,
  epochMs,
  type EpochMs,
  type EpochSeconds,
  epochSeconds,
  type FeedRecord,
  monotonicMs,
  type RevocationIndex,
  type Sequence,
  sequence,
} from '@revocast/core';
import {
  createSigner,
  createVerifier,
  decodeRecord,
  type EncodedRecord,
  generateSigningKey,
  publicRecordKey,
} from '@revocast/jetstream';
import { someFacts } from '@revocast/testing';
import { type ProvingRecord } from '../../src/fleet/proving-record.js';
import { type Database } from '../../src/journal/database.js';
import { type JournaledRevocation, type NewRevocation } from '../../src/journal/entries.js';
import { adoptEpoch } from '../../src/journal/epochs.js';
import { takeRecords } from '../../src/journal/intake.js';
import { openJournal } from '../../src/journal/journal.js';
import { markAcked } from '../../src/journal/records.js';
import { findRevocation } from '../../src/journal/revocations.js';
import { Confirmations } from '../../src/publish/confirmations.js';
import { RecordMaker } from '../../src/publish/record-maker.js';
import { SpreadCloser } from '../../src/publish/spread-closer.js';
import { Writer } from '../../src/publish/writer.js';

const NAMESPACE = 'revocast';
const EPOCH = 'e1';
const ISSUER = 'https://login.example';
const ID = 'a'.repeat(32);
const KEY = generateSigningKey('spread');
const SIGNER = createSigner(KEY);
const VERIFIER = createVerifier({ keys: [publicRecordKey(KEY)] });
const START = 1_790_000_000;
/** Seconds of waves. */
const LENGTH = 100;
export const SUBJECTS = ['ann', 'bob', 'cay', 'dan', 'eve'];

export type Step =
  | { readonly do: 'advance'; readonly seconds: number }
  | { readonly do: 'close' | 'loseAck' | 'take' | 'restart'; readonly instance: number }
  | { readonly do: 'apply'; readonly node: number };

interface Instance {
  database: Database;
  writer: Writer;
  closer: SpreadCloser;
  taken: number;
  /** The broker stores what it publishes, and the answer does not come. */
  losesAcks: boolean;
}

/** Instances of the service with journals of their own, one log, nodes, and one spread revocation. */
export class SpreadWorld {
  readonly #directory = mkdtempSync(join(tmpdir(), 'revocast-spread-'));
  readonly #log: FeedRecord[] = [];
  readonly #nodes: { readonly index: RevocationIndex; applied: number }[];
  readonly #instances: Instance[];
  #now = START * 1000;

  constructor() {
    this.#nodes = [0, 1].map(() => ({ index: createIndex({ hashKey: new Uint8Array(16) }), applied: 0 }));
    this.#instances = [0, 1].map((at) => this.#open(at));
  }

  /** The first instance is given the command. */
  async begin(): Promise<void> {
    const from = epochSeconds(START);
    const entry: NewRevocation = {
      ...{ id: ID, commandId: ID, commandDigest: 'd', issuer: ISSUER, key: { scope: 'issuer' } },
      effect: { kind: 'issuedBefore', issuedBefore: epochSeconds(START + 1) },
      condition: { spread: { from, until: epochSeconds(START + LENGTH) } },
      ...{ retainUntil: epochSeconds(START + 86_400), moot: false, actor: 'ann', reason: undefined },
      acceptedAt: epochMs(this.#now),
    };
    await this.#instances[0]?.writer.accept({ revocations: [entry] });
    await settled();
  }

  async play(step: Step): Promise<void> {
    if (step.do === 'advance') this.#now += step.seconds * 1000;
    else if (step.do === 'apply') this.#apply(step.node);
    else await this.#playInstance(step);
    await settled();
  }

  /** Long after the end: everybody looks, takes and applies what there is. */
  async finish(): Promise<void> {
    this.#now = (START + LENGTH) * 1000;
    for (const instance of [0, 1]) {
      await this.play({ do: 'close', instance });
      await this.play({ do: 'take', instance });
    }
    await this.play({ do: 'take', instance: 0 });
    for (const node of [0, 1]) while (this.#apply(node));
  }

  /** What each instance would say now, by its own rule: whether it is enforced on every node. */
  enforced(rule: (entry: JournaledRevocation) => ProvingRecord): readonly boolean[] {
    return this.#instances.map(({ database }) => {
      const entry = findRevocation(database, ID);
      if (entry === undefined) return false;
      const { carrier, proves } = rule(entry);
      const { sequence: at, ackedAt } = carrier ?? {};
      return proves && at !== undefined && ackedAt !== undefined && this.#nodes.every(({ applied }) => applied >= at);
    });
  }

  /** Subjects that some node lets off, by a clock that is as far behind as it likes. */
  letOff(): readonly string[] {
    const clocks = [START - 60, START, START + LENGTH / 2, START + LENGTH - 1].map((seconds) =>
      epochMs(seconds * 1000),
    );
    return SUBJECTS.filter((sub) => this.#nodes.some(({ index }) => clocks.some((now) => !isHit(index, sub, now))));
  }

  /** Records without the condition that the log holds. */
  get endings(): number {
    return this.#log.filter(
      (record) =>
        record.kind === 'record' &&
        record.body.kind === 'revoked' &&
        record.body.revocations.some(({ condition }) => condition === undefined),
    ).length;
  }

  dispose(): void {
    for (const { database } of this.#instances) database.close();
    rmSync(this.#directory, { recursive: true, force: true });
  }

  async #playInstance({ do: what, instance: at }: Step & { readonly instance: number }): Promise<void> {
    const instance = this.#instances[at];
    if (instance === undefined) return;
    if (what === 'close') instance.closer.closeDue();
    if (what === 'loseAck') instance.losesAcks = !instance.losesAcks;
    if (what === 'take') this.#take(instance);
    if (what === 'restart') {
      instance.database.close();
      this.#instances[at] = this.#open(at, instance.taken);
    }
    await settled();
  }

  /** As the intake does: in order, what others published; own records that were confirmed say nothing new. */
  #take(instance: Instance): void {
    const records = this.#log.slice(instance.taken);
    instance.database.transaction(() => takeRecords(instance.database, records, EPOCH, this.#wall()));
    for (const { identity, sequence: at } of records) markAcked(instance.database, identity, this.#ack(at));
    instance.taken = this.#log.length;
  }

  #apply(at: number): boolean {
    const node = this.#nodes[at];
    const record = node && this.#log[node.applied];
    if (record?.kind !== 'record') return false;
    if (record.body.kind === 'revoked') for (const one of record.body.revocations) node?.index.apply(one);
    if (node !== undefined) node.applied += 1;
    return true;
  }

  #open(at: number, taken = 0): Instance {
    const database = openJournal(join(this.#directory, String(at)));
    const log = { name: 'LOG', epoch: EPOCH, created: 'now' };
    if (taken === 0) adoptEpoch(database, { log, hashKeyDigest: 'h', isRebuilt: false }, this.#wall());
    const clock = { wall: () => this.#wall(), monotonic: () => monotonicMs(this.#now) };
    const maker = new RecordMaker({ namespace: NAMESPACE, signer: SIGNER, clock });
    const outbox = { size: 0, send: (record: EncodedRecord) => this.#publish(at, record) };
    const writer = new Writer({
      ...{ database, maker, clock, confirmations: new Confirmations(), epoch: () => EPOCH },
      outbox: outbox as never,
    });
    const keeper = { state: () => ({ kind: 'open' as const, epoch: EPOCH, log }) };
    const silent = { info: () => undefined, warn: () => undefined };
    const closer = new SpreadCloser({ database, writer, keeper, clock, schedule: () => () => undefined, log: silent });
    return { database, writer, closer, taken, losesAcks: false };
  }

  /** The broker: a record id that it has it stores no second time. */
  #publish(at: number, { id, payload, signature }: EncodedRecord): Promise<Sequence> {
    const known = this.#log.find(({ identity }) => identity === id)?.sequence;
    const place = known ?? sequence(this.#log.length + 1);
    if (known === undefined) {
      const message = {
        payload,
        headers: { last: () => signature },
        sequence: place,
        expected: { namespace: NAMESPACE },
      };
      this.#log.push(decodeRecord(message, VERIFIER));
    }
    const instance = this.#instances[at];
    if (instance === undefined || instance.losesAcks) return new Promise(() => undefined);
    markAcked(instance.database, id, this.#ack(place));
    return Promise.resolve(place);
  }

  #ack(at: Sequence): { readonly sequence: Sequence; readonly ackedAt: EpochMs } {
    return { sequence: at, ackedAt: this.#wall() };
  }

  #wall(): EpochMs {
    return epochMs(this.#now);
  }
}

const isHit = (index: RevocationIndex, sub: string, now: EpochMs): boolean =>
  index.find(someFacts({ issuer: ISSUER, sub, cutoffTime: (START - 10) as EpochSeconds }), now, 'iat') !== undefined;

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
