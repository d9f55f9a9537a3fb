import { readFileSync } from 'node:fs';
import { EXIT, Failure, usage } from './failure.js';
import { inputErrorText, isJson, type Json, listOf, member, plain } from './text.js';
import { type World } from './world.js';

/** The service waits at most 60 s for enforcement: whatever takes longer hangs. Milliseconds. */
const REQUEST_MS_MAX = 90_000;
/** A request with an idempotency key is sent this often: the second try has the effect of the first, or none. */
const TRIES = 3;
const TRY_AGAIN_MS = 1_000;

export interface Call {
  readonly method?: 'GET' | 'POST';
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly json?: unknown;
  readonly ndjson?: string;
  /** Safe to send again when nobody knows what became of it. */
  readonly repeatable?: boolean;
  /** Ends with the command only. */
  readonly endless?: boolean;
}

/** The revocation service over HTTP. */
export class Service {
  readonly #url: URL;
  readonly #key: string | undefined;

  constructor(
    private readonly world: World,
    url: string | undefined,
  ) {
    this.#url = readUrl(url ?? world.env['REVOCAST_URL']);
    this.#key = readKey(world.env);
  }

  async json(call: Call): Promise<Json> {
    return (await this.answer(call)).body;
  }

  /** The answer, whatever its status: readiness says 503 with a body worth showing. */
  async answer(
    call: Call,
    accepted: readonly number[] = [],
  ): Promise<{ readonly status: number; readonly body: Json }> {
    const { status, text } = await this.#whole(call);
    const body = parsed(text);
    if (status < 400 || (accepted.includes(status) && body !== undefined)) {
      if (body === undefined) throw notOurs();
      return { status, body };
    }
    throw refusal(status, body);
  }

  /** The text of an answer that is no single JSON document. */
  async text(call: Call): Promise<string> {
    const { status, text } = await this.#whole(call);
    if (status >= 400) throw refusal(status, parsed(text));
    return text;
  }

  /** The whole body, sent again as often as it may be: a connection can break in the middle of an answer, too. */
  async #whole(call: Call): Promise<{ readonly status: number; readonly text: string }> {
    for (let left = call.repeatable ? TRIES : 1; ; left--) {
      try {
        const response = await this.open(call);
        const text = await this.#reading(() => response.text());
        const underWay = response.status === 409 && member(parsed(text), 'code') === 'ERR_IDEMPOTENCY_IN_FLIGHT';
        if (!underWay || left <= 1) return { status: response.status, text };
      } catch (error) {
        if (left <= 1 || !(error instanceof Failure) || error.exit !== EXIT.unreachable) throw error;
      }
      await this.world.pause(TRY_AGAIN_MS);
    }
  }

  /** Throws a Failure when there is no answer at all. */
  async open({ method = 'GET', path, query = {}, headers = {}, json, ndjson, endless }: Call): Promise<Response> {
    const url = new URL(this.#url.pathname.replace(/\/*$/, path), this.#url);
    url.search = new URLSearchParams(query).toString();
    const body = ndjson ?? (json === undefined ? undefined : JSON.stringify(json));
    const type = ndjson === undefined ? 'application/json' : 'application/x-ndjson';
    const { signal } = this.world;
    const options: RequestInit = {
      method,
      headers: {
        ...headers,
        ...(this.#key !== undefined && { authorization: `Bearer ${this.#key}` }),
        ...(body !== undefined && { 'content-type': type }),
      },
      // A key goes to the service that was named and nowhere else.
      redirect: 'manual',
      signal: endless ? signal : AbortSignal.any([signal, AbortSignal.timeout(REQUEST_MS_MAX)]),
      ...(body !== undefined && { body }),
    };
    const response = await this.#reading(() => this.world.fetch(url, options));
    if (response.status >= 300 && response.status < 400)
      throw usage('The service redirects. Give --url the address that it redirects to.');
    return response;
  }

  async #reading<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      if (this.world.signal.aborted) throw new Failure(EXIT.interrupted, 'Interrupted.');
      throw new Failure(
        EXIT.unreachable,
        `${this.#url.origin} gives no answer (${reasonOf(error)}). Is the address right, and does the service run?`,
      );
    }
  }
}

const reasonOf = (error: unknown): string => {
  if (error instanceof Error && error.name === 'TimeoutError') return 'timeout';
  const cause = error instanceof Error ? error.cause : undefined;
  const named = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  return typeof named === 'string' ? plain(named) : 'the connection failed';
};

function readUrl(text: string | undefined): URL {
  if (text === undefined || text === '') throw usage('Name the service with --url or REVOCAST_URL.');
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol))
    throw usage('The address of the service is to begin with http:// or https://.');
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '')
    throw usage(
      'The address of the service is to hold no credentials, query or fragment: the key has REVOCAST_API_KEY.',
    );
  return url;
}

/** The key is read from the environment or a file alone: arguments stand in the list of processes and in the shell's history. */
export function readKey(env: World['env']): string | undefined {
  const [given = '', path = ''] = [env['REVOCAST_API_KEY'], env['REVOCAST_API_KEY_FILE']];
  if (given !== '' && path !== '') throw usage('Set one of REVOCAST_API_KEY and REVOCAST_API_KEY_FILE, not both.');
  if (given === '' && path === '') return undefined;
  const key = given === '' ? readKeyFile(path) : given;
  // fetch() would put a header that it refuses into its message.
  if (!/^[\x21-\x7e]+$/.test(key)) throw usage('The API key is to be one line of visible ASCII characters.');
  return key;
}

function readKeyFile(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    throw usage('The file that REVOCAST_API_KEY_FILE names cannot be read.');
  }
}

function parsed(text: string): Json | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isJson(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

const notOurs = (): Failure =>
  new Failure(EXIT.failed, 'The answer is not one of a revocation service. Is --url right, without /v1 at its end?');

/** What the operator can do about it, for what he meets most. */
const ADVICE: Readonly<Record<string, string>> = {
  ERR_UNAUTHENTICATED: 'Set REVOCAST_API_KEY or REVOCAST_API_KEY_FILE to a valid key.',
  ERR_FORBIDDEN: 'Use a key with the verb, issuer and scope that this needs.',
  ERR_ISSUER_UNKNOWN: 'Issuers are compared byte for byte: look for a trailing slash.',
  ERR_REVOCATION_NOT_FOUND: 'revocast list shows the ids.',
};

/** A problem document as text; the service writes no secret into one. */
export function refusal(status: number, body: Json | undefined): Failure {
  if (body === undefined || typeof body['code'] !== 'string')
    return status >= 500 ? new Failure(EXIT.unreachable, `The service cannot answer now (HTTP ${status}).`) : notOurs();
  const code = body['code'];
  const lines = [
    `${plain(body['title'])} (${plain(code)})`,
    ...(body['detail'] === undefined ? [] : [plain(body['detail'])]),
    ...listOf(body['errors']).map((error) => `  ${inputErrorText(error)}`),
    ...(Object.hasOwn(ADVICE, code) ? [ADVICE[code] ?? ''] : []),
  ];
  return new Failure(exitFor(status, body), lines.join('\n'), body);
}

function exitFor(status: number, body: Json): Failure['exit'] {
  // Accepted and not yet published: it will be enforced, only not in time.
  if (body['state'] === 'accepted') return EXIT.notEnforced;
  if (status === 503) return EXIT.unreachable;
  return status < 500 ? EXIT.refused : EXIT.failed;
}
