import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';

const root = join(import.meta.dirname, '../..');

it.each([
  ['README.md', 'nest/src/app.module.ts'],
  ['docs/adapters.md', 'fastify/src/node.ts'],
  ['docs/adapters.md', 'express/src/app.ts'],
  ['docs/adapters.md', 'fastify/src/app.ts'],
  ['docs/adapters.md', 'http/src/app.ts'],
  ['docs/adapters.md', 'nest-calls/src/orders.resolver.ts'],
  ['docs/adapters.md', 'nest-calls/src/orders.gateway.ts'],
  ['docs/adapters.md', 'nest-keycloak/src/guards.ts'],
])('%s quotes examples/%s, word for word: what the adopter projects compile', async (page, example) => {
  const snippet = await readFile(join(root, 'examples', example), 'utf8');
  expect(await readFile(join(root, page), 'utf8')).toContain(`\`\`\`ts\n${snippet}\`\`\``);
});

it.each(['nest-passport', 'nest-gateway'])(
  'the page of adapters quotes snippets/%s.ts, word for word',
  async (name) => {
    const snippet = await readFile(join(import.meta.dirname, `snippets/${name}.ts`), 'utf8');
    expect(await readFile(join(root, 'docs/adapters.md'), 'utf8')).toContain(`\`\`\`ts\n${snippet}\`\`\``);
  },
);
