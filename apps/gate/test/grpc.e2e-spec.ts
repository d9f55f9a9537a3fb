import { Client, credentials, status, type ServiceError } from '@grpc/grpc-js';
import { TestRevocations } from '@revocast/node/testing';
import { afterEach, describe, expect, it } from '@jest/globals';
import { extAuthz } from '../src/ext-authz-grpc.js';
import {
  AUTHORIZATION,
  loadServices,
  type CheckRequest,
  type CheckResponse,
  type HealthCheckResponse,
  type HttpAttributes,
} from '../src/grpc-messages.js';
import { createGrpcServer, listenGrpc, MESSAGE_BYTES_MAX, stopGrpc } from '../src/grpc-server.js';

const { authorization, health } = loadServices();

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

const unexpected = (error: unknown): never => {
  throw error;
};

interface Parts {
  readonly cookie?: string;
  readonly check?: (request: CheckRequest) => Promise<CheckResponse>;
  readonly onDefect?: (error: unknown) => void;
}

async function aGate({ cookie, check, onDefect = unexpected }: Parts = {}) {
  const revocations = new TestRevocations();
  const { node } = revocations;
  const own = extAuthz({ node, onMisconfigured: unexpected, ...(cookie !== undefined && { cookie }) });
  const server = createGrpcServer({ node, check: check ?? own, onDefect });
  const client = new Client(await listenGrpc(server, '127.0.0.1', 0), credentials.createInsecure());
  ends.push(() => stopGrpc(server, 0));
  ends.push(() => client.close());
  return { revocations, server, client, ...asking(client) };
}

function asking(client: Client) {
  const send = <Answer>(path: string, bytes: Buffer, read: (answer: Buffer) => Answer) =>
    new Promise<Answer>((resolve, reject) => {
      client.makeUnaryRequest(
        path,
        (all: Buffer) => all,
        read,
        bytes,
        (error, answer) => {
          if (error !== null || answer === undefined) reject(error ?? new Error('no answer'));
          else resolve(answer);
        },
      );
    });
  const { Check } = authorization;
  const sendBytes = (bytes: Buffer) => send(Check.path, bytes, Check.responseDeserialize);
  const ask = (http: HttpAttributes) => sendBytes(Check.requestSerialize({ attributes: { request: { http } } }));
  const healthOf = (service: string): Promise<HealthCheckResponse> =>
    send(health.Check.path, health.Check.requestSerialize({ service }), health.Check.responseDeserialize);
  return { sendBytes, ask, healthOf };
}

const failureOf = (call: Promise<unknown>): Promise<ServiceError> =>
  call.then(
    () => Promise.reject(new Error('it was answered')),
    (error: unknown) => error as ServiceError,
  );

const statusOf = async (answer: Promise<CheckResponse>): Promise<number> =>
  (await answer).deniedResponse?.status.code ?? 200;

