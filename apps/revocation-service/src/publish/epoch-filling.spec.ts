import { beforeEach, describe, expect, it } from '@jest/globals';
import { epochMs, type Head, sequence } from '@revocast/core';
import { type InstanceNotice, type InstancePhase } from '@revocast/jetstream';
import { ManualTime } from '@revocast/testing';
import { createServiceLog } from '../log/service-log.js';
import { EpochFilling, type EpochFillingOptions } from './epoch-filling.js';
import { Peers } from './peers.js';

const LOG = { name: 'LOG', epoch: 'new', created: 'now' };
const HEAD: Head = { log: LOG, first: sequence(1), last: sequence(3), quorumAgeMs: 0 };

describe('An epoch that is being filled', () => {
  let time: ManualTime;
  let steps: string[];
  let tell: (notice: InstanceNotice) => void;
  let peers: Peers;
  let filling: EpochFilling;

  beforeEach(() => {
    time = new ManualTime();
    steps = [];
    tell = () => undefined;
    const publisher = {
      announce: ({ phase }: InstanceNotice) => void steps.push(`says ${phase}`),
      onInstance: (listener: typeof tell) => {
        tell = listener;
        return () => undefined;
      },
      raiseRetention: () => Promise.resolve(),
      head: () => Promise.resolve(HEAD),
    };
    const standing = () => ({ epoch: 'new', phase: filling.phase('new'), watermark: sequence(3) });
    peers = new Peers({ publisher, clock: time, schedule: time.schedule, standing });
    const opening = {
      resendPending: () => Promise.resolve(),
      writeMissing: () => Promise.resolve(void steps.push('writes')),
      declareSettings: () => Promise.resolve(),
    };
    const intake = {
      follow: () => undefined,
      reached: () => Promise.resolve(void steps.push('reads')).then(() => true),
    };
    const options = { opening, intake, publisher, peers, schedule: time.schedule, log: createServiceLog('silent') };
    filling = new EpochFilling(options as unknown as EpochFillingOptions);
    peers.start();
  });

  const hear = (instance: string, phase: InstancePhase, epoch = 'new'): void =>
    tell({ ...{ id: 'n', instance, epoch, phase }, time: epochMs(time.wall()), watermark: sequence(3) });
  const fill = (): { done: boolean } => {
    const state = { done: false };
    void filling.fillTogether(LOG).then(() => (state.done = true));
    return state;
  };
  const pass = async (ms: number, meanwhile: () => void = () => undefined): Promise<void> => {
    for (let at = 0; at < ms; at += 100) {
      meanwhile();
      await time.advance(100);
    }
  };

  it('waits for every instance that is heard and has not written what it holds', async () => {
    filling.begunHere('new');
    hear('b', 'open', 'old');
    const state = fill();
    await pass(10_000, () => hear('b', 'open', 'old'));
    expect(state.done).toBe(false);
    await pass(2_000, () => hear('b', 'filling'));
    expect(state.done).toBe(false);
    await pass(500, () => hear('b', 'filled'));
    expect(state.done).toBe(true);
    // What the other one wrote is read, and what came meanwhile is written.
    expect(steps.slice(-2)).toEqual(['reads', 'writes']);
  });

  it('waits no longer for one that is not heard any more, nor for ever for one that never finishes', async () => {
    filling.begunHere('new');
    hear('gone', 'open', 'old');
    const state = fill();
    await pass(3_000);
    expect(state.done).toBe(false);
    await pass(1_500);
    expect(state.done).toBe(true);
    const stuck = fill();
    await pass(70_000, () => hear('stuck', 'waiting', 'old'));
    expect(stuck.done).toBe(true);
  });

  it('waits as long as it takes for one that is still writing', async () => {
    filling.begunHere('new');
    const state = fill();
    hear('b', 'waiting');
    await pass(120_000, () => hear('b', 'filling'));
    expect(state.done).toBe(false);
  });

  it('is written by its maker first: another instance reads that, and adds to it', async () => {
    const state = fill();
    await pass(5_000, () => hear('maker', 'filling'));
    expect(steps).not.toContain('writes');
    await pass(2_000, () => hear('maker', 'filled'));
    expect(steps.filter((step) => !step.startsWith('says')).slice(0, 2)).toEqual(['reads', 'writes']);
    expect(state.done).toBe(true);
  });

  it('is given up when another one is begun', async () => {
    hear('b', 'open', 'old');
    const outcome = filling.fillTogether(LOG).catch((error: unknown) => error);
    await pass(300);
    filling.begunHere('newer');
    await pass(2_000);
    expect(await outcome).toMatchObject({ code: 'ERR_EPOCH_CHANGED' });
  });

  it('does not count what was said long ago, and sent again by somebody', () => {
    tell({
      id: 'n',
      instance: 'b',
      epoch: 'old',
      phase: 'open',
      time: epochMs(time.wall() - 61_000),
      watermark: sequence(1),
    });
    expect(peers.unfilled('new')).toEqual([]);
  });
});
