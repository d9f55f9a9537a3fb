// Exits 0 when node_modules holds what package-lock.json says, so that CI can skip a needless `npm ci`.
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** The first package that is missing or has another version; undefined when all is installed. */
export function firstDifference(wanted, installed) {
  return Object.keys(wanted).find((path) => {
    if (!path.includes('node_modules/') || wanted[path].link) return false;
    // Binaries of other platforms are in the lockfile and never installed.
    if (!installed[path]) return !wanted[path].optional;
    return installed[path].version !== wanted[path].version;
  });
}

function main() {
  const root = dirname(import.meta.dirname);
  const hidden = join(root, 'node_modules/.package-lock.json');
  const packages = (path) => JSON.parse(readFileSync(path, 'utf8')).packages;
  if (!existsSync(hidden)) return 'node_modules is missing';
  return firstDifference(packages(join(root, 'package-lock.json')), packages(hidden));
}

if (process.argv[1] === import.meta.filename) {
  const difference = main();
  if (difference) console.log(`not as locked: ${difference}`);
  process.exitCode = difference ? 1 : 0;
}
