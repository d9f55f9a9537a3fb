import { readFileSync } from 'node:fs';
import { RevocationError } from '@revocast/core';

export type Environment = Readonly<Record<string, string | undefined>>;

/** Where a setting's text came from; `path` is set when it was a file, which may change later. */
export interface SettingText {
  readonly text: string;
  readonly path: string | undefined;
}

/**
 * Reads settings and notes every problem instead of stopping at the first: whoever starts the service for the first
 * time repairs them all at once.
 */
export class SettingsSource {
  readonly #problems: string[] = [];

  constructor(private readonly environment: Environment) {}

  /** A problem of a setting, named so that it can be found. Never quote a secret. */
  problem(text: string): void {
    this.#problems.push(text);
  }

  /** An empty variable counts as none: that is what an unset one looks like in many deployment files. */
  text(name: string): string | undefined {
    const value = this.environment[name];
    return value === undefined || value === '' ? undefined : value;
  }

  /** JSON in the variable itself, or the path of a file that holds it; `<NAME>_FILE` always names a file. */
  document(name: string): SettingText | undefined {
    const file = this.text(`${name}_FILE`);
    const value = this.text(name);
    if (this.#isTwice(name)) return undefined;
    if (file !== undefined) return this.#file(`${name}_FILE`, file);
    if (value === undefined) return undefined;
    return /^\s*[[{]/.test(value) ? { text: value, path: undefined } : this.#file(name, value);
  }

  /** A secret in the variable, or in the file that `<NAME>_FILE` names. */
  secret(name: string): string | undefined {
    const file = this.text(`${name}_FILE`);
    if (file === undefined) return this.text(name);
    if (this.#isTwice(name)) return undefined;
    return this.#file(`${name}_FILE`, file)?.text.trim();
  }

  whole(name: string, range: { readonly from: number; readonly to: number; readonly otherwise: number }): number {
    const text = this.text(name);
    if (text === undefined) return range.otherwise;
    const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
    if (value >= range.from && value <= range.to) return value;
    this.problem(`${name} is to be a whole number from ${range.from} to ${range.to}`);
    return range.otherwise;
  }

  flag(name: string): boolean {
    const text = this.text(name);
    if (text !== undefined && text !== 'true' && text !== 'false') this.problem(`${name} is to be true or false`);
    return text === 'true';
  }

  /** Runs a reader of another part and notes what it refuses. */
  attempt<T>(name: string, read: () => T): T | undefined {
    try {
      return read();
    } catch (error) {
      this.problem(`${name}: ${error instanceof Error ? error.message : 'cannot be read'}`);
      return undefined;
    }
  }

  /** Throws ERR_CONFIG with all problems, one per line. */
  finish(): void {
    if (this.#problems.length > 0) throw new RevocationError('ERR_CONFIG', this.#problems.join('\n'));
  }

  #isTwice(name: string): boolean {
    const isTwice = this.text(name) !== undefined && this.text(`${name}_FILE`) !== undefined;
    if (isTwice) this.problem(`${name} and ${name}_FILE are both set`);
    return isTwice;
  }

  #file(name: string, path: string): SettingText | undefined {
    try {
      return { text: readFileSync(path, 'utf8'), path };
    } catch {
      this.problem(`${name}: the file ${path} cannot be read`);
      return undefined;
    }
  }
}

/** JSON whose text is never quoted in a message: it may hold a secret. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new RevocationError('ERR_CONFIG', 'is not valid JSON');
  }
}
