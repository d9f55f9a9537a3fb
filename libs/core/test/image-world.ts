import { type RevocationIndex } from '@revocast/core';

/** What an index answers to a reader that takes these parts: the code of the error, or undefined. */
export const refusalOf = (index: RevocationIndex, parts: Iterable<Uint8Array>): string | undefined => {
  try {
    const reader = index.readImage();
    for (const part of parts) reader.take(part);
    reader.end();
    return undefined;
  } catch (error) {
    return (error as { readonly code?: string }).code ?? String(error);
  }
};
