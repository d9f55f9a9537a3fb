import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { type Api } from './support/api.js';
import { type RunningService, startService } from './support/running-service.js';
import { Deployment } from './support/settings.js';
import { PROBLEMS } from '../src/http/problem.js';

interface Operation {
  readonly responses: Readonly<
    Record<string, { readonly description: string; readonly content?: Readonly<Record<string, unknown>> }>
  >;
  readonly requestBody?: { readonly content: Readonly<Record<string, unknown>> };
  readonly parameters?: readonly { readonly name: string; readonly in: string }[];
}

const OPERATIONS = [
  'delete /v1/revocations/{id}',
  'get /health/live',
  'get /health/ready',
  'get /metrics',
  'get /v1/diagnosis',
  'get /v1/events',
  'get /v1/nodes',
  'get /v1/revocations',
  'get /v1/revocations/{id}',
  'post /v1/explain',
  'post /v1/nodes/forget',
  'post /v1/persons/revoke',
  'post /v1/persons/search',
  'post /v1/revocations',
  'post /v1/revocations/batch',
  'post /v1/revocations/batch/preview',
  'post /v1/revocations/preview',
  'post /v1/revocations/{id}/lift',
];
/** Answered where no documented call is: wrong paths and methods. */
const OUTSIDE = new Set(['ERR_ROUTE_NOT_FOUND', 'ERR_METHOD_NOT_ALLOWED']);

describe('The served OpenAPI document', () => {
  let running: RunningService;
  let api: Api;
  let document: Readonly<Record<string, unknown>>;
  const operations = new Map<string, Operation>();

  beforeAll(async () => {
    // A port nobody listens on: the document does not need the broker.
    running = await startService(await new Deployment().environment('nats://127.0.0.1:9'));
    ({ api } = running);
    const answer = await api.get('/openapi.json', { key: null });
    document = JSON.parse(answer.text) as typeof document;
    for (const [path, item] of Object.entries(answer.body.paths)) {
      for (const [method, operation] of Object.entries(item))
        operations.set(`${method} ${path}`, operation as Operation);
    }
  }, 30_000);
  afterAll(() => running.close());

  it('is OpenAPI 3 and has every call', () => {
    expect(document['openapi']).toMatch(/^3\.\d+\.\d+$/);
    expect(document['info']).toMatchObject({ title: expect.any(String), version: expect.any(String) });
    expect([...operations.keys()].sort()).toEqual(OPERATIONS);
  });

  it('refers to nothing that it does not contain', () => {
    const text = JSON.stringify(document);
    const targets = [...text.matchAll(/"\$ref":"#\/([^"]+)"/g)].map(([, target]) => target ?? '');
    const missing = targets.filter((target) => {
      const found = target
        .split('/')
        .reduce<unknown>((node, key) => (node as Record<string, unknown> | undefined)?.[key], document);
      return found === undefined;
    });
    expect(missing).toEqual([]);
  });

  it('describes each answer of each call, and what every body is made of', () => {
    for (const [name, { responses, requestBody }] of operations) {
      expect([name, Object.keys(responses).length > 0]).toEqual([name, true]);
      for (const { description } of Object.values(responses)) expect([name, description]).not.toEqual([name, '']);
      expect(Object.keys(requestBody?.content ?? { none: {} })).not.toEqual([]);
    }
    const command = JSON.stringify(operations.get('post /v1/revocations')?.requestBody);
    for (const member of ['deviceId', 'issuedBefore', 'thumbprint', 'until']) expect(command).toContain(member);
  });

  it('names every error code, and each call those it may answer with', () => {
    const codesIn = (value: unknown): string[] => JSON.stringify(value).match(/ERR_[A-Z_]+/g) ?? [];
    const documented = new Set(codesIn([...operations.values()]));
    expect(Object.keys(PROBLEMS).filter((code) => !documented.has(code) && !OUTSIDE.has(code))).toEqual([]);
    for (const [name, { responses }] of operations) {
      if (!name.includes('/v1/')) continue;
      expect(codesIn([responses['401'], responses['403'], responses['500']])).toEqual(
        expect.arrayContaining(['ERR_UNAUTHENTICATED', 'ERR_FORBIDDEN', 'ERR_INVARIANT']),
      );
    }
    expect(codesIn(operations.get('post /v1/revocations')?.responses['422'])).toEqual(
      expect.arrayContaining(['ERR_SCOPE_UNENFORCEABLE', 'ERR_ISSUER_UNKNOWN', 'ERR_CUTOFF_IN_FUTURE']),
    );
  });

  it('asks for credentials everywhere except for probes and metrics', () => {
    expect(document['security']).toEqual([{ operator: [] }]);
    expect(JSON.stringify(document['components'])).toContain('"scheme":"bearer"');
    const open = [...operations].filter(
      ([, operation]) => JSON.stringify((operation as { security?: unknown }).security) === '[]',
    );
    expect(open.map(([name]) => name).sort()).toEqual(['get /health/live', 'get /health/ready', 'get /metrics']);
  });
});
