import { WRITER_KEY } from './settings.js';

/**
 * The members that tests look at, over all answers. Which of them an answer really has is what the tests find out: a missing one is undefined.
 */
export interface Body {
  readonly id: string;
  readonly code: string;
  readonly jti: string;
  readonly sub: string;
  readonly scope: string;
  readonly actor: string | null;
  readonly acceptedBy: string;
  readonly reason: string | null;
  readonly state: string;
  readonly sequence: number;
  readonly epoch: string;
  readonly acceptedAt: string;
  readonly issuedBefore: number;
  readonly retainUntil: number;
  readonly signingInputHash: string;
  readonly supersedes: readonly string[];
  readonly alongside: readonly string[];
  readonly coverage: unknown;
  readonly refreshTokens: unknown;
  readonly propagation: { readonly state: string; readonly enforcedBy: string; readonly enforcedAt: string };
  readonly condition: { readonly exceptClients: readonly string[]; readonly spread: { readonly until: string } };
  readonly conditionEndedAt: string;
  readonly lift: { readonly acceptedAt: string; readonly sequence: number };
  readonly left: readonly { readonly id: string }[];
  readonly items: readonly Body[];
  readonly next: string | null;
  readonly errors: readonly { readonly pointer: string }[];
  readonly findings: readonly { readonly code: string; readonly level: string }[];
  readonly head: number;
  readonly follower: { readonly state: string };
  readonly nodes: readonly { readonly node: string; readonly instance: string; readonly state: string }[];
  readonly reasons: readonly { readonly code: string }[];
  readonly warnings: readonly { readonly code: string }[];
  readonly journal: { readonly rebuiltAt: string | null };
  readonly instances: readonly { readonly phase: string; readonly epoch: string }[];
  readonly paths: Readonly<Record<string, Readonly<Record<string, object>>>>;
}

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Body;
  readonly text: string;
}

export interface Call {
  readonly key?: string | null;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

/** Calls the API as an outsider does. */
export class Api {
  constructor(readonly url: string) {}

  get(path: string, call: Call = {}): Promise<Answer> {
    return this.call('GET', path, call);
  }

  post(path: string, body: unknown, call: Call = {}): Promise<Answer> {
    return this.call('POST', path, { ...call, body });
  }

  revoke(command: object, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
    return this.post('/v1/revocations', command, { headers });
  }

  /** Text goes out as it is, everything else as JSON. */
  async call(method: string, path: string, { key = WRITER_KEY, headers = {}, body }: Call): Promise<Answer> {
    const response = await fetch(`${this.url}${path}`, {
      method,
      headers: {
        ...(key !== null && { authorization: `Bearer ${key}` }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    const isJson = response.headers.get('content-type')?.includes('json') === true && !text.includes('\n');
    const parsed = (isJson && text !== '' ? JSON.parse(text) : {}) as Body;
    return { status: response.status, headers: response.headers, text, body: parsed };
  }
}
