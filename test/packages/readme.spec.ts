import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';

const root = join(import.meta.dirname, '../..');

it('is quoted by the README, word for word: the snippet that the adopter projects compile', async () => {
  const snippet = await readFile(join(import.meta.dirname, 'snippet.ts'), 'utf8');
  expect(await readFile(join(root, 'README.md'), 'utf8')).toContain(`\`\`\`ts\n${snippet}\`\`\``);
});

it.each(['node', 'express', 'fastify', 'http', 'nest-passport', 'nest-gateway'])(
  'the page of adapters quotes snippets/%s.ts, word for word',
  async (name) => {
    const snippet = await readFile(join(import.meta.dirname, `snippets/${name}.ts`), 'utf8');
    expect(await readFile(join(root, 'docs/adapters.md'), 'utf8')).toContain(`\`\`\`ts\n${snippet}\`\`\``);
  },
);
