import { Readable } from 'node:stream';
import { run } from '../src/run.js';
import { type World } from '../src/world.js';

export const KEY = 'a-key-that-nobody-may-see';
export const ENV = { REVOCAST_URL: 'http://service.test/base/', REVOCAST_API_KEY: KEY };

interface Sent {
  readonly url: string;
  readonly method: string | undefined;
  readonly redirect: string | undefined;
  readonly headers: Readonly<Record<string, string>>;
}

export interface Stage {
  readonly sent: readonly Sent[];
  readonly said: { readonly out: string; readonly err: string };
  readonly run: (...argv: string[]) => Promise<number>;
}

/** Answers in order; an Error is a connection that fails. */
export function stage(
  answers: readonly (Error | { status: number; body: unknown })[],
  changes: Partial<World> = {},
): Stage {
  const sent: Sent[] = [];
  const said = { out: '', err: '' };
  const left = [...answers];
  const world: World = {
    env: ENV,
    stdin: Readable.from([]),
    out: (text) => void (said.out += text),
    err: (text) => void (said.err += text),
    confirm: undefined,
    isTerminal: false,
    openBlacklist: () => Promise.reject(new Error('there is no blacklist')),
    fetch: (url, options) => {
      sent.push({
        url: url instanceof URL ? url.href : 'no URL',
        method: options?.method,
        redirect: options?.redirect,
        headers: options?.headers as Sent['headers'],
      });
      const next = left.shift() ?? new Error('nothing is left to answer');
      return next instanceof Error
        ? Promise.reject(next)
        : Promise.resolve(new Response(JSON.stringify(next.body), { status: next.status }));
    },
    now: () => 0,
    pause: () => Promise.resolve(),
    signal: new AbortController().signal,
    ...changes,
  };
  return { sent, said, run: (...argv: string[]) => run(argv, world) };
}
