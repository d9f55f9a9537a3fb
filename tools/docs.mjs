// Documents that have gone stale: links that lead nowhere, error codes without a page, an ADR index that lacks one.
import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { adrIndex } from './adr.mjs';
import { report, sourceFiles } from './source-files.mjs';

const read = (root, path) => (existsSync(join(root, path)) ? readFileSync(join(root, path), 'utf8') : '');

/** Code is no prose: a link inside a fence or backticks is an example. */
const proseOf = (text) =>
  text.replace(/^(```|~~~)[\s\S]*?^\1/gm, '').replace(/`[^`\n]*`/g, (code) => '_'.repeat(code.length));

/** GitHub's anchors: lower case, punctuation dropped, spaces to dashes, a number after the second of a name. */
export function anchorsOf(text) {
  const seen = new Map();
  const headings = text.replace(/^(```|~~~)[\s\S]*?^\1/gm, '').matchAll(/^#{1,6} +(.+?) *#*$/gm);
  return new Set(
    [...headings].map(([, heading]) => {
      const plain = heading.replace(/\[([^\]]*)\]\([^)]*\)/g, '$1').toLowerCase();
      const slug = plain.replace(/[^\p{L}\p{N}\s_-]/gu, '').replace(/\s/g, '-');
      const count = seen.get(slug) ?? 0;
      seen.set(slug, count + 1);
      return count === 0 ? slug : `${slug}-${count}`;
    }),
  );
}

function linkProblem(root, from, link) {
  const [path, anchor] = decodeURI(link).split('#');
  const target = path === '' ? from : normalize(path.startsWith('/') ? path.slice(1) : join(dirname(from), path));
  if (!existsSync(join(root, target))) return `${from}: ${link} leads nowhere`;
  if (!anchor || !target.endsWith('.md') || statSync(join(root, target)).isDirectory()) return undefined;
  return anchorsOf(read(root, target)).has(anchor) ? undefined : `${from}: ${link} names no heading of ${target}`;
}

export function linkProblems(root) {
  return sourceFiles(root, /\.md$/).flatMap((from) => {
    const text = proseOf(read(root, from));
    const inline = [...text.matchAll(/\]\(\s*<?([^)\s>]+)>?(?:\s+"[^"]*")?\s*\)/g)];
    const named = [...text.matchAll(/^\[[^\]]+\]:\s+(\S+)/gm)];
    const links = [...inline, ...named].map(([, link]) => link).filter((link) => !/^[a-z][a-z0-9+.-]*:/i.test(link));
    return links.map((link) => linkProblem(root, from, link)).filter(Boolean);
  });
}

const codesIn = (text) => new Set([...text.matchAll(/\bERR_[A-Z0-9_]+\b/g)].map(([code]) => code));

/** libs/core/src/errors.ts is the list of codes; docs/errors.md explains each. */
export function errorCodeProblems(root) {
  const declared = codesIn(read(root, 'libs/core/src/errors.ts'));
  const documented = codesIn(read(root, 'docs/errors.md'));
  return [
    ...[...declared].filter((code) => !documented.has(code)).map((code) => `docs/errors.md does not explain ${code}`),
    ...[...documented]
      .filter((code) => !declared.has(code))
      .map((code) => `docs/errors.md explains ${code}, which no code uses`),
  ];
}

export function adrProblems(root) {
  const directory = join(root, 'docs/adr');
  if (read(root, 'docs/adr/README.md') === adrIndex(directory)) return [];
  return ['docs/adr/README.md is not current: npm run adr renews it'];
}

if (process.argv[1] === import.meta.filename) {
  const root = dirname(import.meta.dirname);
  report('docs', [...linkProblems(root), ...errorCodeProblems(root), ...adrProblems(root)]);
}
