import { createHash, randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { generateSigningKey, publicRecordKey } from '@revocast/jetstream';
import { readSettings as readNodeSettings } from '../../apps/api-node/src/settings.js';
import { readSettings as readServiceSettings } from '../../apps/revocation-service/src/settings/settings.js';

// The manifests give each app variables and files. Here the apps' own readers judge them: the files of ConfigMaps as they
// are written, those of Secrets as the README says they are to be made.

interface Variable {
  readonly name: string;
  readonly value?: string;
}
interface Manifest {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly data?: Readonly<Record<string, string>>;
  readonly spec?: {
    readonly replicas?: number;
    readonly template?: {
      readonly spec: {
        readonly containers: readonly {
          readonly env: readonly Variable[];
          readonly envFrom: readonly { readonly configMapRef: { readonly name: string } }[];
        }[];
      };
    };
  };
}

const signingKey = generateSigningKey('records-1');
const MADE_BEFOREHAND: Readonly<Record<string, string>> = {
  '/run/revocast/secrets/nats-password': 'a-password',
  '/run/revocast/secrets/hash-key': randomBytes(16).toString('hex'),
  '/run/revocast/secrets/record-signing.jwk.json': JSON.stringify(signingKey),
  '/run/revocast/secrets/api-keys.json': JSON.stringify([
    { name: 'on-call', sha256: createHash('sha256').update('key').digest('hex'), verbs: ['read', 'write'] },
  ]),
  '/run/revocast/record-keys/record-keys.jwks.json': JSON.stringify({ keys: [publicRecordKey(signingKey)] }),
  '/run/revocast/nats-ca/ca.crt': '-----BEGIN CERTIFICATE-----',
};

let root: string;
let resolveKustomization: (directory: string) => readonly Manifest[];

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'revocast-manifests-'));
  const module = (await import(resolve('tools/deploy/kustomize.mjs'))) as {
    resolveKustomization: typeof resolveKustomization;
  };
  ({ resolveKustomization } = module);
});
afterAll(() => rm(root, { recursive: true, force: true }));

describe.each(['production', 'staging'])('The manifests of %s', (overlay) => {
  let objects: readonly Manifest[];

  const find = (kind: string, name: string): Manifest => {
    const found = objects.find((object) => object.kind === kind && object.metadata.name === name);
    if (found === undefined) throw new Error(`there is no ${kind} ${name}`);
    return found;
  };

  /** As a container sees it, but that its files are below a folder of this test. */
  const environmentOf = (kind: string, name: string): Readonly<Record<string, string>> => {
    const [container] = find(kind, name).spec?.template?.spec.containers ?? [];
    if (container === undefined) throw new Error(`${name} has no container`);
    const maps = container.envFrom.map(({ configMapRef }) => find('ConfigMap', configMapRef.name).data ?? {});
    const own = container.env.map((variable) => [variable.name, variable.value ?? `${name}-0`] as const);
    const all = Object.assign({}, ...maps, Object.fromEntries(own)) as Record<string, string>;
    return Object.fromEntries(
      Object.entries(all).map(([key, value]) => [key, value.startsWith('/run/') ? join(root, value) : value]),
    );
  };

  beforeAll(async () => {
    objects = resolveKustomization(resolve('deploy/kubernetes/overlays', overlay));
    const settings = Object.entries(find('ConfigMap', 'revocast-settings').data ?? {});
    const files = settings.map(([name, text]) => [`/run/revocast/settings/${name}`, text] as const);
    for (const [path, text] of [...files, ...Object.entries(MADE_BEFOREHAND)]) {
      await mkdir(dirname(join(root, path)), { recursive: true });
      await writeFile(join(root, path), text);
    }
  });

  it('give the service settings that it starts with', () => {
    const settings = readServiceSettings(environmentOf('StatefulSet', 'revocation-service'));
    expect(settings).toMatchObject({ dataDirectory: '/data', replicas: 3, init: false, fleetBoundMs: 300_000 });
    expect(settings.issuers).toHaveLength(1);
    expect(settings.nats).toMatchObject({ user: 'service', servers: expect.arrayContaining([expect.anything()]) });
  });

  it('give a node settings that it starts with, in the same namespace of NATS', () => {
    const environment = environmentOf('Deployment', 'api-node');
    const { revocation } = readNodeSettings(environment, () => undefined);
    expect(revocation).toMatchObject({ mode: 'strict', service: 'api-node', stalenessMsMax: 300_000 });
    const service = readServiceSettings(environmentOf('StatefulSet', 'revocation-service'));
    expect(environment['REVOCAST_NAMESPACE']).toBe(service.namespace);
    expect(service.namespace).toBe(overlay === 'staging' ? 'staging' : 'revocast');
  });

  it('tell the service to expect as many nodes as they start', () => {
    const { expected } = readServiceSettings(environmentOf('StatefulSet', 'revocation-service'));
    expect(expected).toEqual({ 'api-node': find('Deployment', 'api-node').spec?.replicas });
  });
});
