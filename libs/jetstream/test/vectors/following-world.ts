import {
  createFollower,
  decide,
  epochMs,
  epochSeconds,
  type FeedRecord,
  type Follower,
  type IssuerSettings,
  sequence,
  type Tick,
  type TokenFacts,
  type Verdict,
} from '@revocast/core';
import { createVerifier, decodeRecord } from '@revocast/jetstream';
import { InMemoryBroker, type InMemoryAsk, type InMemoryFeed, ManualTime } from '@revocast/testing';
import { createTickFilter, decodeTick } from '../../src/tick-codec.js';
import { SIGNATURE_HEADER } from '../../src/wire.js';
import { bytesOf, KEYS, NAMESPACE } from './signing.js';

/** By the wall clock, when a case begins. */
export const START_MS = 1_764_000_000_000;

export interface Message {
  readonly payload: string;
  readonly signature: string;
}

/** How the broker answers from now on. */
export interface Answering {
  /** One way between node and broker. Milliseconds. */
  readonly travelMs?: number;
  readonly refuses?: readonly InMemoryAsk[];
  readonly quorumAgeMs?: number;
  /** A leader that was cut off: it answers as if the log ended here. */
  readonly last?: number;
}

/** One token, as JSON can say it; `cutoffTime` as in verdicts.json. */
export interface NamedToken {
  readonly issuer: string;
  readonly jti: string;
  readonly cutoffTime: number;
}

export type Action =
  | { readonly do: 'start' | 'close' | 'connect' | 'disconnect' | 'removeLog' }
  | { readonly do: 'createLog'; readonly epoch: string }
  | ({ readonly do: 'append'; readonly copiesAfterMs: readonly number[] } & Message)
  | ({ readonly do: 'send'; readonly sequence: number } & Message)
  | ({ readonly do: 'tick' } & Message)
  | { readonly do: 'rollBack'; readonly last: number }
  | { readonly do: 'ageOut'; readonly first: number }
  | ({ readonly do: 'answers' } & Answering)
  | { readonly do: 'stepWall' | 'suspend'; readonly ms: number }
  | { readonly do: 'look'; readonly tokens: readonly string[] };

export type Step = { readonly atMs: number } & Action;

export interface Sighting {
  readonly state: string;
  readonly because?: string;
  readonly everCurrent: boolean;
  readonly epoch?: string;
  readonly watermark: number;
  readonly identity?: string;
  readonly verdicts: Readonly<Record<string, Verdict>>;
}

export interface WorldOptions {
  readonly stalenessMsMax: number;
  readonly issuers: readonly IssuerSettings[];
  readonly tokens: Readonly<Record<string, NamedToken>>;
}

/** Plays the steps of one case against the follower, and says what was seen of it wherever a step says `look`. */
export class FollowingWorld {
  readonly #time = new ManualTime(START_MS);
  readonly #broker = new InMemoryBroker({ schedule: this.#time.schedule, now: () => this.#time.wall() });
  readonly #verifier = createVerifier(KEYS);
  readonly #isNewTick = createTickFilter(() => this.#time.wall());
  readonly #feed: InMemoryFeed & { promisesTicks?: boolean };
  readonly #follower: Follower;
  #answering: Answering = {};

  constructor(private readonly options: WorldOptions) {
    const { stalenessMsMax, issuers } = options;
    this.#feed = this.#broker.createFeed();
    // As the feed over NATS does: a service that is alive is heard.
    this.#feed.promisesTicks = true;
    const time = this.#time;
    const own = { clock: time, schedule: time.schedule, prng: () => 0.5 };
    this.#follower = createFollower({ feed: this.#feed, ...own, stalenessMsMax, issuers });
  }

