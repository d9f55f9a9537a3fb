import { describe, expect, it } from '@jest/globals';
import { anIssuer, ManualTime, someFacts } from '@revocast/testing';
import { besideLocal, LocalOverrides } from './local-overrides.js';
import { OVERRIDE_NOTICE_MS } from './mode-override.js';
import { epochSeconds } from './units.js';
import { decide, type Hit, type Mode, type RevocationSource } from './verdict.js';

const HOUR_MS = 3_600_000;
const ISSUER = anIssuer();
const TOKEN = someFacts();

function aNode(mode: Mode = 'strict') {
  const time = new ManualTime();
  const overrides = new LocalOverrides({ clock: time, mode, issuers: [ISSUER] });
  const seconds = (ms: number) => (time.wall() + ms) / 1000;
  const kill = (change: object = {}) => ({
    ...{ issuer: ISSUER.issuer, scope: 'subject', sub: 'alice', until: 'lifted', endsAt: seconds(HOUR_MS) },
    ...change,
  });
  const see = (document: object) => overrides.take({ kind: 'document', document: { version: 1, ...document } });
  const lose = () => overrides.take({ kind: 'absent' });
  const breakIt = () => overrides.take({ kind: 'unreadable', because: 'broken' });
  const override = (value: Mode, ms = HOUR_MS) => ({ mode: { value, until: seconds(ms) } });
  return { time, overrides, kill, see, lose, breakIt, override, seconds };
}

describe('a local revocation', () => {
  it.each([
    ['token', { jti: 'jti-1' }],
    ['token', { signingInputHash: '47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU' }],
    ['session', { sid: 'sid-1' }],
    ['subject', { sub: 'alice' }],
    ['client', { clientId: 'app-1' }],
    ['grant', { sub: 'alice', clientId: 'app-1' }],
    ['device', { deviceId: 'phone-1' }],
    ['issuer', {}],
    ['key', { kid: 'kid-1' }],
  ] as const)('of scope %s hits its token and no other, under an id of its own', (scope, key) => {
    const { overrides, see, kill } = aNode();
    see({ revocations: [kill({ sub: undefined, scope, ...key })] });
    const token = someFacts({ signingInputHash: () => '47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU' });
    const hit = expect.stringMatching(/^local:[0-9a-f]{32}$/);
    expect(overrides.find(token)).toEqual({ scope, revocationId: hit, byAuthTime: false });
    expect(overrides.find({ ...token, issuer: 'https://other.example' })).toBeUndefined();
    expect(overrides.status().entries).toBe(1);
  });

  it('has the same id on every node, and another one when it says something else', () => {
    const ids = [{}, { reason: 'lost' }, { until: undefined, at: 1_767_225_000 }].map((change) => {
      const { overrides, see, kill } = aNode();
      see({ revocations: [kill(change)] });
      return overrides.find(TOKEN)?.revocationId;
    });
    expect(ids[0]).toBe(ids[1]);
    expect(ids[2]).not.toBe(ids[0]);
  });

  it('with the time of an event cuts off what was issued in or before its second, and no later login', () => {
    const { overrides, see, kill, seconds } = aNode();
    see({ revocations: [kill({ until: undefined, at: seconds(-500) })] });
    const issued = (second: number) =>
      overrides.find({ ...TOKEN, cutoffTime: epochSeconds(Math.floor(seconds(-500)) + second) }) !== undefined;
    expect([issued(0), issued(1)]).toEqual([true, false]);
  });

  it('ends by itself, and when it is taken out of the file', () => {
    const { time, overrides, see, kill } = aNode();
    see({ revocations: [kill()] });
    time.stop(HOUR_MS - 1);
    expect(overrides.find(TOKEN)).toBeDefined();
    time.stop(1);
    expect([overrides.find(TOKEN), overrides.status().entries]).toEqual([undefined, 0]);
    see({ revocations: [kill()] });
    expect(overrides.find(TOKEN)).toBeDefined();
    see({ revocations: [] });
    expect(overrides.find(TOKEN)).toBeUndefined();
  });

  it('for one issuer of a pattern is read by the settings of the pattern', () => {
    const [family, issuer] = ['https://id.example/{tenant}', 'https://id.example/acme'];
    const { overrides, see, kill } = aNode();
    see({ revocations: [kill({ issuer })] });
    expect(overrides.status().ineffective).toEqual([0]);
    overrides.replaceIssuers([{ ...ISSUER, issuer: family }]);
    expect(overrides.status().ineffective).toEqual([]);
    expect(overrides.find({ ...TOKEN, issuer, family })).toBeDefined();
    expect(overrides.find({ ...TOKEN, issuer: 'https://id.example/other', family })).toBeUndefined();
  });

  it('that can hit nothing here is named by its place: an issuer with a slash too many, a claim that is not mapped', () => {
    const { overrides, see, kill } = aNode();
    see({ revocations: [kill(), kill({ issuer: `${ISSUER.issuer}/` })] });
    expect(overrides.status().ineffective).toEqual([1]);
    overrides.replaceIssuers([{ ...ISSUER, claims: {} }]);
    expect(overrides.status().ineffective).toEqual([0, 1]);
    overrides.replaceIssuers([ISSUER, anIssuer({ issuer: `${ISSUER.issuer}/` })]);
    expect(overrides.status().ineffective).toEqual([]);
  });

  it('with a cut-off in the future breaks the file, until its time has come', () => {
    const { time, overrides, see, kill, seconds } = aNode();
    const document = { revocations: [kill({ until: undefined, at: seconds(120_000), endsAt: seconds(HOUR_MS) })] };
    see({});
    see(document);
    see(document);
    expect(overrides.status().broken).toBe('revocations[0]: its time is in the future; use until: "lifted"');
    time.stop(61_000);
    see(document);
    expect([overrides.status().broken, overrides.find(TOKEN)]).toEqual([undefined, expect.anything()]);
  });
});

