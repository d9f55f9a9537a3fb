// npm run demo: plays the stories on a fleet of its own, and exits 1 if any node accepts a revoked token after the answer.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readArguments } from './dev/arguments.mjs';
import { build } from './dev/build.mjs';
import { openFleet } from './dev/fleet.mjs';
import { freePort } from './dev/ports.mjs';
import { scenes } from './demo/scenes.mjs';
import { Stage } from './demo/stage.mjs';

const usage = `npm run demo -- [--json]
  --json   one JSON line at the end: { nodes, enforcedMs: { p50, max }, checks: [ { name, ok } ] }`;
const values = readArguments(usage, { json: { type: 'boolean' } });
// With --json, stdout carries the one line alone.
const say = values.json ? (line) => console.error(line) : (line) => console.log(line);

const play = async (fleet) => {
  const stage = new Stage(fleet, say);
  for (const [title, scene] of scenes) {
    say(`\n${title}`);
    await scene(stage);
  }
  return stage.summary();
};

const report = (summary) => {
  const failed = summary.checks.filter(({ ok }) => !ok);
  const { p50, max } = summary.enforcedMs;
  say(
    `\n${summary.checks.length - failed.length} of ${summary.checks.length} checks passed on ${summary.nodes} nodes.`,
  );
  say(`From the answer to the last node's first refusal: median ${p50} ms, longest ${max} ms.`);
  if (values.json) console.log(JSON.stringify(summary));
  if (failed.length > 0) process.exitCode = 1;
};

const dir = await mkdtemp(join(tmpdir(), 'revocast-demo-'));
try {
  await build();
  const nodePorts = [await freePort(), await freePort(), await freePort()];
  const fleet = await openFleet({ dir, servicePort: await freePort(), nodePorts, log: say });
  try {
    report(await play(fleet));
  } finally {
    await fleet.close();
  }
} catch (error) {
  console.error(`npm run demo failed: ${error.stack}`);
  process.exitCode = 1;
} finally {
  await rm(dir, { recursive: true, force: true });
}