  async play(steps: readonly Step[]): Promise<readonly Sighting[]> {
    const seen: Sighting[] = [];
    for (const step of steps) {
      await this.#time.advance(step.atMs - (this.#time.trueMs() - START_MS));
      if (step.do === 'look') seen.push(this.#look(step.tokens));
      else this.#act(step);
    }
    await this.#follower.close();
    return seen;
  }

  #act(step: Exclude<Step, { readonly do: 'look' }>): void {
    switch (step.do) {
      case 'start':
        this.#follower.start();
        break;
      case 'close':
        void this.#follower.close();
        break;
      case 'connect':
        this.#feed.reconnect();
        break;
      case 'disconnect':
        this.#feed.disconnect();
        break;
      case 'removeLog':
        this.#broker.removeLog();
        break;
      case 'createLog':
        this.#broker.createLog(step.epoch);
        break;
      case 'append':
        this.#append(step, step.copiesAfterMs);
        break;
      case 'send':
        this.#broker.inject(this.#decode(step, step.sequence));
        break;
      case 'tick':
        this.#tick(step);
        break;
      case 'rollBack':
        this.#broker.requiredLog().rollBackTo(step.last);
        break;
      case 'ageOut':
        this.#broker.requiredLog().ageOut(step.first);
        break;
      case 'answers':
        this.#answer(step);
        break;
      case 'stepWall':
        this.#time.stepWall(step.ms);
        break;
      case 'suspend':
        this.#time.suspend(step.ms);
        break;
    }
  }

  /** Stored, and sent to whoever is subscribed: live it is read without knowing which epoch it should be of. */
  #append(message: Message, copiesAfterMs: readonly number[]): void {
    const log = this.#broker.requiredLog();
    const { sequence: at } = log.append(this.#decode(message, log.last + 1, log.identity.epoch));
    this.#broker.faults = { ...this.#broker.faults, deliver: () => copiesAfterMs };
    this.#broker.inject(this.#decode(message, at));
    this.#answer(this.#answering);
  }

  #answer(answering: Answering): void {
    this.#answering = answering;
    const { travelMs = 0, refuses = [], quorumAgeMs = 0, last } = answering;
    this.#broker.faults = {
      travelMs: () => travelMs,
      refuses: (ask) => refuses.includes(ask),
      quorumAgeMs: () => quorumAgeMs,
      ...(last !== undefined && { endsAt: () => sequence(last) }),
    };
  }

  #decode({ payload, signature }: Message, at: number, epoch?: string): FeedRecord {
    const headers = { last: (name: string) => (name === SIGNATURE_HEADER ? signature : '') };
    const expected = { namespace: NAMESPACE, ...(epoch !== undefined && { epoch }) };
    return decodeRecord({ payload: bytesOf(payload), headers, sequence: sequence(at), expected }, this.#verifier);
  }

  #tick({ payload, signature }: Message): void {
    const headers = { last: (name: string) => (name === SIGNATURE_HEADER ? signature : '') };
    const tick: Tick | undefined = decodeTick(
      { payload: bytesOf(payload), headers, namespace: NAMESPACE },
      this.#verifier,
    );
    if (tick !== undefined && this.#isNewTick(tick)) this.#feed.hearTick(tick);
  }

  #look(names: readonly string[]): Sighting {
    const { state, because, everCurrent, epoch, watermark, identity } = this.#follower.status();
    const verdicts = Object.fromEntries(names.map((name) => [name, this.#verdictOn(name)]));
    return {
      ...{ state, everCurrent, watermark, verdicts },
      ...(because !== undefined && { because }),
      ...(epoch !== undefined && { epoch }),
      ...(identity !== undefined && { identity }),
    };
  }

  #verdictOn(name: string): Verdict {
    const token = this.options.tokens[name];
    if (token === undefined) throw new Error(`no token is named ${name}`);
    const facts: TokenFacts = {
      issuer: token.issuer,
      jti: token.jti,
      cutoffTime: epochSeconds(token.cutoffTime),
      issuedAt: epochSeconds(token.cutoffTime),
      expiresAt: epochSeconds(epochMs(START_MS) / 1000 + 86_400),
      signingInputHash: () => '',
    };
    return decide(this.#follower, facts, this.options.stalenessMsMax);
  }
}