describe('a local file that changes', () => {
  it('and breaks keeps the last good one in force, all of it, and says so once it is seen twice', () => {
    const { overrides, see, kill, override } = aNode('bestEffort');
    see({ revocations: [kill()], ...override('strict') });
    const half = { revocations: [{ ...kill(), sub: undefined }, kill({ sub: 'bob' })], ...override('observe') };
    see(half);
    expect(overrides.status().broken).toBeUndefined();
    see(half);
    expect(overrides.status().broken).toContain('revocations[0]');
    expect(overrides.find(TOKEN)).toBeDefined();
    expect(overrides.find({ ...TOKEN, sub: 'bob' })).toBeUndefined();
    expect([overrides.mode(), overrides.saidMode]).toEqual(['strict', 'strict']);
  });

  it('is mended at once', () => {
    const { overrides, see, kill, breakIt } = aNode();
    see({ revocations: [kill()] });
    breakIt();
    breakIt();
    see({ revocations: [kill({ sub: 'bob' })] });
    expect(overrides.status()).toMatchObject({ broken: undefined, entries: 1 });
    expect(overrides.find(TOKEN)).toBeUndefined();
  });

  it('and is gone for one look only, as editors do, goes on; gone for two it has ended', () => {
    const { overrides, see, lose, kill, override } = aNode('bestEffort');
    const document = { version: 1, revocations: [kill()], ...override('strict') };
    const seeIt = () => overrides.take({ kind: 'document', document });
    seeIt();
    lose();
    expect(overrides.find(TOKEN)).toBeDefined();
    seeIt();
    lose();
    expect(overrides.find(TOKEN)).toBeDefined();
    lose();
    expect(overrides.find(TOKEN)).toBeUndefined();
    see({});
    expect(overrides.status()).toMatchObject({ entries: 0, broken: undefined, modeOverride: undefined });
  });

  it('and cannot be read keeps what was in force, however long', () => {
    const { overrides, see, kill, breakIt } = aNode();
    see({ revocations: [kill()] });
    for (let look = 0; look < 50; look++) breakIt();
    expect(overrides.status()).toMatchObject({ entries: 1, broken: 'broken', blind: false });
  });
});

