// What an app needs that joins the development fleet without being started by it.
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** As `node --env-file` reads it: nothing is escaped between the quotes, so the one that a value holds is no end. */
const quoted = (value) => {
  const quote = ['"', "'", '`'].find((mark) => !value.includes(mark));
  return `${quote}${value}${quote}`;
};

/**
 * Writes it beside the keys that it names, for their owner alone, and says where. The mode is `observe`: who joins sees
 * what would be refused before anything is.
 */
export const writeAppEnvironment = async ({ home, nats }) => {
  const file = join(home.dir, 'app.env');
  const settings = {
    NATS_URL: nats.url,
    REVOCAST_RECORD_KEYS: home.files.recordKeys,
    REVOCAST_ISSUERS: home.files.issuers,
    ...(process.env.REVOCAST_NAMESPACE && { REVOCAST_NAMESPACE: process.env.REVOCAST_NAMESPACE }),
    REVOCAST_MODE: 'observe',
    REVOCAST_SERVICE: 'orders',
  };
  const lines = Object.entries(settings).map(([name, value]) => `${name}=${quoted(value)}\n`);
  // A mode is given to a file that is made, not to one that is written over, and a URL of NATS may hold a password.
  await rm(file, { force: true });
  await writeFile(file, lines.join(''), { mode: 0o600, flag: 'wx' });
  return file;
};
