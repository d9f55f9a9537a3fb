import { describe, expect, it } from '@jest/globals';
import { epochMs, RevocationError, sequence } from '@revocast/core';
import { type EncodedRecord, type PublishAck } from '@revocast/jetstream';
import { type Outcome, Outbox } from './outbox.js';

const record = (id: string, epoch = 'e1'): EncodedRecord => ({
  ...{ id, epoch, subject: 'revocast.log.subject', signature: 's' },
  payload: new Uint8Array([1, 2, 3]),
});
const ack = (at: number): PublishAck => ({ sequence: sequence(at), log: 'L', duplicate: false, ackedAt: epochMs(at) });
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(() => setImmediate(resolve)));

/** A broker and a clock that do what the test says. */
class World {
  readonly attempts: {
    readonly record: EncodedRecord;
    readonly answer: (ack: PublishAck) => void;
    readonly fail: (error: Error) => void;
  }[] = [];
  readonly outcomes: Outcome[] = [];
  readonly timers: (() => void)[] = [];
  doubts = 0;
  journalFails = false;
  readonly outbox = new Outbox({
    publish: async (one) => ({
      ack: await new Promise((answer, fail) => this.attempts.push({ record: one, answer, fail })),
      stored: undefined,
    }),
    schedule: (_, task) => {
      this.timers.push(task);
      return () => undefined;
    },
    acked: (outcomes) => {
      if (this.journalFails) throw new Error('the disk is full');
      this.outcomes.push(...outcomes);
    },
    doubted: () => {
      this.doubts++;
    },
  });
}
const unknown = new RevocationError('ERR_PUBLISH_UNKNOWN', 'no answer');

describe('The outbox', () => {
  it('sends nothing before the log was seen, and tells the sender after the journal', async () => {
    const world = new World();
    let isConfirmed = false;
    const sent = world.outbox.send(record('a')).then(() => {
      isConfirmed = true;
    });
    expect(world.attempts).toHaveLength(0);
    world.outbox.open('e1');
    expect(world.attempts.map(({ record: { id } }) => id)).toEqual(['a']);
    world.attempts[0]?.answer(ack(5));
    await sent;
    expect([isConfirmed, world.outcomes.map(({ recordId }) => recordId), world.outbox.size]).toEqual([true, ['a'], 0]);
  });

  it('repeats the same bytes after an unknown outcome, once the log was looked at again', async () => {
    const world = new World();
    world.outbox.open('e1');
    const sent = world.outbox.send(record('a'));
    world.attempts[0]?.fail(unknown);
    await settled();
    expect(world.attempts).toHaveLength(1);
    world.timers[0]?.();
    expect(world.doubts).toBe(1);
    world.outbox.open('e1');
    expect(world.attempts[1]?.record).toBe(world.attempts[0]?.record);
    world.attempts[1]?.answer(ack(1));
    await sent;
  });

  it('has at most 64 publishes under way', async () => {
    const world = new World();
    world.outbox.open('e1');
    for (let index = 0; index < 100; index++) void world.outbox.send(record(`r${index}`));
    expect(world.attempts).toHaveLength(64);
    world.attempts[0]?.answer(ack(1));
    await settled();
    expect(world.attempts).toHaveLength(65);
  });

  it('gives up the records of an epoch that is over, and notes nothing of them', async () => {
    const world = new World();
    world.outbox.open('e1');
    const old = world.outbox.send(record('old', 'e1'));
    world.outbox.hold();
    const young = world.outbox.send(record('young', 'e2'));
    world.outbox.open('e2');
    await expect(old).rejects.toMatchObject({ code: 'ERR_EPOCH_CHANGED' });
    world.attempts[0]?.answer(ack(9));
    world.attempts[1]?.answer(ack(1));
    await young;
    expect(world.outcomes.map(({ recordId }) => recordId)).toEqual(['young']);
  });

  it('takes an outcome that the journal could not write for unknown', async () => {
    const world = new World();
    world.outbox.open('e1');
    world.journalFails = true;
    const sent = world.outbox.send(record('a'));
    world.attempts[0]?.answer(ack(1));
    await settled();
    expect(world.outbox.size).toBe(1);
    world.journalFails = false;
    world.outbox.open('e1');
    world.attempts[1]?.answer(ack(1));
    await sent;
  });

  it('is full at its limits of records and of bytes', () => {
    const [many, large] = [new World(), new World()];
    expect(many.outbox.isFull()).toBe(false);
    for (let index = 0; index < 10_000; index++) void many.outbox.send(record(`r${index}`));
    for (let index = 0; index < 1_024; index++) {
      void large.outbox.send({ ...record(`r${index}`), payload: new Uint8Array(65_536) });
    }
    expect([many.outbox.isFull(), large.outbox.isFull()]).toEqual([true, true]);
  });
});
