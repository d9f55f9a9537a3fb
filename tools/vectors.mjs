// The golden vectors of docs/protocol.md, made from the code.
//   npm run vectors              says which files differ from what the code makes; exit code 1 if any does
//   npm run vectors -- --write   writes them
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { format } from 'prettier';
import { makeVectors } from '../libs/jetstream/test/vectors/vectors.ts';

const directory = join(import.meta.dirname, '../test/vectors');
const write = process.argv.includes('--write');

function stored(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  }
}

for (const [file, content] of Object.entries(await makeVectors())) {
  const path = join(directory, file);
  const text = JSON.stringify(content);
  if (isDeepStrictEqual(stored(path), JSON.parse(text))) continue;
  if (write) writeFileSync(path, await format(text, { parser: 'json', printWidth: 120 }));
  else process.exitCode = 1;
  console.log(`${file} ${write ? 'written' : 'differs: npm run vectors -- --write'}`);
}
