const swc = {
  swcrc: false,
  sourceMaps: 'inline',
  module: { type: 'nodenext' },
  jsc: {
    target: 'es2022',
    parser: { syntax: 'typescript', decorators: true },
    transform: { legacyDecorator: true, decoratorMetadata: true, useDefineForClassFields: true },
    keepClassNames: true,
  },
};

const project = {
  testEnvironment: 'node',
  // The libraries run from their sources: a test never sees a stale build.
  testEnvironmentOptions: { customExportConditions: ['@revocast/source', 'node', 'node-addons'] },
  extensionsToTreatAsEsm: ['.ts'],
  moduleNameMapper: { '^(\\.{1,2}/.*)\\.js$': '$1' },
  transform: { '^.+\\.ts$': ['@swc/jest', swc] },
  modulePathIgnorePatterns: ['<rootDir>/(?:libs|apps)/[^/]+/dist/', '<rootDir>/\\.revocast/', '<rootDir>/\\.cache/'],
};

// Before Node 24.9 jest cannot require() an ES module, and Fastify's light-my-request requires the ESM-only cookie 2.
const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 24 || (major === 24 && minor < 9)) {
  const asCommonJs = { swcrc: false, jsc: { target: 'es2022' }, module: { type: 'commonjs' } };
  project.transform['/node_modules/cookie/.+\\.js$'] = ['@swc/jest', asCommonJs];
  project.transformIgnorePatterns = ['/node_modules/(?!cookie/)'];
}

export default {
  // A limit says that a test hangs, never how fast it should be: machines are shared, and a slow one is no failure.
  testTimeout: 120_000,
  coverageProvider: 'v8',
  coverageReporters: ['text', 'lcov'],
  coverageThreshold: { global: { lines: 90, branches: 80 } },
  collectCoverageFrom: ['{apps,libs}/*/src/**/*.ts', '!**/*.spec.ts', '!**/main.ts'],
  projects: [
    {
      ...project,
      displayName: 'unit',
      testMatch: [
        '<rootDir>/{apps,libs}/*/src/**/*.spec.ts',
        '<rootDir>/{apps/*/,libs/*/,}test/**/*.spec.ts',
        '<rootDir>/tools/**/*.spec.{ts,mjs}',
      ],
    },
    {
      ...project,
      displayName: 'e2e',
      testMatch: ['<rootDir>/{apps/*/,libs/*/,}test/**/*.e2e-spec.ts'],
      testPathIgnorePatterns: ['/node_modules/', '<rootDir>/test/packages/'],
    },
    // Packs the libraries and installs them into projects of their own: minutes, and a registry.
    {
      ...project,
      displayName: 'packages',
      testMatch: ['<rootDir>/test/packages/*.e2e-spec.ts'],
    },
    // Against servers of others that take a JVM and hundreds of megabytes: a command of its own.
    {
      ...project,
      displayName: 'peers',
      testMatch: ['<rootDir>/test/**/*.peer-spec.ts'],
    },
  ],
};
