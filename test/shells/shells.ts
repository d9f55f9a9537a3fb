import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { promisify } from 'node:util';
import { type Binary, findBinary } from '../debian/binary.js';

const run = promisify(execFile);

const tryOut =
  (...args: readonly string[]) =>
  async ({ path, env }: Binary): Promise<void> => {
    await run(path, args, { env: { ...process.env, ...env } });
  };

export const findZsh = (): Promise<Binary> =>
  findBinary({
    ...{ name: 'zsh', setting: 'ZSH_BIN', paths: ['/usr/bin/zsh', '/bin/zsh'], inPackages: 'bin/zsh' },
    packages: ['zsh', 'zsh-common', 'libcap2', 'libtinfo6'],
    tryOut: tryOut('-fc', 'true'),
  });

export const findFish = (): Promise<Binary> =>
  findBinary({
    ...{ name: 'fish', setting: 'FISH_BIN', paths: ['/usr/bin/fish', '/opt/homebrew/bin/fish'] },
    ...{ packages: ['fish', 'fish-common', 'libpcre2-32-0', 'libtinfo6'], inPackages: 'usr/bin/fish' },
    tryOut: tryOut('--no-config', '-c', 'true'),
  });

/** Where the script lies that bash needs for completions as distributions have them. */
export const findBashCompletion = (): Promise<Binary> =>
  findBinary({
    ...{ name: 'bash-completion', setting: 'BASH_COMPLETION', packages: ['bash-completion'] },
    ...{
      paths: ['/usr/share/bash-completion/bash_completion'],
      inPackages: 'usr/share/bash-completion/bash_completion',
    },
    tryOut: async ({ path }) => {
      await run('bash', ['--norc', '-c', 'source "$1"', 'bash', path]);
    },
  });

/** What a package has besides the program, such as the functions of a shell; undefined for one of the machine. */
export const unpackedRoot = ({ path }: Binary): string | undefined => /^(.*\/root)\//.exec(path)?.[1];

export interface Session {
  readonly command: string;
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  /** Each is sent once the one before was answered by `mark`. */
  readonly lines: readonly string[];
  readonly mark: string;
}

/** An interactive shell on a terminal of its own, as `script` of util-linux makes one. Gives what stood on it. */
export async function onTerminal({ command, env, cwd, lines, mark }: Session): Promise<string> {
  const child = spawn('script', ['-qec', command, '/dev/null'], {
    ...{ cwd, env: { PATH: process.env['PATH'], TERM: 'dumb', HOME: cwd, ...env } },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let text = '';
  let sent = 0;
  child.stdout.on('data', (chunk: Buffer) => {
    text += chunk.toString();
    // The mark itself is never typed, so what is echoed has none.
    if (text.split(mark).length - 1 <= sent) return;
    const line = lines[sent];
    sent += 1;
    child.stdin.write(line ?? 'exit\r');
  });
  await once(child, 'close');
  return text;
}
