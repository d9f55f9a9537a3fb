// Prints the path of a usable nats-server on stdout, and where it is from on stderr.
//   node tools/nats/ensure.mjs [--version 2.9.10]
import { parseArgs } from 'node:util';
import { ensureNatsServer, NatsServerUnavailableError } from './index.mjs';

const { values } = parseArgs({ options: { version: { type: 'string' } } });

try {
  const { path } = await ensureNatsServer(values);
  console.log(path);
} catch (error) {
  if (!(error instanceof NatsServerUnavailableError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
