import { ProviderError, PROVIDER_MS_MAX } from './identity-provider.js';

export type Fetch = typeof globalThis.fetch;

/** No answer that we ask for comes near it. */
const BODY_BYTES_MAX = 2_097_152;
const RETRY_AFTER_MS_MAX = 3_600_000;

export interface ProviderRequest {
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** `body` is what JSON came, or undefined. */
export interface ProviderReply {
  readonly status: number;
  readonly body: unknown;
}

/** One segment of a path. The two that a URL parser would walk away on are no ids. */
export const segment = (id: string): string => {
  if (id === '.' || id === '..' || id === '') throw new ProviderError('rejected');
  return encodeURIComponent(id);
};

/** Sends a request. Any status is an answer; rejects with ProviderError when none comes that can be read. */
export const send = async (fetch: Fetch, { method, url, headers, body }: ProviderRequest): Promise<ProviderReply> => {
  const signal = AbortSignal.timeout(PROVIDER_MS_MAX);
  let response: Response;
  try {
    // Credentials go to the named address alone.
    response = await fetch(url, {
      method,
      redirect: 'manual',
      signal,
      ...(headers && { headers }),
      ...(body !== undefined && { body }),
    });
  } catch {
    throw new ProviderError('unreachable');
  }
  return { status: response.status, body: await bodyOf(response) };
};

const bodyOf = async (response: Response): Promise<unknown> => {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  try {
    for await (const chunk of response.body ?? []) {
      bytes += (chunk as Uint8Array).byteLength;
      if (bytes > BODY_BYTES_MAX) throw new ProviderError('broken');
      chunks.push(chunk as Uint8Array);
    }
  } catch (error) {
    throw error instanceof ProviderError ? error : new ProviderError('unreachable');
  }
  noteRetryAfter(response);
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8')) as unknown;
  } catch {
    return undefined;
  }
};

/** Being busy is told apart here, where the header is at hand. */
const noteRetryAfter = ({ status, headers }: Response): void => {
  if (status !== 429 && status !== 503) return;
  const seconds = Number(headers.get('retry-after') ?? Number.NaN);
  const isUsable = Number.isFinite(seconds) && seconds >= 0;
  throw new ProviderError('busy', isUsable ? Math.min(seconds * 1000, RETRY_AFTER_MS_MAX) : undefined);
};

/** Throws what a status means, unless it is a success. */
export const assertSuccess = ({ status }: ProviderReply): void => {
  if (status >= 200 && status <= 299) return;
  if (status === 401 || status === 403) throw new ProviderError('refused');
  if (status >= 500 || status === 408) throw new ProviderError('broken');
  throw new ProviderError('rejected');
};

/** The value of `authorization`; `fresh` = the one given before was refused. */
export type Authorize = (fresh: boolean) => Promise<string>;

/** Calls an API with credentials, and once more with fresh ones when they are refused: a token may end before its time. */
export class ProviderApi {
  constructor(
    private readonly fetch: Fetch,
    private readonly authorize: Authorize,
  ) {}

  /** Undefined = 404. */
  async call(request: ProviderRequest): Promise<ProviderReply | undefined> {
    let reply = await this.#once(request, false);
    if (reply.status === 401) reply = await this.#once(request, true);
    if (reply.status === 404) return undefined;
    assertSuccess(reply);
    return reply;
  }

  async #once(request: ProviderRequest, fresh: boolean): Promise<ProviderReply> {
    const authorization = await this.authorize(fresh);
    return send(this.fetch, { ...request, headers: { accept: 'application/json', ...request.headers, authorization } });
  }
}

export type Fields = Readonly<Record<string, unknown>>;

export const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The objects of a list; what is no list can be read by nobody. */
export const listOf = (body: unknown): readonly Fields[] => {
  if (!Array.isArray(body)) throw new ProviderError('broken');
  return body.filter(isFields);
};

export const textOf = (fields: Fields, name: string): string | undefined => {
  const value = fields[name];
  return typeof value === 'string' && value !== '' ? value : undefined;
};

export const flagOf = (fields: Fields, name: string): boolean | undefined => {
  const value = fields[name];
  return typeof value === 'boolean' ? value : undefined;
};

type Present<T> = { -readonly [K in keyof T]?: Exclude<T[K], undefined> };

/** Without the members that are undefined. */
export const present = <T extends object>(fields: T): Present<T> =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Present<T>;

/** A text in quotation marks for the providers' query languages, which all escape by a backslash. */
export const quoted = (text: string): string => `"${text.replace(/[\\"]/g, '\\$&')}"`;
