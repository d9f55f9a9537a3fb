// Which part may import which. Direction: apps -> {nest, express, fastify, jetstream} -> node -> gate -> core -> nothing; jetstream knows core alone.
// The comment of a rule is printed when it fires and says what to do.

const npm = (names) => `(?:^|node_modules/)(?:${names})(?:/|$)`;
const SPEC = '\\.(?:spec|e2e-spec)\\.ts$';
const PRODUCTION = '^(?:apps|libs)/(?!testing/)[^/]+/src/';

module.exports = {
  forbidden: [
    {
      name: 'core-imports-only-core',
      severity: 'error',
      comment:
        'Core is pure. Declare what you need as a port in libs/core/src and let an adapter or an app pass it in.',
      from: { path: '^libs/core/src/', pathNot: SPEC },
      to: { pathNot: '^libs/core/src/' },
    },
    {
      name: 'gate-knows-no-framework',
      severity: 'error',
      comment:
        'Gate imports core, jose, lru-cache and zod, nothing else: plain data in, plain data out. Put what knows a framework or a broker into libs/nest or libs/jetstream.',
      from: { path: '^libs/gate/src/', pathNot: SPEC },
      to: { pathNot: ['^libs/(?:gate|core)/', npm('jose|lru-cache|zod')], dependencyTypesNot: ['core'] },
    },
    {
      name: 'node-knows-no-framework',
      severity: 'error',
      comment:
        'The node imports gate, core and Node.js itself, nothing else, so that every adapter can stand on it. Put what knows a framework into the adapter of that framework.',
      from: { path: '^libs/node/src/', pathNot: SPEC },
      to: { pathNot: ['^libs/(?:node|gate|core)/', npm('bloom-filters')], dependencyTypesNot: ['core'] },
    },
    {
      name: 'adapters-do-not-know-each-other',
      severity: 'error',
      comment: 'What two adapters need belongs into libs/node, where every other one finds it too.',
      from: { path: '^libs/(nest|express|fastify)/src/', pathNot: SPEC },
      to: { path: '^libs/(?:nest|express|fastify)/', pathNot: '^libs/$1/' },
    },
    {
      name: 'adapters-do-not-know-nats',
      severity: 'error',
      comment:
        'Node and adapters see the log through the port Feed of core. The composition root of an app hands it one.',
      from: { path: '^libs/(?:node|nest|express|fastify)/src/' },
      to: { path: ['^libs/jetstream/', npm('@nats-io/[^/]+|nats')] },
    },
    {
      name: 'jetstream-knows-neither-nest-nor-gate',
      severity: 'error',
      comment: 'The adapter carries records; it decides nothing. Move the decision to core, or the wiring to the app.',
      from: { path: '^libs/jetstream/src/' },
      to: { path: ['^libs/(?:nest|express|fastify|node|gate)/', npm('@nestjs/[^/]+|express|fastify')] },
    },
    {
      name: 'libraries-do-not-know-apps',
      severity: 'error',
      comment: 'A library is published without the apps. Move the shared code into a library.',
      from: { path: '^libs/' },
      to: { path: '^apps/' },
    },
    {
      name: 'apps-do-not-know-each-other',
      severity: 'error',
      comment: 'Apps talk over HTTP and NATS only. Move the shared code into a library.',
      from: { path: '^apps/([^/]+)/' },
      to: { path: '^apps/', pathNot: '^apps/$1/' },
    },
    {
      name: 'cli-speaks-http-only',
      severity: 'error',
      comment:
        'The command line knows the HTTP API and Node.js, so that an operator’s key stands beside nobody else’s code. Ask the service (ADR 0042).',
      from: { path: '^apps/cli/src/', pathNot: SPEC },
      to: { pathNot: ['^apps/cli/src/', '(?:^|/)node_modules/ioredis/'], dependencyTypesNot: ['core'] },
    },
    {
      name: 'cli-reads-redis-in-one-place',
      severity: 'error',
      comment:
        'The client of Redis is loaded by import() when a blacklist is opened, and is not there for whoever has none (ADR 0056).',
      from: { path: '^apps/cli/src/', pathNot: '^apps/cli/src/redis-blacklist\\.ts$' },
      to: { path: '(?:^|/)node_modules/ioredis/' },
    },
    {
      name: 'library-is-entered-by-its-index',
      severity: 'error',
      comment:
        'Import the package by its name (@revocast/...). If what you need is not exported, export it there on purpose, or do without.',
      from: { path: '^(?:(?:libs|apps)/)?([^/]+)/' },
      to: {
        path: '^libs/[^/]+/(?:src|dist)/',
        pathNot: [
          '^libs/$1/',
          '^libs/[^/]+/src/index\\.ts$',
          '^libs/(?:nest|node)/src/(?:microservices|testing)/index\\.ts$',
        ],
      },
    },
    {
      name: 'production-does-not-import-tests',
      severity: 'error',
      comment: 'Tests, fixtures and libs/testing are not shipped. Move what production needs into a library.',
      from: { path: PRODUCTION, pathNot: SPEC },
      to: { path: ['^test/', '^(?:apps|libs)/[^/]+/test/', '^libs/testing/', SPEC] },
    },
    {
      name: 'production-declares-its-dependencies',
      severity: 'error',
      comment: 'Add the package to dependencies (or peerDependencies) of the package.json next to this code.',
      from: { path: PRODUCTION, pathNot: SPEC },
      to: {
        dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'],
        dependencyTypesNot: ['npm', 'npm-peer', 'npm-optional', 'type-only'],
      },
    },
    {
      name: 'no-cycles',
      severity: 'error',
      comment: 'Move what both files need into a third one that knows neither; types count too.',
      from: {},
      to: { circular: true },
    },
    {
      name: 'no-unresolvable-imports',
      severity: 'error',
      comment: 'The file or package does not exist: correct the path (with its .js ending), or install the package.',
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    tsConfig: { fileName: `${__dirname}/tsconfig.json` },
    tsPreCompilationDeps: true,
    exclude: { path: '^(?:libs|apps)/[^/]+/dist/' },
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['@revocast/source', 'import', 'node', 'default', 'types'],
      extensions: ['.ts', '.js', '.mjs', '.cjs', '.json', '.d.ts'],
    },
    skipAnalysisNotInRules: true,
  },
};
