// Architecture decisions: `npm run adr -- "Title as a decision"` starts a new one and renews the index.
//   node tools/adr.mjs [title]
// Without a title it only renews docs/adr/README.md.
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const FILE = /^(\d{4})-[a-z0-9-]+\.md$/;

function read(directory, file) {
  const text = readFileSync(join(directory, file), 'utf8');
  const field = (name) => new RegExp(`^- ${name}: (.+)$`, 'm').exec(text)?.[1] ?? '';
  const title = /^# \d{4}: (.+)$/m.exec(text)?.[1];
  if (!title || !field('Status') || !field('Date')) {
    throw new Error(`${file}: needs "# NNNN: title", "- Status: ..." and "- Date: ..."`);
  }
  return { file, number: file.slice(0, 4), title, status: field('Status'), date: field('Date') };
}

/** What docs/adr/README.md has to contain. */
export function adrIndex(directory) {
  const decisions = readdirSync(directory)
    .filter((name) => FILE.test(name))
    .sort()
    .map((name) => read(directory, name));
  const numbers = decisions.map(({ number }) => number);
  const twice = numbers.find((number, index) => numbers.indexOf(number) !== index);
  if (twice) throw new Error(`docs/adr: number ${twice} is used twice, rename one file`);
  const rows = decisions.map(
    ({ number, file, title, status, date }) => `- [${number}: ${title}](${file}) (${status}, ${date})`,
  );
  return `# Decisions

One page each: context, decision, consequences, what was rejected and why. A decision is never rewritten; a newer one
supersedes it. Start one with \`npm run adr -- "Title as a decision"\`, which also renews this list.

${rows.join('\n')}
`;
}

function template(number, title) {
  const date = new Date().toISOString().slice(0, 10);
  return `# ${number}: ${title}

- Status: proposed
- Date: ${date}
- Supersedes: none

## Context

## Decision

## Consequences

## Rejected
`;
}

function start(directory, title) {
  const last = readdirSync(directory)
    .filter((name) => FILE.test(name))
    .reduce((highest, name) => Math.max(highest, Number(name.slice(0, 4))), 0);
  const number = String(last + 1).padStart(4, '0');
  const slug = title
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '');
  const path = join(directory, `${number}-${slug}.md`);
  writeFileSync(path, template(number, title), { flag: 'wx' });
  console.log(path);
}

if (process.argv[1] === import.meta.filename) {
  const directory = join(dirname(import.meta.dirname), 'docs/adr');
  if (process.argv[2]) start(directory, process.argv.slice(2).join(' '));
  writeFileSync(join(directory, 'README.md'), adrIndex(directory));
}
