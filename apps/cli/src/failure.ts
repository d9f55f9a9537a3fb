/** How a command ends; docs/cli.md has the table. Codes are only ever added. */
export const EXIT = {
  ok: 0,
  failed: 1,
  usage: 2,
  notEnforced: 3,
  refused: 4,
  unreachable: 5,
  /** `doctor` found something that needs attention, and nothing worse. */
  warning: 6,
  /** 128 and the number of SIGINT, as shells have it. */
  interrupted: 130,
} as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** An end that the operator is told of: the text says what to do and holds neither key nor token. */
export class Failure extends Error {
  constructor(
    readonly exit: ExitCode,
    message: string,
    /** The service's problem document, for `--json`. */
    readonly problem?: Readonly<Record<string, unknown>>,
  ) {
    super(message);
  }
}

export const usage = (message: string): Failure => new Failure(EXIT.usage, message);
