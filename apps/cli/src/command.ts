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
  readonly positionalsMax?: number;
  run(run: Run): Promise<ExitCode>;
}

/** With `--json` the answer as it came, else as text. */
export function print({ json, world }: Run, answer: unknown, text: () => string): void {
  world.out(json ? `${JSON.stringify(answer)}\n` : text());
}
