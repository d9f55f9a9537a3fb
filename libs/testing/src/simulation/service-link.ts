import { type ManualTime } from '../manual-time.js';

/**
 * The one connection between a service and the broker, as TCP has it: in order, and what is under way when it is cut
 * never arrives. Heartbeats and PubAcks come over it alike, so a heartbeat that was sent first is heard first.
 */
export class ServiceLink {
  /** One way. Milliseconds. */
  latencyMs: () => number = () => 0;
  #connection = 0;
  #open = false;
  #lastArrival = 0;

  constructor(private readonly time: ManualTime) {}

  get isOpen(): boolean {
    return this.#open;
  }

  open(): void {
    if (this.#open) return;
    this.#open = true;
    this.#connection += 1;
    this.#lastArrival = 0;
  }

  cut(): void {
    this.#open = false;
  }

  /** To the service. */
  receive(arrive: () => void): void {
    if (!this.#open) return;
    const at = Math.max(this.#lastArrival, this.time.trueMs() + this.latencyMs());
    this.#lastArrival = at;
    this.#later(at - this.time.trueMs(), arrive);
  }

  /** To the broker. */
  send(arrive: () => void): void {
    if (this.#open) this.#later(this.latencyMs(), arrive);
  }

  #later(delayMs: number, arrive: () => void): void {
    const connection = this.#connection;
    this.time.schedule(delayMs, () => {
      if (this.#open && connection === this.#connection) arrive();
    });
  }
}
