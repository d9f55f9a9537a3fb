import { afterEach, describe, expect, it } from '@jest/globals';
import { Adopter, NEST_APP, type AdopterOptions } from './adopter.js';

/** Installs from a registry and starts compilers: minutes on a slow line. Milliseconds. */
const WITHIN_MS = 300_000;
const TOOLS = { jest: '^30.0.0', '@jest/globals': '^30.0.0', '@types/node': '^22.0.0' };
const nest = (major: number) =>
  Object.fromEntries(
    ['common', 'core', 'microservices', 'platform-express', 'testing'].map((name) => [
      `@nestjs/${name}`,
      `^${major}.0.0`,
    ]),
  );
const BASE = { 'reflect-metadata': '^0.2.2', rxjs: '^7.8.0', ...TOOLS };

const NEST = { sources: NEST_APP, ours: ['core', 'gate', 'node', 'jetstream', 'nest'] } as const;
/** By the framework that the snippet is for, with the versions that it is for. */
const OTHERS = [
  ['express', { express: '^4.21.0', '@types/express': '^4.17.0' }],
  ['express', { express: '^5.0.0', '@types/express': '^5.0.0' }],
  ['fastify', { fastify: '^5.0.0' }],
] as const;

const COMMONJS: Pick<AdopterOptions, 'packageJson' | 'compilerOptions'> = {
  packageJson: {},
  // The resolution of most Nest projects: it knows no `exports`, so the subpaths must be found without them.
  compilerOptions: { module: 'commonjs', moduleResolution: 'node10' },
};
const ESM: Pick<AdopterOptions, 'packageJson' | 'compilerOptions'> = {
  packageJson: { type: 'module' },
  compilerOptions: { module: 'nodenext' },
};

let adopter: Adopter | undefined;
afterEach(() => adopter?.remove());

describe('the packed tarballs', () => {
  it.each([10, 11])(
    'compile and run in a CommonJS project of Nest %i, under its CommonJS jest',
    async (major) => {
      adopter = await Adopter.create({
        ...NEST,
        ...COMMONJS,
        dependencies: { ...BASE, ...nest(major), typescript: '~5.9.0' },
      });
      await adopter.run('npx', ['tsc']);
      const output = await adopter.run('npx', ['jest', 'dist']);
      expect(output).toContain('Tests:       2 passed, 2 total');
    },
    WITHIN_MS,
  );

  it(
    'compile and run in an ESM project of Nest 12, under native ESM jest',
    async () => {
      adopter = await Adopter.create({ ...NEST, ...ESM, dependencies: { ...BASE, ...nest(12), typescript: '~6.0.0' } });
      await adopter.run('npx', ['tsc']);
      const jest = ['--experimental-vm-modules', 'node_modules/jest/bin/jest.js', 'dist'];
      expect(await adopter.run(process.execPath, jest)).toContain('Tests:       2 passed, 2 total');
    },
    WITHIN_MS,
  );

  it.each(OTHERS)(
    'compile and run in an ESM project of %s, %j',
    async (name, versions) => {
      const sources = { [`${name}.ts`]: `snippets/${name}.ts`, 'node.ts': 'snippets/node.ts' };
      adopter = await Adopter.create({
        ...ESM,
        sources: { ...sources, 'app.spec.ts': `snippets/${name}-app.ts` },
        ours: ['core', 'gate', 'node', 'jetstream', name],
        dependencies: { ...TOOLS, ...versions, typescript: '~6.0.0' },
      });
      await adopter.run('npx', ['tsc']);
      const jest = ['--experimental-vm-modules', 'node_modules/jest/bin/jest.js', 'dist'];
      expect(await adopter.run(process.execPath, jest)).toContain('1 passed, 1 total');
    },
    WITHIN_MS,
  );
});
