/*
 * UTF-8 by hand: the core sees no TextEncoder. A surrogate that stands alone counts and encodes as U+FFFD, as
 * TextEncoder does; keys never contain one, because commands and tokens that do are refused.
 */

const REPLACEMENT = 0xfffd;
const isHigh = (unit: number): boolean => unit >= 0xd800 && unit <= 0xdbff;
const isLow = (unit: number): boolean => unit >= 0xdc00 && unit <= 0xdfff;

/** Whether no surrogate stands alone; `String.prototype.isWellFormed` is newer than the language level of the core. */
export const isWellFormed = (text: string): boolean => {
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (isLow(unit)) return false;
    if (isHigh(unit) && !isLow(text.charCodeAt(++i))) return false;
  }
  return true;
};

/** How many bytes `text` has in UTF-8. */
export const utf8Length = (text: string): number => {
  let bytes = text.length;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 0x80) continue;
    if (unit < 0x800) bytes += 1;
    else bytes += 2;
    // A pair is two units and four bytes: two for the units themselves, two more in all.
    if (isHigh(unit) && isLow(text.charCodeAt(i + 1))) i++;
  }
  return bytes;
};

/** The bytes of `text`, written to the start of `into`, which must have room (three bytes per unit always do). Returns how many. */
export const encodeUtf8 = (text: string, into: Uint8Array): number => {
  let end = 0;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 0x80) {
      into[end++] = unit;
      continue;
    }
    const point = pointAt(text, i, unit);
    if (point > 0xffff) i++;
    end = encodePoint(point, into, end);
  }
  return end;
};

const pointAt = (text: string, index: number, unit: number): number => {
  if (isLow(unit)) return REPLACEMENT;
  if (!isHigh(unit)) return unit;
  const next = text.charCodeAt(index + 1);
  return isLow(next) ? 0x10000 + ((unit - 0xd800) << 10) + (next - 0xdc00) : REPLACEMENT;
};

const encodePoint = (point: number, into: Uint8Array, start: number): number => {
  let end = start;
  if (point < 0x800) into[end++] = 0xc0 | (point >> 6);
  else if (point < 0x10000) into[end++] = 0xe0 | (point >> 12);
  else {
    into[end++] = 0xf0 | (point >> 18);
    into[end++] = 0x80 | ((point >> 12) & 0x3f);
  }
  if (point >= 0x800) into[end++] = 0x80 | ((point >> 6) & 0x3f);
  into[end++] = 0x80 | (point & 0x3f);
  return end;
};
