#!/usr/bin/env node
import { createInterface } from 'node:readline/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { EXIT } from './failure.js';
import { openBlacklist } from './redis-blacklist.js';
import { run } from './run.js';

const interrupt = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    interrupt.abort();
    // A command that waits for its input ends as well.
    process.stdin.destroy();
  });
}

// `revocast list | head` closes our stdout: there is nobody left to tell anything.
process.stdout.on('error', () => process.exit(process.exitCode ?? EXIT.ok));

/** Asks on stderr: stdout is for the answer alone. */
async function confirm(question: string): Promise<boolean> {
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    return (await lines.question(question, { signal: interrupt.signal })).trim() === 'yes';
  } catch {
    return false;
  } finally {
    lines.close();
  }
}

try {
  process.exitCode = await run(process.argv.slice(2), {
    env: process.env,
    stdin: process.stdin,
    out: (text) => void process.stdout.write(text),
    err: (text) => void process.stderr.write(text),
    confirm: process.stdin.isTTY && process.stderr.isTTY ? confirm : undefined,
    isTerminal: process.stderr.isTTY,
    openBlacklist,
    fetch,
    now: Date.now,
    pause: (ms) => pause(ms, undefined, { signal: interrupt.signal }).catch(() => undefined),
    signal: interrupt.signal,
  });
} catch (error) {
  // A defect of ours: where it happened, and no text that may hold input.
  const at = error instanceof Error ? (error.stack ?? '').split('\n').filter((line) => /^ +at /.test(line)) : [];
  process.stderr.write(`revocast: a defect (${error instanceof Error ? error.name : 'unknown'})\n${at.join('\n')}\n`);
  process.exitCode = EXIT.failed;
}
