import { beforeEach, describe, expect, it } from '@jest/globals';
import { epochMs, type Heartbeat, sequence, type Tick } from '@revocast/core';
import { ManualTime } from '@revocast/testing';
import { Ticker, type TickerOptions } from './ticker.js';

type Keeper = TickerOptions['keeper'];

describe('The ticker', () => {
  let time: ManualTime;
  let sent: Tick[];
  let epoch: string | undefined;
  let tellState: Parameters<Keeper['onState']>[0];
  let hearTick: (tick: Tick) => void;
  let hearNode: (state: Heartbeat['state']) => void;
  let ticker: Ticker;

  beforeEach(() => {
    time = new ManualTime();
    sent = [];
    epoch = 'e1';
    ticker = new Ticker({
      publisher: {
        tick: (tick) => sent.push(tick),
        onTick: (listener) => {
          hearTick = listener;
          return () => undefined;
        },
        onHeartbeat: (listener) => {
          hearNode = (state) => listener({ state } as Heartbeat);
          return () => undefined;
        },
      },
      keeper: {
        state: () => ({ kind: 'reviewing' }),
        onState: (listener) => (tellState = listener),
        tickedEpoch: () => epoch,
        head: () => sequence(7),
      },
      ...{ clock: time, schedule: time.schedule, fleetBoundMs: 5_000 },
    });
    ticker.start();
  });
  const heard = (head: number, of = 'e1'): void =>
    hearTick({ id: 't', epoch: of, head: sequence(head), time: epochMs(0), fleetBoundMs: 5_000 });

  it('tells each second how far the log goes, and nothing while there is nothing to tell', async () => {
    await time.advance(2_500);
    expect(sent.map(({ epoch: of, head }) => `${of} ${head}`)).toEqual(['e1 7', 'e1 7', 'e1 7']);
    epoch = undefined;
    await time.advance(3_000);
    expect(sent).toHaveLength(3);
  });

  it('tells at once when there is something to tell again', async () => {
    epoch = undefined;
    await time.advance(1_500);
    epoch = 'e1';
    tellState({ kind: 'reviewing' });
    expect(sent).toHaveLength(2);
  });

  it('answers nodes that start at once, many of them with one tick', async () => {
    await time.advance(300);
    hearNode('current');
    hearNode('stale');
    expect(sent).toHaveLength(1);
    for (let node = 0; node < 100; node += 1) hearNode('catchingUp');
    expect(sent).toHaveLength(2);
    // Those that came after it may not have been listening yet.
    await time.advance(99);
    expect(sent).toHaveLength(2);
    await time.advance(1);
    expect(sent).toHaveLength(3);
    await time.advance(500);
    hearNode('connecting');
    expect(sent).toHaveLength(4);
    await time.advance(900);
    expect(sent).toHaveLength(4);
  });

  it('keeps quiet while another instance ticks, unless that one knows less of the log', async () => {
    for (let second = 0; second < 3; second += 1) {
      heard(7);
      await time.advance(800);
    }
    hearNode('catchingUp');
    expect(sent).toHaveLength(1);
    heard(6, 'e2');
    await time.advance(500);
    expect(sent).toHaveLength(1);
    heard(6);
    await time.advance(1_000);
    expect(sent).toHaveLength(2);
  });
});
