import {
  epochMs,
  type FleetView,
  type Heartbeat,
  LocalOverrides,
  type Mode,
  type PropagationState,
  sequence,
} from '@revocast/core';
import { ManualTime } from '@revocast/testing';
import { aHeartbeat, aQuery, BOUND_MS } from './fleet-world.js';

/**
 * `hold` keeps heartbeats under way and `deafen` the ticks; `late` lets the oldest heartbeat arrive, `flow` all of them, in
 * order; `drop` loses what is held.
 */
export const OVERRIDE_ACTS = ['open', 'close', 'hold', 'deafen', 'late', 'flow', 'drop', 'ask'] as const;
export type OverrideAct = (typeof OVERRIDE_ACTS)[number];

/** What a test may change about node and service, to see that the property notices. */
export interface OverrideRules {
  /** What the service makes of a heartbeat that arrives at `now`. */
  readonly hear?: (heartbeat: Heartbeat, now: number) => Heartbeat;
  /** The mode that the node says. */
  readonly say?: (overrides: LocalOverrides) => Mode;
  /** The mode that the node applies. */
  readonly apply?: (overrides: LocalOverrides) => Mode;
}

const STEP_MS = 500;

/**
 * One node with a local file and a service that counts it, joined by a network that delays and drops what it likes. The
 * node has applied everything (`hasApplied`), or nothing: then only time can close it.
 */
export class OverrideWorld {
  readonly time = new ManualTime();
  readonly #overrides = new LocalOverrides({ clock: this.time, mode: 'strict', issuers: [] });
  #document: object = { version: 1 };
  #held: Heartbeat[] = [];
  #isHeld = false;
  #isDeaf = false;
  #newestTick = this.time.wall();
  #asked = 0;
  readonly view: FleetView;

  constructor(
    makeView: (time: ManualTime) => FleetView,
    private readonly hasApplied: boolean,
    private readonly rules: OverrideRules,
  ) {
    this.#overrides.take({ kind: 'document', document: this.#document });
    this.view = makeView(this.time);
    this.view.listening();
    this.pass(BOUND_MS + 2_000);
  }

  /** Both sides do each half second what they do each second. */
  pass(ms: number): void {
    for (let left = ms; left > 0; left -= STEP_MS) {
      this.time.stop(Math.min(left, STEP_MS));
      if (!this.#isDeaf) this.#newestTick = this.time.wall();
      this.#overrides.take({ kind: 'document', document: this.#document });
      this.#overrides.step();
      this.#beat();
    }
  }

  act(act: OverrideAct): void {
    if (act === 'hold') this.#isHeld = true;
    else if (act === 'deafen') this.#isDeaf = true;
    else if (act === 'drop') this.#held = [];
    else if (act === 'flow') this.#flow();
    else if (act === 'late') for (const heartbeat of this.#held.splice(0, 1)) this.#deliver(heartbeat);
    else if (act !== 'ask') this.#write(act);
  }

  /** What the service says of a record that was published long ago, or just now. */
  answer(): PropagationState {
    this.#asked += 1;
    const pubAckAt = epochMs(this.time.wall() - (this.hasApplied ? 0 : BOUND_MS + 2_000));
    return this.view.propagation(aQuery({ sequence: sequence(this.#asked), pubAckAt })).state;
  }

  /** Whether the node lets the revoked pass now. */
  get isOpen(): boolean {
    return (this.rules.apply?.(this.#overrides) ?? this.#overrides.mode()) !== 'strict';
  }

  #write(act: 'open' | 'close'): void {
    const mode = { value: 'observe', until: (this.time.wall() + 3_600_000) / 1000 };
    this.#document = { version: 1, ...(act === 'open' && { mode }) };
    this.#overrides.take({ kind: 'document', document: this.#document });
    this.#beat();
  }

  #flow(): void {
    this.#isHeld = false;
    this.#isDeaf = false;
    for (const heartbeat of this.#held.splice(0)) this.#deliver(heartbeat);
  }

  #beat(): void {
    const heartbeat = aHeartbeat({
      mode: this.rules.say?.(this.#overrides) ?? this.#overrides.saidMode,
      watermark: sequence(this.hasApplied ? 1_000_000 : 0),
      localFile: { entries: 0, broken: false },
      newestTick: this.#newestTick,
    });
    if (this.#isHeld) this.#held.push(heartbeat);
    else this.#deliver(heartbeat);
  }

  #deliver(heartbeat: Heartbeat): void {
    this.view.heard(this.rules.hear?.(heartbeat, this.time.wall()) ?? heartbeat);
  }
}
