import { describe, expect, it } from '@jest/globals';
import { ManualTime } from '@revocast/testing';
import { HEARTBEAT_GAP_MS_MIN, HEARTBEAT_MS, HeartbeatPulse } from './heartbeat-pulse.js';

function aPulse() {
  const time = new ManualTime();
  const beginning = time.monotonic();
  const beats: number[] = [];
  const pulse = new HeartbeatPulse(() => beats.push(time.monotonic() - beginning), time, time.schedule);
  return { time, beats, pulse };
}

describe('the pulse of heartbeats', () => {
  it('beats at once and then each second', async () => {
    const { time, beats, pulse } = aPulse();
    pulse.start();
    await time.advance(2 * HEARTBEAT_MS);
    expect(beats).toEqual([0, HEARTBEAT_MS, 2 * HEARTBEAT_MS]);
  });

  it('beats right after an apply, and a second after that', async () => {
    const { time, beats, pulse } = aPulse();
    pulse.start();
    await time.advance(400);
    pulse.soon();
    await time.advance(HEARTBEAT_MS);
    expect(beats).toEqual([0, 400, 1400]);
  });

  it('answers a storm of applies with one beat per gap, the last of them included', async () => {
    const { time, beats, pulse } = aPulse();
    pulse.start();
    for (let applied = 0; applied < 100; applied += 1) {
      await time.advance(1);
      pulse.soon();
    }
    await time.advance(HEARTBEAT_GAP_MS_MIN);
    expect(beats).toEqual([0, 50, 100, 150]);
  });

  it('leaves no timer behind when it is stopped', async () => {
    const { time, beats, pulse } = aPulse();
    pulse.start();
    pulse.stop();
    pulse.soon();
    await time.advance(10 * HEARTBEAT_MS);
    expect(beats).toEqual([0]);
    expect(time.pending).toBe(0);
  });
});
