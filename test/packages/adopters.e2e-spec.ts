import { afterEach, describe, expect, it } from '@jest/globals';
import { Adopter } from './adopter.js';

/** Installs from a registry and starts compilers: minutes on a slow line. Milliseconds. */
const WITHIN_MS = 300_000;
const ESM_JEST = 'node --experimental-vm-modules node_modules/jest/bin/jest.js dist';
const nest = (major: number) =>
  Object.fromEntries(
    ['common', 'core', 'microservices', 'platform-express', 'testing'].map((name) => [
      `@nestjs/${name}`,
      `^${major}.0.0`,
    ]),
  );

let adopter: Adopter | undefined;
afterEach(() => adopter?.remove());

describe('the examples, with the packed tarballs', () => {
  // Their tsconfig has the resolution of most Nest projects: it knows no `exports`, so the subpaths must be found without.
  it.each([
    { major: 10, beside: 'nest-keycloak', more: [], tests: 8 },
    { major: 11, beside: 'nest-calls', more: ['gateway-left-out.ts'], tests: 9 },
  ])(
    'compile and run in a CommonJS project of Nest $major, under its CommonJS jest, and beside it $beside',
    async ({ major, beside, more, tests }) => {
      const options = { beside, more: ['rpc-refusal.ts', ...more], versions: nest(major) };
      adopter = await Adopter.create({ example: 'nest', ...options });
      expect(await adopter.buildAndTest()).toContain(`Tests:       ${tests} passed, ${tests} total`);
    },
    WITHIN_MS,
  );

  it(
    'compile and run in an ESM project of Nest 12, under native ESM jest',
    async () => {
      adopter = await Adopter.create({
        ...{ example: 'nest', more: ['rpc-refusal.ts'] },
        ...{ type: 'module', versions: { ...nest(12), typescript: '~6.0.0' } },
        compilerOptions: { module: 'nodenext', moduleResolution: 'nodenext' },
      });
      await adopter.run('npm', ['pkg', 'set', `scripts.test=${ESM_JEST}`]);
      expect(await adopter.buildAndTest()).toContain('Tests:       2 passed, 2 total');
    },
    WITHIN_MS,
  );

  it.each(['4', '5'])(
    'compile and run in an ESM project of Express %s',
    async (major) => {
      const versions = { express: `^${major}.0.0`, '@types/express': `^${major}.0.0` };
      adopter = await Adopter.create({ example: 'express', versions });
      expect(await adopter.buildAndTest()).toContain('1 passed, 1 total');
    },
    WITHIN_MS,
  );

  it(
    'compile and run in an ESM project of Fastify 5, and beside it the one of node:http',
    async () => {
      adopter = await Adopter.create({ example: 'fastify', beside: 'http' });
      expect(await adopter.buildAndTest()).toContain('2 passed, 2 total');
    },
    WITHIN_MS,
  );
});
