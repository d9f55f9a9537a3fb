import js from '@eslint/js';
import { defineConfig, globalIgnores } from 'eslint/config';
import prettier from 'eslint-config-prettier';
import jest from 'eslint-plugin-jest';
import globals from 'globals';
import tseslint from 'typescript-eslint';

const ambient = (selector, message) => ({ selector, message });

export default defineConfig(
  globalIgnores(['**/dist/', 'coverage/', '.revocast/', '.cache/', '.tools/']),
  js.configs.recommended,
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  {
    files: ['**/*.{js,mjs,cjs}'],
    languageOptions: { globals: globals.node },
    rules: { 'no-unused-vars': ['error', { caughtErrors: 'none' }], eqeqeq: 'error', 'prefer-const': 'error' },
  },
  {
    files: ['**/*.ts'],
    // Projects of their own, whose packages are not installed here: their own compiler checks them (test/packages).
    ignores: ['examples/**'],
    extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/no-extraneous-class': ['error', { allowWithDecorator: true }],
      '@typescript-eslint/consistent-type-imports': [
        'error',
        // `typeof import('jose')` is how a lazily loaded ES module is named.
        { fixStyle: 'inline-type-imports', disallowTypeAnnotations: false },
      ],
      '@typescript-eslint/no-unused-vars': [
        'error',
        { argsIgnorePattern: '^_', varsIgnorePattern: '^_', ignoreRestSiblings: true },
      ],
      '@typescript-eslint/explicit-module-boundary-types': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/consistent-type-definitions': 'off', // A union and a record of one contract read alike.
      '@typescript-eslint/no-unsafe-class-instance-assignment': 'off', // Nest types its option bags as classes.
      eqeqeq: 'error',
    },
  },
  {
    // A core that reads a clock or a dice of its own cannot be simulated: it takes a Clock and a Prng.
    files: ['libs/core/src/**/*.ts'],
    ignores: ['**/*.spec.ts'],
    rules: {
      'no-restricted-syntax': [
        'error',
        ambient("MemberExpression[object.name='Date'][property.name='now']", 'Take a Clock instead of Date.now().'),
        ambient("NewExpression[callee.name='Date'][arguments.length=0]", 'Take a Clock instead of new Date().'),
        ambient("CallExpression[callee.name='Date']", 'Take a Clock instead of Date().'),
        ambient(
          "MemberExpression[object.name='Math'][property.name='random']",
          'Take a Prng instead of Math.random().',
        ),
      ],
    },
  },
  {
    files: ['examples/**/*.ts'],
    extends: [tseslint.configs.strict],
    rules: { '@typescript-eslint/no-extraneous-class': ['error', { allowWithDecorator: true }] },
  },
  {
    files: ['**/*.{spec,e2e-spec}.ts'],
    ignores: ['examples/**'],
    ...jest.configs['flat/recommended'],
    rules: {
      ...jest.configs['flat/recommended'].rules,
      // Property tests and shared validators assert under these names.
      'jest/expect-expect': ['error', { assertFunctionNames: ['expect', 'expect*', 'fc.assert', 'assert*'] }],
      '@typescript-eslint/no-non-null-assertion': 'off', // A failing assumption in a test is a failing test.
    },
  },
  prettier,
);
