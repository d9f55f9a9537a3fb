import { type Json, plain, table } from './text.js';

/** What lines would become, counted: an import has too many to show each. */
export class Tally {
  readonly #counts = new Map<string, { readonly row: readonly unknown[]; count: number }>();

  add(lines: readonly Json[]): void {
    for (const { issuer, scope, effect } of lines) {
      const row = [issuer, scope, effect];
      const name = JSON.stringify(row);
      const known = this.#counts.get(name) ?? { row, count: 0 };
      known.count += 1;
      this.#counts.set(name, known);
    }
  }

  json(): readonly Json[] {
    return [...this.#counts.values()].map(({ row: [issuer, scope, effect], count }) => ({
      ...{ issuer, scope, effect, count },
    }));
  }

  text(): string {
    const rows = [...this.#counts.values()].map(({ row, count }) => [...row.map(plain), String(count)]);
    return rows.length === 0 ? '  nothing\n' : table(['ISSUER', 'SCOPE', 'EFFECT', 'COUNT'], rows);
  }
}

/** Above the tally: what was looked at, and what came of it. */
export function lookedText(accepted: number, failed: number, what: string): string {
  const would = `${accepted} ${accepted === 1 ? what : `${what}s`} would be`;
  return `Nothing was revoked. ${would}, ${failed} ${failed === 1 ? 'fails' : 'fail'}:\n`;
}
