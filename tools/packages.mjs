// Packs each library, and the command line, as npm would publish it and looks at the tarball from outside: publint and attw read
// its declarations, then plain Node loads every entry with import and with require. A command shows its help.
import { execFile } from 'node:child_process';
import { mkdir, readFile, readdir, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { report } from './source-files.mjs';

const run = promisify(execFile);
const root = dirname(import.meta.dirname);
// Inside the repository, so that third-party packages resolve from its node_modules; our own come from the tarballs.
const work = join(root, '.cache/packages');
const modules = join(work, 'node_modules');

/** Runs a command and returns its output when it fails, nothing when it passes. */
async function failureOf(command, args, cwd) {
  try {
    await run(command, args, { cwd, maxBuffer: 1e8 });
    return [];
  } catch (error) {
    return [`${error.stdout ?? ''}${error.stderr ?? ''}`.trim() || String(error)];
  }
}

async function pack(name) {
  const { stdout } = await run('npm', ['pack', '--json', '--pack-destination', work, '-w', name], { cwd: root });
  const target = join(modules, name);
  const parsed = JSON.parse(stdout);
  // npm 10 prints a list, npm 11 an object by name.
  const [{ filename, files }] = Object.values(parsed);
  const tarball = join(work, filename);
  await mkdir(target, { recursive: true });
  await run('tar', ['-xzf', tarball, '--strip-components=1', '-C', target]);
  return { name, tarball, target, files: files.map(({ path }) => path) };
}

/** What must not leave the repository, and what an adopter's CommonJS jest cannot load. */
async function contentProblems({ target, files }) {
  const strays = files.filter((path) => /\.spec\.|\.tsbuildinfo$|(?:^|\/)(?:test|src)\//.test(path));
  const problems = strays.map((path) => `${path} is packed but not for publication: see "files" of its package.json`);
  for (const due of ['LICENSE', 'README.md'].filter((path) => !files.includes(path))) {
    problems.push(`${due} is missing: an adopter sees the tarball, not the repository`);
  }
  for (const path of files.filter((path) => /^dist\/cjs\/.*\.js$/.test(path))) {
    const text = await readFile(join(target, path), 'utf8');
    if (/require\("jose"\)/.test(text)) problems.push(`${path} requires jose, an ES module: load it with import()`);
  }
  return problems;
}

/** Both halves of an entry load in plain Node and export the same names. */
async function loadProblems({ name, target }) {
  const { exports } = JSON.parse(await readFile(join(target, 'package.json'), 'utf8'));
  const entries = Object.keys(exports).filter((entry) => entry !== './package.json');
  const problems = await Promise.all(
    entries.map((entry) => {
      const specifier = JSON.stringify(join(name, entry));
      const script = `
        const names = (module) => Object.keys(module).filter((key) => !/^(?:default|module.exports|__esModule)$/.test(key)).sort().join();
        const required = names(require(${specifier}));
        import(${specifier}).then((module) => {
          if (names(module) !== required) throw new Error(names(module) + ' imported, but required ' + required);
        });`;
      return failureOf(process.execPath, ['--input-type=commonjs', '-e', script], work);
    }),
  );
  return problems.flat();
}

/** A command has no entries: it runs, from its tarball alone. */
async function commandProblems({ name, tarball, target, files }) {
  const { bin } = JSON.parse(await readFile(join(target, 'package.json'), 'utf8'));
  const found = [await contentProblems({ target, files })];
  found.push(await failureOf(join(root, 'node_modules/.bin/publint'), ['run', tarball, '--strict'], root));
  for (const path of Object.values(bin)) {
    const text = await readFile(join(target, path), 'utf8');
    if (!text.startsWith('#!/usr/bin/env node\n')) found.push(`${path} has no first line that names node`);
    found.push(await failureOf(process.execPath, [join(target, path), '--help'], work));
  }
  return found.flat().map((problem) => `${name}: ${problem}`);
}

async function problemsOf(library) {
  const bin = (name) => join(root, 'node_modules/.bin', name);
  const found = [
    await contentProblems(library),
    await loadProblems(library),
    await failureOf(bin('publint'), ['run', library.tarball, '--strict'], root),
    await failureOf(bin('attw'), [library.tarball, '--no-emoji'], root),
  ];
  return found.flat().map((problem) => `${library.name}: ${problem}`);
}

async function main() {
  await rm(work, { recursive: true, force: true });
  await mkdir(modules, { recursive: true });
  const libraries = [];
  for (const name of await readdir(join(root, 'libs'))) libraries.push(await pack(`@revocast/${name}`));
  const problems = [];
  for (const library of libraries) problems.push(...(await problemsOf(library)));
  const command = await pack('@revocast/cli');
  problems.push(...(await commandProblems(command)));
  report('packages', problems, `${libraries.length + 1} tarballs`);
}

await main();
