import {
  type Clock,
  type EpochMs,
  type FollowerNotice,
  isCanary,
  type MonotonicMs,
  type NodeView,
  type Sequence,
} from '@revocast/core';
import { type Fleet } from './fleet.js';

/** `revocast drill` waits no longer: what was not refused everywhere by then has failed. Milliseconds. */
export const DRILL_MS_MAX = 60_000;
/** Of more drills at once the oldest is given up, and has failed. */
const DRILLS_MAX = 64;

export const DRILL_RESULTS = ['none', 'passed', 'failed'] as const;
export type DrillResult = (typeof DRILL_RESULTS)[number];

export interface DrillReading {
  /** Of the drill that ended last; `none` since the process started. */
  readonly result: DrillResult;
  /** Since the last drill began, also one of before the start; undefined when there never was one. */
  readonly ageMs: number | undefined;
  /** From when the log told the canary to when every node had refused it; undefined before one passed. */
  readonly tookMs: number | undefined;
}

export interface DrillWatchOptions {
  readonly fleet: Pick<Fleet, 'nodes' | 'propagation' | 'onChange'>;
  readonly clock: Clock;
  /** When a revocation was accepted, as far as the journal knows it. */
  readonly acceptedAt: (revocationId: string) => EpochMs | undefined;
  /** When the last drill of a former process was. */
  readonly lastAt: EpochMs | undefined;
}

interface Drill {
  readonly id: string;
  readonly issuer: string;
  readonly epoch: string;
  readonly sequence: Sequence;
  readonly at: EpochMs;
  readonly since: MonotonicMs;
}

type Applied = Extract<FollowerNotice, { kind: 'applied' }>;

/**
 * What came of drills, for whoever watches the service: a drill that fails at night, or is no longer run, wakes nobody by its exit
 * code. It is judged as the command judges it: enforced, and every node that is not gone showed that it refused.
 */
export class DrillWatch {
  #drills: Drill[] = [];
  #result: DrillResult = 'none';
  #lastAt: EpochMs | undefined;
  #tookMs: number | undefined;
  #stop: () => void = () => undefined;

  constructor(private readonly options: DrillWatchOptions) {
    this.#lastAt = options.lastAt;
  }

  start(): void {
    this.#stop = this.options.fleet.onChange(() => this.#look());
  }

  close(): void {
    this.#stop();
  }

  /** A record came in by the live feed. What is read again, or published again, is no drill of now. */
  applied({ body, sequence, replayed }: Applied, epoch: string): void {
    if (replayed || body.kind !== 'revoked') return;
    for (const revocation of body.revocations) {
      if (!isCanary(revocation) || this.#isOld(revocation.id)) continue;
      const [at, since] = [this.options.clock.wall(), this.options.clock.monotonic()];
      this.#lastAt = at;
      this.#drills.push({ id: revocation.id, issuer: body.issuer, epoch, sequence, at, since });
      if (this.#drills.length > DRILLS_MAX) this.#end(this.#drills[0], 'failed');
    }
  }

  reading(): DrillReading {
    const ageMs = this.#lastAt === undefined ? undefined : Math.max(0, this.options.clock.wall() - this.#lastAt);
    return { result: this.#result, ageMs, tookMs: this.#tookMs };
  }

  #isOld(id: string): boolean {
    const acceptedAt = this.options.acceptedAt(id);
    return acceptedAt !== undefined && this.options.clock.wall() - acceptedAt > DRILL_MS_MAX;
  }

  #look(): void {
    if (this.#drills.length === 0) return;
    const nodes = this.options.fleet.nodes().filter(({ state }) => state !== 'gone' && state !== 'presumedGone');
    for (const drill of [...this.#drills]) {
      const result = this.#resultOf(drill, nodes);
      if (result !== undefined) this.#end(drill, result);
    }
  }

  /** Undefined: not known yet. */
  #resultOf(drill: Drill, nodes: readonly NodeView[]): DrillResult | undefined {
    const shown = nodes.map(({ canaries }) => canaries?.find(({ revocationId }) => revocationId === drill.id)?.outcome);
    if (shown.includes('accepted')) return 'failed';
    if (shown.length > 0 && shown.every((outcome) => outcome === 'refused') && this.#isEnforced(drill)) return 'passed';
    return this.options.clock.monotonic() - drill.since >= DRILL_MS_MAX ? 'failed' : undefined;
  }

  #isEnforced({ issuer, epoch, sequence, at }: Drill): boolean {
    const carrier = { epoch, sequence, ackedAt: at, proof: undefined };
    return this.options.fleet.propagation({ issuer, scope: 'token', carrier })?.state === 'enforced';
  }

  #end(drill: Drill | undefined, result: DrillResult): void {
    if (drill === undefined) return;
    this.#drills = this.#drills.filter((one) => one !== drill);
    this.#result = result;
    if (result === 'passed') this.#tookMs = this.options.clock.monotonic() - drill.since;
  }
}
