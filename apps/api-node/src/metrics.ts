import { FOLLOWER_STATES, MODES } from '@revocast/core';
import { type GateAnswer } from '@revocast/gate';
import { nodeCounters, nodeGauges, VERDICT_LABELS, verdictLabel, type NodeStatus } from '@revocast/node';
import { collectDefaultMetrics, Counter, Gauge, Registry } from 'prom-client';

/** What this node tells Prometheus. No label ever carries anything of a token. */
export class Metrics {
  static readonly CONTENT_TYPE = Registry.PROMETHEUS_CONTENT_TYPE;
  readonly #registry = new Registry();
  readonly #checks = new Counter({
    name: 'revocast_checks_total',
    help: 'Requests by verdict; `invalid` is a token that did not verify',
    labelNames: ['verdict'],
    registers: [this.#registry],
  });
  readonly #state = new Gauge({
    name: 'revocast_state',
    help: '1 for the state that the follower is in',
    labelNames: ['state'],
    registers: [this.#registry],
  });
  readonly #mode = new Gauge({
    name: 'revocast_mode',
    help: '1 for the mode in force',
    labelNames: ['mode'],
    registers: [this.#registry],
  });

  constructor() {
    collectDefaultMetrics({ register: this.#registry });
    // A counter that begins with its first event hides that event from every rate.
    for (const verdict of VERDICT_LABELS) this.#checks.inc({ verdict }, 0);
  }

  count(answer: GateAnswer): void {
    this.#checks.inc({ verdict: verdictLabel(answer) });
  }

  /** The text of one scrape. */
  async render(status: NodeStatus): Promise<string> {
    // Every state is always there: a series that only appears in trouble could not be told from one that is not scraped.
    for (const state of FOLLOWER_STATES) this.#state.set({ state }, Number(state === status.state));
    for (const mode of MODES) this.#mode.set({ mode }, Number(mode === status.mode));
    for (const [name, [help, read]] of Object.entries(nodeGauges())) this.#gauge(name, help).set(read(status));
    for (const [name, [help, read]] of Object.entries(nodeCounters())) {
      const counter = this.#counter(name, help);
      counter.reset();
      counter.inc(read(status));
    }
    return this.#registry.metrics();
  }

  #gauge(name: string, help: string): Gauge {
    const known = this.#registry.getSingleMetric(name) as Gauge | undefined;
    return known ?? new Gauge({ name, help, registers: [this.#registry] });
  }

  #counter(name: string, help: string): Counter {
    const known = this.#registry.getSingleMetric(name) as Counter | undefined;
    return known ?? new Counter({ name, help, registers: [this.#registry] });
  }
}
