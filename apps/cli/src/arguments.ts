import { parseArgs } from 'node:util';
import { usage } from './failure.js';

/** `list`: takes a value, and may be given several times. */
export type OptionKind = 'string' | 'boolean' | 'list';
export type OptionKinds = Readonly<Record<string, OptionKind>>;

export interface Arguments {
  readonly texts: Readonly<Record<string, string>>;
  readonly lists: Readonly<Record<string, readonly string[]>>;
  readonly flags: ReadonlySet<string>;
  readonly positionals: readonly string[];
}

/** Options that every command has. */
export const COMMON: OptionKinds = { url: 'string', json: 'boolean', help: 'boolean' };

/**
 * Messages name options and never repeat a value: somebody who gives a token or a key as an argument, against all advice, must not
 * find it in the log of a pipeline as well.
 */
export function readArguments(argv: readonly string[], kinds: OptionKinds, positionalsMax = 0): Arguments {
  const all = { ...COMMON, ...kinds };
  const options = Object.fromEntries(
    Object.entries(all).map(
      ([name, kind]) => [name, { type: kind === 'boolean' ? kind : 'string', multiple: true }] as const,
    ),
  );
  const { tokens } = parseArgs({ args: [...argv], options, strict: false, allowPositionals: true, tokens: true });
  const texts: Record<string, string> = {};
  const lists: Record<string, readonly string[]> = {};
  const flags = new Set<string>();
  const positionals: string[] = [];
  for (const token of tokens) {
    if (token.kind === 'positional') positionals.push(token.value);
    if (token.kind !== 'option') continue;
    const { name, value } = token;
    const kind = Object.hasOwn(all, name) ? all[name] : undefined;
    if (kind === undefined) throw usage(`There is no option ${shownName(name)} here; --help lists them.`);
    if (name in texts || flags.has(name)) throw usage(`--${name} is given twice.`);
    if (kind === 'boolean') {
      if (value !== undefined) throw usage(`--${name} takes no value.`);
      flags.add(name);
    } else {
      // `--sub --json` is a forgotten value, not a subject of that name; `--sub=--json` says that it is meant.
      if (value === undefined || value === '' || (!token.inlineValue && value.startsWith('--')))
        throw usage(`--${name} needs a value; write --${name}=VALUE if it begins with a dash.`);
      if (kind === 'list') lists[name] = [...(lists[name] ?? []), value];
      else texts[name] = value;
    }
  }
  if (positionals.length > positionalsMax)
    throw usage(
      positionalsMax === 0
        ? 'The command takes options only; a token belongs into a file or stdin, never into an argument.'
        : `The command takes at most ${positionalsMax} argument besides its options.`,
    );
  return { texts, lists, flags, positionals };
}

/** The name alone may hold a pasted secret: only what looks like an option is repeated. */
const shownName = (name: string): string => (/^[a-z][a-z-]{0,20}$/.test(name) ? `--${name}` : 'of that name');

export function wholeNumber(text: string, name: string, [min, max]: readonly [number, number]): number {
  const value = /^\d{1,9}$/.test(text) ? Number(text) : NaN;
  if (!(value >= min && value <= max)) throw usage(`--${name} is to be a whole number from ${min} to ${max}.`);
  return value;
}
