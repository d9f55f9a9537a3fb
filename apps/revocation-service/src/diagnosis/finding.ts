export const LEVELS = ['ok', 'warning', 'failure'] as const;
export type Level = (typeof LEVELS)[number];

/** One thing that was looked at: what was seen, and what to do about it. */
export interface Finding {
  /** Stable: docs/cli.md lists them. */
  readonly code: string;
  readonly level: Level;
  readonly seen: string;
  /** Empty when there is nothing to do. */
  readonly todo: string;
}

export const finding = (code: string, level: Level, seen: string, todo = ''): Finding => ({ code, level, seen, todo });

export const worstOf = (findings: readonly Finding[]): Level =>
  LEVELS[Math.max(0, ...findings.map(({ level }) => LEVELS.indexOf(level)))] ?? 'failure';

/** Names in one finding; the rest is counted. */
const NAMED_MAX = 10;

export const named = (names: readonly string[]): string =>
  `${names.slice(0, NAMED_MAX).join(', ')}${names.length > NAMED_MAX ? ` and ${names.length - NAMED_MAX} more` : ''}`;
