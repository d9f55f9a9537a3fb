import { readFileSync } from 'node:fs';
import { RevocationError } from '@revocast/core';

export type Environment = Readonly<Record<string, string | undefined>>;

/** Reads settings and collects what is wrong with them, so that whoever sets a node up mends all of it at once. */
export class EnvironmentReader {
  readonly problems: string[] = [];

  constructor(readonly environment: Environment) {}

  /** An empty variable counts as none: that is what an unset one looks like in many deployment files. */
  text(name: string): string | undefined {
    const value = this.environment[name];
    return value === '' ? undefined : value;
  }

  /** One of several words; without a default it is required. */
  word<Word extends string>(name: string, allowed: RegExp | readonly Word[], otherwise?: Word): Word {
    const value = (this.text(name) ?? otherwise ?? '') as Word;
    const fits = allowed instanceof RegExp ? allowed.test(value) : allowed.includes(value);
    if (!fits)
      this.problems.push(`${name}: must be ${allowed instanceof RegExp ? `like ${allowed}` : allowed.join(', ')}`);
    return value;
  }

  optionalWord(name: string, allowed: RegExp): string | undefined {
    return this.text(name) === undefined ? undefined : this.word(name, allowed);
  }

  whole(name: string, { from, to, otherwise }: { from: number; to: number; otherwise: number }): number {
    const text = this.text(name) ?? String(otherwise);
    const value = /^\d{1,15}$/.test(text) ? Number(text) : Number.NaN;
    if (!(value >= from && value <= to)) this.problems.push(`${name}: must be a whole number from ${from} to ${to}`);
    return value;
  }

  /** A file, when the setting names one: either as `<NAME>_FILE`, or as a value that is no JSON. */
  file(name: string): string | undefined {
    const value = this.text(name);
    return this.text(`${name}_FILE`) ?? (value === undefined || /^\s*[[{]/.test(value) ? undefined : value);
  }

  /** Required: JSON in the variable itself, or the path of a file that holds it. */
  document<Value>(name: string, parse: (text: string) => Value): Value | undefined {
    const file = this.file(name);
    if (file === undefined && this.text(name) === undefined) {
      this.problems.push(`${name}: must be set, to JSON or to the path of a file that holds it`);
      return undefined;
    }
    const text = file === undefined ? this.text(name) : this.#content(name, file);
    return text === undefined ? undefined : this.attempt(name, () => parse(text));
  }

  /** What `make` objects to is a problem of `name`. The text of other errors may quote a secret, so it is not shown. */
  attempt<Value>(name: string, make: () => Value): Value | undefined {
    try {
      return make();
    } catch (error) {
      const said = error instanceof RevocationError ? error.message : 'is no JSON';
      this.problems.push(said.startsWith(name) ? said : `${name}: ${said}`);
      return undefined;
    }
  }

  #content(name: string, file: string): string | undefined {
    try {
      return readFileSync(file, 'utf8');
    } catch {
      this.problems.push(`${name}: the file ${file} cannot be read`);
      return undefined;
    }
  }
}
