import { bearerToken, invalidRequest, type Credentials } from '@revocast/gate';

/** The part of a request that a token can be in: node:http's, and so Express's, or Fastify's with the raw one inside. */
export interface TokenRequest {
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly rawHeaders?: readonly string[];
  readonly raw?: { readonly rawHeaders?: readonly string[] };
}

/** Where a request carries its token. Default: the header `Authorization: Bearer`, and nowhere else. */
export interface TokenOptions<Request extends TokenRequest = TokenRequest> {
  /**
   * Name of a cookie that is read where the header brings no bearer token. A browser sends it along with requests that other
   * pages start, so it needs `SameSite` or your own protection against forged requests.
   */
  readonly cookie?: string;
  /** Finds the token in a way of your own, in place of header and cookie; `undefined` = the request brings none. */
  readonly getToken?: (request: Request) => string | undefined;
}

/** Makes the function that takes the token out of a request. */
export function credentialsReader<Request extends TokenRequest>(
  options: TokenOptions<Request> = {},
): (request: Request) => Credentials {
  const { cookie, getToken } = options;
  if (getToken !== undefined) return (request) => ({ outcome: 'read', token: getToken(request) });
  if (cookie === undefined) return (request) => bearerToken(authorizationOf(request));
  return (request) => {
    const credentials = bearerToken(authorizationOf(request));
    if (credentials.outcome === 'refuse' || credentials.token !== undefined) return credentials;
    return fromCookie(request.headers['cookie'], cookie);
  };
}

/**
 * `headers` keeps the first of two Authorization headers, and a proxy may have looked at the second: both are to be seen.
 * Read from what came over the wire: `headersDistinct` would sort all headers of each request.
 */
export function authorizationOf(request: TokenRequest): string | readonly string[] | undefined {
  const raw = request.rawHeaders ?? request.raw?.rawHeaders ?? [];
  const values: string[] = [];
  for (let at = 0; at + 1 < raw.length; at += 2) {
    const [name, value] = [raw[at] ?? '', raw[at + 1] ?? ''];
    // By its length first: few names need to be lowered at all.
    if (name.length === AUTHORIZATION.length && name.toLowerCase() === AUTHORIZATION) values.push(value);
  }
  return values.length === 0 ? request.headers[AUTHORIZATION] : values;
}

const AUTHORIZATION = 'authorization';

/** RFC 6265 section 5.4 lets a second cookie of one name be set for another path: nobody can say which one is meant. */
function fromCookie(header: string | readonly string[] | undefined, name: string): Credentials {
  const pairs = (typeof header === 'string' ? header : (header ?? []).join(';')).split(';');
  const values = pairs.flatMap((pair) => {
    const at = pair.indexOf('=');
    return at > 0 && pair.slice(0, at).trim() === name ? [unquoted(pair.slice(at + 1).trim())] : [];
  });
  if (values.length > 1) return invalidRequest('More than one cookie with a token');
  return { outcome: 'read', token: values[0] === '' ? undefined : values[0] };
}

const unquoted = (value: string): string => (/^".*"$/.test(value) ? value.slice(1, -1) : value);
