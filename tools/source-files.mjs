import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

/** Repository-relative paths of the files that are, or are about to be, committed: never node_modules, builds or data. */
export function sourceFiles(root, pattern) {
  const args = ['ls-files', '--cached', '--others', '--exclude-standard', '-z'];
  const listed = execFileSync('git', args, { cwd: root, encoding: 'utf8', maxBuffer: 1e8 }).split('\0');
  return listed.filter((path) => pattern.test(path) && existsSync(join(root, path))).sort();
}

/** Prints problems, one a line, and sets the exit code. */
export function report(name, problems, summary = '') {
  for (const problem of problems) console.error(`${name}: ${problem}`);
  if (problems.length > 0) process.exitCode = 1;
  else console.log(`${name}: ok${summary && ` (${summary})`}`);
}
