import { execFile } from 'node:child_process';
import { mkdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { firstUsable, fromSetting } from '../debian/places.js';

const run = promisify(execFile);
const cache = join(import.meta.dirname, '../../.cache/keycloak');

/** The release that the recordings are of. */
export const KEYCLOAK_VERSION = '26.5.6';

/** The folder of a Keycloak: that of `REVOCAST_KEYCLOAK_HOME`, or the distribution that Maven finds (165 MB), unpacked into our cache. */
export const findKeycloak = async (): Promise<string> => {
  await run('java', ['-version']).catch(() => {
    throw new Error('Keycloak needs Java 17 or later. Install it (Debian: openjdk-17-jre-headless).');
  });
  return firstUsable(
    {
      setting: () => fromSetting('REVOCAST_KEYCLOAK_HOME', usable),
      cache: () => usable(join(cache, `keycloak-${KEYCLOAK_VERSION}`)),
      maven: fetchByMaven,
    },
    'No Keycloak. Install Maven (Debian: maven), or set REVOCAST_KEYCLOAK_HOME to the folder of an unpacked one.',
  );
};

async function usable(home: string): Promise<string> {
  await stat(join(home, 'bin/kc.sh'));
  return home;
}

/** Unpacked aside and renamed: half a distribution never counts as one. */
async function fetchByMaven(): Promise<string> {
  const aside = join(cache, `aside-${process.pid}`);
  await mkdir(aside, { recursive: true });
  try {
    const artifact = `org.keycloak:keycloak-quarkus-dist:${KEYCLOAK_VERSION}:tar.gz`;
    await run('mvn', ['-q', '-B', 'dependency:copy', `-Dartifact=${artifact}`, `-DoutputDirectory=${aside}`]);
    const name = `keycloak-${KEYCLOAK_VERSION}`;
    await run('tar', ['-xzf', join(aside, `keycloak-quarkus-dist-${KEYCLOAK_VERSION}.tar.gz`), '-C', aside]);
    await rename(join(aside, name), join(cache, name));
    return await usable(join(cache, name));
  } finally {
    await rm(aside, { recursive: true, force: true });
  }
}
