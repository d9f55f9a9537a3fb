import { keyUrlProblem } from './key-url.js';
import { type KeySource } from './issuer-config.js';

export type Fetch = typeof globalThis.fetch;

/** A request waits for this at most; shorter than the time-out of most proxies. Discovery and keys together. Milliseconds. */
export const KEYS_FETCH_MS_MAX = 5_000;

/** Many times the largest real key set (Google's and Microsoft's have some 20 kB). */
export const KEYS_RESPONSE_BYTES_MAX = 1_048_576;

const REDIRECTS_MAX = 3;

export type RemoteSource = Extract<KeySource, { readonly kind: 'jwksUri' | 'discovery' }>;

export interface KeyRequest {
  readonly source: RemoteSource;
  /** The issuer and its aliases: one of them must be what the metadata names (OIDC Discovery 1.0 section 4.3). */
  readonly issuers: readonly string[];
  readonly fetch: Fetch;
  /** Milliseconds, default KEYS_FETCH_MS_MAX. */
  readonly timeoutMs?: number;
}

const bodyText = async (response: Response): Promise<string> => {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let text = '';
  let bytes = 0;
  // Counted while it arrives: Content-Length is a promise of the other side.
  for await (const chunk of response.body ?? []) {
    const part = chunk as Uint8Array;
    bytes += part.byteLength;
    if (bytes > KEYS_RESPONSE_BYTES_MAX) throw new Error(`the answer is larger than ${KEYS_RESPONSE_BYTES_MAX} bytes`);
    text += decoder.decode(part, { stream: true });
  }
  return text + decoder.decode();
};

/** Only to the same origin: elsewhere nobody has said that the keys found there are the issuer's. */
const redirectTarget = (response: Response, url: string): string => {
  const target = new URL(response.headers.get('location') ?? '', url);
  if (target.origin !== new URL(url).origin) throw new Error(`redirected to another host: ${target.origin}`);
  return target.href;
};

const fetchJson = async (
  start: string,
  fetch: Fetch,
  signal: AbortSignal,
): Promise<Readonly<Record<string, unknown>>> => {
  let url = start;
  for (let redirects = 0; redirects <= REDIRECTS_MAX; redirects++) {
    const response = await fetch(url, { redirect: 'manual', signal, headers: { accept: 'application/json' } });
    if (response.status === 200) {
      const value: unknown = JSON.parse(await bodyText(response));
      if (typeof value !== 'object' || value === null) throw new Error(`${url} answered no JSON object`);
      return value as Record<string, unknown>;
    }
    await response.body?.cancel();
    if (response.status < 300 || response.status > 399) throw new Error(`${url} answered ${response.status}`);
    url = redirectTarget(response, url);
  }
  throw new Error(`${start} redirects more than ${REDIRECTS_MAX} times`);
};

const jwksUriAt = async (url: string, request: KeyRequest, signal: AbortSignal): Promise<string> => {
  const metadata = await fetchJson(url, request.fetch, signal);
  const { issuer, jwks_uri: jwksUri } = metadata;
  if (typeof issuer !== 'string' || !request.issuers.includes(issuer)) throw new Error(`${url} names another issuer`);
  if (typeof jwksUri !== 'string') throw new Error(`${url} names no jwks_uri`);
  const problem = keyUrlProblem(jwksUri);
  if (problem !== undefined) throw new Error(`the jwks_uri named by ${url} ${problem}`);
  return jwksUri;
};

const discover = async (urls: readonly string[], request: KeyRequest, signal: AbortSignal): Promise<string> => {
  const failures: unknown[] = [];
  for (const url of urls) {
    try {
      return await jwksUriAt(url, request, signal);
    } catch (error) {
      failures.push(error);
    }
  }
  throw new AggregateError(failures, `no metadata of the issuer at ${urls.join(' or ')}`);
};

/** Fetches an issuer's key set as it stands there, unjudged. Rejects with whatever went wrong, in bounded time. */
export const fetchKeys = async (request: KeyRequest): Promise<readonly unknown[]> => {
  const { source, fetch, timeoutMs = KEYS_FETCH_MS_MAX } = request;
  const signal = AbortSignal.timeout(timeoutMs);
  const url = source.kind === 'jwksUri' ? source.url : await discover(source.urls, request, signal);
  const { keys } = await fetchJson(url, fetch, signal);
  if (!Array.isArray(keys)) throw new Error(`${url} answered no key set`);
  return keys as readonly unknown[];
};
