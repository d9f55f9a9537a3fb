import { KEY_FIELDS, type Scope } from '@revocast/core';
import { type Operator } from '../auth/operator.js';
import { type RevocationFilter } from '../journal/revocations.js';
import { type ListQuery } from './schemas.js';

/** A cursor is a position in the journal; clients take it as opaque. */
export const textOf = (position: number): string => position.toString(36);
export const positionOf = (cursor: string): number => Number.parseInt(cursor, 36);

/** What the query asks for, within what the operator may see. */
export function filterOf(query: ListQuery, operator: Operator, before: number | undefined): RevocationFilter {
  const issuers = within(query.issuer, operator.issuers);
  const scopes = within<Scope>(query.scope, operator.scopes);
  const fields = Object.fromEntries(
    KEY_FIELDS.flatMap((field) => {
      const value = query[field];
      return value === undefined ? [] : [[field, value]];
    }),
  );
  return {
    fields,
    ...(issuers && { issuers }),
    ...(scopes && { scopes }),
    ...(query.state && { state: query.state }),
    ...(before !== undefined && { before }),
  };
}

function within<T extends string>(asked: T | undefined, allowed: ReadonlySet<T> | undefined): readonly T[] | undefined {
  if (allowed === undefined) return asked === undefined ? undefined : [asked];
  return [...allowed].filter((value) => asked === undefined || value === asked);
}
