const P1 = 0x9e3779b1 | 0;
const P2 = 0x85ebca77 | 0;
const P3 = 0xc2b2ae3d | 0;
const P4 = 0x27d4eb2f | 0;

/**
 * xxHash32 (https://github.com/Cyan4973/xxHash) over words: finds torn and flipped bytes at the speed of memory. It is no
 * proof against somebody who means it; what comes from elsewhere is signed.
 */
export const checksumOf = (words: Int32Array, seed: number): number => {
  const length = words.length;
  let at = 0;
  let sum = (seed + 0x165667b1) | 0;
  if (length >= 4) {
    let a = (seed + P1 + P2) | 0;
    let b = (seed + P2) | 0;
    let c = seed;
    let d = (seed - P1) | 0;
    for (; at + 4 <= length; at += 4) {
      a = (a + Math.imul(words[at] ?? 0, P2)) | 0;
      a = Math.imul((a << 13) | (a >>> 19), P1);
      b = (b + Math.imul(words[at + 1] ?? 0, P2)) | 0;
      b = Math.imul((b << 13) | (b >>> 19), P1);
      c = (c + Math.imul(words[at + 2] ?? 0, P2)) | 0;
      c = Math.imul((c << 13) | (c >>> 19), P1);
      d = (d + Math.imul(words[at + 3] ?? 0, P2)) | 0;
      d = Math.imul((d << 13) | (d >>> 19), P1);
    }
    sum = (((a << 1) | (a >>> 31)) + ((b << 7) | (b >>> 25)) + ((c << 12) | (c >>> 20)) + ((d << 18) | (d >>> 14))) | 0;
  }
  sum = (sum + 4 * length) | 0;
  for (; at < length; at++) {
    sum = (sum + Math.imul(words[at] ?? 0, P3)) | 0;
    sum = Math.imul((sum << 17) | (sum >>> 15), P4);
  }
  sum = Math.imul(sum ^ (sum >>> 15), P2);
  sum = Math.imul(sum ^ (sum >>> 13), P3);
  return sum ^ (sum >>> 16);
};
