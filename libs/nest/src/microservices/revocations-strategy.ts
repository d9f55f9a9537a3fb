import { type Schedule } from '@revocast/core';
import { BaseRpcContext, Server, type CustomTransportStrategy, type MessageHandler } from '@nestjs/microservices';
import { RevocationError } from '@revocast/core';
import { isObservable, lastValueFrom } from 'rxjs';
import { systemSchedule } from '@revocast/node';
import { EventCursor, type EventSource, type EventStart } from './event-cursor.js';
import { matches, matchesAny, type RevocationEvent } from './events.js';

/** Names the transport in a handler's decorator: `@EventPattern(['subject.revoked'], REVOCATIONS)`. */
export const REVOCATIONS = Symbol('REVOCATIONS');

/** A handler is asked this often before its event is counted as failed and the next one comes. */
export const HANDLER_ATTEMPTS_MAX = 5;
/** Pause before the second attempt; it doubles with each one. Milliseconds. */
const RETRY_MS = 100;
/** How long closing waits for the handler in hand. Milliseconds: below the 10 s after which orchestrators kill. */
const CLOSE_MS_MAX = 5_000;

export interface RevocationsStrategyOptions {
  /** `app.get(RevocationNode)`. */
  readonly node: EventSource;
  /** Default `now`. */
  readonly since?: EventStart;
  /** How often a handler is asked at most. Default 5. */
  readonly attemptsMax?: number;
  /** For tests. Default: timers that keep no process alive. */
  readonly schedule?: Schedule;
}

/** What a handler gets as `@Ctx()`. */
export class RevocationContext extends BaseRpcContext {
  constructor(
    readonly event: RevocationEvent,
    /** 1 at first; above it the handler has failed on this event before. */
    readonly attempt: number,
  ) {
    super([event, attempt]);
  }
}

export interface ReactionCounters {
  readonly delivered: number;
  readonly retried: number;
  /** Handlers that failed on an event to the last attempt: it was passed over. */
  readonly failed: number;
}

/**
 * Reactions to revocations as Nest event handlers, in order and one at a time, each awaited. After a failure the same
 * handler is asked again, a limited number of times. An event may come twice: handlers are idempotent.
 *
 * ```ts
 * app.connectMicroservice({ strategy: new RevocationsStrategy({ node: app.get(RevocationNode) }) });
 *
 * @EventPattern(['subject.revoked'], REVOCATIONS) async drop(@Payload() event: RevokedEvent) { ... }
 * @EventPattern(['resync'], REVOCATIONS) async dropAll() { ... }
 * ```
 */
export class RevocationsStrategy extends Server implements CustomTransportStrategy {
  override readonly transportId = REVOCATIONS;
  /** Failures are retried and reported here; Nest need not log them as unhandled. */
  override readonly propagatesEventHandlerErrors = true;
  readonly #cursor: EventCursor;
  readonly #attemptsMax: number;
  readonly #schedule: Schedule;
  #closing = false;
  #counters: ReactionCounters = { delivered: 0, retried: 0, failed: 0 };

  constructor({ node, since = 'now', attemptsMax = HANDLER_ATTEMPTS_MAX, schedule }: RevocationsStrategyOptions) {
    super();
    this.#attemptsMax = attemptsMax;
    this.#schedule = schedule ?? systemSchedule;
    this.#cursor = new EventCursor({
      source: node,
      since,
      deliver: (event) => this.#deliver(event),
      onError: (error) => {
        this.logger.warn(`The log cannot be read now: ${codeOf(error)}`);
      },
      schedule: this.#schedule,
    });
  }

  /** Calls back with ERR_CONFIG when a handler could never be called. */
  listen(callback: (error?: unknown) => void): void {
    const problems = [...this.messageHandlers].flatMap(([pattern, handler]) => problemsOf(pattern, handler));
    if (problems.length > 0) {
      callback(new RevocationError('ERR_CONFIG', problems.join('; ')));
      return;
    }
    this.#cursor.start();
    callback();
  }

  async close(): Promise<void> {
    this.#closing = true;
    await Promise.race([this.#cursor.close(), this.#elapsed(CLOSE_MS_MAX)]);
  }

  counters(): ReactionCounters {
    return this.#counters;
  }

  override on(): never {
    throw new RevocationError('ERR_CONFIG', 'the transport REVOCATIONS has no events of its own');
  }

  override unwrap(): never {
    throw new RevocationError('ERR_CONFIG', 'the transport REVOCATIONS has no server behind it');
  }

  async #deliver(event: RevocationEvent): Promise<void> {
    for (const [pattern, handler] of this.messageHandlers) {
      if (matches(pattern, event.type)) await this.#handle(handler, event, 1);
    }
    this.#count('delivered');
  }

  async #handle(handler: MessageHandler, event: RevocationEvent, attempt: number): Promise<void> {
    try {
      const result: unknown = await handler(event, new RevocationContext(event, attempt));
      if (isObservable(result)) await lastValueFrom(result, { defaultValue: undefined });
    } catch {
      // Nest's own exception filter has logged what the handler threw.
      if (attempt >= this.#attemptsMax) {
        this.#giveUp(event);
        return;
      }
      if (this.#closing) return;
      this.#count('retried');
      await this.#elapsed(RETRY_MS * 2 ** (attempt - 1));
      await this.#handle(handler, event, attempt + 1);
    }
  }

  #giveUp(event: RevocationEvent): void {
    this.#count('failed');
    const where = 'sequence' in event ? ` at sequence ${event.sequence}` : '';
    this.logger.error(`A handler of ${event.type}${where} failed ${this.#attemptsMax} times; the event is passed over`);
  }

  #count(counter: keyof ReactionCounters): void {
    this.#counters = { ...this.#counters, [counter]: this.#counters[counter] + 1 };
  }

  #elapsed(delayMs: number): Promise<void> {
    return new Promise((resolve) => void this.#schedule(delayMs, resolve));
  }
}

function problemsOf(pattern: string, { isEventHandler }: MessageHandler): readonly string[] {
  if (isEventHandler !== true) return [`${pattern}: REVOCATIONS has events only, use @EventPattern`];
  return matchesAny(pattern) ? [] : [`${pattern}: no event has such a type`];
}

const codeOf = (error: unknown): string => (error instanceof RevocationError ? error.code : 'ERR_INVARIANT');
