import { describe, expect, it } from '@jest/globals';
import { readArguments } from './arguments.js';
import { isWide, KILL_OPTIONS, killCommand } from './kill-command.js';

const command = (...argv: string[]) => killCommand(readArguments(argv, KILL_OPTIONS), 'a.b.c');

describe('a kill on the command line', () => {
  it.each([
    [['--sub', 'a'], { scope: 'subject', sub: 'a' }],
    [['--sub', 'a', '--client', 'b'], { scope: 'grant', sub: 'a', clientId: 'b' }],
    [['--client', 'b', '--sub', 'a'], { scope: 'grant', sub: 'a', clientId: 'b' }],
    [['--device=--odd'], { scope: 'device', deviceId: '--odd' }],
    [['--session', 's'], { scope: 'session', sid: 's' }],
    [['--jti', 'j'], { scope: 'token', jti: 'j' }],
    [['--token-file', '-'], { scope: 'token', token: 'a.b.c' }],
    [['--client', 'b'], { scope: 'client', clientId: 'b' }],
    [['--kid', 'k'], { scope: 'key', kid: 'k' }],
    [['--thumbprint', 't'], { scope: 'key', thumbprint: 't' }],
    [['--scope', 'issuer'], { scope: 'issuer' }],
    [['--scope', 'subject', '--sub', 'a', '--until-lifted'], { scope: 'subject', sub: 'a', until: 'lifted' }],
    [
      ['--scope', 'issuer', '--except-client', 'b', '--except-client=--c'],
      { scope: 'issuer', exceptClients: ['b', '--c'] },
    ],
    [['--client', 'b', '--spread', '10m'], { scope: 'client', clientId: 'b', spread: '10m' }],
    [['--kid', 'k', '--spread', '1h', '--older-nodes-refuse-more'], { spread: '1h', olderNodes: 'refuseMore' }],
    [['--sub', 'a', '--issued-before', '2026-01-01T00:00:00Z'], { issuedBefore: '2026-01-01T00:00:00Z' }],
  ])('makes %j into its request', (argv, expected) => {
    const made = command('--issuer', 'i', '--reason', 'why', ...argv);
    expect(made).toMatchObject({ issuer: 'i', reason: 'why', ...expected });
  });

  it.each([
    [['--sub', 'a']],
    [['--issuer', 'i']],
    [['--issuer', 'i', '--scope', 'subject']],
    [['--issuer', 'i', '--sub', 'a', '--device', 'd']],
    [['--issuer', 'i', '--scope', 'issuer', '--sub', 'a']],
    [['--issuer', 'i', '--sub', 'a', '--sub', 'b']],
    [['--issuer', 'i', '--sub', '--yes']],
    [['--issuer', 'i', '--sub=']],
    [['--issuer', 'i', '--scope', 'issuer', '--except-client']],
    [['--issuer', 'i', '--scope', 'issuer', '--spread', '1m', '--spread', '2m']],
    [['--issuer', 'i', '--sub']],
    [['--issuer', 'i', '--sub', 'a', '--yes=no']],
    [['--issuer', 'i', '--sub', 'a', 'stray']],
    [['--issuer', 'i', '--sub', 'a', '--constructor', 'x']],
  ])('refuses %j', (argv) => {
    expect(() => command(...argv)).toThrow(expect.objectContaining({ exit: 2 }));
  });

  it('asks before what hits many people, and not before one person', () => {
    const scopes = ['token', 'session', 'subject', 'grant', 'device', 'client', 'key', 'issuer'];
    const wide = scopes.filter((scope) => isWide({ issuer: 'i', scope }));
    expect(wide).toEqual(['client', 'key', 'issuer']);
  });

  it('repeats no value of an argument, which may be a pasted token', () => {
    for (const argv of [['secret-value'], ['--secret-Value9'], ['--api-key=secret-value'], ['--yes=secret-value']]) {
      let message = '';
      try {
        command('--issuer', 'i', '--sub', 'a', ...argv);
      } catch (error) {
        message = (error as Error).message;
      }
      expect(message).not.toBe('');
      expect(message.toLowerCase()).not.toContain('secret');
    }
  });
});
