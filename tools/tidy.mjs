// Budgets and leftovers. Long functions and files below the hard limit are counted in a ratchet that only goes down.
//   node tools/tidy.mjs [--update]
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import ts from 'typescript';
import { report, sourceFiles } from './source-files.mjs';

export const budgets = { function: { long: 50, fails: 70 }, file: { long: 400, fails: 500 } };

const leftovers = [
  {
    pattern: /\b(?:TODO|FIXME|XXX)\b(?!\(#\d+\))/,
    in: /\.(?:[cm]?[jt]sx?|ya?ml|sh|conf)$/,
    say: 'do it now, or write TODO(#number)',
  },
  {
    pattern: /\b(?:describe|it|test)\.(?:only|skip|todo)\b|\b(?:fit|xit|fdescribe|xdescribe)\(/,
    in: /\.(?:spec|e2e-spec)\.[cm]?[jt]s$/,
    say: 'every test runs: remove the mark, or the test',
  },
  {
    pattern: /(?:^|[\s"'`(=])\/(?:home|Users|work)\/\w/,
    in: /./,
    say: 'a path of one machine helps nobody else: make it relative to the repository',
  },
  {
    pattern: /\bas (?:requested|instructed)\b|\blanguage model\b/i,
    in: /./,
    say: 'say why the code is so, not who asked for it',
  },
];
// These name the patterns in order to look for them.
const exempt = new Set(['tools/tidy.mjs', 'tools/tidy.spec.mjs', 'package-lock.json']);

const lineOf = (file, position) => file.getLineAndCharacterOfPosition(position).line + 1;

/** The callback of `describe` is a folder of tests, not a function anybody has to keep in mind. */
function isTestFolder(node, file) {
  const call = node.parent;
  return ts.isCallExpression(call) && /^describe\b/.test(call.expression.getText(file));
}

/** Lines of the `describe` callbacks inside a function: a contract suite is a function around such a folder. */
function folderLines(node, file) {
  if (ts.isFunctionLike(node) && node.body && isTestFolder(node, file)) {
    return lineOf(file, node.end) - lineOf(file, node.getStart(file));
  }
  let lines = 0;
  ts.forEachChild(node, (child) => {
    lines += folderLines(child, file);
  });
  return lines;
}

/** Every function with its length in lines, comment above it not counted. */
export function functionsOf(path, text) {
  const file = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
  const found = [];
  const visit = (node) => {
    if (ts.isFunctionLike(node) && node.body && !isTestFolder(node, file)) {
      const line = lineOf(file, node.getStart(file));
      const lines = lineOf(file, node.end) - line + 1 - folderLines(node, file);
      found.push({ name: nameOf(node, file), line, lines });
    }
    ts.forEachChild(node, visit);
  };
  visit(file);
  return found;
}

function nameOf(node, file) {
  if (ts.isConstructorDeclaration(node)) return 'constructor';
  const named = node.name ?? (ts.isVariableDeclaration(node.parent) ? node.parent.name : undefined);
  return named?.getText(file) ?? 'callback';
}

export function leftoversOf(path, text) {
  if (exempt.has(path)) return [];
  const rules = leftovers.filter((rule) => rule.in.test(path));
  return text.split('\n').flatMap((line, index) => {
    const broken = rules.filter((rule) => rule.pattern.test(line));
    return broken.map((rule) => `${path}:${index + 1} ${line.trim().slice(0, 60)}: ${rule.say}`);
  });
}

/** Sorts measured things into those over the hard limit and those that are merely long. */
function judge(measured, budget, advice) {
  const text = ({ where, lines }) => `${where} has ${lines} lines: ${advice}`;
  const over = measured.filter(({ lines }) => lines > budget.fails);
  const long = measured.filter(({ lines }) => lines > budget.long && lines <= budget.fails);
  return { over: over.map(text), long: long.map(text) };
}

function compare(name, long, allowed) {
  if (long.length > allowed) {
    return [
      ...long,
      `${long.length} long ${name}, ${allowed} allowed: the number only goes down, shorten one of these`,
    ];
  }
  if (long.length === allowed) return [];
  return [`only ${long.length} long ${name} left of ${allowed}: keep it so with npm run check:tidy -- --update`];
}

const median = (numbers) => [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? 0;

function measure(root) {
  const functions = [];
  const files = [];
  for (const path of sourceFiles(root, /\.(?:[cm]?ts|tsx|mjs)$/)) {
    const text = readFileSync(join(root, path), 'utf8');
    files.push({ where: path, lines: text.trimEnd().split('\n').length });
    for (const { name, line, lines } of functionsOf(path, text)) {
      functions.push({ where: `${path}:${line} ${name}`, lines });
    }
  }
  return { functions, files };
}

function updateRatchet(path, ratchet, functions, files) {
  ratchet.longFunctions = Math.min(ratchet.longFunctions, functions.length);
  ratchet.longFiles = Math.min(ratchet.longFiles, files.length);
  writeFileSync(path, `${JSON.stringify(ratchet, null, 2)}\n`);
}

/** Everything untidy below `root`, as sentences. With `update`, the ratchet is lowered to what is left. */
export function tidy(root, { update = false } = {}) {
  const ratchetPath = join(root, 'tools/tidy.ratchet.json');
  const ratchet = JSON.parse(readFileSync(ratchetPath, 'utf8'));
  const { functions, files } = measure(root);
  const byFunction = judge(functions, budgets.function, 'move the work into leaves, keep the branches here');
  const byFile = judge(files, budgets.file, 'split it along what changes together');
  if (update) updateRatchet(ratchetPath, ratchet, byFunction.long, byFile.long);
  const text = /\.(?:[cm]?[jt]sx?|json|md|ya?ml|sh|conf)$|(?:^|\/)(?:Dockerfile|run)$/;
  const marks = sourceFiles(root, text).flatMap((path) => leftoversOf(path, readFileSync(join(root, path), 'utf8')));
  const problems = [
    ...byFunction.over,
    ...byFile.over,
    ...compare('functions', byFunction.long, ratchet.longFunctions),
    ...compare('files', byFile.long, ratchet.longFiles),
    ...marks,
  ];
  const [perFunction, perFile] = [functions, files].map((measured) => median(measured.map(({ lines }) => lines)));
  return { problems, summary: `median function ${perFunction} lines, file ${perFile}` };
}

if (process.argv[1] === import.meta.filename) {
  const { values } = parseArgs({ options: { update: { type: 'boolean' } } });
  const { problems, summary } = tidy(join(import.meta.dirname, '..'), values);
  report('tidy', problems, summary);
}
