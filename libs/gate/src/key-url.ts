const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/;

/** What is wrong with `text` as a place to fetch keys from; undefined = nothing. */
export const keyUrlProblem = (text: string): string | undefined => {
  if (!URL.canParse(text)) return 'must be a URL';
  const url = new URL(text);
  const secure = url.protocol === 'https:' || (url.protocol === 'http:' && LOOPBACK.test(url.hostname));
  // Keys that come over plain http are the keys of whoever sits in between.
  if (!secure) return 'must be https (http only on loopback)';
  if (url.username !== '' || url.password !== '') return 'must not contain a user name or password';
  return undefined;
};

const withoutTrailingSlash = (text: string): string => (text.endsWith('/') ? text.slice(0, -1) : text);

/**
 * Where an issuer's metadata may be: OIDC Discovery 1.0 section 4 puts its well-known path behind the issuer,
 * RFC 8414 section 3.1 between host and path.
 */
export const wellKnownUrls = (issuer: string): readonly string[] => {
  const { origin, pathname } = new URL(issuer);
  return [
    `${withoutTrailingSlash(issuer)}/.well-known/openid-configuration`,
    `${origin}/.well-known/oauth-authorization-server${withoutTrailingSlash(pathname)}`,
  ];
};
