import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { join } from 'node:path';
import { eventually, freePort } from '@revocast/testing';
import { findKeycloak } from './distribution.js';
import { REALM, realmWith, type RealmSecrets } from './realm.js';

/** A JVM on a busy machine. Milliseconds. */
const START_MS_MAX = 300_000;

export interface Tokens {
  readonly access_token: string;
  readonly refresh_token: string;
}

/** A running Keycloak with one realm, and what a client of it does. */
export interface Keycloak {
  readonly issuer: string;
  readonly secrets: RealmSecrets;
  /** Logs Alice in, by her password. `offline`: with a refresh token that outlives the session. */
  login(options?: { readonly offline?: boolean }): Promise<Tokens>;
  /** What the token endpoint answers to a refresh token. */
  refresh(refreshToken: string): Promise<{ readonly status: number; readonly tokens: Tokens }>;
  /** Answers nothing from here on, as a process that hangs. */
  freeze(): void;
  thaw(): void;
  stop(): Promise<void>;
}

const form = (fields: Readonly<Record<string, string>>): RequestInit => ({
  method: 'POST',
  body: new URLSearchParams(fields),
});

export const startKeycloak = async (): Promise<Keycloak> => {
  const [home, port] = [await findKeycloak(), await freePort()];
  const admin = randomUUID();
  const url = `http://127.0.0.1:${port}`;
  // In memory: nothing is left in the folder, which may be somebody's own.
  const args = ['start-dev', '--db=dev-mem', '--http-host=127.0.0.1', `--http-port=${port}`];
  const env = { ...process.env, KC_BOOTSTRAP_ADMIN_USERNAME: 'admin', KC_BOOTSTRAP_ADMIN_PASSWORD: admin };
  // A group of its own: its script starts the JVM.
  const child = spawn(join(home, 'bin/kc.sh'), args, { env, detached: true, stdio: ['ignore', 'ignore', 'inherit'] });
  const exited = once(child, 'exit');
  const signal = (name: NodeJS.Signals): void => void process.kill(-(child.pid ?? 0), name);
  const stop = async (): Promise<void> => {
    if (child.exitCode === null) signal('SIGKILL');
    await exited;
  };
  try {
    const secrets = { password: randomUUID(), clientSecret: randomUUID() };
    await eventually(() => makeRealm(url, admin, secrets), { withinMs: START_MS_MAX });
    return {
      ...clientOf(`${url}/realms/${REALM}`, secrets),
      stop,
      freeze: () => signal('SIGSTOP'),
      thaw: () => signal('SIGCONT'),
    };
  } catch (error) {
    await stop();
    throw error;
  }
};

async function makeRealm(url: string, admin: string, secrets: RealmSecrets): Promise<void> {
  const login = { grant_type: 'password', client_id: 'admin-cli', username: 'admin', password: admin };
  const answer = await fetch(`${url}/realms/master/protocol/openid-connect/token`, form(login));
  if (answer.status !== 200) throw new Error(`the admin's login was answered ${answer.status}`);
  const { access_token } = (await answer.json()) as Tokens;
  const headers = { authorization: `Bearer ${access_token}`, 'content-type': 'application/json' };
  const body = JSON.stringify(realmWith(secrets));
  const made = await fetch(`${url}/admin/realms`, { method: 'POST', headers, body });
  if (made.status !== 201 && made.status !== 409)
    throw new Error(`the realm was answered ${made.status}: ${await made.text()}`);
}

function clientOf(issuer: string, secrets: RealmSecrets): Pick<Keycloak, 'issuer' | 'secrets' | 'login' | 'refresh'> {
  const token = async (fields: Readonly<Record<string, string>>): Promise<{ status: number; tokens: Tokens }> => {
    const answer = await fetch(`${issuer}/protocol/openid-connect/token`, form({ client_id: 'web', ...fields }));
    return { status: answer.status, tokens: (await answer.json()) as Tokens };
  };
  return {
    ...{ issuer, secrets },
    login: async ({ offline = false } = {}) => {
      const scope = offline ? 'openid offline_access' : 'openid';
      const login = { grant_type: 'password', username: 'alice', password: secrets.password, scope };
      const { status, tokens } = await token(login);
      if (status !== 200) throw new Error(`Alice's login was answered ${status}`);
      return tokens;
    },
    refresh: (refreshToken) => token({ grant_type: 'refresh_token', refresh_token: refreshToken }),
  };
}
