import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { completionScript } from '../../apps/cli/src/completion.js';
import { COMMANDS } from '../../apps/cli/src/run.js';
import { findBashCompletion, findFish, findZsh, onTerminal, unpackedRoot } from './shells.js';

const run = promisify(execFile);

/** What is typed before Tab, and the words that the shell then has. */
const CASES: readonly (readonly [string, readonly string[]])[] = [
  ['stat', ['status']],
  ['token ins', ['token', 'inspect']],
  ['kill --every', ['kill', '--everywhere']],
  ['token inspect --expl', ['token', 'inspect', '--explain']],
  ['list --state li', ['list', '--state', 'lifted']],
  ['list --state=li', ['list', '--state=lifted']],
  ['import --cut-off va', ['import', '--cut-off', 'value']],
  ['list --issuer https://id.example --curs', ['list', '--issuer', 'https://id.example', '--cursor']],
  ['list --url=https://id.example --curs', ['list', '--url=https://id.example', '--cursor']],
  ['import lines-of-', ['import', 'lines-of-a-file.ndjson']],
  ['kill --token-file lines-of-', ['kill', '--token-file', 'lines-of-a-file.ndjson']],
  ['kill --token-file=lines-of-', ['kill', '--token-file=lines-of-a-file.ndjson']],
  ['completion fi', ['completion', 'fish']],
];

/** Printed before each prompt, in two parts, so that the line that sets it has none. */
const MARK = 'what-next';
const TAB_AND_RETURN = '\t\r';

describe('Tab after revocast', () => {
  let dir: string;
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'revocast-shells-'));
    await writeFile(join(dir, 'lines-of-a-file.ndjson'), '');
    await mkdir(join(dir, 'functions'));
    await writeFile(join(dir, 'completion.bash'), completionScript('bash', COMMANDS));
    await writeFile(join(dir, 'functions/_revocast'), completionScript('zsh', COMMANDS));
    await writeFile(join(dir, 'revocast.fish'), completionScript('fish', COMMANDS));
  });
  afterAll(() => rm(dir, { recursive: true, force: true }));

  /** The words that `revocast` was called with, for each line. */
  const wordsOf = (text: string): readonly (readonly string[])[] =>
    [...text.matchAll(/got:((?:<[^>]*>)*)/g)].map(([, words = '']) =>
      [...words.matchAll(/<([^>]*)>/g)].map(([, word = '']) => word),
    );
  const typed = CASES.map(([line]) => `revocast ${line}${TAB_AND_RETURN}`);
  const due = CASES.map(([, words]) => words);
  const CALLED = `revocast() { printf 'g''ot:'; printf '<%s>' "$@"; printf '\\n'; }`;

  it.each([
    ['alone', async () => Promise.resolve('')],
    ['beside bash-completion', async () => `source '${(await findBashCompletion()).path}'`],
  ])(
    'completes in bash %s',
    async (_, before) => {
      const start = `${await before()}\nsource completion.bash\n${CALLED}\nPS1='wh''at-next '\nbind 'set enable-bracketed-paste off'\n`;
      await writeFile(join(dir, 'bashrc'), start.replace(`'wh''at-next '`, `'${MARK} '`));
      const text = await onTerminal({
        ...{ command: 'bash --noprofile --rcfile bashrc -i', env: {}, cwd: dir, lines: typed, mark: MARK },
      });
      expect(wordsOf(text)).toEqual(due);
    },
    60_000,
  );

  it('completes in zsh', async () => {
    const zsh = await findZsh();
    const root = unpackedRoot(zsh);
    const places =
      root === undefined
        ? ''
        : `module_path=(${root}/usr/lib/*/zsh/*(/))\nfpath=(${root}/usr/share/zsh/functions/**/*(/) ${root}/usr/share/zsh/functions)\n`;
    const start = `${places}fpath=($PWD/functions $fpath)\nautoload -Uz compinit && compinit -u -d $PWD/dump\n${CALLED}\nunsetopt zle_bracketed_paste prompt_cr prompt_sp 2>/dev/null\nunset zle_bracketed_paste\nPS1='${MARK} '\n`;
    await writeFile(join(dir, '.zshrc'), start);
    const text = await onTerminal({
      ...{ command: `'${zsh.path}' -d -i`, env: { ...zsh.env, ZDOTDIR: dir }, cwd: dir, lines: typed, mark: MARK },
    });
    expect(wordsOf(text)).toEqual(due);
  }, 60_000);

  it('completes in fish', async () => {
    const fish = await findFish();
    const root = unpackedRoot(fish);
    const places = root === undefined ? '' : `set fish_function_path '${root}/usr/share/fish/functions';`;
    const asked = CASES.map(([line]) => `echo asked; complete -C 'revocast ${line}';`);
    const script = `${places} source revocast.fish; ${asked.join(' ')}`;
    const env = { PATH: process.env['PATH'], HOME: dir, ...fish.env };
    const { stdout } = await run(fish.path, ['--no-config', '-c', script], { cwd: dir, env });
    const offered = stdout.split('asked\n').slice(1);
    const last = due.map((words) => words.at(-1));
    expect(
      offered.map((lines) =>
        lines
          .trimEnd()
          .split('\n')
          .map((line) => line.split('\t')[0]),
      ),
    ).toEqual(last.map((word) => [word]));
  }, 60_000);
});