describe("Envoy's question over gRPC", () => {
  it('is read with headers that Envoy has joined, and with headers as they came', async () => {
    const { revocations, ask } = await aGate();
    const authorization = `Bearer ${revocations.token()}`;
    const raw = (...values: readonly string[]): HttpAttributes => ({
      headerMap: { headers: values.map((value) => ({ key: 'authorization', rawValue: Buffer.from(value) })) },
    });
    const asked = [
      ...[{ headers: { authorization } }, raw(authorization)],
      ...[{ headers: { authorization: `${authorization},Bearer x` } }, raw(authorization, 'Bearer x')],
      ...[{ headers: { authorization: `${authorization},Basic x` } }, raw('Basic x', authorization)],
      ...[{ headers: { authorization: `Basic x,${authorization}` } }, raw('Basic x'), {}],
    ];
    const statuses = [];
    for (const http of asked) statuses.push(await statusOf(ask(http)));
    expect(statuses).toEqual([200, 200, 400, 400, 400, 400, 401, 401, 401]);
  });

  it('takes whom it tells the API from the token alone, and leaves no place to a client', async () => {
    const { revocations, ask } = await aGate();
    const forged = { 'x-revocast-subject': 'root', 'x-revocast-client': 'root' };
    const headers = { authorization: `Bearer ${revocations.token({ sub: 'zoë' })}`, ...forged };
    const { okResponse } = await ask({ headers });
    const told = okResponse?.headers.map(({ header: { key, value }, appendAction }) => [key, value, appendAction]);
    expect(told).toEqual(
      [
        ['x-revocast-issuer', expect.any(String)],
        ['x-revocast-subject', 'zo%C3%AB'],
        ...['client', 'session'].map((name) => [`x-revocast-${name}`, '']),
        ['x-revocast-verdict', 'active'],
      ].map((each) => [...each, 'OVERWRITE_IF_EXISTS_OR_ADD']),
    );
  });

  it('is answered by the cookie that the gate is told of, and refused with two of that name', async () => {
    const { revocations, ask } = await aGate({ cookie: 'access_token' });
    const token = revocations.token();
    const raw = (...cookies: readonly string[]): HttpAttributes => ({
      headerMap: { headers: cookies.map((cookie) => ({ key: 'cookie', rawValue: Buffer.from(cookie) })) },
    });
    const asked = [
      ...[{ headers: { cookie: `a=b; access_token=${token}` } }, raw('a=b', `access_token=${token}`)],
      ...[{ headers: { cookie: `access_token=x; access_token=${token}` } }, raw('access_token=x', 'access_token=y')],
      ...[{ headers: { cookie: `xaccess_token=${token}` } }],
    ];
    const statuses = [];
    for (const http of asked) statuses.push(await statusOf(ask(http)));
    expect(statuses).toEqual([200, 200, 400, 400, 401]);
  });

  it('is refused when it is longer than a question can be, or none, in words that say nothing of it', async () => {
    const { revocations, ask, sendBytes } = await aGate();
    const token = revocations.token();
    const long = await failureOf(
      ask({ headers: { authorization: `Bearer ${token}${'a'.repeat(MESSAGE_BYTES_MAX)}` } }),
    );
    const none = await failureOf(sendBytes(Buffer.from(`Bearer ${token}`)));
    expect([long.code, none.code]).toEqual([status.RESOURCE_EXHAUSTED, status.INTERNAL]);
    for (const { details } of [long, none]) expect(details).not.toMatch(/eyJ|Bearer/);
  });

  it('is no longer answered by a defect than by an error that says nothing', async () => {
    const defects: unknown[] = [];
    const defect = new Error('of eyJ');
    const onDefect = (error: unknown): void => void defects.push(error);
    const { ask } = await aGate({ check: () => Promise.reject(defect), onDefect });
    expect(await failureOf(ask({}))).toMatchObject({ code: status.INTERNAL, details: '' });
    expect(defects).toEqual([defect]);
  });
});

describe('the health of the gate over gRPC', () => {
  it('is that of /health/ready', async () => {
    const { revocations, healthOf } = await aGate();
    expect([await healthOf(''), await healthOf(AUTHORIZATION)]).toEqual([{ status: 'SERVING' }, { status: 'SERVING' }]);
    revocations.setState('neverCurrent');
    expect(await healthOf('')).toEqual({ status: 'NOT_SERVING' });
    expect(await failureOf(healthOf('else'))).toMatchObject({ code: status.NOT_FOUND });
  });
});

describe('the end of the gate over gRPC', () => {
  /** A gate whose one question is under way until `answer` is called. */
  async function aBusyGate() {
    let answer: (response: CheckResponse) => void = () => undefined;
    let begun: () => void = () => undefined;
    const begins = new Promise<void>((resolve) => (begun = resolve));
    const check = (): Promise<CheckResponse> => {
      begun();
      return new Promise((resolve) => (answer = resolve));
    };
    const gate = await aGate({ check });
    const asked = gate.ask({});
    asked.catch(() => undefined);
    await begins;
    return { ...gate, asked, answer: () => answer({ status: { code: status.OK } }) };
  }

  it('comes after the answer to what is under way', async () => {
    const { server, asked, answer } = await aBusyGate();
    const stopped = stopGrpc(server);
    answer();
    expect(await asked).toMatchObject({ status: { code: status.OK } });
    await stopped;
  });

  it('waits for nothing longer than it is told to', async () => {
    const { server, asked } = await aBusyGate();
    await stopGrpc(server, 1);
    expect((await failureOf(asked)).code).toBe(status.CANCELLED);
  });
});
