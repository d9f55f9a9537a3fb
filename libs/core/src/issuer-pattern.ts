/** Values of a pattern's placeholders by name, such as `{ tenant: 'acme' }`; those of `*` are not among them. */
export type PatternValues = Readonly<Record<string, string>>;

/**
 * Many issuers under one name: `https://login.microsoftonline.com/{tenant}/v2.0`, `https://*.auth.example.com`. A
 * placeholder stands for one whole label of the host or one whole segment of the path, and never for a `.`, `/`, `:` or
 * `@`: what it matches is always on the host, or under the domain, that the pattern spells out.
 */
export interface IssuerPattern {
  readonly text: string;
  /** Names of the placeholders; `*` has none. */
  readonly names: readonly string[];
  /** The values for which the pattern is this issuer, byte for byte; undefined = it is none of the pattern's. */
  match(issuer: string): PatternValues | undefined;
  /** Whether some issuer would be of both. */
  overlaps(other: IssuerPattern): boolean;
}

/** Longer issuers could not be told from one another by the index (`KEY_FIELD_BYTES_MAX`). */
const ISSUER_LENGTH_MAX = 1_024;

/** A public suffix such as `com` must not be the only thing that is fixed: anybody can have a name under it. */
const FIXED_LABELS_MIN = 2;

/** Lower case only: hosts are compared without case by others, and one host must not be two issuers here. */
const LABEL = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
/** No `%`, so nothing is spelled twice; no dot in front, so neither `.` nor `..` is one. */
const SEGMENT = /^[A-Za-z0-9_~-][A-Za-z0-9._~-]{0,127}$/;
const PLACEHOLDER = /^\{([a-z][A-Za-z0-9]{0,31})\}$/;
const PORT = /^(?:[^:]+):\d{1,5}$/;

interface Part {
  /** The text that must stand here; undefined = a placeholder. */
  readonly fixed?: string;
  readonly name?: string;
  readonly fits: RegExp;
}

/** Whether an issuer's name is meant as a pattern; no URL has these characters in it. */
export const isIssuerPattern = (issuer: string): boolean => /[{}*]/.test(issuer);

/** What is wrong with a pattern, in words for whoever wrote it; undefined = nothing. */
export const issuerPatternProblem = (text: string): string | undefined => {
  const pieces = text.split('/');
  const [scheme, empty, authority = '', ...path] = pieces;
  if (text.length > ISSUER_LENGTH_MAX) return `must be at most ${ISSUER_LENGTH_MAX} characters`;
  if ((scheme !== 'https:' && scheme !== 'http:') || empty !== '') return 'must begin with https:// and a host';
  const [host = ''] = authority.split(':');
  if (authority !== host && !PORT.test(authority)) return 'must have a number as its port, if it has one';
  const labels = host.split('.').map((label) => partOf(label, LABEL, true));
  const segments = withoutLastSlash(path).map((segment) => partOf(segment, SEGMENT, false));
  if (labels.includes(undefined))
    return 'must have * or {name} in place of a whole label of its host, the rest in lower case';
  if (segments.includes(undefined)) return 'must have {name} in place of a whole segment of its path';
  return relationProblem(labels as readonly Part[], segments as readonly Part[]);
};

const relationProblem = (labels: readonly Part[], segments: readonly Part[]): string | undefined => {
  const open = labels.filter(({ fixed }) => fixed === undefined).length;
  if (open > 0 && labels.slice(-FIXED_LABELS_MIN).some(({ fixed }) => fixed === undefined)) {
    return 'must spell out at least the last two labels of its host';
  }
  if (open > 1) return 'must have one placeholder in its host at most';
  const names = [...labels, ...segments].flatMap(({ name }) => name ?? []);
  if (new Set(names).size < names.length) return 'must name each placeholder once';
  return open + segments.filter(({ fixed }) => fixed === undefined).length > 0 ? undefined : 'has no placeholder';
};

/** Call with what `issuerPatternProblem` finds nothing wrong with. */
export const compileIssuerPattern = (text: string): IssuerPattern => {
  const parts = partsOf(text);
  const names = parts.flatMap(({ name }) => name ?? []);
  return {
    text,
    names,
    match: (issuer) => {
      if (issuer.length > ISSUER_LENGTH_MAX) return undefined;
      const pieces = piecesOf(issuer);
      if (pieces.length !== parts.length || !parts.every((part, at) => isMet(part, pieces[at]))) return undefined;
      return Object.fromEntries(
        parts.flatMap(({ name }, at) => (name === undefined ? [] : [[name, pieces[at] ?? '']])),
      );
    },
    overlaps: (other) => {
      const others = partsOf(other.text);
      return others.length === parts.length && parts.every((part, at) => mayBeOne(part, others[at]));
    },
  };
};

/** The text with values in place of its `{name}`s. Undefined when it names one that has no value. */
export const filledIn = (text: string, values: PatternValues): string | undefined => {
  const filled = text.replace(/\{([A-Za-z0-9]+)\}/g, (whole, name: string) =>
    Object.hasOwn(values, name) ? (values[name] ?? whole) : whole,
  );
  return /[{}*]/.test(filled) ? undefined : filled;
};

/**
 * Scheme, labels of the host, port, segments of the path, each with what separates it from the one before: so a dot in a
 * segment is never taken for one of the host, and `host` never for `host:port`.
 */
const piecesOf = (issuer: string): readonly string[] => {
  const [scheme = '', empty = '', authority = '', ...path] = issuer.split('/');
  const [host = ''] = authority.split(':');
  return [scheme, empty, authority.slice(host.length), ...host.split('.'), '/', ...path];
};

const partsOf = (text: string): readonly Part[] => {
  const pieces = piecesOf(text);
  const path = pieces.indexOf('/');
  return pieces.map((piece, at) => {
    if (at < 3 || at === path) return { fixed: piece, fits: SEGMENT };
    return partOf(piece, at < path ? LABEL : SEGMENT, at < path) ?? { fixed: piece, fits: SEGMENT };
  });
};

const partOf = (piece: string, fits: RegExp, isHost: boolean): Part | undefined => {
  if (isHost && piece === '*') return { fits };
  const name = PLACEHOLDER.exec(piece)?.[1];
  if (name !== undefined) return { name, fits };
  return fits.test(piece) ? { fixed: piece, fits } : undefined;
};

const withoutLastSlash = (path: readonly string[]): readonly string[] =>
  path.at(-1) === '' ? path.slice(0, -1) : path;

const isMet = ({ fixed, fits }: Part, piece: string | undefined): boolean =>
  piece !== undefined && (fixed === undefined ? fits.test(piece) : fixed === piece);

const mayBeOne = (a: Part, b: Part | undefined): boolean => {
  if (b === undefined) return false;
  if (a.fixed !== undefined && b.fixed !== undefined) return a.fixed === b.fixed;
  const fixed = a.fixed ?? b.fixed;
  return fixed === undefined || (a.fits.test(fixed) && b.fits.test(fixed));
};
