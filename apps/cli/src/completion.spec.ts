import { execFileSync } from 'node:child_process';
import { describe, expect, it } from '@jest/globals';
import { COMMANDS } from './run.js';
import { completionScript } from './completion.js';

/** What bash itself offers after these words: its function is called as bash does on Tab. */
function offered(...words: readonly string[]): readonly string[] {
  const list = ['revocast', ...words].map((word) => `'${word}'`).join(' ');
  const script = `${completionScript('bash', COMMANDS)}\nCOMP_WORDS=(${list}); COMP_CWORD=${words.length}; _revocast; printf '%s\\n' "\${COMPREPLY[@]}"`;
  const text = execFileSync('bash', ['--norc', '-uc', script], { encoding: 'utf8' });
  return text.split('\n').filter((line) => line !== '');
}

describe('completion', () => {
  it('offers every command, and what begins as typed', () => {
    expect(offered('')).toEqual([...new Set([...COMMANDS.keys()].map((name) => name.split(' ')[0]))]);
    expect(offered('k')).toEqual(['kill', 'keygen']);
    expect(offered('token', '')).toEqual(['inspect']);
  });

  it('offers exactly the options that the command takes', () => {
    for (const [name, { options }] of COMMANDS) {
      const due = [...Object.keys(options), 'url', 'json', 'help'].map((option) => `--${option}`);
      expect(offered(...name.split(' '), '--')).toEqual(due);
    }
  });

  it('offers the values of an option, files after another one, and words where there are some', () => {
    expect(offered('list', '--state', 'l')).toEqual(['lifted']);
    expect(offered('kill', '--sub', '')).toEqual([]);
    expect(offered('import', '')).toEqual([]);
    expect(offered('completion', '--url', '')).toEqual([]);
    expect(offered('completion', '')).toEqual(['bash', 'zsh', 'fish']);
    expect(offered('frobnicate', '')).toEqual([]);
  });

  it.each(['zsh', 'fish'] as const)('names every command and option for %s', (shell) => {
    const script = completionScript(shell, COMMANDS);
    for (const [name, { options }] of COMMANDS) {
      for (const word of [...name.split(' '), ...Object.keys(options)]) expect(script).toContain(word);
    }
  });
});
