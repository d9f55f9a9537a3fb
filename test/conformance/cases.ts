import { expect } from '@jest/globals';
import { SCOPES, type Mode, type Scope } from '@revocast/core';
import { eventually } from '@revocast/testing';
import { ask, openSocket, openStream, type Opened } from './http.js';
import { ROUTE_BOUND_MS, World, type Adapter, type HttpAnswer, type Routes, type Running } from './world.js';

/** One adapter in one world, while a case runs. */
interface Scene {
  readonly world: World;
  readonly running: Running;
}

export interface Case {
  readonly title: string;
  /** Default `strict`. */
  readonly mode?: Mode;
  /** False: the log is not there yet. */
  readonly hasLog?: boolean;
  /** A route that not every adapter has. */
  readonly needs?: keyof Routes;
  readonly run: (scene: Scene) => Promise<void>;
}

/** Plays a case against an adapter; rejects when the adapter does not conform. */
export async function play({ mode = 'strict', hasLog = true, run }: Case, adapter: Adapter): Promise<void> {
  const world = new World();
  if (hasLog) world.openLog();
  const running = await adapter.start(world.options(mode));
  try {
    if (hasLog) await world.time.until(() => running.node.status().state === 'current');
    await run({ world, running });
  } finally {
    await running.close();
  }
}

export const bearer = (token: string): readonly string[] => ['Authorization', `Bearer ${token}`];

const get = ({ running: { port, routes } }: Scene, headers: readonly string[], route: keyof Routes = 'me') =>
  ask({ port, path: routes[route] ?? '', headers });

function expectPassed({ running }: Scene, answer: HttpAnswer, verdict = 'active', sub = 'alice'): void {
  expect(answer.status).toBe(200);
  const seen = running.seen?.(answer) ?? (JSON.parse(answer.body) as unknown);
  expect(seen).toMatchObject({ sub, verdict });
}

interface Refused {
  readonly status: 400 | 401 | 503;
  readonly code: string;
  /** The whole `WWW-Authenticate`; undefined = there must be none. */
  readonly challenge: string | undefined;
}

const TITLES = { 400: 'Bad Request', 401: 'Unauthorized', 503: 'Service Unavailable' } as const;

/** Everything that a client can see of a refusal, and nothing else: not which revocation hit. */
function expectRefused(answer: HttpAnswer, { status, code, challenge }: Refused): void {
  expect(answer.status).toBe(status);
  expect(JSON.parse(answer.body)).toEqual({ type: 'about:blank', title: TITLES[status], status, code });
  expect(String(answer.headers['content-type'])).toMatch(/^application\/problem\+json(?:;|$)/);
  expect(answer.headers['cache-control']).toBe('no-store');
  expect(answer.headers['www-authenticate']).toBe(challenge);
  if (status === 503) expect(String(answer.headers['retry-after'])).toMatch(/^[1-5]$/);
  else expect(answer.headers['retry-after']).toBeUndefined();
}

const invalid = (description: string): string => `Bearer error="invalid_token", error_description="${description}"`;
const REVOKED: Refused = {
  status: 401,
  code: 'ERR_TOKEN_REVOKED',
  challenge: invalid('The access token is revoked'),
};
const MISSING: Refused = { status: 401, code: 'ERR_TOKEN_MISSING', challenge: 'Bearer' };
const UNKNOWN: Refused = { status: 503, code: 'ERR_REVOCATION_UNKNOWN', challenge: undefined };
const malformed = (description: string): Refused => ({
  status: 400,
  code: 'ERR_TOKEN_MALFORMED',
  challenge: `Bearer error="invalid_request", error_description="${description}"`,
});

const refusedBy = (scope: Scope): Case => ({
  title: `refuses what is revoked by ${scope}, and lets others in`,
  run: async (scene) => {
    const { world } = scene;
    const others = { sub: 'bob', jti: 'jti-2', sid: 'sid-2', client_id: 'app-2', device_id: 'phone-2' };
    await world.revoke(scope);
    expectRefused(await get(scene, bearer(world.token())), REVOKED);
    // Issuer and key hit everybody; the cut-off of the issuer does not hit what is issued after it.
    const other = await get(scene, bearer(world.token({ ...others, iat: Math.floor(world.time.wall() / 1000) })));
    if (scope === 'key') expectRefused(other, REVOKED);
    else expectPassed(scene, other, 'active', 'bob');
  },
});

const badToken = (title: string, token: (world: World) => string, code: string, description: string): Case => ({
  title: `refuses ${title} in every mode`,
  mode: 'observe',
  run: async (scene) => {
    const answer = await get(scene, bearer(token(scene.world)));
    expectRefused(answer, { status: 401, code, challenge: invalid(description) });
  },
});

const NOT_VALID = 'The access token is not valid';

