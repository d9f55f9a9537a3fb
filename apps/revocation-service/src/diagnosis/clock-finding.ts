import { finding, type Finding } from './finding.js';

/** A clock, read at some time between two readings of ours. Epoch milliseconds. */
export interface ClockReading {
  readonly name: string;
  readonly at: number;
  readonly asked: readonly [number, number];
}

/** Below it heartbeats of a busy machine look alike. Milliseconds. */
const WARN_MS = 2_000;
/** The default skew of an issuer: beyond it tokens just issued are refused, and ones just expired are not. Milliseconds. */
const FAIL_MS = 60_000;

/** How far a clock is surely off: 0 as long as the way to it can explain the difference. */
export const offMs = ({ at, asked: [from, to] }: ClockReading): number =>
  at < from ? at - from : Math.max(0, at - to);

export function clockFinding(code: string, readings: readonly ClockReading[]): Finding {
  const off = readings
    .map((reading) => ({ name: reading.name, ms: offMs(reading) }))
    .filter(({ ms }) => Math.abs(ms) > WARN_MS);
  const largest = Math.max(0, ...off.map(({ ms }) => Math.abs(ms)));
  if (off.length === 0) return finding(code, 'ok', `${readings.length} clocks agree with that of the service.`);
  const names = off.map(
    ({ name, ms }) => `${name} ${Math.round(Math.abs(ms) / 1000)} s ${ms > 0 ? 'ahead' : 'behind'}`,
  );
  return finding(
    code,
    largest > FAIL_MS ? 'failure' : 'warning',
    `Against the clock of the service: ${names.slice(0, 10).join(', ')}.`,
    'Let NTP set the clocks: cut-offs and lifetimes are compared by them.',
  );
}
