/**
 * What came from elsewhere is shown without control characters: a reason or a node's name must not be able to move the cursor,
 * rewrite a line above it or reverse the direction of writing.
 */
export const plain = (value: unknown): string =>
  asText(value).replace(
    // eslint-disable-next-line no-control-regex -- exactly these drive a terminal
    /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );

const asText = (value: unknown): string => {
  if (value === undefined || value === null) return '-';
  return typeof value === 'string' ? value : JSON.stringify(value);
};

/** Columns as wide as their widest cell. */
export function table(head: readonly string[], rows: readonly (readonly unknown[])[]): string {
  const cells = [head, ...rows.map((row) => row.map(plain))];
  const widths = head.map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
  return cells
    .map(
      (row) =>
        `${row
          .map((cell, at) => cell.padEnd(widths[at] ?? 0))
          .join('  ')
          .trimEnd()}\n`,
    )
    .join('');
}

/** One `name  value` per line; what is undefined or null is left out. */
export function facts(pairs: readonly (readonly [string, unknown])[]): string {
  const known = pairs.filter(([, value]) => value !== undefined && value !== null);
  const width = Math.max(...known.map(([name]) => name.length));
  return known.map(([name, value]) => `${name.padEnd(width)}  ${plain(value)}\n`).join('');
}

/** Members of an answer, read without trust in their types. */
export type Json = Readonly<Record<string, unknown>>;
export const isJson = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
export const member = (value: unknown, name: string): unknown => (isJson(value) ? value[name] : undefined);
export const listOf = (value: unknown): readonly Json[] => (Array.isArray(value) ? value.filter(isJson) : []);

/** One thing wrong with the input: where (RFC 6901; the whole of it is `/` here) and what. */
export const inputErrorText = ({ pointer, detail }: Json): string =>
  `${pointer === '' ? '/' : plain(pointer)}: ${plain(detail)}`;