const TOKENS: readonly Case[] = [
  {
    title: 'lets an active token in and says whose it is',
    run: async (scene) => {
      expectPassed(scene, await get(scene, bearer(scene.world.token())));
      expectPassed(scene, await get(scene, bearer(scene.world.token({ sub: 'bob' }))), 'active', 'bob');
    },
  },
  {
    title: 'reads the scheme without regard to case',
    run: async (scene) => {
      expectPassed(scene, await get(scene, ['authorization', `bEARER ${scene.world.token()}`]));
    },
  },
  badToken('an expired token', (w) => w.token({ iat: 1, exp: 2 }), 'ERR_TOKEN_EXPIRED', 'The access token expired'),
  badToken('a forged signature', (w) => w.token({}, { forged: true }), 'ERR_TOKEN_SIGNATURE', NOT_VALID),
  badToken('an unknown issuer', (w) => w.token({ iss: 'https://else.example' }), 'ERR_TOKEN_ISSUER_UNKNOWN', NOT_VALID),
  badToken('what is no token', () => 'abc', 'ERR_TOKEN_MALFORMED', NOT_VALID),
  badToken(
    'another audience',
    (w) => w.token({ aud: 'else' }),
    'ERR_TOKEN_AUDIENCE',
    'The access token is meant for another audience',
  ),
];

const HEADERS: readonly Case[] = [
  {
    title: 'asks for credentials, without an error code, where there are none',
    run: async (scene) => {
      expectRefused(await get(scene, []), MISSING);
      expectRefused(await get(scene, ['Authorization', 'Basic YWxpY2U6cHc=']), MISSING);
      expectRefused(await get(scene, ['Authorization', '']), MISSING);
    },
  },
  {
    title: 'refuses a header that names no token, or two',
    run: async (scene) => {
      const token = scene.world.token();
      const empty = malformed('The Authorization header names no token');
      expectRefused(await get(scene, ['Authorization', 'Bearer ']), empty);
      expectRefused(await get(scene, bearer(`${token},${token}`)), malformed('More than one token'));
    },
  },
  {
    title: 'refuses two Authorization headers, whichever is the good one',
    run: async (scene) => {
      const good = bearer(scene.world.token());
      const refused = malformed('More than one Authorization header');
      expectRefused(await get(scene, [...good, 'authorization', 'Bearer other']), refused);
      expectRefused(await get(scene, ['AUTHORIZATION', 'Basic other', ...good]), refused);
    },
  },
  {
    title: 'looks into no cookie, query or body unless it is told to',
    run: async (scene) => {
      expectRefused(await get(scene, ['Cookie', `access_token=${scene.world.token()}`]), MISSING);
    },
  },
];

const VERDICTS: readonly Case[] = [
  ...SCOPES.map(refusedBy),
  {
    title: 'refuses a suspended subject whatever the times of its token, and lets it in once that is lifted',
    run: async (scene) => {
      const { world } = scene;
      await world.revoke('subject', { kind: 'suspended' });
      const now = Math.floor(world.time.wall() / 1000);
      expectRefused(await get(scene, bearer(world.token({ iat: now + 30 }))), REVOKED);
      await world.lift();
      expectPassed(scene, await get(scene, bearer(world.token())));
    },
  },
  {
    title: 'refuses a token that it let in before, as soon as it is revoked',
    run: async (scene) => {
      const headers = bearer(scene.world.token());
      expectPassed(scene, await get(scene, headers));
      await scene.world.revoke('session');
      expectRefused(await get(scene, headers), REVOKED);
    },
  },
  {
    title: 'asks for another login where a cut-off reads auth_time',
    run: async (scene) => {
      const { world } = scene;
      await world.revoke('subject');
      const answer = await get(scene, bearer(world.token({ iss: world.loginIssuer, auth_time: 1 })));
      expectPassed(scene, answer);
      await world.revoke('subject', undefined, world.loginIssuer);
      const refused = await get(scene, bearer(world.token({ iss: world.loginIssuer, auth_time: 1 })));
      const description = 'The access token is revoked until the user authenticates again';
      const challenge = `Bearer error="insufficient_user_authentication", error_description="${description}", max_age="0"`;
      expectRefused(refused, { ...REVOKED, challenge });
    },
  },
];

const STALENESS: readonly Case[] = [
  {
    title: 'answers 503 beyond the bound in strict, to known and unknown tokens, and 401 to what is revoked',
    run: async (scene) => {
      const { world } = scene;
      const known = bearer(world.token({ sub: 'bob' }));
      await world.revoke('subject');
      expectPassed(scene, await get(scene, known), 'active', 'bob');
      await world.outOfReachFor(300_001);
      expectRefused(await get(scene, known), UNKNOWN);
      expectRefused(await get(scene, bearer(world.token({ sub: 'carol' }))), UNKNOWN);
      expectRefused(await get(scene, bearer(world.token({ iat: 1_767_225_000 }))), REVOKED);
      expectRefused(await get(scene, []), MISSING);
    },
  },
  {
    title: 'goes by the last state beyond the bound in bestEffort',
    mode: 'bestEffort',
    run: async (scene) => {
      const { world } = scene;
      await world.revoke('session');
      await world.outOfReachFor(300_001);
      expectPassed(scene, await get(scene, bearer(world.token({ sid: 'sid-2' }))), 'unknown');
      expectRefused(await get(scene, bearer(world.token())), REVOKED);
    },
  },
  {
    title: 'answers 503 in bestEffort as long as there never was a state',
    mode: 'bestEffort',
    hasLog: false,
    run: async (scene) => expectRefused(await get(scene, bearer(scene.world.token())), UNKNOWN),
  },
  {
    title: 'lets in what is revoked or unknown in observe, and says which',
    mode: 'observe',
    run: async (scene) => {
      const { world } = scene;
      await world.revoke('session');
      expectPassed(scene, await get(scene, bearer(world.token())), 'revoked');
      await world.outOfReachFor(300_001);
      expectPassed(scene, await get(scene, bearer(world.token({ sid: 'sid-2' }))), 'unknown');
    },
  },
];