describe('a local file at the start', () => {
  const current: RevocationSource = {
    find: () => undefined,
    freshness: () => ({ fresh: true, watermark: 1 as never, stalenessMs: 0 }),
  };

  it('that is broken makes every answer unknown, as on a node that was never current, until it is mended or gone', () => {
    const { overrides, breakIt, see, kill } = aNode();
    const source = besideLocal(current, overrides);
    const unknown = { kind: 'unknown', because: 'localFile', everCurrent: false };
    expect(decide(source, TOKEN, 1_000)).toEqual(unknown);
    breakIt();
    expect(overrides.status()).toMatchObject({ blind: true, broken: 'broken' });
    expect(decide(source, TOKEN, 1_000)).toEqual(unknown);
    see({ revocations: [kill({ sub: 'bob' })] });
    expect(decide(source, TOKEN, 1_000).kind).toBe('active');
    expect(decide(source, { ...TOKEN, sub: 'bob' }, 1_000).kind).toBe('revoked');
  });

  it('that does not exist is no file: nothing is overridden', () => {
    const { overrides, lose } = aNode();
    lose();
    expect(decide(besideLocal(current, overrides), TOKEN, 1_000).kind).toBe('active');
    expect(overrides.status()).toEqual({
      ...{ revision: 0, entries: 0, ineffective: [], modeOverride: undefined, broken: undefined, blind: false },
    });
  });

  it('does not send to the login whom a local revocation keeps out', () => {
    const { overrides, see, kill } = aNode();
    const byAuthTime: Hit = { scope: 'subject', revocationId: 'r1', byAuthTime: true };
    const source = besideLocal({ ...current, find: () => byAuthTime }, overrides);
    see({});
    expect(source.find(TOKEN)).toEqual(byAuthTime);
    see({ revocations: [kill()] });
    expect(source.find(TOKEN)).toMatchObject({ byAuthTime: false });
  });
});

describe('an override of the mode', () => {
  it('to a stricter one holds at once', () => {
    const { overrides, see, override } = aNode('observe');
    see({});
    see(override('strict'));
    expect([overrides.mode(), overrides.saidMode]).toEqual(['strict', 'strict']);
  });

  it('to a weaker one is said for ten seconds before it begins', () => {
    const { time, overrides, see, override } = aNode();
    see({});
    see(override('observe'));
    const until = expect.any(Number);
    expect([overrides.mode(), overrides.saidMode]).toEqual(['strict', 'observe']);
    expect(overrides.status().modeOverride).toEqual({ value: 'observe', until, inForce: false });
    time.stop(OVERRIDE_NOTICE_MS - 1);
    overrides.step();
    expect(overrides.mode()).toBe('strict');
    time.stop(1);
    overrides.step();
    expect(overrides.mode()).toBe('observe');
    expect(overrides.status().modeOverride).toMatchObject({ inForce: true });
  });

  it('to a weaker one begins at once where the process has said nothing yet', () => {
    const { overrides, see, override } = aNode();
    see(override('observe'));
    expect([overrides.mode(), overrides.saidMode]).toEqual(['observe', 'observe']);
  });

  it('that becomes weaker still is announced anew', () => {
    const { time, overrides, see, override } = aNode();
    see(override('bestEffort'));
    see(override('observe'));
    expect([overrides.mode(), overrides.saidMode]).toEqual(['bestEffort', 'observe']);
    time.stop(OVERRIDE_NOTICE_MS);
    overrides.step();
    expect(overrides.mode()).toBe('observe');
  });

  it('that is withdrawn before it began never begins', () => {
    const { time, overrides, see, override } = aNode();
    see({});
    see(override('observe'));
    see({});
    time.stop(2 * OVERRIDE_NOTICE_MS);
    overrides.step();
    expect([overrides.mode(), overrides.saidMode]).toEqual(['strict', 'strict']);
  });

  it('ends by the clock of the request, and is said until its owner has looked', () => {
    const { time, overrides, see, override } = aNode();
    see(override('observe'));
    time.stop(HOUR_MS);
    expect([overrides.mode(), overrides.saidMode]).toEqual(['strict', 'observe']);
    overrides.step();
    expect([overrides.mode(), overrides.saidMode]).toEqual(['strict', 'strict']);
  });

  it.each([
    ['observe', 'strict'],
    ['strict', 'observe'],
  ] as const)('to %s from %s: no stepped clock leaves the node open', (value, configured) => {
    const { time, overrides, override } = aNode(configured);
    const document = { version: 1, ...override(value) };
    const seeIt = () => overrides.take({ kind: 'document', document });
    seeIt();
    time.stepWall(value === 'strict' ? 2 * HOUR_MS : -2 * HOUR_MS);
    time.stop(value === 'strict' ? 1 : HOUR_MS);
    seeIt();
    overrides.step();
    expect(overrides.mode()).toBe('strict');
  });
});
