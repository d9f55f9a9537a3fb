import { RevocationError } from '@revocast/core';

/** A JSON object whose members nobody has looked at yet. */
export type Fields = Readonly<Record<string, unknown>>;

/** Names what is wrong, never the value: values may be personal. */
export const unreadable = (what: string): RevocationError => new RevocationError('ERR_RECORD_UNREADABLE', what);

/** Ids travel in headers and logs: visible ASCII, nothing that could end a line. */
const ID = /^[\x21-\x7e]{1,128}$/;
/** A lone surrogate is no character: it would become another string on its way through UTF-8. */
const LONE_SURROGATE = /\p{Cs}/u;

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The JSON object in these bytes, or undefined: bad UTF-8 and bad JSON alike. */
export const parseFields = (bytes: Uint8Array): Fields | undefined => {
  try {
    return asFields(JSON.parse(utf8.decode(bytes)));
  } catch {
    return undefined;
  }
};

export const asFields = (value: unknown): Fields | undefined =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : undefined;

export const isId = (value: unknown): value is string => typeof value === 'string' && ID.test(value);

export const isText = (value: unknown, bytesMax: number): value is string =>
  typeof value === 'string' && value !== '' && Buffer.byteLength(value) <= bytesMax && !LONE_SURROGATE.test(value);

export const fieldsIn = (fields: Fields, name: string): Fields => {
  const value = asFields(fields[name]);
  if (value === undefined) throw unreadable(`${name} is not an object`);
  return value;
};

export const idIn = (fields: Fields, name: string): string => {
  const value = fields[name];
  if (!isId(value)) throw unreadable(`${name} is not an id`);
  return value;
};

export const textIn = (fields: Fields, name: string, bytesMax: number): string => {
  const value = fields[name];
  if (!isText(value, bytesMax)) throw unreadable(`${name} is not a text of 1 to ${bytesMax} bytes`);
  return value;
};

export const matchIn = (fields: Fields, name: string, pattern: RegExp): string => {
  const value = fields[name];
  if (typeof value !== 'string' || !pattern.test(value)) throw unreadable(`${name} does not have its form`);
  return value;
};

export const finiteIn = (fields: Fields, name: string): number => {
  const value = fields[name];
  if (typeof value !== 'number' || !Number.isFinite(value)) throw unreadable(`${name} is not a finite number`);
  return value;
};

/** A number that is not negative: times, durations and counts are all such. */
export const numberIn = (fields: Fields, name: string): number => {
  const value = finiteIn(fields, name);
  if (value < 0) throw unreadable(`${name} is negative`);
  return value;
};

export const integerIn = (fields: Fields, name: string): number => {
  const value = numberIn(fields, name);
  if (!Number.isSafeInteger(value)) throw unreadable(`${name} is not a whole number`);
  return value;
};

export const booleanIn = (fields: Fields, name: string): boolean => {
  const value = fields[name];
  if (typeof value !== 'boolean') throw unreadable(`${name} is neither true nor false`);
  return value;
};

export const oneOfIn = <T extends string>(fields: Fields, name: string, allowed: readonly T[]): T => {
  const value = allowed.find((candidate) => candidate === fields[name]);
  if (value === undefined) throw unreadable(`${name} is none of its known values`);
  return value;
};

export const listIn = <T>(fields: Fields, name: string, read: (item: unknown) => T): readonly T[] => {
  const value: unknown = fields[name];
  if (!Array.isArray(value)) throw unreadable(`${name} is not a list`);
  return value.map(read);
};

/** Reads a member only if it is there; JSON null is a value, not an absence. */
export const optional = <T>(fields: Fields, name: string, read: (fields: Fields, name: string) => T): T | undefined =>
  fields[name] === undefined ? undefined : read(fields, name);
