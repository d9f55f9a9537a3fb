import { type Arguments, type OptionKinds } from './arguments.js';
import { type ExitCode } from './failure.js';
import { type Service } from './service.js';
import { type World } from './world.js';

export interface Run {
  readonly args: Arguments;
  readonly json: boolean;
  readonly world: World;
  /** Settings are read when the command first needs the service: `token inspect` does without. */
  readonly service: () => Service;
}

export interface Command {
  readonly summary: string;
  /** What follows the name, and the lines about its options. */
  readonly help: string;
  readonly options: OptionKinds;
  /** Closed lists of an option's values, for the completion of shells. */
  readonly values?: Readonly<Record<string, readonly string[]>>;
  /** What an argument besides the options is: a file, or one of these words. */
  readonly positionals?: 'file' | readonly string[];
  readonly positionalsMax?: number;
  run(run: Run): Promise<ExitCode>;
}

/** By name, which may be two words. */
export type Commands = ReadonlyMap<string, Command>;

/** With `--json` the answer as it came, else as text. */
export function print({ json, world }: Run, answer: unknown, text: () => string): void {
  world.out(json ? `${JSON.stringify(answer)}\n` : text());
}
