import { type ServerResponse } from 'node:http';
import { type Schedule } from '@revocast/core';
import { mayTouch, type Operator } from '../auth/operator.js';
import { type EventHub, type ServiceEvent } from './event-hub.js';

/** A comment this often keeps proxies from closing a quiet stream. Milliseconds. */
const KEEP_ALIVE_MS = 15_000;
/** What a slow reader may leave unread: then the stream ends, and he starts again with the list. */
const UNREAD_BYTES_MAX = 256 * 1024;

export interface EventStreamOptions {
  readonly hub: EventHub;
  readonly operator: Operator;
  readonly response: ServerResponse;
  readonly schedule: Schedule;
  readonly now: () => number;
}

/** One reader of server-sent events, from his request to his going, or to the end of his credentials. */
export class EventStream {
  #stop: () => void = () => undefined;
  #disarm: () => void = () => undefined;

  constructor(private readonly options: EventStreamOptions) {}

  open(): void {
    const { hub, response } = this.options;
    response.writeHead(200, {
      'content-type': 'text/event-stream',
      'cache-control': 'no-store',
      // When the service closes, the end of the stream is to end the connection as well.
      connection: 'close',
      'x-accel-buffering': 'no',
    });
    response.write(': watching\n\n');
    response.on('close', () => this.#forget());
    this.#stop = hub.watch(
      (event) => this.#tell(event),
      () => this.#end(),
    );
    this.#keepAlive();
  }

  #tell(event: ServiceEvent): void {
    const { operator, response } = this.options;
    if (event.target !== undefined && !mayTouch(operator, event.target)) return;
    if (this.#isExpired() || response.writableLength > UNREAD_BYTES_MAX) this.#end();
    else response.write(`event: ${event.name}\ndata: ${JSON.stringify(event.body)}\n\n`);
  }

  #keepAlive(): void {
    this.#disarm = this.options.schedule(KEEP_ALIVE_MS, () => {
      if (this.#isExpired()) {
        this.#end();
      } else {
        this.options.response.write(': still here\n\n');
        this.#keepAlive();
      }
    });
  }

  #isExpired(): boolean {
    const { operator, now } = this.options;
    return operator.expiresAt !== undefined && operator.expiresAt <= now();
  }

  #end(): void {
    this.#forget();
    this.options.response.end();
  }

  #forget(): void {
    this.#stop();
    this.#disarm();
  }
}
