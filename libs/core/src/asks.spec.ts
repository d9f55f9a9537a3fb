import { describe, expect, it } from '@jest/globals';
import { Asks } from './asks.js';
import { type Instant } from './clock.js';
import { ASK_TIMEOUT_MS, RETRY_MS_MAX, RETRY_MS_MIN } from './follower-limits.js';
import { epochMs, monotonicMs } from './units.js';

const at = (ms: number): Instant => ({ wall: epochMs(ms), monotonic: monotonicMs(ms) });

describe('Asks', () => {
  it('are settled once, and never after they were given up', () => {
    const asks = new Asks(() => 0);
    const first = asks.start({ kind: 'locate' }, at(5));
    expect(asks.settle(first.number)).toBe(first);
    expect(asks.settle(first.number)).toBeUndefined();
    const second = asks.start({ kind: 'locate' }, at(6));
    asks.giveUpAll();
    expect(asks.settle(second.number)).toBeUndefined();
    expect(asks.running('locate')).toBe(false);
  });

  it('are given up when nobody answers in time', () => {
    const asks = new Asks(() => 0);
    const slow = asks.start({ kind: 'subscribe' }, at(0));
    expect(asks.takeOverdue(at(ASK_TIMEOUT_MS - 1))).toEqual([]);
    expect(asks.takeOverdue(at(ASK_TIMEOUT_MS))).toEqual([slow]);
    expect(asks.settle(slow.number)).toBeUndefined();
  });

  it('wait longer after each refusal, up to a limit, and not after a success', () => {
    const asks = new Asks(() => 1);
    const pauses = Array.from({ length: 20 }, () => {
      asks.refused('head', at(0));
      return asks.nextStart(at(0));
    });
    expect(pauses.slice(0, 3)).toEqual([300, 500, 900]);
    expect(Math.max(...pauses)).toBe(RETRY_MS_MIN + RETRY_MS_MAX);
    expect(asks.mayStart('head', at(RETRY_MS_MAX))).toBe(false);
    expect(asks.mayStart('read', at(0))).toBe(true);
    asks.succeeded('head');
    expect(asks.mayStart('head', at(0))).toBe(true);
  });

  it('end a pause early when there is a reason to, and begin none', () => {
    const asks = new Asks(() => 1);
    asks.refused('locate', at(0));
    asks.hasten('locate', at(0), 1_000);
    expect(asks.nextStart(at(0))).toBe(300);
    asks.hasten('locate', at(0), 50);
    asks.hasten('head', at(0), 50);
    expect(asks.mayStart('locate', at(50))).toBe(true);
    expect(asks.mayStart('head', at(0))).toBe(true);
    asks.refused('locate', at(50));
    expect(asks.nextStart(at(50))).toBe(550);
  });

  it('keep the pause that is on when another one is wanted', () => {
    const asks = new Asks(() => 0);
    asks.delay('read', at(0), 50);
    asks.delay('read', at(10), 500);
    expect(asks.mayStart('read', at(50))).toBe(true);
  });
});
