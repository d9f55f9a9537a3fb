import { StandardSchemaValidationPipe } from '@nestjs/common';
import { type InputError, ProblemError } from './problem.js';

/** An issue of a Standard Schema, with the members that zod adds. */
interface SchemaIssue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
  readonly code?: string;
  /** Of `unrecognized_keys`. */
  readonly keys?: readonly string[];
}

/** Validates bodies and queries by the zod schema of their parameter, and names all problems with JSON pointers. */
export const validationPipe = (): StandardSchemaValidationPipe =>
  new StandardSchemaValidationPipe({ exceptionFactory: (issues) => invalidInput(issues) });

/** An unknown scope has a code of its own: it is what a newer client meets at an older service. */
export function invalidInput(issues: readonly SchemaIssue[]): ProblemError {
  const errors = issues.flatMap(errorsOf);
  const scopeUnknown = issues.every(({ path, code }) => path?.[0] === 'scope' && code === 'invalid_union');
  return scopeUnknown
    ? new ProblemError('ERR_SCOPE_UNKNOWN', 'The scope is unknown or missing.', { errors })
    : new ProblemError('ERR_REVOCATION_INVALID', `${errors.length} of the input's members are not valid.`, { errors });
}

function errorsOf({ message, path = [], keys }: SchemaIssue): readonly InputError[] {
  const at = path.map((segment) => (typeof segment === 'object' ? segment.key : segment));
  if (keys !== undefined)
    return keys.map((key) => ({ pointer: pointerOf([...at, key]), detail: 'is not expected here' }));
  return [{ pointer: pointerOf(at), detail: message }];
}

/** RFC 6901 section 3. */
const pointerOf = (path: readonly PropertyKey[]): string =>
  path.map((segment) => `/${String(segment).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
