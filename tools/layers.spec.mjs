import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { dirname, join, relative } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

const root = join(import.meta.dirname, '..');

// Rule -> one file that breaks it. Imports are relative or of installed packages, so that all but one resolve.
const violations = {
  'core-imports-only-core': ['libs/core/src/reads-disk.ts', `import 'node:fs';`],
  'gate-knows-no-framework': ['libs/gate/src/uses-nest.ts', `import '@nestjs/common';`],
  'node-knows-no-framework': ['libs/node/src/uses-fastify.ts', `import 'fastify';`],
  'adapters-do-not-know-each-other': ['libs/fastify/src/borrows.ts', `import '../../express/src/index.js';`],
  'adapters-do-not-know-nats': ['libs/nest/src/opens-stream.ts', `import '@nats-io/jetstream';`],
  'jetstream-knows-neither-nest-nor-gate': ['libs/jetstream/src/decides.ts', `import '../../gate/src/index.js';`],
  'libraries-do-not-know-apps': ['libs/jetstream/src/reads-app.ts', `import '../../../apps/one/src/main.js';`],
  'apps-do-not-know-each-other': ['apps/two/src/borrows.ts', `import '../../one/src/main.js';`],
  'cli-speaks-http-only': ['apps/cli/src/uses-jose.ts', `import 'jose';`],
  'cli-reads-redis-in-one-place': ['apps/cli/src/uses-redis.ts', `import 'ioredis';`],
  'library-is-entered-by-its-index': ['apps/one/src/reaches-in.ts', `import '../../../libs/core/src/inner.js';`],
  'production-does-not-import-tests': ['apps/one/src/uses-builders.ts', `import '../../../libs/testing/src/index.js';`],
  'production-declares-its-dependencies': ['apps/one/src/undeclared.ts', `import { z } from 'zod'; z.string();`],
  'no-cycles': ['libs/core/src/egg.ts', `import './hen.js';`],
  'no-unresolvable-imports': ['apps/one/src/misspelt.ts', `import './mian.js';`],
};
const allowed = {
  'libs/core/src/index.ts': `export * from './inner.js';`,
  'libs/core/src/inner.ts': `export const inner = 1;`,
  'libs/core/src/hen.ts': `import './egg.js';`,
  'libs/core/src/inner.spec.ts': `import 'node:fs'; import '../../testing/src/index.js';`,
  'libs/gate/src/index.ts': `import 'jose'; import 'node:crypto'; export * from '../../core/src/index.js';`,
  'libs/node/src/index.ts': `import 'node:http'; export * from '../../gate/src/index.js';`,
  'libs/express/src/index.ts': `export * from '../../node/src/index.js';`,
  'libs/testing/src/index.ts': `export * from '../../core/src/index.js';`,
  'apps/one/src/main.ts': `import '../../../libs/core/src/index.js';`,
  'apps/cli/src/main.ts': `import 'node:util';`,
  'apps/cli/src/redis-blacklist.ts': `export const client = import('ioredis');`,
  'apps/cli/package.json': `{ "name": "cli", "peerDependencies": { "ioredis": "*" } }`,
  'libs/gate/package.json': `{ "name": "gate", "dependencies": { "jose": "*" } }`,
  'apps/one/package.json': `{ "name": "one", "dependencies": {} }`,
};

describe('the layer rules', () => {
  let directory = '';
  let found = [];

  beforeAll(async () => {
    // Below the repository, so that packages resolve.
    await mkdir(join(root, '.cache'), { recursive: true });
    directory = await mkdtemp(join(root, '.cache/layers-'));
    for (const [path, text] of [...Object.values(violations), ...Object.entries(allowed)]) {
      await mkdir(dirname(join(directory, path)), { recursive: true });
      await writeFile(join(directory, path), text);
    }
    found = await cruise(directory);
  }, 30_000);
  afterAll(() => rm(directory, { recursive: true, force: true }));

  it.each(Object.entries(violations))('fire: %s', (rule, [path]) => {
    expect(found).toContainEqual([rule, path]);
  });

  it('cover every rule of the configuration with a violation', async () => {
    const { default: config } = await import(join(root, '.dependency-cruiser.cjs'));
    expect(config.forbidden.map((rule) => rule.name).sort()).toEqual(Object.keys(violations).sort());
  });

  it('leave what is allowed alone', () => {
    const accused = found.filter(([, path]) => path in allowed);
    expect(accused).toEqual([]);
  });
});

async function cruise(cwd) {
  const bin = relative(cwd, join(root, 'node_modules/dependency-cruiser/bin/dependency-cruise.mjs'));
  const args = [bin, '--config', join(root, '.dependency-cruiser.cjs'), '--output-type', 'json', 'apps', 'libs'];
  const run = promisify(execFile)(process.execPath, args, { cwd, maxBuffer: 1e8 });
  const { stdout } = await run.catch((error) => error); // exits with the number of violations
  return JSON.parse(stdout).summary.violations.map((violation) => [violation.rule.name, violation.from]);
}
