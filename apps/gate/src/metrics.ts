import { FOLLOWER_STATES, MODES } from '@revocast/core';
import { type GateAnswer } from '@revocast/gate';
import { nodeCounters, nodeGauges, VERDICT_LABELS, verdictLabel, type NodeStatus } from '@revocast/node';

/** What the gate tells Prometheus, under the names of every other node. */
export class Metrics {
  static readonly CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8';
  // A counter that begins with its first event hides that event from every rate.
  readonly #checks = new Map<string, number>(VERDICT_LABELS.map((verdict) => [verdict, 0]));

  count(answer: GateAnswer): void {
    const verdict = verdictLabel(answer);
    this.#checks.set(verdict, (this.#checks.get(verdict) ?? 0) + 1);
  }

  /** The text of one scrape. */
  render(status: NodeStatus): string {
    const oneOf = (label: string, all: readonly string[], now: string): readonly string[] =>
      all.map((each) => `{${label}="${each}"} ${Number(each === now)}`);
    const checks = [...this.#checks].map(([verdict, count]) => `{verdict="${verdict}"} ${count}`);
    const lines = [
      ...family('revocast_checks_total', 'counter', 'Requests by verdict', checks),
      ...family('revocast_state', 'gauge', 'The follower', oneOf('state', FOLLOWER_STATES, status.state)),
      ...family('revocast_mode', 'gauge', 'The mode in force', oneOf('mode', MODES, status.mode)),
    ];
    for (const [type, readings] of [['gauge', nodeGauges()] as const, ['counter', nodeCounters()] as const]) {
      for (const [name, [help, read]] of Object.entries(readings)) {
        lines.push(...family(name, type, help, [` ${text(read(status))}`]));
      }
    }
    return `${lines.join('\n')}\n`;
  }
}

const family = (name: string, type: string, help: string, samples: readonly string[]): readonly string[] => [
  `# HELP ${name} ${help}`,
  `# TYPE ${name} ${type}`,
  ...samples.map((sample) => name + sample),
];

/** Prometheus spells infinity in its own way. */
const text = (value: number): string => (value === Number.POSITIVE_INFINITY ? '+Inf' : String(value));
