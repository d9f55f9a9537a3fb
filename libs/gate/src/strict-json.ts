/** A whole JSON string with the colon that makes it a member name, or a brace that opens or closes an object. */
const NAME_OR_BRACE = /("[^"\\]*(?:\\.[^"\\]*)*")(\s*:)?|[{}]/g;

/**
 * Whether some object names a member twice. JSON.parse keeps the last one and other parsers the first
 * (RFC 8259 section 4): two readers of one token could see two subjects. `text` must be valid JSON.
 */
const hasDuplicateMember = (text: string): boolean => {
  const open: Set<string>[] = [];
  for (const [found, literal, colon] of text.matchAll(NAME_OR_BRACE)) {
    if (found === '{') open.push(new Set());
    else if (found === '}') open.pop();
    else if (literal !== undefined && colon !== undefined) {
      // Unescaped, since "\u0073ub" and "sub" are one name.
      const name = JSON.parse(literal) as string;
      const names = open.at(-1);
      if (names?.has(name)) return true;
      names?.add(name);
    }
  }
  return false;
};

/** Reads a JSON object in which no member is named twice, at any depth; undefined = `text` is none. */
export const parseStrictObject = (text: string): Readonly<Record<string, unknown>> | undefined => {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value) || hasDuplicateMember(text)) return undefined;
  return value as Record<string, unknown>;
};
