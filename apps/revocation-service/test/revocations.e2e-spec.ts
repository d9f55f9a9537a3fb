import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually, startTestNats, type TestNats } from '@revocast/testing';
import { Deployment, ISSUER, OTHER_ISSUER } from './support/settings.js';
import { type RunningService, startService } from './support/running-service.js';
import { TestNode } from './support/test-node.js';

const DAY = 86_400;
const nowSeconds = (): number => Math.floor(Date.now() / 1000);

describe('The API of the revocation service', () => {
  const deployment = new Deployment();
  let nats: TestNats;
  let running: RunningService;
  let node: TestNode;

  beforeAll(async () => {
    nats = await startTestNats();
    running = await startService(await deployment.environment(nats.url));
    await running.ready();
    node = await TestNode.start(deployment, nats.url, 'node-1');
    await running.hears('node-1');
  }, 60_000);

  afterAll(async () => {
    await node.vanish();
    await running.close();
    await nats.dispose();
  });

  const verdictOf = async (token: string): Promise<string> => {
    const answer = await node.gate.check(token);
    return answer.outcome === 'pass' ? answer.verdict.kind : answer.code;
  };

  describe('a revocation', () => {
    it('is answered with its proof: every node enforces it, and refuses from then on', async () => {
      const token = await deployment.token({ device_id: 'phone-1' });
      expect(await verdictOf(token)).toBe('active');
      const { status, body, headers } = await running.api.revoke({
        issuer: ISSUER,
        scope: 'device',
        deviceId: 'phone-1',
      });
      expect(status).toBe(201);
      expect(body).toMatchObject({
        issuer: ISSUER,
        scope: 'device',
        deviceId: 'phone-1',
        effect: 'issuedBefore',
        state: 'published',
        propagation: { state: 'enforced', nodes: 1, applied: 1, silent: [], notCounted: [] },
      });
      expect(headers.get('location')).toBe(`/v1/revocations/${body.id}`);
      expect(await verdictOf(token)).toBe('ERR_TOKEN_REVOKED');
    });

    it('D1: hits tokens of the very second of the event, and says so by its cut-off', async () => {
      const at = nowSeconds() - 10;
      const { body } = await running.api.revoke({ issuer: ISSUER, scope: 'subject', sub: 'same-second', at });
      expect(body.issuedBefore).toBe(at + 1);
      expect(await verdictOf(await deployment.token({ sub: 'same-second', iat: at }))).toBe('ERR_TOKEN_REVOKED');
      expect(await verdictOf(await deployment.token({ sub: 'same-second', iat: at + 1 }))).toBe('active');
    });

    it('D4: lets the user in again with a new login, at once', async () => {
      const sub = 'logs-in-again';
      const old = await deployment.token({ sub, iat: nowSeconds() - 5 });
      const { body } = await running.api.revoke({ issuer: ISSUER, scope: 'subject', sub });
      expect(await verdictOf(old)).toBe('ERR_TOKEN_REVOKED');
      expect(await verdictOf(await deployment.token({ sub, iat: body.issuedBefore }))).toBe('active');
    });

    it('D10: of two cut-offs for one key the later one wins, in whatever order they come', async () => {
      const sub = 'two-cutoffs';
      const [early, late] = [nowSeconds() - 200, nowSeconds() - 100];
      await running.api.revoke({ issuer: ISSUER, scope: 'subject', sub, issuedBefore: late });
      const { body } = await running.api.revoke({ issuer: ISSUER, scope: 'subject', sub, issuedBefore: early });
      expect(body).toMatchObject({ issuedBefore: early, propagation: { state: 'enforced' } });
      expect(await verdictOf(await deployment.token({ sub, iat: late - 1 }))).toBe('ERR_TOKEN_REVOKED');
      expect(await verdictOf(await deployment.token({ sub, iat: late }))).toBe('active');
    });

    it('takes RFC 3339 and epoch seconds for the same cut-off', async () => {
      const seconds = nowSeconds() - 50;
      const command = { issuer: ISSUER, scope: 'client', clientId: 'app' };
      const text = new Date(seconds * 1000).toISOString();
      const answers = await Promise.all(
        [seconds, text].map((issuedBefore) => running.api.revoke({ ...command, issuedBefore })),
      );
      expect(answers.map(({ body }) => body.issuedBefore)).toEqual([seconds, seconds]);
    });

    it('names a raw token by its jti, and keeps it as long as the token lives', async () => {
      const token = await deployment.token({ jti: 'raw-1' });
      const { status, body, text } = await running.api.revoke({
        issuer: ISSUER,
        scope: 'token',
        token: `  ${token}\n`,
      });
      expect(status).toBe(201);
      expect(body).toMatchObject({ jti: 'raw-1', effect: 'always' });
      expect(text).not.toContain(token);
      expect(body.retainUntil - nowSeconds()).toBeLessThan(2 * 3600);
      expect(await verdictOf(token)).toBe('ERR_TOKEN_REVOKED');
    });

    it('names a raw token without jti by the hash of its signing input', async () => {
      const [token, other] = [await deployment.token({ cart: 'a' }), await deployment.token({ cart: 'b' })];
      const { body } = await running.api.revoke({ issuer: ISSUER, scope: 'token', token });
      expect(body.signingInputHash).toMatch(/^[\w-]{43}$/);
      expect(await verdictOf(token)).toBe('ERR_TOKEN_REVOKED');
      expect(await verdictOf(other)).toBe('active');
    });

    it('of a token that has expired has no effect, is not published, and is on record', async () => {
      const token = await deployment.token({ jti: 'expired-1', iat: nowSeconds() - DAY });
      const { status, body } = await running.api.revoke({ issuer: ISSUER, scope: 'token', token });
      expect(status).toBe(201);
      expect(body).toMatchObject({ effect: 'none', state: 'noEffect', sequence: null, propagation: null });
      expect((await running.api.get(`/v1/revocations/${body.id}`)).body).toMatchObject({ effect: 'none' });
    });

    it('D2: with a cut-off so old that no token it hits can live has no effect', async () => {
      const issuedBefore = nowSeconds() - 10 * DAY;
      const { body } = await running.api.revoke({ issuer: ISSUER, scope: 'subject', sub: 'long-ago', issuedBefore });
      expect(body).toMatchObject({ effect: 'none', issuedBefore });
    });

    it('never shortens its life by an expiry that nobody verified', async () => {
      const jti = 'unverified-expiry';
      const { body } = await running.api.revoke({ issuer: ISSUER, scope: 'token', jti, expiresAt: nowSeconds() - 60 });
      expect(body).toMatchObject({ effect: 'always', state: 'published' });
      expect(body.retainUntil).toBeGreaterThan(nowSeconds() + DAY - 5);
    });

    it('says that refreshed tokens are hit where the cut-off is compared with auth_time, and that they are not elsewhere', async () => {
      const command = { scope: 'subject', sub: 'refreshes' };
      const [iat, authTime] = await Promise.all(
        [ISSUER, OTHER_ISSUER].map((issuer) => running.api.revoke({ issuer, ...command })),
      );
      expect(iat?.body.refreshTokens).toMatchObject({ covered: false, note: expect.stringContaining('NOT covered') });
      expect(authTime?.body.refreshTokens).toMatchObject({ covered: true });
    });

    it('warns when no token that nodes saw carries the claim', async () => {
      await verdictOf(await deployment.token({ sub: 'without-device' }));
      const { body } = await running.api.revoke({ issuer: OTHER_ISSUER, scope: 'client', clientId: 'nobody' });
      expect(body.coverage).toMatchObject({ claims: [expect.stringContaining('client_id')], required: false });
    });

    it('is answered at once with respond-async, and says which preference was applied', async () => {
      const command = { issuer: ISSUER, scope: 'session', sid: 'async' };
      const { status, headers } = await running.api.revoke(command, { prefer: 'respond-async' });
      expect([status, headers.get('preference-applied')]).toEqual([201, 'respond-async']);
      const waited = await running.api.revoke(command, { prefer: 'wait=5' });
      expect(waited.headers.get('preference-applied')).toBe('wait=5');
      expect(waited.body.propagation.state).toBe('enforced');
    });
  });

  describe('a suspension', () => {
    it('hits every token until it is lifted, and the lift restores exactly what was', async () => {
      const sub = 'suspended';
      const future = await deployment.token({ sub, iat: nowSeconds() + 30 });
      const { body } = await running.api.revoke({ issuer: ISSUER, scope: 'subject', sub, until: 'lifted' });
      expect(body).toMatchObject({ effect: 'suspended', until: 'lifted', retainUntil: 'lifted' });
      expect(body).not.toHaveProperty('alongside');
      expect(await verdictOf(future)).toBe('ERR_TOKEN_REVOKED');
      const lifted = await running.api.post(`/v1/revocations/${body.id}/lift`, { reason: 'found innocent' });
      expect(lifted.status).toBe(200);
      expect(lifted.body).toMatchObject({
        state: 'lifted',
        lift: { reason: 'found innocent', propagation: { state: 'enforced' } },
        left: [],
      });
      expect(await verdictOf(future)).toBe('active');
    });

    it('with a time deactivates: lifting the suspension revives no old token', async () => {
      const sub = 'deactivated';
      const old = await deployment.token({ sub, iat: nowSeconds() - 5 });
      const { body } = await running.api.revoke({
        issuer: ISSUER,
        scope: 'subject',
        sub,
        until: 'lifted',
        at: nowSeconds(),
      });
      expect(body.alongside).toHaveLength(1);
      const lifted = await running.api.post(`/v1/revocations/${body.id}/lift`, {});
      expect(lifted.body.left).toMatchObject([{ id: body.alongside[0], effect: 'issuedBefore' }]);
      expect(await verdictOf(old)).toBe('ERR_TOKEN_REVOKED');
      expect(await verdictOf(await deployment.token({ sub, iat: nowSeconds() + 2 }))).toBe('active');
    });
  });

  describe('a lift', () => {
    it('given twice, by either name, gives the same answer', async () => {
      const { body } = await running.api.revoke({ issuer: ISSUER, scope: 'session', sid: 'lifted-twice' });
      const first = await running.api.post(`/v1/revocations/${body.id}/lift`, undefined);
      const second = await running.api.call('DELETE', `/v1/revocations/${body.id}`, {});
      expect([first.status, second.status]).toEqual([200, 200]);
      expect(second.body.lift).toMatchObject({
        acceptedAt: first.body.lift.acceptedAt,
        sequence: first.body.lift.sequence,
      });
    });

    it('of an unknown revocation is 404', async () => {
      const { status, body } = await running.api.post('/v1/revocations/unknown/lift', {});
      expect([status, body.code]).toEqual([404, 'ERR_REVOCATION_NOT_FOUND']);
    });

    it('D11: of the one that superseded others brings exactly those back', async () => {
      const sub = 'superseded';
      const base = nowSeconds() - 1000;
      for (let index = 0; index < 16; index++) {
        await running.api.revoke({ issuer: ISSUER, scope: 'subject', sub, issuedBefore: base + index });
      }
      const { body } = await running.api.revoke({ issuer: ISSUER, scope: 'subject', sub, issuedBefore: base + 100 });
      expect(body.supersedes).toHaveLength(16);
      const token = await deployment.token({ sub, iat: base + 50 });
      const oldToken = await deployment.token({ sub, iat: base + 10 });
      expect(await verdictOf(token)).toBe('ERR_TOKEN_REVOKED');
      const lifted = await running.api.post(`/v1/revocations/${body.id}/lift`, {});
      expect(lifted.body.left).toHaveLength(16);
      expect([await verdictOf(token), await verdictOf(oldToken)]).toEqual(['active', 'ERR_TOKEN_REVOKED']);
    });
  });

  describe('a repeated command', () => {
    const command = { issuer: ISSUER, scope: 'device', deviceId: 'repeated' };

    it('with its Idempotency-Key gives the first answer, whatever the order of its members', async () => {
      const first = await running.api.revoke(command, { 'idempotency-key': 'key-1' });
      const { deviceId, scope, issuer } = command;
      const second = await running.api.revoke({ deviceId, scope, issuer }, { 'idempotency-key': 'key-1' });
      expect([first.status, second.status]).toEqual([201, 201]);
      expect(second.body).toMatchObject({
        id: first.body.id,
        acceptedAt: first.body.acceptedAt,
        sequence: first.body.sequence,
      });
      expect(second.headers.get('idempotent-replayed')).toBe('true');
    });

    it('with the key of another command is refused', async () => {
      await running.api.revoke(command, { 'idempotency-key': 'key-2' });
      const { status, body } = await running.api.revoke(
        { ...command, reason: 'other' },
        { 'idempotency-key': 'key-2' },
      );
      expect([status, body.code]).toEqual([422, 'ERR_IDEMPOTENCY_MISMATCH']);
    });

    it('while the first one is under way is 409, and nothing is done twice', async () => {
      const answers = await Promise.all(
        [1, 2, 3].map(() => running.api.revoke(command, { 'idempotency-key': 'key-3' })),
      );
      const statuses = answers.map(({ status }) => status);
      expect(statuses).toContain(201);
      expect(statuses.every((status) => status === 201 || status === 409)).toBe(true);
      const ids = answers.flatMap(({ status, body }) => (status === 201 ? [body.id] : []));
      expect(new Set(ids).size).toBe(1);
    });

    it('with a key that is no key is refused', async () => {
      const { status, body } = await running.api.revoke(command, { 'idempotency-key': 'two words' });
      expect([status, body.code]).toEqual([400, 'ERR_REVOCATION_INVALID']);
    });
  });

  describe('the list', () => {
    it('gives the newest first, page by page, none twice and none left out', async () => {
      const ids: string[] = [];
      for (let index = 0; index < 7; index++) {
        const { body } = await running.api.revoke({
          issuer: ISSUER,
          scope: 'grant',
          sub: 'lists',
          clientId: `app-${index}`,
        });
        ids.unshift(body.id);
      }
      const seen: string[] = [];
      let cursor = '';
      do {
        const { body } = await running.api.get(`/v1/revocations?sub=lists&scope=grant&limit=3${cursor}`);
        seen.push(...body.items.map(({ id }) => id));
        cursor = body.next === null ? '' : `&cursor=${body.next}`;
      } while (cursor !== '');
      expect(seen).toEqual(ids);
    });

    it('finds by exact key fields, also where they hold what a database might stumble over', async () => {
      const sub = "Robert'); DROP TABLE revocations;-- \u0000 é";
      const { body } = await running.api.revoke({ issuer: ISSUER, scope: 'subject', sub });
      const found = await running.api.get(`/v1/revocations?sub=${encodeURIComponent(sub)}`);
      expect(found.body.items).toMatchObject([{ id: body.id, sub }]);
      expect((await running.api.get(`/v1/revocations?sub=${encodeURIComponent(sub.slice(0, 30))}`)).body.items).toEqual(
        [],
      );
    });

    it('filters by state', async () => {
      const { body } = await running.api.revoke({ issuer: ISSUER, scope: 'client', clientId: 'states' });
      const path = '/v1/revocations?clientId=states&scope=client&state=';
      const ids = async (state: string): Promise<string[]> =>
        (await running.api.get(path + state)).body.items.map(({ id }) => id);
      expect([await ids('published'), await ids('lifted')]).toEqual([[body.id], []]);
      await running.api.post(`/v1/revocations/${body.id}/lift`, {});
      expect([await ids('published'), await ids('lifted'), await ids('noEffect')]).toEqual([[], [body.id], []]);
    });

    it('refuses what it does not know', async () => {
      const { status, body } = await running.api.get('/v1/revocations?limit=0&color=red&cursor=%25');
      expect([status, body.code]).toEqual([400, 'ERR_REVOCATION_INVALID']);
      expect(body.errors.map(({ pointer }) => pointer).sort()).toEqual(['/color', '/cursor', '/limit']);
    });
  });

  describe('a condition', () => {
    const all = { issuer: OTHER_ISSUER, scope: 'issuer' } as const;
    const tokenOf = (claims: object): Promise<string> =>
      deployment.token({ iss: OTHER_ISSUER, auth_time: nowSeconds() - 10, ...claims });
    const isHit = async (token: string): Promise<boolean> => (await verdictOf(token)) === 'ERR_TOKEN_REVOKED';

    it('lets off the clients that it names, and nobody without a client', async () => {
      const tokens = await Promise.all([{ client_id: 'batch' }, { client_id: 'app' }, {}].map(tokenOf));
      const command = { ...all, exceptClients: ['batch'] };
      const preview = await running.api.post('/v1/revocations/preview', command);
      expect(preview.body.warnings.map(({ code }) => code)).toEqual(['allUsers', 'excepted']);
      const { status, body } = await running.api.revoke(command);
      expect(status).toBe(201);
      expect(body).toMatchObject({ condition: { exceptClients: ['batch'] }, propagation: { state: 'enforced' } });
      expect(await Promise.all(tokens.map(isHit))).toEqual([false, true, true]);
      expect((await running.api.get('/v1/revocations?scope=issuer')).body.items[0]?.condition).toEqual(body.condition);
      await running.api.post(`/v1/revocations/${body.id}/lift`, {});
      expect(await Promise.all(tokens.map(isHit))).toEqual([false, false, false]);
    });

    it('in waves is enforced at their end, and not called so before', async () => {
      const subs = Array.from({ length: 40 }, (_, at) => `wave-${at}`);
      const tokens = await Promise.all(subs.map((sub) => tokenOf({ sub, client_id: 'waves' })));
      const command = { issuer: OTHER_ISSUER, scope: 'client', clientId: 'waves', spread: '3s' };
      const { body } = await running.api.revoke(command);
      expect(await Promise.all(tokens.map(isHit))).toContain(false);
      expect(body.propagation).toMatchObject({ state: 'propagating', applied: 1 });
      expect(Date.parse(body.condition.spread.until)).toBeGreaterThan(Date.now());
      const ended = await eventually(
        async () => {
          const { body: now } = await running.api.get(`/v1/revocations/${body.id}`);
          expect(now.propagation.state).toBe('enforced');
          return now;
        },
        { withinMs: 15_000 },
      );
      expect(Date.parse(ended.conditionEndedAt)).toBeGreaterThanOrEqual(Date.parse(body.condition.spread.until));
      expect(await Promise.all(tokens.map(isHit))).not.toContain(false);
    });

    it('is refused while a node would heed none, unless it may refuse more', async () => {
      node.isOlder = true;
      const command = { issuer: OTHER_ISSUER, scope: 'client', clientId: 'unheeded', spread: '1h' };
      const refused = await eventually(
        async () => {
          const { body } = await running.api.post('/v1/revocations/preview', command);
          expect(body.warnings.map(({ code }) => code)).toContain('unheeded');
          return running.api.revoke(command);
        },
        { withinMs: 5_000 },
      );
      expect([refused.status, refused.body.code]).toEqual([409, 'ERR_CONDITION_UNHEEDED']);
      expect(refused.text).toContain('payments/node-1');
      expect((await running.api.revoke({ ...command, olderNodes: 'refuseMore' })).status).toBe(201);
      node.isOlder = false;
    });
  });

  it('a preview says what would be hit, and publishes nothing', async () => {
    const before = (await running.api.get('/v1/nodes')).body.head;
    const command = { issuer: ISSUER, scope: 'subject', sub: 'previewed', until: 'lifted', at: nowSeconds() };
    const { status, body } = await running.api.post('/v1/revocations/preview', command);
    expect(status).toBe(200);
    expect(body).toMatchObject({
      scope: 'subject',
      effect: 'suspended',
      retainUntil: 'lifted',
      alongside: [{ effect: 'issuedBefore' }],
      coverage: { claims: ['sub'] },
      nodes: [{ service: 'payments', node: 'node-1' }],
    });
    expect((await running.api.get('/v1/nodes')).body.head).toBe(before);
    expect((await running.api.get('/v1/revocations?sub=previewed')).body.items).toEqual([]);
  });
});
