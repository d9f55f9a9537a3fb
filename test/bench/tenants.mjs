// What many issuers under one pattern cost, beside one issuer with as many tokens in the same run.
//   npm run bench:tenants -- [--json] [--tenants 5000] [--turns 15]
import { createSign, generateKeyPairSync } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import { parseArgs } from 'node:util';
import { createIndex } from '@revocast/core';
import { createGate, parseIssuers } from '@revocast/gate';

const { values } = parseArgs({
  options: { json: { type: 'boolean' }, tenants: { type: 'string' }, turns: { type: 'string' } },
});
const TENANTS = Number(values.tenants ?? 5_000);
const TURNS = Number(values.turns ?? 15);
const MADE_UP = 10 * TENANTS;

const clock = { wall: () => Date.now(), monotonic: () => performance.now() };
const index = createIndex({ hashKey: new Uint8Array(16) });
const source = {
  find: (token) => index.find(token, clock.wall(), 'iat'),
  freshness: () => ({ fresh: true, watermark: 1, stalenessMs: 0 }),
};

// One pair for all: what is measured is how issuers are told apart and kept, and each imports its keys by itself.
const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const jwk = { ...publicKey.export({ format: 'jwk' }), use: 'sig', alg: 'RS256' };
const keysOf = (name) => ({ keys: [`${name}-1`, `${name}-2`].map((kid) => ({ ...jwk, kid })) });
const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
const signed = (iss, kid, jti) => {
  const iat = Math.floor(Date.now() / 1000) - 10;
  const claims = {
    iss,
    sub: `user-${jti}`,
    aud: 'orders',
    iat,
    exp: iat + 3_600,
    jti,
    sid: `s-${jti}`,
    client_id: 'app',
  };
  const input = `${part({ alg: 'RS256', typ: 'JWT', kid })}.${part(claims)}`;
  return `${input}.${createSign('RSA-SHA256').update(input).sign(privateKey, 'base64url')}`;
};

const tenantOf = (at) => `https://id.example/realms/t-${at}`;
const fetches = { answered: 0, refused: 0 };
const fetch = async (url) => {
  const name = /\/realms\/(t-\d+|one)\//.exec(url)?.[1];
  if (name === undefined) {
    fetches.refused += 1;
    return new Response('', { status: 404 });
  }
  fetches.answered += 1;
  const issuer = `https://id.example/realms/${name}`;
  return Response.json(url.endsWith('openid-configuration') ? { issuer, jwks_uri: `${issuer}/keys` } : keysOf(name));
};

const pattern = { issuer: 'https://id.example/realms/{realm}', allow: 'any', audience: 'orders' };
const one = { issuer: 'https://id.example/realms/one', audience: 'orders' };
/** New issuers are admitted at a limited rate: the bench brings the tenants in as if time had passed between them. */
let ahead = 0;
const gateOf = (issuer, tokenCache) =>
  createGate({
    ...{ source, mode: 'strict', fetch, tokenCache, issuers: parseIssuers([issuer]) },
    clock: { wall: clock.wall, monotonic: () => clock.monotonic() + ahead },
  });

const heapBytes = () => {
  global.gc();
  global.gc();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
};

const passAll = async (gate, tokens) => {
  for (const token of tokens) {
    const answer = await gate.checkNow(token);
    if (answer.outcome !== 'pass') throw new Error(`a good token got ${answer.code}`);
    ahead += 20;
  }
};

/** Nanoseconds a check, the cache warm: it answers at once. */
const timeCached = (gate, tokens) => {
  const began = performance.now();
  for (let round = 0; round < 10; round++) for (const token of tokens) gate.checkNow(token);
  return ((performance.now() - began) * 1e6) / (10 * tokens.length);
};
const timeUncached = async (gate, tokens) => {
  const began = performance.now();
  for (const token of tokens) await gate.check(token);
  return ((performance.now() - began) * 1e6) / tokens.length;
};
const median = (numbers) => [...numbers].sort((a, b) => a - b)[numbers.length >> 1];

const paired = async (time, a, b) => {
  const [ofA, ofB] = [[], []];
  for (let turn = 0; turn < TURNS + 3; turn++) {
    const order = turn % 2 === 0 ? [a, b] : [b, a];
    for (const side of order) (side === a ? ofA : ofB).push(await time(side.gate, side.tokens));
  }
  const ratios = ofA.map((value, at) => value / ofB[at]).slice(3);
  return {
    manyNs: Math.round(median(ofA.slice(3))),
    oneNs: Math.round(median(ofB.slice(3))),
    ratio: Number(median(ratios).toFixed(3)),
  };
};

const manyTokens = Array.from({ length: TENANTS }, (_, at) => signed(tenantOf(at), `t-${at}-1`, `j-${at}`));
const oneTokens = Array.from({ length: TENANTS }, (_, at) => signed(one.issuer, 'one-1', `j-${at}`));

const [uncachedMany, uncachedOne] = [gateOf(pattern, false), gateOf(one, false)];
await passAll(uncachedOne, oneTokens.slice(0, 50));
const before = heapBytes();
await passAll(uncachedMany, manyTokens);
const bytesPerTenant = Math.round((heapBytes() - before) / TENANTS);

const [many, single] = [gateOf(pattern), gateOf(one)];
await passAll(many, manyTokens);
await passAll(single, oneTokens);
const cached = await paired(timeCached, { gate: many, tokens: manyTokens }, { gate: single, tokens: oneTokens });
const slice = { gate: uncachedMany, tokens: manyTokens.slice(0, 500) };
const uncached = await paired(timeUncached, slice, { gate: uncachedOne, tokens: oneTokens.slice(0, 500) });

const heartbeatBytes = JSON.stringify(many.coverage()).length;
const beforeFlood = { heap: heapBytes(), refused: fetches.refused };
const [header, , signature] = manyTokens[0].split('.');
for (let at = 0; at < MADE_UP; at++) {
  const iat = Math.floor(Date.now() / 1000) - 10;
  await many.check(`${header}.${part({ iss: `https://id.example/realms/x-${at}`, iat, exp: iat + 60 })}.${signature}`);
}
const flood = {
  madeUp: MADE_UP,
  fetches: fetches.refused - beforeFlood.refused,
  heapGrowthBytes: heapBytes() - beforeFlood.heap,
};
const result = { node: process.version, tenants: TENANTS, cached, uncached, bytesPerTenant, heartbeatBytes, flood };
if (values.json) console.log(JSON.stringify(result));
else console.log(result);
