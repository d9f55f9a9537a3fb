import { epochMs, epochSeconds, type IssuerSettings, type RecordBody, sequence } from '@revocast/core';
import { createSigner, encodeRecord } from '@revocast/jetstream';
import { anIssuer } from '@revocast/testing';
import { encodeTick } from '../../src/tick-codec.js';
import { type Action, type Answering, type Message, START_MS, type Step } from './following-world.js';
import { bytesOf, ISSUER, KEY, NAMESPACE, sign } from './signing.js';

export const OTHER_ISSUER = 'https://other.example';
export const settingsOf = (issuer: string): IssuerSettings => anIssuer({ issuer });

const HASH_KEY = '000102030405060708090a0b0c0d0e0f';
const BOUND_MS = 10_000;
/** A leader, a start, a first tick: after this time a follower of a healthy broker is current. */
const UNTIL_CURRENT_MS = 500;

export interface AppendOptions {
  /** After how many milliseconds copies arrive over the live feed; none: it is lost. */
  readonly copiesAfterMs?: readonly number[];
  readonly issuer?: string;
}

/** The live feed loses it. */
export const LOST: AppendOptions = { copiesAfterMs: [] };

/** What somebody sends who has it from a log of ours that is gone. */
export const sentBy = (jti: string, agedMs = 0): Message =>
  new Script({ idPrefix: 'sent' }).log('epoch-1').encode(revokedBody(jti), agedMs);

/** A case in the making. Records are numbered, so that the same script makes the same bytes each time. */
export class Script {
  readonly steps: Step[] = [];
  readonly boundMs: number;
  readonly issuers: readonly IssuerSettings[] = [settingsOf(ISSUER), settingsOf(OTHER_ISSUER)];
  readonly #idPrefix: string;
  readonly #signer = createSigner(KEY);
  readonly #messages: (Message & { readonly sequence: number })[] = [];
  #nowMs = 0;
  #wallOffsetMs = 0;
  #epoch = '';
  #last = 0;
  #made = 0;

  constructor(options: { readonly boundMs?: number; readonly idPrefix?: string } = {}) {
    this.#idPrefix = options.idPrefix ?? 'record';
    this.boundMs = options.boundMs ?? BOUND_MS;
  }

  do(action: Action): this {
    this.steps.push({ atMs: this.#nowMs, ...action });
    return this;
  }

  wait(ms: number): this {
    this.#nowMs += ms;
    return this;
  }

  look(...tokens: readonly string[]): this {
    return this.do({ do: 'look', tokens });
  }

  answers(answering: Answering = {}): this {
    return this.do({ do: 'answers', ...answering });
  }

  /** Somebody sets the wall clock. */
  stepWall(ms: number): this {
    this.#wallOffsetMs += ms;
    return this.do({ do: 'stepWall', ms });
  }

  /** The machine sleeps: the monotonic clock stands still meanwhile. */
  suspend(ms: number): this {
    this.do({ do: 'suspend', ms });
    return this.wait(ms);
  }

  log(epoch: string): this {
    this.#epoch = epoch;
    this.#last = 0;
    return this.do({ do: 'createLog', epoch });
  }

  opened(options: AppendOptions = {}): this {
    return this.append({ kind: 'epochOpened', previous: undefined, entries: 0, hashKey: HASH_KEY }, options);
  }

  revoke(jti: string, options: AppendOptions = {}): this {
    return this.append(revokedBody(jti, options.issuer), options);
  }

  lift(jti: string, options: AppendOptions = {}): this {
    const lifts = [{ id: `of-${jti}`, retainUntil: epochSeconds(START_MS / 1000 + 86_400) }];
    return this.append({ kind: 'lifted', issuer: options.issuer ?? ISSUER, scope: 'token', lifts }, options);
  }

  append(body: RecordBody, options: AppendOptions = {}): this {
    return this.raw(this.encode(body), options);
  }

  /** A record that stands in no log yet. */
  encode(body: RecordBody, agedMs = 0, epoch = this.#epoch): Message {
    const time = epochMs(this.#wallMs - agedMs);
    const { payload, signature } = encodeRecord(
      { id: this.#nextId(), namespace: NAMESPACE, epoch, time, body },
      this.#signer,
    );
    return { payload: new TextDecoder().decode(payload), signature };
  }

  /** Signed by us, whatever it says. */
  poison(members: Readonly<Record<string, unknown>>, options: AppendOptions = {}): this {
    const data = { namespace: NAMESPACE, epoch: this.#epoch };
    const payload = JSON.stringify({ id: this.#nextId(), type: 'dev.revocast.later.thing.v2', data, ...members });
    return this.raw({ payload, signature: sign(bytesOf(payload)) }, options);
  }

  raw(message: Message, { copiesAfterMs = [0] }: AppendOptions = {}): this {
    this.#last += 1;
    this.#messages.push({ ...message, sequence: this.#last });
    return this.do({ do: 'append', ...message, copiesAfterMs });
  }

  /** The live feed brings what was appended as the `nth` record of the case once more, as if it stood elsewhere. */
  sendAgain(nth: number, at: number): this {
    const { payload, signature } = this.#messages[nth - 1] ?? { payload: '', signature: '' };
    return this.send({ payload, signature }, at);
  }

  send(message: Message, at: number): this {
    return this.do({ do: 'send', sequence: at, ...message });
  }

  rollBack(last: number): this {
    this.#last = last;
    return this.do({ do: 'rollBack', last });
  }

  /** Of the log as it is, where nothing else is said. */
  tick(said: { readonly head?: number; readonly fleetBoundMs?: number; readonly agedMs?: number } = {}): this {
    const { head = this.#last, fleetBoundMs = 300_000, agedMs = 0 } = said;
    const tick = {
      id: this.#nextId(),
      time: epochMs(this.#wallMs - agedMs),
      epoch: this.#epoch,
      head: sequence(head),
      fleetBoundMs,
    };
    const { payload, signature } = encodeTick(NAMESPACE, tick, this.#signer);
    return this.do({ do: 'tick', payload: new TextDecoder().decode(payload), signature });
  }

  /** The newest tick once more. */
  tickAgain(): this {
    const newest = this.steps.findLast((step) => step.do === 'tick');
    if (newest?.do !== 'tick') throw new Error('no tick was sent before');
    const { payload, signature } = newest;
    return this.do({ do: 'tick', payload, signature });
  }

  start(): this {
    return this.do({ do: 'start' });
  }

  /** A log that was opened, revocations in it, and a follower that is current. */
  current(...jtis: readonly string[]): this {
    this.log('epoch-1').opened();
    for (const jti of jtis) this.revoke(jti);
    return this.start().wait(1).tick().wait(UNTIL_CURRENT_MS);
  }

  get #wallMs(): number {
    return START_MS + this.#nowMs + this.#wallOffsetMs;
  }

  #nextId(): string {
    this.#made += 1;
    return `${this.#idPrefix}-${String(this.#made)}`;
  }
}

export const revokedBody = (jti: string, issuer = ISSUER): RecordBody => ({
  kind: 'revoked',
  issuer,
  scope: 'token',
  revocations: [
    { id: `of-${jti}`, issuer, key: { scope: 'token', jti }, effect: { kind: 'always' }, retainUntil: 'lifted' },
  ],
});
