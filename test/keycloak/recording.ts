import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** What the unit tests of the service play instead of a Keycloak. */
const FILE = join(import.meta.dirname, '../../apps/revocation-service/test/support/keycloak-recording.json');

export interface Exchange {
  readonly method: string;
  /** Path and query, decoded. */
  readonly path: string;
  readonly status: number;
  readonly body: unknown;
}

/** Its ids, times and addresses are other ones each time. */
export type Names = ReadonlyMap<string, string>;

const TIMES = new Set(['start', 'lastAccess', 'createdTimestamp']);
const A_TIME = 1_767_225_600_000;
const SECRETS = new Set(['access_token', 'refresh_token', 'id_token']);

/** Notes what goes over `fetch`, without tokens. */
export class Recorder {
  readonly #exchanges: Exchange[] = [];

  readonly fetch: typeof globalThis.fetch = async (input, init) => {
    const response = await fetch(input, init);
    const { pathname, search } = new URL(input instanceof Request ? input.url : input);
    const text = await response.clone().text();
    const body = text === '' ? undefined : (JSON.parse(text) as unknown);
    const path = decodeURIComponent(`${pathname}${search}`.replaceAll('+', ' '));
    this.#exchanges.push({ method: init?.method ?? 'GET', path, status: response.status, body });
    return response;
  };

  exchanges(names: Names): readonly Exchange[] {
    const text = JSON.stringify(this.#exchanges, (key, value: unknown) => {
      if (TIMES.has(key) && typeof value === 'number') return A_TIME;
      return SECRETS.has(key) ? 'admin-token' : value;
    });
    return JSON.parse(
      [...names].reduce((said, [one, name]) => said.replaceAll(one, name), text),
    ) as readonly Exchange[];
  }
}

export const readRecording = async (): Promise<unknown> => JSON.parse(await readFile(FILE, 'utf8')) as unknown;

export const writeRecording = async (recording: object): Promise<void> =>
  writeFile(FILE, `${JSON.stringify(recording, undefined, 2)}\n`);
