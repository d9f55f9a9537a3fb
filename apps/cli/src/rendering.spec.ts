import { describe, expect, it } from '@jest/globals';
import { isEnforced, proofText } from './proof.js';
import { listText, nodesText, showText, statusText } from './read-commands.js';
import { plain } from './text.js';
import { eventText } from './watch.js';

const node = { service: 'orders', node: 'a', instance: '1' };
const propagation = {
  ...{ state: 'enforced', nodes: 3, applied: 3, slowestMs: 4 },
  ...{ appliedNodes: [], silent: [], lagging: [], notCounted: [], services: [] },
};

describe('the proof as text', () => {
  it('counts the nodes', () => {
    expect(proofText(propagation)).toBe('enforced on 3 of 3\n');
  });

  it('names who is missing, and until when', () => {
    const missing = { ...propagation, state: 'propagating', applied: 1, lagging: [node] };
    const silent = [{ ...node, node: 'b', openUntil: '2026-01-01T00:00:00Z' }];
    const services = [{ service: 'payments', missing: 2 }];
    const text = proofText({ ...missing, silent, services, enforcedBy: '2026-01-02T00:00:00Z' });
    expect(text).toMatch(/^applied on 1 of 3, not enforced yet\n/);
    expect(text).toContain('missing: orders/a');
    expect(text).toContain('missing: orders/b, silent, may accept until 2026-01-01T00:00:00Z');
    expect(text).toContain('missing: 2 of the nodes expected of payments');
    expect(text).toContain('by 2026-01-02T00:00:00Z');
  });

  it('says that a silent node closed by itself, and never that it is missing', () => {
    const text = proofText({ ...propagation, applied: 2, silent: [node] });
    expect(text).toBe('enforced on 2 of 3; orders/a silent, and closed since the staleness bound\n');
  });

  it.each([
    ['enforced', true],
    ['enforcedExcept', false],
    ['propagating', false],
    ['noNodes', false],
    [undefined, false],
  ])('takes %s for enforced: %s', (state, expected) => {
    expect(isEnforced({ state: 'published', propagation: { ...propagation, state } })).toBe(expected);
  });

  it('takes what can hit nothing for enforced, and what is not published not', () => {
    expect(isEnforced({ state: 'noEffect', propagation: null })).toBe(true);
    expect(isEnforced({ state: 'accepted', propagation: null })).toBe(false);
    expect(proofText(null)).toBe('not published yet\n');
  });
});

describe('answers as text', () => {
  it('shows control characters as what they are', () => {
    expect(plain('\u001b[2Ja\n\u202eb\u009b')).toBe('\\u001b[2Ja\\u000a\\u202eb\\u009b');
  });

  const one = { id: 'r1', state: 'published', scope: 'subject', sub: 'al\u001bice', acceptedAt: 'T', propagation };

  it.each([
    [{ refused: 0, last: null, atLeast: false, notCounting: [] }, /refused +0 times since\n/],
    [
      { refused: 17, last: { service: 'payments', at: 'T' }, atLeast: false, notCounting: [] },
      /refused +17 times since, last from service payments at T\n/,
    ],
    [
      { refused: 1, last: { service: 'pay\u001b', at: 'T' }, atLeast: true, notCounting: ['orders'] },
      /refused +at least 1 time since, last from service pay\\u001b at T; not counted by orders\n/,
    ],
  ])('shows what a revocation has refused since', (refusals, expected) => {
    expect(showText({ ...one, refusals })).toMatch(expected);
    expect(showText(one)).not.toContain('refused');
  });

  it('shows a list, and how to go on', () => {
    const text = listText({ items: [one], next: 'c1' });
    expect(text).toMatch(
      /^ID +STATE[^]*r1 +published +subject +sub=al\\u001bice +T +3\/3 +enforced\nmore: --cursor c1\n$/,
    );
    expect(listText({ items: [], next: null })).toBe('no revocation\n');
  });

  it('shows one, with the time of each node and its lift', () => {
    const appliedNodes = [{ ...node, appliedAt: 'T1', afterMs: 7 }];
    const lift = { acceptedAt: 'T2', propagation };
    const text = showText({ ...one, issuedBefore: 0, propagation: { ...propagation, appliedNodes }, lift });
    expect(text).toContain('issuedBefore  1970-01-01T00:00:00Z');
    expect(text).toMatch(/orders +a +T1 +7\n/);
    expect(text).toContain('lifted at T2: enforced on 3 of 3');
  });

  it('shows nodes, health and events, whatever members are missing', () => {
    expect(nodesText({ nodes: [{ ...node, state: 'live', lag: 0 }] })).toMatch(/orders +a +live +- +- +0 +- +-\n/);
    expect(nodesText({})).toBe('no node was heard\n');
    const reasons = [{ code: 'noEpoch', detail: 'none' }];
    expect(statusText({ status: 'notReady', reasons })).toBe('status  notReady\n  reason: noEpoch: none\n');
    expect(eventText({ event: 'lift', data: { id: 'r1', scope: 'token' } })).toBe('lift id=r1 scope=token\n');
    expect(eventText({ event: 'constructor', data: {} })).toBe('constructor \n');
  });
});