const ROUTES: readonly Case[] = [
  {
    title: 'holds a route with a tighter bound to it, and the others not',
    needs: 'bounded',
    run: async (scene) => {
      const { world } = scene;
      expectPassed(scene, await get(scene, bearer(world.token()), 'bounded'));
      await world.outOfReachFor(ROUTE_BOUND_MS + 5_000);
      expectRefused(await get(scene, bearer(world.token()), 'bounded'), UNKNOWN);
      expectPassed(scene, await get(scene, bearer(world.token())));
    },
  },
  {
    title: 'enforces on a strict route while the others are observed',
    mode: 'observe',
    needs: 'strict',
    run: async (scene) => {
      const headers = bearer(scene.world.token());
      await scene.world.revoke('device');
      expectRefused(await get(scene, headers, 'strict'), REVOKED);
      expectPassed(scene, await get(scene, headers), 'revoked');
    },
  },
  {
    title: 'lets everybody into a public route, with a bad token too',
    needs: 'open',
    run: async (scene) => {
      const statuses = [];
      for (const headers of [[], bearer('abc')]) statuses.push((await get(scene, headers, 'open')).status);
      expect(statuses).toEqual([200, 200]);
      expectRefused(await get(scene, []), MISSING);
    },
  },
];

/** What is open ends with its token, and what belongs to others stays. */
async function livesAsLongAsItsToken(
  { world, running }: Scene,
  route: 'stream' | 'socket',
  open: typeof openStream,
): Promise<void> {
  const opened: Opened[] = [];
  try {
    for (const claims of [{}, { sid: 'sid-2' }]) {
      const headers = bearer(world.token(claims));
      opened.push(await open({ port: running.port, path: running.routes[route] ?? '', headers }));
    }
    const [hit, spared] = opened;
    const good = route === 'socket' ? 101 : 200;
    expect([hit?.status, spared?.status, hit?.ended(), spared?.ended()]).toEqual([good, good, false, false]);
    await eventually(() => expect(running.node.live.size).toBe(2), LIVE);
    await world.revoke('session');
    await eventually(() => expect(hit?.ended()).toBe(true), LIVE);
    expect(spared?.ended()).toBe(false);
    await world.time.advance(3_700_000);
    await eventually(() => expect(spared?.ended()).toBe(true), LIVE);
    expect(running.node.live.size).toBe(0);
  } finally {
    for (const each of opened) each.close();
  }
}

/** A mutant that never ends its streams is to be caught in seconds. */
const LIVE = { withinMs: 5_000 };

const CONNECTIONS: readonly Case[] = [
  {
    title: 'ends a stream when its token is revoked or expires, and forgets it when its client leaves',
    needs: 'stream',
    run: async (scene) => {
      const { world, running } = scene;
      await livesAsLongAsItsToken(scene, 'stream', openStream);
      const path = running.routes.stream ?? '';
      const left = await openStream({ port: running.port, path, headers: bearer(world.token({ sid: 'sid-3' })) });
      await eventually(() => expect(running.node.live.size).toBe(1), LIVE);
      left.close();
      await eventually(() => expect(running.node.live.size).toBe(0), LIVE);
    },
  },
  {
    title: 'ends a socket when its token is revoked or expires',
    needs: 'socket',
    run: (scene) => livesAsLongAsItsToken(scene, 'socket', openSocket),
  },
  {
    title: 'refuses to switch protocols as it refuses a request',
    needs: 'socket',
    run: async (scene) => {
      const { running, world } = scene;
      await world.revoke('subject');
      const upgrade = ['Connection', 'Upgrade', 'Upgrade', 'echo'];
      const path = running.routes.socket ?? '';
      const headers = [...bearer(world.token()), ...upgrade];
      expectRefused(await ask({ port: running.port, path, headers }), REVOKED);
      expectRefused(await ask({ port: running.port, path, headers: upgrade }), MISSING);
    },
  },
];

/** What every adapter does alike. */
export const CASES: readonly Case[] = [...TOKENS, ...HEADERS, ...VERDICTS, ...STALENESS, ...ROUTES, ...CONNECTIONS];
