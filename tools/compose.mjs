// Validates docker-compose.yml without a container engine: dclint against the Compose schema, and Docker's own
// `config` where one of its command lines is installed, which also resolves services, volumes and interpolation.
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { report } from './source-files.mjs';

const root = dirname(import.meta.dirname);
const file = 'docker-compose.yml';

function outputOf(command, args) {
  const { error, status, stdout, stderr } = spawnSync(command, args, { cwd: root, encoding: 'utf8' });
  if (error?.code === 'ENOENT') return { installed: false, output: '' };
  if (error) throw error;
  return { installed: true, output: status === 0 ? '' : `${stdout}${stderr}`.trim() };
}

const engines = [
  ['docker', ['compose', 'version'], ['compose', '-f', file, 'config', '-q']],
  ['docker-compose', ['version'], ['-f', file, 'config', '-q']],
];

function engineOutput() {
  for (const [command, probe, check] of engines) {
    const probed = outputOf(command, probe);
    if (probed.installed && probed.output === '') return outputOf(command, check).output;
  }
  return '';
}

const lint = outputOf(process.execPath, [join('node_modules', 'dclint', 'bin', 'dclint.cjs'), file]).output;
report('compose', [lint, engineOutput()].filter(Boolean));
