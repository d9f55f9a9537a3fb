import { spawn } from 'node:child_process';

/** Enough for any error text; a child that floods us must not fill the memory. */
const OUTPUT_CHARACTERS_MAX = 65_536;

/**
 * Runs a command to its end. Never rejects: a command that does not exist or hangs is an answer like any other.
 *
 * @param {string} command
 * @param {readonly string[]} args
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv, timeoutMs: number }} options
 * @returns {Promise<{ ok: boolean, missing: boolean, stdout: string, why: string }>} `why`: one line for people, empty when ok
 */
export function run(command, args, { cwd, env = process.env, timeoutMs }) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'], windowsHide: true });
    // Not spawn's own `timeout`: its timer goes on, and keeps us running, when the command does not exist.
    const timer = setTimeout(() => child.kill(), timeoutMs);
    const output = { stdout: '', stderr: '' };
    for (const name of /** @type {const} */ (['stdout', 'stderr'])) {
      child[name].on('data', (chunk) => (output[name] = (output[name] + chunk).slice(-OUTPUT_CHARACTERS_MAX)));
    }
    const finish = (/** @type {{ ok: boolean, missing: boolean, why: string }} */ result) => {
      clearTimeout(timer);
      resolve({ ...result, stdout: output.stdout });
    };
    child.once('error', (error) => {
      const missing = /** @type {NodeJS.ErrnoException} */ (error).code === 'ENOENT';
      finish({ ok: false, missing, why: missing ? `${command} is not installed` : error.message });
    });
    child.once('close', (code, signal) => {
      const said = output.stderr || output.stdout;
      const why = code === 0 ? '' : describeEnd({ command, code, signal, output: said, timeoutMs });
      finish({ ok: code === 0, missing: false, why });
    });
  });
}

/** @param {{ command: string, code: number | null, signal: string | null, output: string, timeoutMs: number }} end */
function describeEnd({ command, code, signal, output, timeoutMs }) {
  if (signal !== null) return `${command} was ended by ${signal} (limit ${timeoutMs / 1000} s)`;
  return lastLine(output) || `${command} exited with ${code}`;
}

/** @param {string} text */
const lastLine = (text) => text.trim().split('\n').at(-1)?.trim() ?? '';

/** @param {number} pid */
export function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it lives, but is not ours.
    return /** @type {NodeJS.ErrnoException} */ (error).code === 'EPERM';
  }
}
