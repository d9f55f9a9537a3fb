import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { type GoToolchain } from './go-toolchain.js';

const run = promisify(execFile);

/** Three modules: what needs the standard library alone, the node over NATS, and the app that shows it. */
export const goModule = (name: '.' | 'revocast' | 'example'): string =>
  join(import.meta.dirname, '../../clients/go', name);

/** What `go.mod` names is fetched as usual, and never another version; the module without dependencies asks nobody. */
const environmentOf = (directory: string): Readonly<Record<string, string>> => ({
  GOFLAGS: '-mod=readonly -buildvcs=false',
  CGO_ENABLED: '0',
  ...(directory === goModule('.') && { GOPROXY: 'off' }),
});

/** Runs a program of the toolchain, and rejects with all that it said. */
export const callGo = async (
  go: GoToolchain,
  directory: string,
  program: 'go' | 'gofmt',
  ...args: readonly string[]
): Promise<string> => {
  const env = { ...process.env, ...go.env, ...environmentOf(directory) };
  const called = run(join(go.directory, program), args, { cwd: directory, env });
  const { stdout } = await called.catch((error: unknown) => {
    const { stdout: said = '', stderr = '' } = error as { readonly stdout?: string; readonly stderr?: string };
    throw new Error(`${program} ${args.join(' ')}:\n${said}${stderr}`);
  });
  return stdout;
};
